# SPDX-License-Identifier: GPL-3.0-or-later
"""A preview without change must cost little more than the engine itself, one that reads everything little more than it.

Neither may write.
"""

from __future__ import annotations

from collections.abc import Iterator

from network_plan.model.plan import Plan
from scripts.bench.ground import Ground, ground
from scripts.bench.measure import Row, alternately, seconds, spread
from scripts.bench.up import counted

RATIO = 1.25
REFRESHED = 1.5
"""A preview that reads all that is live, beside one that reads nothing."""
GETS_PER_VM = 2
TIMES = 9
REFRESHED_TIMES = 3
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
        refreshed = list(_refreshed(here, len(plan.guests_of(STACK)), details))
    yield from refreshed
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


def _refreshed(here: Ground, vms: int, details: dict[str, object]) -> Iterator[Row]:
    """`preview --refresh` beside the plain one, and how often it asks."""
    lab = here.lab(STACK)
    lab.reset_calls()
    here.ours.refreshed(STACK)
    made = counted(lab.calls())
    details["refresh_calls"] = [
        {"method": key[0], "path": key[1], "count": made[key]} for key in sorted(made)
    ]
    gets = {path: number for (method, path), number in made.items() if method == "GET"}
    of_vms = {path: number for path, number in gets.items() if "{vmid}" in path}
    walls = sum(number for path, number in of_vms.items() if "/firewall/" in path)
    name = f"pulumi preview --refresh, {STACK}"
    lists = max(number for path, number in gets.items() if "{" not in path)
    yield Row(name=f"{name}, GETs of one list", value=lists, unit="", limit=1)
    configs = (sum(of_vms.values()) - walls) / vms
    yield Row(name=f"{name}, GETs of each VM", value=configs, unit="", limit=GETS_PER_VM)
    # Without a limit: PVE lists no part of a VM's firewall for all VMs at once.
    yield Row(name=f"{name}, GETs of each VM's firewall", value=walls / vms, unit="")
    plain, refreshed = alternately(
        REFRESHED_TIMES, lambda: here.ours.preview(STACK), lambda: here.ours.refreshed(STACK)
    )
    yield Row(
        name=f"{name}, beside the plain one",
        value=seconds(refreshed),
        base=seconds(plain),
        unit="s",
        limit=REFRESHED,
        spread=spread(refreshed),
    )
    written = sum(number for key, number in made.items() if key[0] != "GET")
    yield Row(name=f"{name}, writes", value=written, unit="", limit=0)
