# SPDX-License-Identifier: GPL-3.0-or-later
"""What git knows of the ledger: its texts at the merge base, which stay as they are; who wrote a line, and when."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
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
    base = merge_base(folder) if folder.is_dir() else None
    return None if base is None else texts_of(ledger_dir, base, (".ledger",))


def ledger_on_main(ledger_dir: Path, main: str | None = None) -> dict[str, str] | None:
    """File → text of the ledger on main as it stands, which a merge under way may have brought in already.

    Args:
        ledger_dir: the ledger's folder.
        main: the name of main, where that is neither ``origin/main`` nor ``main``.
    """
    names = ("origin/main", "main", "HEAD") if main is None else (main,)
    commits = (commit_of(ledger_dir, name) for name in names) if ledger_dir.is_dir() else iter(())
    found = next(filter(None, commits), None)
    return None if found is None else texts_of(ledger_dir, found, (".ledger",))


def texts_of(folder: Path, commit: str, suffixes: tuple[str, ...]) -> dict[str, str] | None:
    """File → text of a folder in a commit, two levels deep; ``None`` where there is no such file.

    Args:
        folder: where it stands in the working tree; its last part may be gone from there.
        commit: as git names it.
        suffixes: of the files that are read; links are not followed.
    """
    here = folder if folder.is_dir() else folder.parent
    prefix = _git(here, "rev-parse", "--show-prefix")
    if prefix is None:
        return None
    below = os.fsdecode(prefix).removesuffix("\n")
    if here != folder:
        below += f"{folder.name}/"
    listing = _git(here, "ls-tree", "-r", "-z", "--full-tree", commit, *([below] if below else []))
    if not listing:
        return None
    blobs = {}
    for entry in listing.rstrip(b"\0").split(b"\0"):
        about, _, path = entry.partition(b"\t")
        name = os.fsdecode(path).removeprefix(below)
        mode, _, blob = about.split()
        if name.endswith(suffixes) and name.count("/") < 2 and mode.startswith(b"100"):
            blobs[name] = blob
    return _texts(here, blobs) if blobs else None


def commit_of(folder: Path, revision: str) -> str | None:
    """The commit that a revision means; ``None`` where git does not have it."""
    found = _git(folder, "rev-parse", "--verify", "-q", "--end-of-options", f"{revision}^{{commit}}")
    return None if found is None else found.decode().strip()


def is_shallow(folder: Path) -> bool:
    """Whether the checkout lacks older commits, as those of CI often do."""
    return _git(folder, "rev-parse", "--is-shallow-repository") == b"true\n"


def _texts(folder: Path, blobs: dict[str, bytes]) -> dict[str, str] | None:
    """File → text of many objects, by one process."""
    rest = _git(folder, "cat-file", "--batch", send=b"".join(blob + b"\n" for blob in blobs.values()))
    if rest is None:
        return None
    texts = {}
    start = 0
    for name in blobs:
        head = rest.index(b"\n", start)
        size = int(rest[start:head].split()[2])
        text = rest[head + 1 : head + 1 + size]
        texts[name] = text.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
        start = head + size + 2
    return texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The commit that a line of the ledger came with."""

    day: date
    author: str
    commit: str


def ledger_written(ledger_dir: Path, files: Iterable[str] = ()) -> dict[tuple[str, str], Written]:
    """File and line → the first commit that brought it; nothing where git does not know them.

    Args:
        ledger_dir: the ledger's folder.
        files: only these, named from the folder; all if none is named.
    """
    wanted = list(files) or ["."]
    layout = "--format=%x00%h%x09%as%x09%an"
    options = ("log", "--reverse", "--no-renames", "--relative", "-U0", "--no-color", "--no-ext-diff", "-p")
    log = _git(ledger_dir, *options, layout, "--", *wanted) if ledger_dir.is_dir() else None
    found: dict[tuple[str, str], Written] = {}
    for piece in (log or b"").decode("utf-8", "replace").split("\0")[1:]:
        head, _, patch = piece.partition("\n")
        commit, day, author = head.split("\t", 2)
        written = Written(day=date.fromisoformat(day), author=author, commit=commit)
        file = ""
        for line in patch.split("\n"):
            if line.startswith("+++ "):
                file = line.removeprefix("+++ b/")
            elif line.startswith("+"):
                found.setdefault((file, line[1:]), written)
    return found


def described(folder: Path) -> str:
    """The commit that stands in a folder, with ``-dirty`` where files differ from it; ``unknown`` outside git."""
    found = _git(folder, "describe", "--always", "--dirty", "--abbrev=12")
    return "unknown" if found is None else found.decode().strip()
