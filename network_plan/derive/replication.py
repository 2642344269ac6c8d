# SPDX-License-Identifier: GPL-3.0-or-later
"""What is copied to the recovery cluster, how often, how much of it stays, at which share of the line."""

from __future__ import annotations

from collections.abc import Sequence

from network_plan.model.dr import ReplicationTask, SiteRole, Tier, Tunnel
from network_plan.model.guest import Guest

HOUR = 60
LEAST = 2
"""Points that stay at least: with one alone, a point that breaks off would leave no common base."""


def interval_of(rpo_minutes: int) -> int:
    """Minutes between two snapshots for an RPO.

    A point's age counts from the start of its snapshot and the transfer takes time too, so both together must fit:
    half of the RPO at most. A divisor of the hour, since snapshots are taken by the clock; one minute is the least.
    """
    half = max(1, rpo_minutes // 2)
    return max(minutes for minutes in range(1, HOUR + 1) if HOUR % minutes == 0 and minutes <= half)


def derive_replication(
    guests: Sequence[Guest], tiers: Sequence[Tier], tunnels: Sequence[Tunnel], role: SiteRole
) -> tuple[ReplicationTask, ...]:
    """A task per twin, sorted by key; none while the twins' own cluster is primary."""
    twins = [guest for guest in guests if guest.twin and guest.cluster != role.primary]
    here = {guest.key: guest for guest in guests if guest.cluster == role.primary}
    intervals = {tier.priority: interval_of(tier.rpo_minutes) for tier in tiers}
    # Each host pulls its VMs one after the other; the hosts don't wait for each other.
    pullers = len({twin.node for twin in twins})
    line = sum(tunnel.rate_kbit for tunnel in tunnels)
    return tuple(
        ReplicationTask(
            guest=twin.key,
            vmid=twin.vmid,
            source=role.primary,
            source_node=here[twin.key].node,
            target=twin.cluster,
            target_node=twin.node,
            slots=tuple(disk.slot for disk in here[twin.key].disks),
            interval_minutes=intervals[twin.tier],
            keep=max(LEAST, HOUR // intervals[twin.tier]),
            rate_kbit=line // pullers,
        )
        for twin in sorted(twins, key=lambda guest: guest.key)
    )
