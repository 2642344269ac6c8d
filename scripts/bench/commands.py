# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that people run all day must answer at once: whole processes, from start to exit."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from scripts.bench.measure import Row, alternately, run, seconds, spread
from scripts.toolchain.paths import VENV

MIB = 200
SETUP_SECONDS = 0.5
TIMES = 7


def rows() -> Iterator[Row]:
    """Measure `awan check`, `awan plan --json`, and a set-up that has nothing to do."""
    awan = str(VENV / "bin" / "awan")
    wanted = (("awan check", [awan, "check"], 0.6), ("awan plan --json", [awan, "plan", "--json"], 0.6))
    for name, command, limit in wanted:
        (taken,) = alternately(TIMES, lambda command=command: run(command))  # type: ignore[misc]
        yield Row(name=name, value=seconds(taken), unit="s", limit=limit, spread=spread(taken))
        yield Row(name=f"{name}, memory", value=max(one.mib for one in taken), unit="MiB", limit=MIB)
    (taken,) = alternately(TIMES, lambda: run([sys.executable, "scripts/toolchain"]))
    yield Row(
        name="make setup, nothing to do",
        value=seconds(taken),
        unit="s",
        limit=SETUP_SECONDS,
        spread=spread(taken),
    )
