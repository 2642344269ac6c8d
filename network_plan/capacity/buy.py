# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be bought so that everything has a place: whole hosts for cores, whole memory modules, whole drives.

With what is named the search of ``room`` finds a place for all; with any one piece less, wherever it is taken from, it
does not.
"""

from __future__ import annotations

import dataclasses
import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from network_plan.capacity.assume import Assumed
from network_plan.capacity.figure import Purchase, group, up
from network_plan.capacity.lack import down
from network_plan.capacity.planned import Demand
from network_plan.capacity.room import DISK, MEMORY
from network_plan.model.node import Cluster, Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """A cluster with what was bought for it.

    Attributes:
        hosts: how many hosts more, each like ``like``.
        memory: host → modules more; ``drives`` likewise: pairs of drives.
    """

    cluster: Cluster
    hosts: int = 0
    like: str = ""
    memory: tuple[tuple[str, int], ...] = ()
    drives: tuple[tuple[str, int], ...] = ()


def buy(demand: Demand, module_mib: int, drive_gib: int) -> Bought | None:
    """The least that is enough, where memory and disk are bought and hosts only for want of cores.

    Returns:
        ``None`` where none of it helps: no host is left once the spare ones are down, or both hosts of a VM are.
    """
    hosts = add_hosts(demand, ignored=(MEMORY, DISK))
    if hosts is None or not hosts.cluster.nodes:
        return hosts
    limits = demand.limits.without(DISK)
    memory = _spread_least(
        hosts.cluster,
        lambda cluster: demand.takes(cluster, limits),
        lambda node: node.memory_mib,
        lambda node, number: dataclasses.replace(node, memory_mib=node.memory_mib + number * module_mib),
        module_mib,
        _total(demand, MEMORY),
    )
    if memory is None:
        return None
    free = _free_disk(demand, memory[0])
    drives = _spread_least(
        memory[0],
        lambda cluster: demand.takes(cluster, demand.limits),
        lambda node: free[node.name],
        lambda node, number: dataclasses.replace(node, disk_gib=node.disk_gib + number * drive_gib),
        drive_gib * demand.limits.disk_full_percent // 100,
        _total(demand, DISK),
    )
    if drives is None:
        return None
    return dataclasses.replace(hosts, cluster=drives[0], memory=memory[1], drives=drives[1])


def add_hosts(demand: Demand, ignored: tuple[int, ...] = ()) -> Bought | None:
    """The least number of hosts, each like the cluster's first, that is enough; ``None`` where no number is.

    A cluster without any host has none to be like.
    """
    if not demand.cluster.nodes:
        return None if demand.wanted else Bought(cluster=demand.cluster)
    limits = demand.limits.without(*ignored)
    like = demand.cluster.nodes[0]

    def larger(number: int) -> Cluster:
        more = (dataclasses.replace(like, name=f"new host {place}") for place in range(1, number + 1))
        return dataclasses.replace(demand.cluster, nodes=(*demand.cluster.nodes, *more))

    most = len(demand.wanted) + demand.cluster.spare_hosts + 1
    number = least(lambda number: demand.takes(larger(number), limits), most)
    if number is None:
        return None
    return Bought(cluster=larger(number), hosts=number, like=like.name)


def least(enough: Callable[[int], bool], most: int) -> int | None:
    """The number that is enough while one less is not, found by halving; ``None`` where ``most`` is not enough."""
    if enough(0):
        return 0
    if not enough(most):
        return None
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle
    return high


def _spread_least(
    cluster: Cluster,
    enough: Callable[[Cluster], bool],
    level: Callable[[Node], int],
    grown: Callable[[Node, int], Node],
    step: int,
    total: int,
) -> tuple[Cluster, tuple[tuple[str, int], ...]] | None:
    """So many pieces that all is enough, and with any of them less it is not; and who gets how many.

    They are handed out to whoever has least so far, then those that are not missed are taken back.

    Args:
        level: what a host has of it; ``step`` is what one piece adds.
        total: what all that is asked takes together: with so much in each host more would not help.
    """
    levels = {node.name: level(node) for node in cluster.nodes}
    most = len(levels) * (up(total + max(levels.values()) - min(levels.values()), step) + 1)

    def larger(given: Mapping[str, int]) -> Cluster:
        nodes = tuple(grown(node, given[node.name]) for node in cluster.nodes)
        return dataclasses.replace(cluster, nodes=nodes)

    number = least(lambda number: enough(larger(spread(levels, number, step))), most)
    if number is None:
        return None
    given = trimmed(spread(levels, number, step), lambda given: enough(larger(given)))
    return larger(given), tuple((name, pieces) for name, pieces in given.items() if pieces)


def trimmed(given: Mapping[str, int], enough: Callable[[Mapping[str, int]], bool]) -> Mapping[str, int]:
    """The same without each piece that is not missed: in the end none can be taken from anyone."""
    found, changed = dict(given), True
    while changed:
        changed = False
        for name in given:
            while found[name] and enough({**found, name: found[name] - 1}):
                found[name] -= 1
                changed = True
    return found


def spread(levels: Mapping[str, int], number: int, step: int) -> dict[str, int]:
    """So many pieces handed out one by one to whoever has least, the first by name among equals."""
    given = dict.fromkeys(levels, 0)
    queue = [(level, place, name) for place, (name, level) in enumerate(levels.items())]
    heapq.heapify(queue)
    for _ in range(number):
        level, place, name = heapq.heappop(queue)
        given[name] += 1
        heapq.heappush(queue, (level + step, place, name))
    return given


def _total(demand: Demand, place: int) -> int:
    loads = [*demand.guests, *(item.load for item in demand.wanted)]
    return sum(load.memory_mib if place == MEMORY else load.stored_gib + load.disk_gib for load in loads)


def _free_disk(demand: Demand, cluster: Cluster) -> Mapping[str, int]:
    room = demand.room(cluster)
    return {name: free[DISK] for name, free in room.free.items()}


def _counted(pieces: tuple[tuple[str, int], ...]) -> str:
    """``one each in dc1, dc2``; otherwise host by host."""
    if {number for _, number in pieces} == {1}:
        hosts = ", ".join(host for host, _ in pieces)
        return f"one in each of {hosts}" if len(pieces) > 1 else f"in {hosts}"
    return ", ".join(f"{number} in {host}" for host, number in pieces)


def purchases(demand: Demand, bought: Bought, assumed: Assumed) -> list[Purchase]:
    """What was bought, as people buy it."""
    cluster = demand.cluster
    module, drive = assumed.value("memory_module_mib"), assumed.value("drive_gib")
    wanted = (
        f"with it the {len(demand.guests)} VMs and the {len(demand.wanted)} planned have a place in {down(cluster)}, "
        "with any one less they have not"
    )
    found = []
    if bought.hosts:
        found.append(
            Purchase(
                cluster=cluster.name,
                what=f"{bought.hosts} more host{'s' if bought.hosts > 1 else ''} like {bought.like}, for their cores",
                because=wanted,
                declare=f"clusters.yml: clusters.{cluster.name}.hosts: {bought.hosts} more names",
            )
        )
    for pieces, size, unit, name, key in (
        (bought.memory, module, "MiB", "memory module", "memory_mib"),
        (bought.drives, drive, "GiB", "pair of drives", "disk_gib"),
    ):
        number = sum(count for _, count in pieces)
        if not number:
            continue
        nodes = {node.name: node for node in bought.cluster.nodes}
        plural = name if number == 1 else ("memory modules" if name == "memory module" else "pairs of drives")
        found.append(
            Purchase(
                cluster=cluster.name,
                what=f"{number} {plural} of {group(size)} {unit}, {_counted(pieces)}",
                each=tuple((host, count * size) for host, count in pieces),
                because=f"{number} × {group(size)} = {group(number * size)} {unit}; {wanted}",
                declare="clusters.yml: "
                + ", ".join(
                    f"{host} {key}: {getattr(nodes[host], key)}" for host, _ in pieces if host in nodes
                ),
            )
        )
    return found
