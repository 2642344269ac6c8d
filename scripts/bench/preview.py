# SPDX-License-Identifier: GPL-3.0-or-later
"""A preview without change must cost little more than the engine itself, and must write nothing."""

from __future__ import annotations

from collections.abc import Iterator

from network_plan.model.plan import Plan
from scripts.bench.ground import ground
from scripts.bench.measure import Row, alternately, seconds, spread

RATIO = 1.25
TIMES = 9
STACK = "dc"


def rows(plan: Plan, details: dict[str, object]) -> Iterator[Row]:
    """Preview the same program in turn on our provider and on one that does nothing."""
    with ground(plan) as here:
        here.ours.up(STACK)
        here.null.up(STACK)
        lab = here.lab(STACK)
        lab.reset_calls()
        ours, null = alternately(TIMES, lambda: here.ours.preview(STACK), lambda: here.null.preview(STACK))
        calls = lab.calls()
    yield Row(
        name=f"pulumi preview without change, {STACK}",
        value=seconds(ours),
        base=seconds(null),
        unit="s",
        limit=RATIO,
        spread=f"{spread(ours)} (nothing: {spread(null)})",
    )
    details["least_seconds"] = {"ours": min(t.seconds for t in ours), "null": min(t.seconds for t in null)}
    details["calls"] = [{**call, "count": call["count"] / (TIMES + 1)} for call in calls]
    written = sum(call["count"] for call in calls if call["method"] != "GET")
    yield Row(name=f"pulumi preview, {STACK}, writes", value=written, unit="", limit=0)
