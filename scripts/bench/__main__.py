# SPDX-License-Identifier: GPL-3.0-or-later
"""The command behind `make bench`: measures, prints a table, keeps build/bench.json.

Exit codes: 0 measured, whatever the figures say; 3 something could not be measured (it is said what).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console
from rich.table import Table

from network_plan.build import load_plan
from scripts.bench import commands, frames, gateway, million, preview, scale, up, whole
from scripts.bench.measure import BenchError, Row
from scripts.toolchain.paths import BUILD, ROOT, pulumi_version

SYSTEM = 3


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count() or 1,
        "load": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "pulumi": pulumi_version(),
    }


def _groups(*, with_whole: bool) -> dict[str, Callable[[dict[str, object]], Iterable[Row]]]:
    def stacks(module: Any) -> Callable[[dict[str, object]], Iterable[Row]]:
        return lambda details: module.rows(load_plan(ROOT / "inventory" / "site"), details)

    groups: dict[str, Callable[[dict[str, object]], Iterable[Row]]] = {
        "commands": lambda _details: commands.rows(),
        "scale": lambda _details: scale.rows(),
        "ledger": lambda _details: million.rows(),
        "frames": lambda _details: frames.rows(),
        "gateway": lambda _details: gateway.rows(),
        "preview": stacks(preview),
        "up": stacks(up),
    }
    if with_whole:
        groups["whole"] = lambda _details: whole.rows()
    return groups


def _show(rows: list[Row], requests: dict[str, Any], machine: dict[str, Any]) -> None:
    console = Console(width=130 if not sys.stdout.isatty() else None)
    table = Table("what", "measured", "compared with", "ratio", "limit", "", "least / middle / most seconds")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.value:.4g} {row.unit}",
            "" if row.base is None else f"{row.base:.4g} {row.unit}",
            "" if row.ratio is None else f"{row.ratio:.2f}",
            "" if row.limit is None else f"{row.limit:g}",
            "" if row.limit is None else ("within" if row.within else "MISSED"),
            row.spread,
        )
    console.print(table)
    if machine["load"] > machine["cores"]:
        words = f"load {machine['load']} on {machine['cores']} cores"
        console.print(f"the machine was busy with other things ({words}): seconds are too high, ratios hold")
    for stack, entries in requests.items():
        table = Table("requests", "path", "made", "least", title=f"pulumi up from empty, {stack}")
        for entry in entries:
            table.add_row(entry["method"], entry["path"], str(entry["made"]), str(entry["least"]))
        console.print(table)


def main(arguments: list[str]) -> int:
    """Measure every group; one that can't be measured is said and does not hide the others."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    parser.add_argument("--whole", action="store_true", help="also `make up` and `make test`; takes minutes")
    parser.add_argument(
        "--only", metavar="GROUP", help="one group: commands, scale, ledger, preview, up or whole"
    )
    options = parser.parse_args(arguments)
    groups = _groups(with_whole=options.whole or options.only == "whole")
    if options.only:
        if options.only not in groups:
            parser.error(f"there is no group {options.only!r}; write one of {', '.join((*groups, 'whole'))}")
        groups = {options.only: groups[options.only]}
    machine = _machine()  # before the benches load it themselves
    rows: list[Row] = []
    details: dict[str, dict[str, Any]] = {name: {} for name in groups}
    left_out: dict[str, str] = {}
    for name, measure in groups.items():
        try:
            rows.extend(measure(details[name]))
        except BenchError as error:
            left_out[name] = str(error)
    _show(rows, details.get("up", {}), machine)
    for name, why in left_out.items():
        print(f"left out: {name}: {why}", file=sys.stderr)
    report = {
        "machine": machine,
        "rows": [
            {
                "name": row.name,
                "value": round(row.value, 4),
                "unit": row.unit,
                "base": None if row.base is None else round(row.base, 4),
                "ratio": None if row.ratio is None else round(row.ratio, 4),
                "limit": row.limit,
                "within": row.within,
                "spread": row.spread,
            }
            for row in rows
        ],
        "details": details,
        "left_out": left_out,
    }
    BUILD.mkdir(exist_ok=True)
    (BUILD / "bench.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return SYSTEM if left_out else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
