# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory, cores and disk of each cluster and host, as they are and with the spare hosts down (CLD-2, CLD-5)."""

from __future__ import annotations

from collections.abc import Sequence

from network_plan.capacity.assume import Assumed
from network_plan.capacity.figure import Answer, Figure, Fits, Purchase, Table, group, worst
from network_plan.capacity.lack import down
from network_plan.capacity.load import Load, loads
from network_plan.capacity.planned import limits
from network_plan.capacity.printed import makes
from network_plan.capacity.room import CORES, DISK, MEMORY, Room
from network_plan.model.node import Cluster
from network_plan.model.plan import Plan


def hosts(plan: Plan, assumed: Assumed) -> Answer:
    """Whether each host has room for what stands on it, and the others for what comes when the spare ones fail."""
    states, says = [], []
    figures: list[Figure] = []
    tables: list[Table] = []
    for cluster in plan.clusters:
        room = Room(cluster, limits(assumed), loads(plan, cluster, assumed))
        over = [f"{host} has too little {what}" for host, what in room.overfull()]
        stuck = next(room.stuck(), None)
        if stuck is not None:
            over.append(
                f"{stuck[1].key} has no host with {stuck[1].lacks} when {' and '.join(stuck[0])} fail"
            )
        states.append(Fits.NO if over else Fits.YES)
        says.append(f"{down(cluster)}: " + ("; ".join(over) if over else "all have a place"))
        figures += _figures(cluster, room, assumed)
        tables.append(_table(cluster, room))
        tables.append(_disks(cluster, room))
    return Answer(
        key="hosts",
        title="Have the VMs memory, cores and disk?",
        rules=("CLD-2", "CLD-5"),
        fits=worst(states),
        says="; ".join(says),
        figures=tuple(figures),
        tables=tuple(tables),
        buy=tuple(
            Purchase(
                cluster=cluster.name,
                what=cluster.first_purchase,
                because=f"{cluster.name} is declared and not bought yet",
                declare=f"clusters.yml: clusters.{cluster.name}: without 'first_purchase'",
            )
            for cluster in plan.clusters
            if cluster.first_purchase
        ),
    )


def _sum(numbers: Sequence[int]) -> str:
    """``7 × 8,000``, or each make on its own."""
    kinds = list(dict.fromkeys(numbers))
    return " + ".join(f"{numbers.count(number)} × {group(number)}" for number in kinds)


def _figures(cluster: Cluster, room: Room, assumed: Assumed) -> list[Figure]:
    nodes = cluster.nodes
    made = makes(nodes)
    ratio, full = assumed.value("vcpus_per_core"), assumed.value("disk_full_percent")
    memory = [node.free_mib for node in nodes]
    cores = [node.cores for node in nodes]
    disk = [node.disk_gib for node in nodes]
    kept = sum(sorted(memory)[: len(nodes) - cluster.spare_hosts])
    used = [
        sum(load.memory_mib for load in room.guests),
        sum(load.cores for load in room.guests),
        sum(map(_stored, room.guests)),
    ]
    spare = (
        f"; {group(kept)} MiB are there without the {cluster.spare_hosts} largest"
        if cluster.spare_hosts
        else ""
    )
    return [
        Figure(
            name=f"memory for VMs in {cluster.name}",
            value=sum(memory),
            unit="MiB",
            formula=f"{_sum(memory)} MiB (installed less what the host keeps) = {group(sum(memory))} MiB, "
            f"{group(used[MEMORY])} MiB of it for the {len(room.guests)} VMs{spare}",
            inputs=made,
        ),
        Figure(
            name=f"virtual cores in {cluster.name}",
            value=sum(cores) * ratio,
            unit="virtual cores",
            formula=f"({_sum(cores)}) cores × {ratio} = {group(sum(cores) * ratio)}, "
            f"{group(used[CORES])} of them for the VMs",
            inputs=(*made, assumed.input("vcpus_per_core")),
        ),
        Figure(
            name=f"disk in {cluster.name}",
            value=sum(size * full // 100 for size in disk),
            unit="GiB",
            formula=f"({_sum(disk)}) GiB × {full} % = {group(sum(size * full // 100 for size in disk))} GiB, "
            f"{group(used[DISK])} GiB of it for disks, copies, points and backups",
            inputs=(*made, assumed.input("disk_full_percent"), assumed.input("backup_percent")),
        ),
    ]


def _stored(load: Load) -> int:
    return load.stored_gib + (load.disk_gib if load.replica else 0)


def _table(cluster: Cluster, room: Room) -> Table:
    """What is left of each host; with the spare ones down the least that any of these losses leaves it."""
    least: dict[str, list[int]] = {}
    by: dict[str, str] = {}
    for lost in room.losses():
        for host, left in room.after(lost)[0].items():
            if host not in least or left[MEMORY] < least[host][MEMORY]:
                least[host], by[host] = list(left), " and ".join(lost)
    rows = []
    for node in cluster.nodes:
        offered, free = room.limits.of(node), room.free[node.name]
        row = (
            node.name,
            group(offered[MEMORY]),
            group(offered[MEMORY] - free[MEMORY]),
            group(free[MEMORY]),
            f"{offered[CORES] - free[CORES]} of {offered[CORES]}",
        )
        after = least.get(node.name)
        rows.append((*row, group(after[MEMORY]), after[CORES], by[node.name]) if after else row)
    columns = ("host", "MiB", "used", "left", "cores")
    return Table(
        title=f"{down(cluster)}: MiB and virtual cores",
        columns=(*columns, "MiB left then", "cores left then", "when down") if least else columns,
        rows=tuple(rows),
    )


def _disks(cluster: Cluster, room: Room) -> Table:
    """What each host's disk holds, GiB."""
    rows = []
    for node in cluster.nodes:
        here = [load for load in room.guests if load.host == node.name]
        copies = [load for load in room.guests if load.replica == node.name]
        rows.append(
            (
                node.name,
                group(node.disk_gib),
                group(room.limits.of(node)[DISK]),
                group(sum(load.disk_gib for load in here)),
                group(sum(load.disk_gib for load in copies)),
                group(sum(load.points_gib for load in here)),
                group(sum(load.backup_gib for load in here)),
                group(room.free[node.name][DISK]),
            )
        )
    return Table(
        title=f"{cluster.name}: disk, GiB",
        columns=("host", "disk", "may be used", "disks", "copies for HA", "points", "backups", "left"),
        rows=tuple(rows),
    )
