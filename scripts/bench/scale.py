# SPDX-License-Identifier: GPL-3.0-or-later
"""How the core grows: one regency's size, twenty-seven in one site, five hundred and fourteen sites of their own.

The sites are those of ``scripts.synthetic``; 514 is the number of regencies and cities of Indonesia.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scripts.bench.measure import BenchError, Row, Took, alternately, run, seconds, spread
from scripts.synthetic.__main__ import write
from scripts.synthetic.size import regencies
from scripts.toolchain.paths import VENV

PROVINCE = 27
SITES = 514
SEEDS = 8
"""So many different sites are written, and copied: writing one takes as long as planning it."""

PLAN_SECONDS, PLAN_MIB = 20, 1024
REACH_SECONDS = 1
GROWTH = 1.3
ALL_SECONDS, ALL_MIB = 180, 300
TIMES = 3


def _written(folder: Path, number: int, *, seed: int = 1) -> Path:
    folder.mkdir()
    errors = write(folder, regencies(number), seed=seed)
    if errors:
        raise BenchError(f"the synthetic site of {number} regencies does not hold: {errors[0]}")
    return folder / "site"


def _plan(site: Path) -> Took:
    return run([str(VENV / "bin" / "awan"), "plan", "--json", "--site", str(site)])


def _reach(site: Path) -> Iterator[Row]:
    """Each kind of question, the slowest of which counts; the Plan is loaded already."""
    took: dict[str, float] = json.loads(run([sys.executable, "-m", "scripts.bench.ask", str(site)]).output)
    name, value = max(took.items(), key=lambda item: item[1])
    yield Row(
        name=f"awan reach there, Plan loaded, slowest of {len(took)} ({name})",
        value=value,
        unit="s",
        limit=REACH_SECONDS,
        spread=", ".join(f"{seconds:.2f}" for seconds in sorted(took.values())),
    )


def rows() -> Iterator[Row]:
    """Measure the plan of one and of many."""
    awan = str(VENV / "bin" / "awan")
    with tempfile.TemporaryDirectory(prefix="awan-bench-") as temporary:
        folder = Path(temporary)
        one, province = _written(folder / "one", 1), _written(folder / "province", PROVINCE)
        (start,) = alternately(TIMES, lambda: run([awan, "plan", "--help"]))
        single, whole = alternately(TIMES, lambda: _plan(one), lambda: _plan(province))
        name = f"awan plan, {PROVINCE} regencies in one site"
        yield Row(name=name, value=seconds(whole), unit="s", limit=PLAN_SECONDS, spread=spread(whole))
        yield Row(name=f"{name}, memory", value=max(took.mib for took in whole), unit="MiB", limit=PLAN_MIB)
        yield from _reach(province)
        least = min(took.cpu for took in start)
        yield Row(
            name=f"growth from 1 to {PROVINCE} regencies (CPU without the start)",
            value=min(took.cpu for took in whole) - least,
            base=PROVINCE * (min(took.cpu for took in single) - least),
            unit="s",
            limit=GROWTH,
        )
        sites = folder / "sites"
        sites.mkdir()
        for number in range(SEEDS):
            _written(sites / f"{number:04}", 1, seed=number)
        for number in range(SEEDS, SITES):
            shutil.copytree(sites / f"{number % SEEDS:04}", sites / f"{number:04}")
        took = run([sys.executable, "-m", "scripts.bench.many", str(sites)])
        if not took.output.startswith(f"{SITES} Plans"):
            raise BenchError(f"not every site has a Plan: {took.output[-200:]}")
        name = f"{SITES} regencies as sites of their own, 2 processes"
        yield Row(name=name, value=took.seconds, unit="s", limit=ALL_SECONDS)
        yield Row(name=f"{name}, memory of the larger", value=took.mib, unit="MiB", limit=ALL_MIB / 2)
