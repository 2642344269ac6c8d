# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python environment `.venv`: exactly what the lock names, each file by its hash, and the project itself.

What the lock names is installed once per lock and Python, into the cache; a clone's environment is made of links to
it. So another clone, or a branch with another lock, has its environment in seconds, and nothing surplus stays in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from scripts.toolchain import paths
from scripts.toolchain.part import Part, PartError, only_one, run, say, swapped_into

LOCK = paths.ROOT / "requirements" / "dev.txt"
_STAMP = paths.VENV / ".awan.json"
_PYTHON = paths.VENV / "bin" / "python"
_BASE = getattr(sys, "_base_executable", sys.executable)  # the system's Python, also when .venv's runs this


def _wanted() -> dict[str, str]:
    """Return what the environment must have been made from to count as ready."""
    return {
        "lock": hashlib.sha256(LOCK.read_bytes()).hexdigest(),
        "project": hashlib.sha256(json.dumps(_project(), sort_keys=True).encode()).hexdigest(),
        "place": str(paths.ROOT),
    }


def _project() -> list[object]:
    """Return what an installation depends on: settings of linters and tests may change without one."""
    with (paths.ROOT / "pyproject.toml").open("rb") as file:
        whole = tomllib.load(file)
    return [whole["project"], whole["build-system"], whole["tool"]["hatch"]]


def _stamp() -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(_STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def check() -> Part:
    """Say whether the environment is what the lock and the project ask for."""
    stamp = _stamp()
    ready = _PYTHON.exists() and _wanted().items() <= stamp.items()
    return Part(
        name="python",
        ok=ready,
        path=str(paths.VENV),
        version=stamp.get("version", ""),
        why="" if ready else "the environment .venv is absent or older than its lock",
        command="" if ready else "make up",
    )


def ensure() -> Part:
    """Make the environment anew where it is not what the lock and the project ask for."""
    if (ready := check()).ok:
        return ready
    with only_one("python"):
        if (ready := check()).ok:
            return ready
        start = time.monotonic()
        packages = _cached()
        if not (packages / "bin" / "python").exists():
            say("python", "installing what requirements/dev.txt locks")
            with swapped_into(packages) as fresh:
                _install(fresh)
        say("python", "making .venv")
        with swapped_into(paths.VENV) as fresh:
            shutil.copytree(packages, fresh, symlinks=True, copy_function=_link, dirs_exist_ok=True)
            _move_scripts(fresh, packages)
        pip = (_PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--no-deps")
        run([*pip, "--no-build-isolation", "--no-index", "--editable", "."], log="pip-project")
        stamp = {**_wanted(), "version": platform.python_version()}
        _STAMP.write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8")
        say("python", f"ready in {time.monotonic() - start:.0f} s")
    return check()


def _cached() -> Path:
    """Return where the packages of this lock, for this Python on this kind of machine, stay."""
    recipe = [LOCK.read_text(encoding="utf-8"), sys.version, _BASE, platform.platform()]
    key = hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:12]
    return paths.cache_dir() / f"python-{key}"


def _install(folder: Path) -> None:
    """Install the lock as it stands: it is complete, so nothing is resolved; compiled here once for all clones."""
    try:
        run([_BASE, "-m", "venv", "--prompt", "awan", folder], log="venv")
    except PartError as error:
        if "ensurepip" not in str(error):
            raise
        command = "sudo apt-get install python3-venv && make up"
        raise PartError("this Python has no venv module", command) from error
    pip = (folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--no-input", "install")
    options = ("--no-deps", "--require-hashes", "-r")
    # The locked pip first: it installs the rest in half the time of the one that a system's Python brings.
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as own:
        own.write(
            "".join(re.findall(r"^pip==.*\n(?:[ \t].*\n)*", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
        )
        own.flush()
        run([*pip, *options, own.name], log="pip-itself")
    run([*pip, *options, LOCK], log="pip")
    # Scripts name their interpreter by its full path; whoever links them elsewhere must know which that was.
    (folder / "made-at").write_text(str(folder), encoding="utf-8")


def _link(source: str, target: str) -> None:
    """Link a file, or copy it where the cache is on another file system."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target)


def _move_scripts(fresh: Path, packages: Path) -> None:
    """Write the scripts of an environment anew for their new place; those in the cache stay as they are."""
    old, new = (packages / "made-at").read_text(encoding="utf-8"), str(paths.VENV)
    for file in [*(fresh / "bin").iterdir(), fresh / "pyvenv.cfg"]:
        if file.is_symlink():
            continue
        content = file.read_bytes()
        if old.encode() in content:
            mode = file.stat().st_mode
            file.unlink()  # the link only: what it leads to in the cache is shared
            file.write_bytes(content.replace(old.encode(), new.encode()))
            file.chmod(mode)
    (fresh / "made-at").unlink()
