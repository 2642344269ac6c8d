# SPDX-License-Identifier: GPL-3.0-or-later
"""A test run keeps the house rules itself: an interruption takes down what was started, leftovers fail the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.toolchain.paths import ROOT

pytestmark = pytest.mark.lab  # each starts a whole pytest

SLOW_TEARDOWN = """
import pathlib, time, pytest

@pytest.fixture
def thing():
    yield
    time.sleep(1)
    pathlib.Path("taken_down").touch()

def test_it(thing):
    pathlib.Path("begun").touch()
    time.sleep(30)
"""
LEAVES_ONE = """
import subprocess

def test_it():
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    open("pid", "w").write(str(child.pid))
    child.returncode = 0  # nobody warns of it
"""


def _start(folder: Path, text: str) -> subprocess.Popen[str]:
    (folder / "test_inner.py").write_text(text)
    settings = f"--config-file={ROOT / 'pyproject.toml'}"
    command = [
        sys.executable,
        "-m",
        "pytest",
        settings,
        f"--rootdir={folder}",
        "-p",
        "tests.conftest",
        "test_inner.py",
    ]
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    env = {**own, "PYTHONPATH": str(ROOT)}  # a run of its own, no worker of ours
    return subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True)


def test_a_burst_of_interrupts_is_one_and_everything_is_taken_down(tmp_path: Path) -> None:
    inner = _start(tmp_path, SLOW_TEARDOWN)
    for _ in range(200):
        if (tmp_path / "begun").exists():
            break
        time.sleep(0.05)
    for _ in range(3):
        inner.send_signal(signal.SIGINT)
        time.sleep(0.1)
    said, _rest = inner.communicate(timeout=30)
    assert inner.returncode == 2, said
    assert (tmp_path / "taken_down").exists()


def test_a_process_left_running_fails_the_run_and_is_ended(tmp_path: Path) -> None:
    inner = _start(tmp_path, LEAVES_ONE)
    said, _rest = inner.communicate(timeout=30)
    pid = int((tmp_path / "pid").read_text())
    assert inner.returncode == 1, said
    assert f"left process {pid} running" in said
    assert not (Path("/proc") / str(pid) / "cmdline").exists() or not (
        Path(f"/proc/{pid}/cmdline").read_bytes()
    )
