# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment counts as ready only when it was made from this very lock and project."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from scripts.toolchain import paths, python_env


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment folder with a finished stamp, and a lock of its own."""
    lock = tmp_path / "dev.txt"
    lock.write_text("a-b==1 \\\n    --hash=sha256:00\nC.d==2 \\\n    --hash=sha256:00\n")
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.touch()
    stamp = tmp_path / ".awan.json"
    for name, value in {"LOCK": lock, "_PYTHON": python, "_STAMP": stamp}.items():
        monkeypatch.setattr(python_env, name, value)
    stamp.write_text(json.dumps({**python_env._wanted(), "version": "3.11.2"}))
    return tmp_path


def test_a_finished_one_is_ready(made: Path) -> None:
    assert made.is_dir()
    part = python_env.check()
    assert part.ok
    assert part.version == "3.11.2"


def test_a_changed_lock_asks_for_another(made: Path) -> None:
    (made / "dev.txt").write_text("a-b==2 \\\n    --hash=sha256:00\n")
    assert not python_env.check().ok


def test_a_run_that_was_killed_is_not_ready(made: Path) -> None:
    (made / ".awan.json").write_text('{"lock": "')
    part = python_env.check()
    assert not part.ok
    assert part.command == "make up"


def test_a_moved_clone_is_not_ready(made: Path) -> None:
    """Scripts in an environment name their interpreter by its full path."""
    stamp = json.loads((made / ".awan.json").read_text())
    (made / ".awan.json").write_text(json.dumps({**stamp, "place": "/somewhere/else"}))
    assert not python_env.check().ok


def _packages(cache: Path, old: str) -> Path:
    """Packages as they stand in the cache: scripts name the place where they were installed."""
    packages = cache / "python-1"
    (packages / "bin").mkdir(parents=True)
    (packages / "made-at").write_text(old)
    (packages / "pyvenv.cfg").write_text(f"command = python3 -m venv {old}\n")
    (packages / "bin" / "python").symlink_to(sys.executable)
    (packages / "bin" / "tool").write_text(f"#!{old}/bin/python\nprint('here')\n")
    (packages / "bin" / "tool").chmod(0o755)
    (packages / "module.py").write_text("VALUE = 1\n")
    return packages


def test_scripts_are_written_for_their_place_and_the_cache_stays(made: Path, own_cache: Path) -> None:
    packages = _packages(own_cache, "/made/here")
    fresh = made / "fresh"
    shutil.copytree(packages, fresh, symlinks=True, copy_function=python_env._link)
    python_env._move_scripts(fresh, packages)
    assert (fresh / "bin" / "tool").read_text().startswith(f"#!{paths.VENV}/bin/python\n")
    assert os.access(fresh / "bin" / "tool", os.X_OK)
    assert "/made/here" not in (fresh / "pyvenv.cfg").read_text()
    assert (packages / "bin" / "tool").read_text().startswith("#!/made/here/bin/python\n")
    assert (fresh / "module.py").stat().st_ino == (packages / "module.py").stat().st_ino
    assert (fresh / "bin" / "python").is_symlink()


def test_where_links_cannot_be_made_files_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_text("text")
    python_env._link(str(source), str(target))
    assert target.read_text() == "text"


def test_another_lock_has_packages_of_its_own(made: Path, own_cache: Path) -> None:
    before = python_env._cached()
    assert own_cache in before.parents
    (made / "dev.txt").write_text("a-b==2 \\\n    --hash=sha256:00\n")
    assert python_env._cached() != before
