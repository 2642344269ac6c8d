# SPDX-License-Identifier: GPL-3.0-or-later
"""What is planned and has no VM yet: what it asks for, and which of it finds a place, by priority."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from network_plan.capacity.assume import Assumed
from network_plan.capacity.lack import Lack, lack
from network_plan.capacity.load import Load, backups_gib, loads, on_hosts, points_gib
from network_plan.capacity.room import Limits, Room
from network_plan.model.application import Application
from network_plan.model.node import Cluster
from network_plan.model.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A planned application in one cluster.

    Attributes:
        load: what it takes; its host is not chosen yet.
        twin: whether it is the twin in the recovery cluster.
    """

    application: Application
    load: Load
    ha: bool
    twin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One cluster: what stands in it, and what is to come, by priority and key."""

    cluster: Cluster
    limits: Limits
    guests: tuple[Load, ...]
    wanted: tuple[Wanted, ...] = ()

    def room(self, cluster: Cluster | None = None, limits: Limits | None = None) -> Room:
        """The hosts with what stands on them, in another cluster or by other limits where they are named."""
        return Room(cluster or self.cluster, limits or self.limits, self.guests)

    def takes(self, cluster: Cluster, limits: Limits) -> bool:
        """Whether the cluster holds what stands in it and takes in all that is to come."""
        room = self.room(cluster, limits)
        return room.holds() and all(room.place(item.load, ha=item.ha) for item in self.wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A planned application, and what stands in its way; nothing where it fits."""

    application: Application
    lacks: tuple[Lack, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The clusters that what is planned goes to, and all of it.

    Attributes:
        demands: the home cluster's, and the recovery cluster's where there is one.
        holds: whether what stands there already has a place, with the spare hosts down too; where it has none, nobody
            is seated.
    """

    demands: tuple[Demand, ...]
    holds: bool
    seats: tuple[Seat, ...]


def limits(assumed: Assumed) -> Limits:
    """What hosts offer, by what is assumed."""
    return Limits(
        vcpus_per_core=assumed.value("vcpus_per_core"), disk_full_percent=assumed.value("disk_full_percent")
    )


def demand(plan: Plan, cluster: Cluster, assumed: Assumed, wanted: tuple[Wanted, ...] = ()) -> Demand:
    """A cluster with its VMs."""
    return Demand(
        cluster=cluster, limits=limits(assumed), guests=loads(plan, cluster, assumed), wanted=wanted
    )


def outlook(plan: Plan, assumed: Assumed) -> Outlook:
    """Who among the planned finds a place: the first by priority have it, a smaller one later may still fit."""
    home, *recovery = (plan.cluster(name) for name in ends(plan))
    wanted = _wanted(plan, home, assumed)
    twins = tuple(_twin(plan, item, assumed) for item in wanted if item.application.twin)
    demands = (
        demand(plan, home, assumed, wanted),
        *(demand(plan, cluster, assumed, twins) for cluster in recovery),
    )
    rooms = [one.room() for one in demands]
    holds = all(room.holds() for room in rooms)
    return Outlook(demands=demands, holds=holds, seats=_seats(wanted, twins, rooms) if holds else ())


def ends(plan: Plan) -> tuple[str, ...]:
    """The home cluster, and the recovery cluster where there is one; alone it is the cluster at the gateway."""
    if plan.tunnels:
        return tuple(name for name, _ in plan.tunnels[0].ends)
    return (plan.gateways[0].site,)


def _wanted(plan: Plan, home: Cluster, assumed: Assumed) -> tuple[Wanted, ...]:
    """What takes something at home; what has VMs already is counted by them."""
    tiers = {tier.priority: tier for tier in plan.tiers}
    spared = home.spare_hosts > 0 and len(home.nodes) > 1
    planned = [item for item in plan.applications if item.state == "planned" and item.memory_mib]
    found = []
    for item in sorted(planned, key=lambda item: (item.priority, item.key)):
        tier = tiers[item.priority]
        size = item.disk_gib or 0
        load = Load(
            key=item.key,
            host="",
            replica=None,
            memory_mib=item.memory_mib or 0,
            cores=item.cores or 0,
            disk_gib=size,
            backup_gib=backups_gib(size, tier.backups_kept, assumed) if on_hosts(home) else 0,
        )
        found.append(
            Wanted(application=item, load=load, ha=spared and tier.ha_minutes is not None, twin=False)
        )
    return tuple(found)


def _twin(plan: Plan, item: Wanted, assumed: Assumed) -> Wanted:
    """The same in the recovery cluster: no HA, no backups, and points as far back as those of other twins."""
    minutes = max((task.keep * task.interval_minutes for task in plan.replication), default=0)
    load = Load(
        key=item.load.key,
        host="",
        replica=None,
        memory_mib=item.load.memory_mib,
        cores=item.load.cores,
        disk_gib=item.load.disk_gib,
        points_gib=points_gib(item.load.disk_gib, minutes, assumed),
    )
    return Wanted(application=item.application, load=load, ha=False, twin=True)


def _seats(wanted: tuple[Wanted, ...], twins: tuple[Wanted, ...], rooms: Sequence[Room]) -> tuple[Seat, ...]:
    """In order of priority and key; one that finds no place at either end takes none."""
    of = {item.application.key: item for item in twins}
    said: dict[object, Lack] = {}
    seats = []
    for item in wanted:
        both = [(rooms[0], item)]
        if item.application.key in of:
            both.append((rooms[1], of[item.application.key]))
        lacks = []
        placed = []
        for room, one in both:
            found = room.find(one.load, ha=one.ha)
            if found is not None:
                placed.append((room, found))
                continue
            size = (one.load.memory_mib, one.load.cores, one.load.stored_gib)
            state = (one.twin, len(room.guests), size, one.ha)
            if state not in said:
                said[state] = lack(room, one.load, ha=one.ha, twin=one.twin)
            lacks.append(said[state])
        if not lacks:
            for room, found in placed:
                room.add(found)
        seats.append(Seat(application=item.application, lacks=tuple(lacks)))
    return tuple(seats)
