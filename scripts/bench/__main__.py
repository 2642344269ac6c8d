# SPDX-License-Identifier: GPL-3.0-or-later
"""The command behind `make bench`: measures, prints a table, keeps build/bench.json.

Exit codes: 0 every limit kept, 1 a limit missed, 3 something could not be measured (it is said what).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from scripts.bench import commands, preview, requests
from scripts.bench.lab import own_lab
from scripts.bench.measure import BenchError, Figure
from scripts.toolchain.paths import BUILD


def _pulumi() -> Iterator[Figure]:
    """Measure in one lab: the stack that one group brings up is what the next looks at."""
    with own_lab() as env:
        yield from requests.figures(env)
        yield from preview.figures(env)


GROUPS: tuple[tuple[str, Callable[[], Iterator[Figure]]], ...] = (
    ("commands", commands.figures),
    ("pulumi", _pulumi),
)


def main() -> int:
    """Measure every group; one that can't be measured is said and does not hide the others."""
    measured: list[Figure] = []
    left_out: dict[str, str] = {}
    for name, figures in GROUPS:
        try:
            measured.extend(figures())
        except BenchError as error:
            left_out[name] = str(error)
    table = Table("what", "measured", "limit", "")
    for figure in measured:
        limit = "" if figure.limit is None else f"{figure.limit:g} {figure.unit}"
        table.add_row(figure.what, f"{figure.value:g} {figure.unit}", limit, "" if figure.ok else "MISSED")
    Console().print(table)
    for name, why in left_out.items():
        print(f"left out: {name}: {why}", file=sys.stderr)
    BUILD.mkdir(exist_ok=True)
    report = {
        "cores": os.cpu_count(),
        "figures": [asdict(figure) for figure in measured],
        "left_out": left_out,
    }
    (BUILD / "bench.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if not all(figure.ok for figure in measured):
        return 1
    return 3 if left_out else 0


if __name__ == "__main__":
    sys.exit(main())
