# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a whole process and says what it took: seconds on the clock, memory at its highest."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.toolchain.paths import ROOT


class BenchError(Exception):
    """What should be measured did not run; the message holds its last words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value and the limit that it must keep; without a limit it is only told."""

    what: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def ok(self) -> bool:
        return self.limit is None or self.value <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What one run of a process took, and what it printed."""

    seconds: float
    mib: float
    output: str


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> Took:
    """Run a process to its end; its memory is the kernel's own high-water mark of it and its children's."""
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=env or os.environ,
            cwd=cwd,
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        output = out.read().decode(errors="replace")
    if child.returncode != 0:
        last = "\n".join(output.splitlines()[-8:])
        raise BenchError(f"`{' '.join(command)}` ended with {child.returncode}:\n{last}")
    return Took(seconds=seconds, mib=usage.ru_maxrss / 1024, output=output)


def median(
    command: Sequence[str], times: int, *, env: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> Took:
    """Run a process several times; the middle one counts, and the first, which fills caches, does not."""
    run(command, env=env, cwd=cwd)
    taken = [run(command, env=env, cwd=cwd) for _ in range(times)]
    return Took(
        seconds=statistics.median(one.seconds for one in taken),
        mib=max(one.mib for one in taken),
        output=taken[-1].output,
    )
