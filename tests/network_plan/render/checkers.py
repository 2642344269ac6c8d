# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a target's own checker as Debian 13 ships it, in a root of its own that ends with it.

The hosts' base image is the root; what it lacks lies over it, unpacked and not installed. Namespaces of mounts,
network and processes: nothing is written to either tree, no packet leaves, and nothing goes on running.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scripts.toolchain import paths, unpacked
from scripts.toolchain.part import PartError

_ENTER = """
mount -t tmpfs tmpfs "$3"
mkdir "$3/up" "$3/work" "$3/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$3/up,workdir=$3/work" "$3/root"
mount --bind "$2" "$3/root/mnt"
mount --rbind /dev "$3/root/dev"
mount -t proc proc "$3/root/proc"
ip link set lo up
exec chroot "$3/root" sh -euc "$4"
"""


def checked(
    script: str, folder: Path, *, more: bool = False, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a shell script in the image, ``folder`` at ``/mnt``.

    Args:
        script: for ``sh -eu``.
        folder: what the checker is given to read.
        more: whether it needs programs that only the unpacked packages have.
        timeout: seconds.
    """
    lower = str(paths.base_root())
    if more:
        try:
            lower = f"{unpacked.ensure()}:{lower}"
        except PartError as error:
            pytest.skip(f"the checker can't be fetched: {error}")
    root = folder.with_name(f"{folder.name}-root")
    root.mkdir(exist_ok=True)
    enter = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-euc", _ENTER]
    return subprocess.run(
        [*enter, "sh", lower, str(folder), str(root), script],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=timeout,
    )


def written(files: dict[str, str], folder: Path) -> Path:
    """The files of a target below a folder, for a checker to read."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
