# SPDX-License-Identifier: GPL-3.0-or-later
"""`pulumi up` from empty: how many requests, beside the least that PVE's API allows; how long, beside nothing."""

from __future__ import annotations

from collections.abc import Iterator

from network_plan.model.plan import Plan
from scripts.bench.ground import ground
from scripts.bench.least import Calls, least
from scripts.bench.measure import Row, Took, seconds, spread

RATIO = 1.15
WALL = 1.5
"""Seconds, beside the same program on a provider that does nothing."""
TIMES = 3


def counted(calls: list[dict[str, object]]) -> Calls:
    """The lab's counters as calls."""
    return Calls({(str(call["method"]), str(call["path"])): int(str(call["count"])) for call in calls})


def breakdown(made: Calls, needed: Calls) -> list[dict[str, object]]:
    """Per method and path: made, needed, the excess first."""
    entries: list[dict[str, object]] = [
        {"method": key[0], "path": key[1], "made": made[key], "least": needed[key]} for key in made | needed
    ]
    return sorted(entries, key=lambda e: (int(str(e["least"])) - int(str(e["made"])), str(e["path"])))


def rows(plan: Plan, details: dict[str, object]) -> Iterator[Row]:
    """Bring each stack up from empty several times; the run with the most requests counts."""
    names = [cluster.name for cluster in plan.clusters]
    most: dict[str, Calls] = {name: Calls() for name in names}
    ours: dict[str, list[Took]] = {name: [] for name in names}
    null: dict[str, list[Took]] = {name: [] for name in names}
    for _ in range(TIMES):
        with ground(plan) as here:
            for name in names:
                null[name].append(here.null.up(name))
                here.lab(name).reset_calls()
                ours[name].append(here.ours.up(name))
                made = counted(here.lab(name).calls())
                most[name] = max(most[name], made, key=Calls.total)
    for name in names:
        needed = least(plan, name)
        details[name] = breakdown(most[name], needed)
        yield Row(
            name=f"pulumi up from empty, {name}, requests",
            value=most[name].total(),
            base=needed.total(),
            unit="",
            limit=RATIO,
        )
        yield Row(
            name=f"pulumi up from empty, {name}",
            value=seconds(ours[name]),
            base=seconds(null[name]),
            unit="s",
            limit=WALL,
            spread=spread(ours[name]),
        )
