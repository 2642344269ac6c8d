# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs whole processes and says what they took; a row of the table and its limit. What is measured stands elsewhere."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.toolchain.paths import ROOT

PROBE = Path(__file__).with_name("probe.py")


class BenchError(Exception):
    """What should be measured did not run; the message holds its last words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        base: what the value is compared with, in the same unit; ``None`` where it stands alone.
        limit: for the ratio where there is a base, else for the value; ``None`` where it is only told.
        spread: least and middle of the repetitions, as text.
    """

    name: str
    value: float
    unit: str
    base: float | None = None
    limit: float | None = None
    spread: str = ""

    @property
    def ratio(self) -> float | None:
        """Value to base."""
        return None if not self.base else self.value / self.base

    @property
    def within(self) -> bool:
        """Whether the limit is kept."""
        judged = self.value if self.base is None else self.ratio
        return self.limit is None or (judged is not None and judged <= self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What one run of a process took, and what it printed; CPU seconds are those of its children too."""

    seconds: float
    cpu: float
    mib: float
    output: str


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> Took:
    """Run a process to its end; memory is the kernel's own high-water mark of it or the largest of its children.

    Raises:
        BenchError: it ended with another code than 0.
    """
    with tempfile.TemporaryDirectory(prefix="awan-bench-") as folder, tempfile.TemporaryFile() as out:
        answer = Path(folder) / "took.json"
        subprocess.run(
            [sys.executable, "-I", "-S", str(PROBE), str(answer), *command],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(os.environ if env is None else env),
            cwd=cwd,
            check=False,
        )
        out.seek(0)
        output = out.read().decode(errors="replace")
        took = json.loads(answer.read_text(encoding="utf-8")) if answer.exists() else None
    if took is None or took["code"] != 0:
        last = "\n".join(output.splitlines()[-8:])
        how = "did not start" if took is None else f"ended with {took['code']}"
        raise BenchError(f"`{' '.join(command)}` {how}:\n{last}")
    return Took(seconds=took["seconds"], cpu=took["cpu"], mib=took["mib"], output=output)


def alternately(times: int, *measures: Callable[[], Took]) -> list[list[Took]]:
    """Take turns, so that what the machine does meanwhile meets all; the first turn fills caches and is dropped."""
    taken: list[list[Took]] = [[] for _ in measures]
    for turn in range(times + 1):
        for number, measure in enumerate(measures):
            one = measure()
            if turn > 0:
                taken[number].append(one)
    return taken


def seconds(taken: Sequence[Took]) -> float:
    """The middle of the repetitions."""
    return statistics.median(one.seconds for one in taken)


def spread(taken: Sequence[Took]) -> str:
    """Least, middle and most seconds; and the least CPU seconds, which a busy machine changes little."""
    values = sorted(one.seconds for one in taken)
    least = min(one.cpu for one in taken)
    return f"{values[0]:.2f} / {statistics.median(values):.2f} / {values[-1]:.2f}, CPU {least:.2f}"
