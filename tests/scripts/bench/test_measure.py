# SPDX-License-Identifier: GPL-3.0-or-later
"""A benchmark is only worth something if it measures the whole process, and says so when that failed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts.bench.measure import BenchError, Figure, median, run


def test_seconds_and_memory_are_those_of_the_whole_process() -> None:
    took = run(
        [sys.executable, "-c", "import time; block = bytearray(80 << 20); time.sleep(0.3); print('done')"]
    )
    assert took.output == "done\n"
    assert 0.3 <= took.seconds < 10
    assert 80 <= took.mib < 400


def test_a_process_that_fails_is_no_measurement() -> None:
    with pytest.raises(BenchError, match=r"ended with 3:\n.*no such site"):
        run([sys.executable, "-c", "print('no such site'); raise SystemExit(3)"])


def test_the_first_run_does_not_count(tmp_path: Path) -> None:
    """It fills caches: here it alone is slow."""
    mark = tmp_path / "warm"
    script = (
        "import pathlib, sys, time; mark = pathlib.Path(sys.argv[1])\n"
        "time.sleep(0 if mark.exists() else 0.6); mark.touch()"
    )
    assert median([sys.executable, "-c", script, str(mark)], 3).seconds < 0.6


@pytest.mark.parametrize(("value", "limit", "ok"), [(0.8, 0.8, True), (0.81, 0.8, False), (99, None, True)])
def test_a_limit_is_kept_up_to_itself(value: float, limit: float | None, ok: bool) -> None:
    assert Figure(what="x", value=value, unit="s", limit=limit).ok is ok
