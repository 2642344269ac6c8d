# SPDX-License-Identifier: GPL-3.0-or-later
"""CLD-5: whether the shared pool has room for what is planned (Perbup 253/2019 §4.5, §4.6.4). Shrinks nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations

from network_plan.model.finding import Finding
from network_plan.model.node import Cluster
from network_plan.model.plan import Plan
from network_plan.policy.capacity import Load, loads, survives
from network_plan.policy.say import warning

STEP_MIB = 512
"""Memory is searched in such steps: no module is smaller."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A cluster with what stands in it so far, VMs and planned ones."""

    cluster: Cluster
    guests: tuple[Load, ...]

    def place(self, memory_mib: int, key: str, *, ha: bool) -> Room | None:
        """The room with one more VM in it, such that all survive the loss of the spare hosts.

        Hosts are tried emptiest first, and with HA every other one for the replica. ``None`` where none will do.
        """
        free = {node.name: node.free_mib for node in self.cluster.nodes}
        for memory, _, host, _ in self.guests:
            free[host] -= memory
        order = sorted(free, key=lambda name: (-free[name], name))
        for host in order:
            if free[host] < memory_mib:
                return None
            for replica in self._replicas(host, order) if ha else [None]:
                guests = (*self.guests, (memory_mib, key, host, replica))
                if _holds(self.cluster, guests):
                    return Room(cluster=self.cluster, guests=guests)
        return None

    def _replicas(self, host: str, order: Sequence[str]) -> list[str]:
        """The other hosts, that first which takes least over when this one fails."""
        taken = dict.fromkeys(order, 0)
        for memory, _, home, replica in self.guests:
            if home == host and replica is not None:
                taken[replica] += memory
        return sorted((name for name in order if name != host), key=lambda name: taken[name])

    def largest(self, below_mib: int, *, ha: bool) -> int:
        """The most memory under ``below_mib`` with which one more VM has a place here, MiB; found by halving."""
        fits, fails = 0, below_mib
        while fails - fits > 1:
            middle = (fits + fails) // 2
            if self.place(middle, "", ha=ha) is None:
                fails = middle
            else:
                fits = middle
        return fits

    def larger(self, mib: int) -> Room:
        """The same with more memory in each host."""
        nodes = tuple(
            dataclasses.replace(node, memory_mib=node.memory_mib + mib) for node in self.cluster.nodes
        )
        return Room(cluster=dataclasses.replace(self.cluster, nodes=nodes), guests=self.guests)


def _holds(cluster: Cluster, guests: Sequence[Load]) -> bool:
    names = [node.name for node in cluster.nodes]
    return all(survives(cluster, lost, guests) is None for lost in combinations(names, cluster.spare_hosts))


def check_planned(plan: Plan, _today: date | None) -> list[Finding]:
    """CLD-5: each planned application finds memory, in order of priority and key; what does not fit is said.

    Where what runs already does not survive, nothing is said of what is planned: that is CLD-2's to say first.
    """
    home, recovery = (
        Room(cluster=plan.cluster(name), guests=loads(plan, name)) for name, _ in plan.tunnels[0].ends
    )
    if not _holds(home.cluster, home.guests) or not _holds(recovery.cluster, recovery.guests):
        return []
    ha_tiers = {tier.priority for tier in plan.tiers if tier.ha_minutes is not None}
    spared = home.cluster.spare_hosts > 0 and len(home.cluster.nodes) > 1
    wanted = sorted(
        (
            _Wanted(
                priority=item.priority,
                key=item.key,
                memory_mib=item.memory_mib,
                ha=spared and item.priority in ha_tiers,
                twin=item.twin,
            )
            for item in plan.applications
            if item.state == "planned" and item.memory_mib
        ),
        key=lambda item: (item.priority, item.key),
    )
    twins = [dataclasses.replace(item, ha=False) for item in wanted if item.twin]
    findings = [*_to_buy(home, wanted), *_to_buy(recovery, twins)]
    said: dict[tuple[str, int, int, bool], str] = {}
    for item in wanted:
        here = home.place(item.memory_mib, item.key, ha=item.ha)
        there = recovery.place(item.memory_mib, item.key, ha=False) if item.twin else recovery
        if here is not None and there is not None:
            home, recovery = here, there
            continue
        lacks = []
        for found, room, who, ha in ((here, home, "it", item.ha), (there, recovery, "its twin", False)):
            if found is None:
                state = (room.cluster.name, len(room.guests), item.memory_mib, ha)
                if state not in said:
                    said[state] = _lack(room, item.memory_mib, ha=ha)
                lacks.append(f"{who} {said[state]}")
        findings.append(
            warning(
                "CLD-5",
                f"the planned {item.key} (priority {item.priority}) has no room: {'; '.join(lacks)}",
                "buy memory, make VMs smaller, or let it wait",
                *("applications", "applications", item.key),
            )
        )
    return findings


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What a planned application asks for."""

    priority: int
    key: str
    memory_mib: int
    ha: bool
    twin: bool


def _down(cluster: Cluster) -> str:
    spare = cluster.spare_hosts
    return f"{cluster.name} with {spare} host{'s' if spare > 1 else ''} down" if spare else cluster.name


def _lack(room: Room, memory_mib: int, *, ha: bool) -> str:
    largest = room.largest(memory_mib, ha=ha)
    return (
        f"needs {memory_mib} MiB, {_down(room.cluster)} has {largest} at most on one host, "
        f"{memory_mib - largest} are missing"
    )


def _to_buy(room: Room, wanted: Sequence[_Wanted]) -> Iterator[Finding]:
    """How much more memory in each host would take in all that is planned, those with room included."""
    if _takes(room, wanted):
        return
    cluster = room.cluster
    total = sum(item.memory_mib for item in wanted)
    more = next(
        mib for mib in range(STEP_MIB, total + STEP_MIB, STEP_MIB) if _takes(room.larger(mib), wanted)
    )
    hosts = len(cluster.nodes)
    each = f"each of its {hosts} hosts, {more * hosts} MiB in all" if hosts > 1 else "its host"
    yield warning(
        "CLD-5",
        f"all that is planned in {cluster.name} ({len(wanted)} with {total} MiB beside {_used(room)} MiB in use) "
        f"finds room with {more} MiB more in {each}",
        "buy that memory, and say so with its source; until then the first by priority have it",
        *("clusters", "clusters", cluster.name, "hosts"),
    )


def _used(room: Room) -> int:
    return sum(memory for memory, _, _, _ in room.guests)


def _takes(room: Room | None, wanted: Sequence[_Wanted]) -> bool:
    for item in wanted:
        room = room.place(item.memory_mib, item.key, ha=item.ha) if room else None
    return room is not None
