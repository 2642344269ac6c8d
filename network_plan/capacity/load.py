# SPDX-License-Identifier: GPL-3.0-or-later
"""What a VM takes from the hosts: memory and cores where it runs, disk where it stands and where copies of it lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from network_plan.capacity.assume import Assumed
from network_plan.capacity.figure import up
from network_plan.model.dr import ReplicationTask
from network_plan.model.guest import Guest
from network_plan.model.node import Cluster
from network_plan.model.plan import Plan

HOUR = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One VM, as its hosts feel it.

    Attributes:
        host: where it stands.
        replica: the host that takes it over; ``None`` where it comes back from a backup.
        disk_gib: its disks, at ``host`` and once more at ``replica``.
        points_gib: of a twin, what its older points hold beside them.
        backup_gib: the backups that ``host`` keeps of it.
    """

    key: str
    host: str
    replica: str | None
    memory_mib: int
    cores: int
    disk_gib: int
    points_gib: int = 0
    backup_gib: int = 0

    @property
    def stored_gib(self) -> int:
        """All that it takes of its host's disk."""
        return self.disk_gib + self.points_gib + self.backup_gib


def disk_gib(guest: Guest) -> int:
    """The size of its disks together."""
    return sum(disk.size_gib for disk in guest.disks)


def points_gib(disk: int, kept_minutes: int, assumed: Assumed) -> int:
    """What changes of a disk in the time that its points reach back, in the busiest hours; GiB, rounded up."""
    changed = disk * assumed.value("change_percent") * kept_minutes
    return up(changed, 100 * assumed.value("busy_hours") * HOUR)


def backups_gib(disk: int, kept: int, assumed: Assumed) -> int:
    """What so many backups of a disk take, and the next one while it is written; GiB, rounded up.

    Args:
        kept: how many stay; 0 for what has no backup.
    """
    return up(disk * (kept + 1) * assumed.value("backup_percent"), 100) if kept else 0


def on_hosts(cluster: Cluster) -> bool:
    """Whether backups lie on the disks of the hosts that they are made on."""
    return any(storage.machine is None for storage in cluster.storages)


def loads(plan: Plan, cluster: Cluster, assumed: Assumed) -> tuple[Load, ...]:
    """What stands in a cluster."""
    kept: Mapping[str, int] = (
        {job.pool: sum(number for _, number in job.keep) for job in cluster.backups}
        if on_hosts(cluster)
        else {}
    )
    sizes = {guest.key: disk_gib(guest) for guest in plan.guests if not guest.twin}
    tasks: Mapping[str, ReplicationTask] = {
        task.guest: task for task in plan.replication if task.target == cluster.name
    }
    found = []
    for guest in plan.guests_of(cluster.name):
        size = sizes[guest.key]
        task = tasks.get(guest.key) if guest.twin else None
        found.append(
            Load(
                key=guest.key,
                host=guest.node,
                replica=guest.ha.replica if guest.ha else None,
                memory_mib=guest.memory_mib,
                cores=guest.cores,
                disk_gib=size,
                points_gib=points_gib(size, task.keep * task.interval_minutes, assumed) if task else 0,
                backup_gib=0 if guest.twin else backups_gib(size, kept.get(guest.pool, 0), assumed),
            )
        )
    return tuple(found)
