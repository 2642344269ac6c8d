# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that people run all day must answer at once: whole processes, from start to exit."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from scripts.bench.measure import Figure, median
from scripts.toolchain.paths import VENV

SECONDS = 0.8
MIB = 150
TIMES = 5


def figures() -> Iterator[Figure]:
    """Measure `awan check`, `awan plan --json`, and a set-up that has nothing to do."""
    awan = str(VENV / "bin" / "awan")
    for words in (["check"], ["plan", "--json"]):
        took = median([awan, *words], TIMES)
        what = f"awan {' '.join(words)}"
        yield Figure(what=what, value=round(took.seconds, 3), unit="s", limit=SECONDS)
        yield Figure(what=f"{what}, memory", value=round(took.mib, 1), unit="MiB", limit=MIB)
    took = median([sys.executable, "scripts/toolchain"], TIMES)
    yield Figure(what="make setup, nothing to do", value=round(took.seconds, 3), unit="s", limit=0.5)
