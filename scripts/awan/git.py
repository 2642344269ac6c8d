# SPDX-License-Identifier: GPL-3.0-or-later
"""What git knows of the ledger: its texts at the merge base, against which no line may change."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def _git(folder: Path, *args: str, send: bytes = b"") -> bytes | None:
    """The output of one git command; ``None`` where git is not there or says no.

    Git's own variables, set in hooks, would point it to another repository.
    """
    env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        result = subprocess.run(
            ["git", "-C", str(folder), *args], input=send, capture_output=True, env=env, check=False
        )
    except OSError:
        return None
    return result.stdout if result.returncode == 0 else None


def merge_base(folder: Path) -> str | None:
    """The commit that this work starts from.

    On a branch, where it left ``origin/main`` or ``main``; on ``main`` itself without a remote, the last
    commit. ``None`` outside git, or before the first commit.
    """
    for upstream in ("origin/main", "main"):
        base = _git(folder, "merge-base", "HEAD", upstream)
        if base is not None:
            return base.decode().strip()
    head = _git(folder, "rev-parse", "--verify", "-q", "HEAD")
    return None if head is None else head.decode().strip()


def ledger_before(ledger_dir: Path) -> dict[str, str] | None:
    """File → text of the ledger at the merge base; ``None`` where git knows nothing of it."""
    folder = ledger_dir if ledger_dir.is_dir() else ledger_dir.parent
    if not folder.is_dir():
        return None
    base = merge_base(folder)
    prefix = _git(folder, "rev-parse", "--show-prefix")
    if base is None or prefix is None:
        return None
    below = os.fsdecode(prefix).removesuffix("\n")
    if folder != ledger_dir:
        below += f"{ledger_dir.name}/"
    listing = _git(folder, "ls-tree", "-r", "-z", "--full-tree", base, *([below] if below else []))
    if not listing:
        return None
    blobs = {}
    for entry in listing.rstrip(b"\0").split(b"\0"):
        about, _, path = entry.partition(b"\t")
        if path.endswith(b".ledger"):
            blobs[os.fsdecode(path).removeprefix(below)] = about.split()[2]
    return _texts(folder, blobs)


def _texts(folder: Path, blobs: dict[str, bytes]) -> dict[str, str] | None:
    """File → text of many objects, by one process."""
    rest = _git(folder, "cat-file", "--batch", send=b"".join(blob + b"\n" for blob in blobs.values()))
    if rest is None:
        return None
    texts = {}
    for name in blobs:
        header, _, rest = rest.partition(b"\n")
        size = int(header.split()[2])
        texts[name] = rest[:size].decode("utf-8", "surrogateescape").replace("\r\n", "\n")
        rest = rest[size + 1 :]
    return texts


def described(folder: Path) -> str:
    """The commit that stands in a folder, with ``-dirty`` where files differ from it; ``unknown`` outside git."""
    found = _git(folder, "describe", "--always", "--dirty", "--abbrev=12")
    return "unknown" if found is None else found.decode().strip()
