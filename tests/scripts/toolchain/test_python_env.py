# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment counts as ready only when it was made from this very lock and project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.toolchain import python_env


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


def test_names_compare_as_pip_compares_them(made: Path) -> None:
    assert made.is_dir()
    assert python_env.locked_names() == {"a-b", "c-d"}
