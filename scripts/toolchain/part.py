# SPDX-License-Identifier: GPL-3.0-or-later
"""What one part of the toolchain answers, and the three things that every part does: run, lock, swap into place."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.toolchain import paths

_print_lock = threading.Lock()
_FIRST_KEPT = 64
_held: set[int] = set()  # locks that children keep too: one that outlives a killed run is still at work


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The state of one part: there, with path and version; or not, with the reason and the command that brings it."""

    name: str
    ok: bool
    needed: bool = True
    path: str = ""
    version: str = ""
    why: str = ""
    command: str = ""


class PartError(Exception):
    """A part could not be brought; `command` is what a person can type about it."""

    def __init__(self, why: str, command: str) -> None:
        super().__init__(why)
        self.command = command


def say(part: str, text: str) -> None:
    """Print one line of progress; parts run side by side, so each line names its part."""
    with _print_lock:
        print(f"toolchain: {part}: {text}", file=sys.stderr, flush=True)


def run(
    command: Sequence[str | Path],
    *,
    log: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    retry: str = "make up",
) -> None:
    """Run a command with its output in a log of the cache; on failure raise with its last lines."""
    logs = paths.cache_dir() / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    file = logs / f"{log}.log"
    with file.open("wb") as out:
        done = subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd or paths.ROOT,
            pass_fds=tuple(_held),
            check=False,
        )
    if done.returncode != 0:
        last = file.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-8:]
        words = " ".join(str(word) for word in command[:4])
        tail = "\n    ".join(last)
        raise PartError(f"`{words} …` ended with {done.returncode}; its log {file} ends:\n    {tail}", retry)


@contextmanager
def only_one(name: str) -> Iterator[None]:
    """Let one run at a time bring a part; the lock ends with the run's last process, however it ends."""
    paths.cache_dir().mkdir(parents=True, exist_ok=True)
    with (paths.cache_dir() / f".{name}.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(name, "another run is bringing it: waiting")
            fcntl.flock(file, fcntl.LOCK_EX)
        # High up, out of the way: apt under mmdebstrap writes its own descriptor into shell words, and dash takes one
        # digit only (`cat >&10` is a syntax error), so that a lock more in the low ones broke the build of the image.
        kept = fcntl.fcntl(file.fileno(), fcntl.F_DUPFD_CLOEXEC, _FIRST_KEPT)
        _held.add(kept)
        try:
            yield
        finally:
            _held.discard(kept)
            os.close(kept)


@contextmanager
def swapped_into(target: Path) -> Iterator[Path]:
    """Give a fresh folder that takes the target's place at the end; what an interruption left is swept first.

    Call it under `only_one`: leftovers of the same target are taken to be nobody's.
    """
    for old in target.parent.glob(f".{target.name}.new-*"):
        remove_tree(old)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.new-", dir=target.parent))
    fresh.chmod(0o755)
    try:
        yield fresh
        if target.exists():
            remove_tree(target)
        fresh.rename(target)
    except BaseException:
        remove_tree(fresh)
        raise


def remove_tree(folder: Path) -> None:
    """Remove a folder of ours, unless something is mounted in it: removal would then reach outside."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        mounts = []
    for line in mounts:
        if Path(line.split()[4]).is_relative_to(folder):
            raise PartError(f"{folder} holds the mount {line.split()[4]}", f"umount {line.split()[4]}")
    shutil.rmtree(folder, ignore_errors=True)
