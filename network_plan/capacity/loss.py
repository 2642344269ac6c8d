# SPDX-License-Identifier: GPL-3.0-or-later
"""What the loss of one host costs each priority: data of one interval, and minutes until it runs again (CLD-2)."""

from __future__ import annotations

from network_plan.capacity.assume import Assumed
from network_plan.capacity.figure import Answer, Figure, Fits, Input, Table
from network_plan.capacity.load import loads
from network_plan.capacity.planned import limits
from network_plan.capacity.room import Room
from network_plan.model.dr import Tier
from network_plan.model.plan import Plan

RECOVERY = (2, 3)
"""Minutes from a host's loss until HA has started a VM elsewhere."""

_RECOVERY = Input(
    name="a host is given up, fenced, and its VMs are started elsewhere",
    value=f"{RECOVERY[0]} to {RECOVERY[1]} minutes",
    source="https://pve.proxmox.com/wiki/High_Availability (watchdog 60 s, lock 120 s)",
)


def loss(plan: Plan, assumed: Assumed) -> Answer:
    """Lost interval and time per priority, and which VMs have no place with the spare hosts down."""
    homeless = []
    for cluster in plan.clusters:
        room = Room(cluster, limits(assumed), loads(plan, cluster, assumed))
        homeless += [
            (cluster.name, " and ".join(lost), stuck.key, stuck.lacks) for lost, stuck in room.stuck()
        ]
    unspared = [
        cluster.name
        for cluster in plan.clusters
        if not cluster.spare_hosts and any(guest.running for guest in plan.guests_of(cluster.name))
    ]
    figures = tuple(_figure(plan, tier) for tier in plan.tiers if _number(plan, tier))
    late = [tier for tier in plan.tiers if (tier.ha_minutes or 0) > tier.rpo_minutes]
    if homeless:
        says = "no place for " + ", ".join(sorted({key for _, _, key, _ in homeless}))
    elif late:
        says = f"priority {', '.join(str(tier.priority) for tier in late)} may lose more than its RPO"
    else:
        says = "every VM has a place; " + ", ".join(
            f"priority {tier.priority} loses {_lost(tier)}" for tier in plan.tiers if _number(plan, tier)
        )
    if unspared:
        says += f"; in {', '.join(unspared)} no host is spare"
    return Answer(
        key="loss",
        title="Can a host be lost?",
        rules=("CLD-2", "DR-2"),
        fits=Fits.NO if homeless or late or unspared else Fits.YES,
        says=says,
        figures=figures,
        tables=(
            Table(
                title="Without a place",
                columns=("cluster", "when down", "VM", "lacks"),
                rows=tuple(homeless),
            ),
        ),
    )


def _number(plan: Plan, tier: Tier) -> int:
    return sum(guest.tier == tier.priority and not guest.twin for guest in plan.guests)


def _lost(tier: Tier) -> str:
    if tier.ha_minutes is None:
        return "what came after its last backup"
    return f"{tier.ha_minutes} minutes at most and is back after {RECOVERY[0]} to {RECOVERY[1]}"


def _figure(plan: Plan, tier: Tier) -> Figure:
    number = _number(plan, tier)
    told = Input(
        name=f"priority {tier.priority}",
        value=f"RPO {tier.rpo_minutes} min, RTO {tier.rto_minutes} min, copied every "
        f"{tier.ha_minutes or '-'} min, backed up {tier.backup or '-'}",
        source=tier.source,
    )
    if tier.ha_minutes is None:
        return Figure(
            name=f"priority {tier.priority}",
            value=tier.rto_minutes,
            unit="minutes",
            formula=f"{number} VMs without HA come back from their last backup ({tier.backup or 'there is none'}), "
            f"by hand, within the {tier.rto_minutes} minutes that are promised",
            inputs=(told,),
        )
    return Figure(
        name=f"priority {tier.priority}",
        value=tier.ha_minutes,
        unit="minutes",
        formula=f"{number} VMs lose what changed since their last copy, one interval of {tier.ha_minutes} minutes at "
        f"most (RPO {tier.rpo_minutes}), and run again after {RECOVERY[0]} to {RECOVERY[1]} minutes "
        f"(RTO {tier.rto_minutes})",
        inputs=(told, _RECOVERY),
    )
