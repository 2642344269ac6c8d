# SPDX-License-Identifier: GPL-3.0-or-later
"""Why one more VM finds no place: what is too little, and how much of it there is at most."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from network_plan.capacity.load import Load
from network_plan.capacity.room import CORES, DISK, Room
from network_plan.model.node import Cluster

_STEPS = (
    ("memory", "memory_mib", " MiB", (CORES, DISK)),
    ("cores", "cores", " cores", (DISK,)),
    ("disk", "disk_gib", " GiB of disk", ()),
)
"""What is asked for, the field that holds it, its unit, and what is taken for boundless meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """What a VM misses in a cluster.

    Attributes:
        twin: whether it is the twin that finds no place.
        what: ``memory``, ``cores`` or ``disk``.
        text: in words, with the most that one host has for it.
    """

    cluster: str
    twin: bool
    what: str
    text: str


def down(cluster: Cluster) -> str:
    """``dc with 1 host down``."""
    spare = cluster.spare_hosts
    return f"{cluster.name} with {spare} host{'s' if spare > 1 else ''} down" if spare else cluster.name


def lack(room: Room, load: Load, *, ha: bool, twin: bool) -> Lack:
    """What keeps a VM out of a room that has no place for it; found by halving, memory before cores before disk."""
    what, field, unit, ignored = next(
        (step for step in _STEPS if _like(room, step[3]).find(load, ha=ha) is None), _STEPS[-1]
    )
    like = _like(room, ignored)
    need: int = getattr(load, field)
    fits, fails = 0, need
    while fails - fits > 1:
        middle = (fits + fails) // 2
        if like.find(_of(load, field, middle), ha=ha) is None:
            fails = middle
        else:
            fits = middle
    who = "its twin" if twin else "it"
    text = f"{who} needs {need}{unit}, {down(room.cluster)} has {fits} at most on one host, {need - fits} are missing"
    return Lack(cluster=room.cluster.name, twin=twin, what=what, text=text)


def _of(load: Load, field: str, number: int) -> Load:
    """The same VM, asking for so much of one thing."""
    if field == "memory_mib":
        return dataclasses.replace(load, memory_mib=number)
    return (
        dataclasses.replace(load, cores=number)
        if field == "cores"
        else dataclasses.replace(load, disk_gib=number)
    )


def _like(room: Room, ignored: tuple[int, ...]) -> Room:
    """The same room, some of it boundless."""
    return Room(room.cluster, room.limits.without(*ignored), room.guests)
