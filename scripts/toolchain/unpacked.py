# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian packages that are unpacked beside the system, never installed: checkers whose dependencies nobody wants here.

sanoid depends on a ZFS, and with that on a daemon or on a kernel module; its parser needs neither.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from scripts.toolchain import apt_sources, paths
from scripts.toolchain.part import PartError, only_one, run


def root() -> Path:
    """The tree of unpacked packages, by their list and suite."""
    key = hashlib.sha256(repr((_suite(), _packages())).encode()).hexdigest()[:12]
    return paths.cache_dir() / f"unpacked-{key}"


def _suite() -> str:
    return str(paths.versions()["base"]["suite"])


def _packages() -> list[str]:
    return list(paths.versions()["unpacked"]["packages"])


def ensure() -> Path:
    """Fetch and unpack what is missing, from the mirror that the machine's own apt uses.

    Raises:
        scripts.toolchain.part.PartError: apt can't fetch it.
    """
    tree = root()
    if (tree / "ready").exists():
        return tree
    if shutil.which("apt-get") is None:
        raise PartError("unpacked packages come from apt, which is not here", "use a Debian machine")
    with only_one("unpacked"):
        if not (tree / "ready").exists():
            shutil.rmtree(tree, ignore_errors=True)
            _fetch(tree)
    return tree


def _fetch(tree: Path) -> None:
    state = tree / "apt"
    for folder in ("lists/partial", "archives/partial"):
        (state / folder).mkdir(parents=True)
    (state / "status").touch()
    (state / "sources.list").write_text("\n".join(apt_sources.lines_for(_suite())) + "\n", encoding="utf-8")
    options = {
        "Dir::State": state,
        "Dir::State::lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state,
        "Dir::Etc::sourcelist": state / "sources.list",
        "Dir::Etc::sourceparts": "/nonexistent",
        "APT::Sandbox::User": "root",
        "Acquire::Retries": 3,
    }
    apt = ["apt-get", "-q", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    run([*apt, "update"], log="unpacked-update")
    run([*apt, "download", *_packages()], log="unpacked-download", cwd=state)
    for package in sorted(state.glob("*.deb")):
        run(["dpkg", "-x", str(package), str(tree)], log="unpacked-unpack")
    shutil.rmtree(state)
    (tree / "ready").touch()
