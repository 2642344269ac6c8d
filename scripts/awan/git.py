# SPDX-License-Identifier: GPL-3.0-or-later
"""What git knows of the ledger: its texts at the merge base, against which no line may change."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def _git(folder: Path, *args: str) -> str | None:
    env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        result = subprocess.run(
            ["git", "-C", str(folder), *args],
            capture_output=True,
            text=True,
            env=env,
            check=False,
        )
    except OSError:
        return None
    return result.stdout if result.returncode == 0 else None


def merge_base(folder: Path) -> str | None:
    """The commit that this work starts from.

    On a branch, where it left ``origin/main`` or ``main``; on ``main`` itself without a remote, the last
    commit. ``None`` outside git, or before the first commit.
    """
    head = _git(folder, "rev-parse", "--verify", "-q", "HEAD")
    if head is None:
        return None
    for upstream in ("origin/main", "main"):
        base = _git(folder, "merge-base", "HEAD", upstream)
        if base is not None:
            return base.strip()
    return head.strip()


def ledger_before(ledger_dir: Path) -> dict[str, str] | None:
    """File → text of the ledger at the merge base; ``None`` where git knows nothing of it."""
    folder = ledger_dir if ledger_dir.is_dir() else ledger_dir.parent
    if not folder.is_dir():
        return None
    base = merge_base(folder)
    if base is None:
        return None
    prefix = (_git(folder, "rev-parse", "--show-prefix") or "").strip()
    if folder != ledger_dir:
        prefix += f"{ledger_dir.name}/"
    listing = _git(
        folder, "ls-tree", "-r", "--full-tree", "--format=%(objectname) %(path)", base, prefix or "."
    )
    if not listing:
        return None
    names = [line.split(" ", 1) for line in listing.splitlines()]
    wanted = [(blob, path) for blob, path in names if path.endswith(".ledger")]
    texts = _blobs(folder, [blob for blob, _ in wanted])
    if texts is None:
        return None
    return {path.removeprefix(prefix): text for (_, path), text in zip(wanted, texts, strict=True)}


def _blobs(folder: Path, blobs: list[str]) -> list[str] | None:
    """The texts of many objects by one process."""
    result = subprocess.run(
        ["git", "-C", str(folder), "cat-file", "--batch"],
        input="".join(f"{blob}\n" for blob in blobs).encode(),
        capture_output=True,
        check=False,
    )
    if result.returncode != 0:
        return None
    texts, rest = [], result.stdout
    for _ in blobs:
        header, _, rest = rest.partition(b"\n")
        size = int(header.split()[2])
        texts.append(rest[:size].decode("utf-8", "replace"))
        rest = rest[size + 1 :]
    return texts
