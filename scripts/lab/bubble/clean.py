# SPDX-License-Identifier: AGPL-3.0-or-later
"""Removes a bubble by its journal: all of it, and nothing that the journal does not name; also after a crash."""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from scripts.lab.bubble import journal
from scripts.lab.fabric import netns
from scripts.lab.replica import points


class CleanError(RuntimeError):
    """Something of a bubble can't be removed."""


def root_of(lab_dir: Path) -> Path:
    """Where a lab's bubbles have their folders, a folder each."""
    return lab_dir / "bubble"


def left(lab_dir: Path) -> list[Path]:
    """The bubbles that are there, whether somebody still works in them or not."""
    root = root_of(lab_dir)
    return sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


def remove_all(lab_dir: Path) -> list[str]:
    """Remove every bubble of the lab; answers what was found of them."""
    return [f"{folder.name}: {thing}" for folder in left(lab_dir) for thing in remove(folder)]


def remove(folder: Path) -> list[str]:
    """Remove one bubble; answers what was found of it, so that a second removal answers nothing."""
    lines = journal.read(folder)
    names = [line["name"] for line in lines if line["make"] == "namespace"]
    prefixes = {line["prefix"] for line in lines if line["make"] == "network"}
    found = [f"process {pid}" for pid in _end_processes(names)]
    found += [f"namespace {name}" for name in names if (netns.NETNS_DIR / name).exists()]
    for prefix in prefixes:
        with netns.exclusive(prefix, last=True):
            netns.delete(names)
    for line in lines:
        if line["make"] == "hold":
            root, vmid, name = Path(line["root"]), line["vmid"], line["point"]
            if (root / str(vmid) / name / f"hold-{folder.name}").exists():
                found.append(f"hold on point {name} of VM {vmid}")
            points.release(root, vmid, name, folder.name)
    if folder.exists():
        found.append(f"folder {folder}")
        _remove_folder(folder)
    return found


def _remove_folder(folder: Path) -> None:
    """The journal goes last: as long as anything is there, it says what."""
    for path in folder.iterdir():
        if path.name != journal.NAME:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    shutil.rmtree(folder)


def _inside(namespaces: Iterable[str]) -> list[int]:
    """The processes that live in these namespaces, by the kernel's own identity of each."""
    inodes = {netns.inode(name) for name in namespaces if netns.exists(name)}
    found = []
    for entry in Path("/proc").iterdir() if inodes else ():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "ns/net").stat().st_ino in inodes:
                    found.append(int(entry.name))
    return found


def _end_processes(namespaces: list[str], seconds: float = 10) -> list[int]:
    """Kill what lives in the namespaces until nothing does."""
    ended: set[int] = set()
    end = time.monotonic() + seconds
    while alive := _inside(namespaces):
        if time.monotonic() > end:
            raise CleanError(f"processes {alive} in a bubble do not die; look at /proc/{alive[0]}/stack")
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        ended.update(alive)
        time.sleep(0.01)
    return sorted(ended)
