# SPDX-License-Identifier: GPL-3.0-or-later
"""CLD-5: whether the shared pool has room for what is planned (Perbup 253/2019 §4.5, §4.6.4). Shrinks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from network_plan.capacity.assume import Assumed
from network_plan.capacity.planned import Demand, Seat, demand, outlook
from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.policy.say import warning


def check_planned(plan: Plan, _today: date | None) -> list[Finding]:
    """CLD-5: hosts have disk and cores for what stands on them, and each planned application finds a place.

    Where what runs already does not survive, nothing is said of what is planned: that is CLD-2's to say first.
    """
    assumed = Assumed(plan)
    seen = outlook(plan, assumed)
    findings = [finding for cluster in plan.clusters for finding in _overfull(demand(plan, cluster, assumed))]
    if not seen.holds:
        return findings
    for one in seen.demands:
        findings += _without(one, seen.seats)
    findings += [
        warning(
            "CLD-5",
            f"the planned {seat.application.key} (priority {seat.application.priority}) has no room: "
            + "; ".join(lack.text for lack in seat.lacks),
            "buy what 'awan capacity' names, make VMs smaller, or let it wait",
            *("applications", "applications", seat.application.key),
        )
        for seat in seen.seats
        if seat.lacks
    ]
    return findings


def _overfull(of: Demand) -> Iterator[Finding]:
    """What stands on a host takes no more disk and cores than it has; its memory is the allotment's business."""
    room = of.room()
    for host, what in room.overfull():
        if what != "memory":
            yield warning(
                "CLD-5",
                f"host {host} has too little {what} for the VMs on it"
                + (" with their copies, points and backups" if what == "disk" else ""),
                "see 'awan capacity'; buy more, keep less, or move something",
                *("clusters", "clusters", of.cluster.name, "hosts"),
            )


def _without(of: Demand, seats: tuple[Seat, ...]) -> Iterator[Finding]:
    """How many of all that is planned in a cluster find no room there; what to buy is for ``awan capacity`` to say."""
    name = of.cluster.name
    number = sum(any(lack.cluster == name for lack in seat.lacks) for seat in seats)
    if not number:
        return
    total = sum(item.load.memory_mib for item in of.wanted)
    used = sum(load.memory_mib for load in of.guests)
    yield warning(
        "CLD-5",
        f"of all that is planned in {name} ({len(of.wanted)} with {total} MiB beside {used} MiB in use) {number} "
        f"find{'s' if number == 1 else ''} no room",
        "buy what 'awan capacity' names, and say so with its source; until then the first by priority have room",
        *("clusters", "clusters", name, "hosts"),
    )
