# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python environment `.venv`: exactly what the lock names, each file by its hash, and the project itself."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from scripts.toolchain import paths
from scripts.toolchain.part import Part, PartError, only_one, run, say

LOCK = paths.ROOT / "requirements" / "dev.txt"
_STAMP = paths.VENV / ".awan.json"
_PYTHON = paths.VENV / "bin" / "python"
_PIP: tuple[str | Path, ...] = (_PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input")


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


def locked_names() -> set[str]:
    """Return the normalized names in the lock."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {_normal(name) for name in found}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed_names() -> set[str]:
    folders = paths.VENV.glob("lib/python*/site-packages/*.dist-info")
    return {_normal(folder.name.removesuffix(".dist-info").rsplit("-", 1)[0]) for folder in folders}


def ensure() -> Part:
    """Make the environment, or bring it to what the lock names; nothing else stays installed."""
    if (ready := check()).ok:
        return ready
    with only_one("python"):
        if (ready := check()).ok:
            return ready
        start = time.monotonic()
        _STAMP.unlink(missing_ok=True)
        if not _runs_this_python():
            say("python", "making .venv")
            _make()
        say("python", "installing what requirements/dev.txt locks")
        _install_lock()
        surplus = sorted(_installed_names() - locked_names() - {"awan"})
        if surplus:
            run([*_PIP, "uninstall", "--yes", *surplus], log="pip-surplus")
        run(
            [*_PIP, "install", "--no-deps", "--no-build-isolation", "--no-index", "--editable", "."],
            log="pip-project",
        )
        version = ".".join(str(number) for number in sys.version_info[:3])
        _STAMP.write_text(json.dumps({**_wanted(), "version": version}, indent=2) + "\n", encoding="utf-8")
        say("python", f"ready in {time.monotonic() - start:.0f} s")
    return check()


def _install_lock() -> None:
    """Install the lock as it stands: it is complete, so nothing is resolved, and Python compiles what it uses."""
    options = ("install", "--no-deps", "--no-compile", "--require-hashes", "-r")
    # The locked pip first: it installs the rest in half the time of the one that a system's Python brings.
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as own:
        own.write(
            "".join(re.findall(r"^pip==.*\n(?:[ \t].*\n)*", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
        )
        own.flush()
        run([*_PIP, *options, own.name], log="pip-itself")
    run([*_PIP, *options, LOCK], log="pip")


def _runs_this_python() -> bool:
    """Say whether .venv exists for this very interpreter version (an upgraded system leaves a broken one)."""
    folder = paths.VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return _PYTHON.exists() and folder.is_dir()


def _make() -> None:
    try:
        run([sys.executable, "-m", "venv", "--clear", paths.VENV], log="venv")
    except PartError as error:
        if "ensurepip" not in str(error):
            raise
        raise PartError(
            "this Python has no venv module", "sudo apt-get install python3-venv && make up"
        ) from error
