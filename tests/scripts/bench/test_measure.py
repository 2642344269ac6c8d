# SPDX-License-Identifier: GPL-3.0-or-later
"""A benchmark is only worth something if it measures the whole process, and says so when that failed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts.bench.measure import BenchError, Row, Took, alternately, run, seconds, spread


def python(script: str, *words: str) -> list[str]:
    return [sys.executable, "-c", script, *words]


def test_seconds_and_memory_are_those_of_the_whole_process() -> None:
    took = run(python("import time; block = bytearray(80 << 20); time.sleep(0.3); print('done')"))
    assert took.output == "done\n"
    assert 0.3 <= took.seconds < 10
    assert 80 <= took.mib < 400


def test_memory_of_whoever_measures_does_not_count() -> None:
    """Linux hands a process the high-water mark of its starter: a bench of 150 MB would see nothing below."""
    held = bytearray(150 << 20)
    assert run(python("pass")).mib < 60
    assert len(held) == 150 << 20


def test_a_process_that_fails_is_no_measurement() -> None:
    with pytest.raises(BenchError, match=r"ended with 3:\n.*no such site"):
        run(python("print('no such site'); raise SystemExit(3)"))


def test_a_program_that_is_not_there_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="did not start"):
        run([str(tmp_path / "nothing")])


def test_turns_are_taken_and_the_first_does_not_count(tmp_path: Path) -> None:
    """The first turn fills caches: here it alone is slow."""
    mark = tmp_path / "warm"
    script = (
        "import pathlib, sys, time; mark = pathlib.Path(sys.argv[1])\n"
        "time.sleep(0 if mark.exists() else 0.9); mark.touch()"
    )
    order: list[str] = []

    def measured(name: str) -> Took:
        order.append(name)
        return run(python(script, str(mark)))

    ours, other = alternately(2, lambda: measured("ours"), lambda: measured("other"))
    assert order == ["ours", "other"] * 3
    assert len(ours) == len(other) == 2
    assert seconds(ours) < 0.9


@pytest.mark.parametrize(
    ("value", "base", "limit", "within"),
    [
        (0.8, None, 0.8, True),
        (0.81, None, 0.8, False),
        (99, None, None, True),
        (2.5, 2, 1.25, True),
        (2.51, 2, 1.25, False),
        (99, 1, None, True),
        (1, 0, 1.25, False),
    ],
)
def test_a_limit_is_kept_up_to_itself(
    value: float, base: float | None, limit: float | None, within: bool
) -> None:
    """It is the ratio's where there is something to compare with."""
    assert Row(name="x", value=value, unit="s", base=base, limit=limit).within is within


def test_the_spread_shows_least_middle_and_most() -> None:
    taken = [Took(seconds=s, cpu=s / 2, mib=1, output="") for s in (3.0, 1.0, 2.0)]
    assert spread(taken) == "1.00 / 2.00 / 3.00, CPU 0.50"
    assert seconds(taken) == 2.0
