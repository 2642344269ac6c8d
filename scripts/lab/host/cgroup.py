# SPDX-License-Identifier: AGPL-3.0-or-later
"""The cgroups that hold booted hosts: finding, killing and removing ours; the booting itself stands in `supervise`.

A guest needs the unified hierarchy, which is the whole of /sys/fs/cgroup or, on a hybrid machine, a folder in it.
A cgroup that was killed is never used again: systemd inside would find every service killed at once.
"""

import contextlib
import os
import time
from pathlib import Path


class CgroupError(RuntimeError):
    """The machine's cgroups do not allow what a host needs."""


def root() -> Path:
    """The unified hierarchy."""
    for path in (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")):
        if (path / "cgroup.controllers").exists():
            return path
    raise CgroupError(
        "there is no cgroup2 hierarchy below /sys/fs/cgroup; mount one, or run without booted hosts"
    )


def of(stem: str) -> list[Path]:
    """The cgroups `<stem>-<number>`, which only we make."""
    return sorted(path for path in root().glob(f"{stem}-*") if path.name.removeprefix(f"{stem}-").isdigit())


def of_lab(lab_prefix: str) -> list[Path]:
    """Every cgroup of a lab, also of a host that its folder no longer knows."""
    return sorted(root().glob(f"{lab_prefix}*"))


def populated(group: Path) -> bool:
    """True while any process is in the cgroup or below."""
    try:
        return "populated 1" in (group / "cgroup.events").read_text(encoding="ascii")
    except OSError:
        return False


def init_pid(group: Path) -> int | None:
    """The process id of the guest's PID 1 as this machine sees it; None before it runs."""
    try:
        words = (group / "payload/init.scope/cgroup.procs").read_text(encoding="ascii").split()
    except OSError:
        return None
    return min(map(int, words), default=None)


def kill(group: Path, seconds: float = 10) -> None:
    """Kills everything in the cgroup and removes it; one that is gone, or goes meanwhile, is fine."""
    with contextlib.suppress(FileNotFoundError):
        (group / "cgroup.kill").write_text("1", encoding="ascii")
    end = time.monotonic() + seconds
    while populated(group):
        if time.monotonic() > end:
            raise CgroupError(f"processes in {group} do not die; look at its cgroup.procs")
        time.sleep(0.02)
    for folder, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(FileNotFoundError):
            Path(folder).rmdir()
