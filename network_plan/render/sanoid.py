# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots and pulls between real hosts as sanoid and syncoid read them; what and how often: ``plan.replication``.

A host of the primary cluster takes and prunes snapshots and lets the puller send them; it knows nothing of the
recovery cluster. A host there pulls, prunes by itself, takes none of its own, and never rolls a copy back.
Options and defaults: sanoid 2.2.0, the one of Debian 13 (sanoid.defaults.conf, ``syncoid --help``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from network_plan.model.dr import ReplicationTask, Tier
from network_plan.model.plan import Plan
from network_plan.render.template import print_template

PARENT = "rpool/data"
"""Where PVE's installer puts the disks of VMs on ZFS (storage ``local-zfs``)."""
USER = "awan-pull"
KEY = "/etc/awan/pull_ed25519"
HOURLY, DAILY = 24, 7
"""Snapshots that stay beside the frequent ones: after a cut of the line they are the common base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policy:
    """A template of sanoid.conf."""

    name: str
    period: int
    frequently: int
    warn: str
    crit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pull:
    """One disk to fetch; ``limit`` is syncoid's ``k``: KiB a second."""

    guest: str
    dataset: str
    source: str
    limit: int


def _datasets(task: ReplicationTask) -> list[str]:
    return [f"{PARENT}/vm-{task.vmid}-disk-{number}" for number in range(len(task.slots))]


def _policies(
    tasks: Sequence[ReplicationTask], tiers: Mapping[int, Tier], priorities: Mapping[str, int]
) -> list[_Policy]:
    """One per tier that is copied: warned of when half of the RPO is gone, critical when all of it is."""
    found = {}
    for task in tasks:
        tier = tiers[priorities[task.guest]]
        found[tier.priority] = _Policy(
            name=f"tier{tier.priority}",
            period=task.interval_minutes,
            frequently=task.keep,
            warn=f"{max(task.interval_minutes + 1, tier.rpo_minutes // 2)}m",
            crit=f"{tier.rpo_minutes}m",
        )
    return [policy for _, policy in sorted(found.items())]


def render_replication(plan: Plan) -> dict[str, str]:
    """File name → text, a folder per host that takes part."""
    tiers = {tier.priority: tier for tier in plan.tiers}
    priorities = {guest.key: guest.tier for guest in plan.guests}
    addresses = {node.name: str(node.addresses[0]) for cluster in plan.clusters for node in cluster.nodes}
    files: dict[str, str] = {}
    for side in ("source_node", "target_node"):
        takes = side == "source_node"
        for node in sorted({getattr(task, side) for task in plan.replication}):
            tasks = [task for task in plan.replication if getattr(task, side) == node]
            period = min(task.interval_minutes for task in tasks)
            values = {
                "regency": plan.regency,
                "node": node,
                "takes": takes,
                "disks": [
                    (task.guest, dataset, f"tier{priorities[task.guest]}")
                    for task in tasks
                    for dataset in _datasets(task)
                ],
                "policies": _policies(tasks, tiers, priorities),
                "hourly": HOURLY,
                "daily": DAILY,
                "period": period,
                "parent": PARENT,
                "user": USER,
                "key": KEY,
                "pulls": [
                    _Pull(
                        guest=task.guest,
                        dataset=dataset,
                        source=addresses[task.source_node],
                        limit=task.rate_kbit * 1000 // 8 // 1024,
                    )
                    for task in tasks
                    for dataset in _datasets(task)
                ],
            }
            names = ["sanoid.conf", "sanoid.timer.d/awan.conf"]
            names += ["zfs-allow.sh"] if takes else ["awan-pull.service", "awan-pull.timer"]
            for name in names:
                template = f"replication/{name.replace('/', '-')}.j2"
                files[f"{node}/{name}"] = print_template(template, values)
    return files
