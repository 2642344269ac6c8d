# SPDX-License-Identifier: GPL-3.0-or-later
"""A process is known by its number and its start; one that has ended, reaped or not, has none."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from scripts.process import start_time


def test_this_process_started_once() -> None:
    mine = start_time(os.getpid())
    assert mine is not None
    assert mine.isdigit()
    assert start_time(os.getpid()) == mine


def test_there_is_no_such_number() -> None:
    assert start_time(2**22 + 1) is None


@pytest.mark.lab
def test_a_zombie_has_none() -> None:
    child = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    assert child.stdin is not None
    assert start_time(child.pid) is not None
    child.stdin.close()
    deadline = time.monotonic() + 10
    while start_time(child.pid) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.wait()
