# SPDX-License-Identifier: GPL-3.0-or-later
"""CLD-2: when a host fails, others take over its work (Perbup 253/2019 §4.6.4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from itertools import combinations

from network_plan.model.finding import Finding
from network_plan.model.node import Cluster
from network_plan.model.plan import Plan
from network_plan.policy.say import error

Load = tuple[int, str, str, str | None]
"""A VM as memory counts it: MiB, key, host, and the host of its replica."""


def loads(plan: Plan, cluster: str) -> tuple[Load, ...]:
    """What stands in a cluster."""
    return tuple(
        (guest.memory_mib, guest.key, guest.node, guest.ha.replica if guest.ha else None)
        for guest in plan.guests_of(cluster)
    )


def survives(cluster: Cluster, lost: Collection[str], guests: Sequence[Load]) -> str | None:
    """The first VM without a place when the ``lost`` hosts fail, moving the largest first; ``None`` when all fit.

    An HA VM can start only where its replica is; the others
    come back from backup, largest first onto the emptiest host, as an operator would do it. That may miss a packing
    that a search finds, so it errs on the safe side.
    """
    free = {node.name: node.free_mib for node in cluster.nodes if node.name not in lost}
    homeless = []
    for memory, key, host, replica in guests:
        if host in free:
            free[host] -= memory
        elif replica is None:
            homeless.append((memory, key))
        elif replica in free:
            free[replica] -= memory
        else:
            return key
    for _, key, host, replica in guests:
        if host not in free and replica is not None and free[replica] < 0:
            return key
    for memory, key in sorted(homeless, key=lambda pair: (-pair[0], pair[1])):
        best = max(free, key=lambda name: (free[name], name), default=None)
        if best is None or free[best] < memory:
            return key
        free[best] -= memory
    return None


def check_cld2(plan: Plan, _today: date | None) -> list[Finding]:
    """CLD-2: with any ``spare_hosts`` of a cluster down at once, every VM still has memory, and HA where it is asked.

    That each VM has memory where it stands is the allotment's business (``ledger/room``).
    """
    findings = []
    for cluster in plan.clusters:
        guests = loads(plan, cluster.name)
        for lost in combinations([node.name for node in cluster.nodes], cluster.spare_hosts):
            homeless = survives(cluster, lost, guests) if lost else None
            if homeless is not None:
                tenant, _, name = homeless.partition("/")
                verb = "fails" if len(lost) == 1 else "fail"
                what = f"when {' and '.join(lost)} {verb}, {homeless} has no host with memory left"
                cure = "make VMs smaller, add a host, or retire something"
                findings.append(error("CLD-2", what, cure, "tenants", tenant, "vms", name))
                break
    return [*findings, *_without_ha(plan)]


def _without_ha(plan: Plan) -> list[Finding]:
    """What a tier promises to HA has another host to go to, wherever a cluster is to survive the loss of one."""
    asked = {tier.priority for tier in plan.tiers if tier.ha_minutes is not None}
    findings = []
    for cluster in plan.clusters:
        for guest in plan.guests_of(cluster.name) if cluster.spare_hosts else ():
            if guest.tier in asked and guest.ha is None and not guest.twin:
                tenant, _, name = guest.key.partition("/")
                what = f"{guest.key} has no HA: {cluster.name} has no other host that takes it over"
                cure = "add a host, or take 'ha_minutes' from its tier"
                findings.append(error("CLD-2", what, cure, "tenants", tenant, "vms", name))
    return findings
