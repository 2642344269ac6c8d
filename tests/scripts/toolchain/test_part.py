# SPDX-License-Identifier: GPL-3.0-or-later
"""An interruption leaves nothing half-made that is later taken for whole."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.toolchain.part import PartError, only_one, run, swapped_into
from scripts.toolchain.paths import ROOT


def test_a_finished_folder_takes_the_place(tmp_path: Path) -> None:
    target = tmp_path / "thing"
    with swapped_into(target) as fresh:
        (fresh / "file").write_text("new")
        assert not target.exists()
    assert (target / "file").read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_an_interrupted_one_does_not(tmp_path: Path) -> None:
    target = tmp_path / "thing"
    target.mkdir()
    (target / "file").write_text("old")
    with pytest.raises(KeyboardInterrupt), swapped_into(target) as fresh:
        (fresh / "file").write_text("half")
        raise KeyboardInterrupt
    assert (target / "file").read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_killed_run_left_is_swept(tmp_path: Path) -> None:
    left = tmp_path / ".thing.new-abc"
    left.mkdir()
    other = tmp_path / ".other.new-abc"
    other.mkdir()
    with swapped_into(tmp_path / "thing"):
        assert not left.exists()
    assert other.exists()


def test_a_failed_command_is_told_with_its_last_words(own_cache: Path) -> None:
    script = "print('step one'); print('no space left'); raise SystemExit(7)"
    with pytest.raises(PartError, match="ended with 7") as caught:
        run([sys.executable, "-c", script], log="try", retry="make room && make up")
    assert "no space left" in str(caught.value)
    assert caught.value.command == "make room && make up"
    assert (own_cache / "logs" / "try.log").read_text().endswith("no space left\n")


def test_two_runs_at_once_wait_for_each_other(own_cache: Path, tmp_path: Path) -> None:
    """A second process comes to its turn only when the first has let go."""
    note = tmp_path / "note"
    second = (
        "from pathlib import Path\n"
        "from scripts.toolchain.part import only_one\n"
        "print('started', flush=True)\n"
        "with only_one('thing'):\n"
        f"    print(Path({str(note)!r}).read_text())\n"
    )
    with only_one("thing"):
        child = subprocess.Popen([sys.executable, "-c", second], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert child.stdout.readline() == "started\n"
        note.write_text("first is done")
    said, _ = child.communicate(timeout=20)
    assert said == "first is done\n"
    assert own_cache.is_dir()


def test_what_a_killed_run_left_at_work_is_waited_for(own_cache: Path, tmp_path: Path) -> None:
    """SIGKILL of a run leaves its child writing: nobody may sweep the folder under it."""
    done = tmp_path / "done"
    script = (
        "from scripts.toolchain.part import only_one, run\n"
        "with only_one('thing'):\n"
        "    print('started', flush=True)\n"
        f"    run(['sh', '-c', 'sleep 1; touch {done}'], log='child')\n"
    )
    first = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    assert first.stdout.readline() == "started\n"
    while not (own_cache / "logs" / "child.log").exists():
        time.sleep(0.01)
    time.sleep(0.2)
    first.kill()
    first.communicate()
    assert not done.exists()
    with only_one("thing"):
        assert done.exists()


def test_locks_leave_a_child_its_low_descriptors(own_cache: Path) -> None:
    """What locks hold open stands high in a child: shells under it know one digit only (dash, `>&10`)."""
    script = "import os; print(sum(3 < int(n) < 64 for n in os.listdir('/proc/self/fd')))"
    with only_one("one"), only_one("two"), only_one("three"):
        run([sys.executable, "-c", script], log="low")
    assert (own_cache / "logs" / "low.log").read_text() == "0\n"
