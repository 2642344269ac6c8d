# SPDX-License-Identifier: GPL-3.0-or-later
"""CLD-2: when a host fails, others take over its work (Perbup 253/2019 §4.6.4). Counts nothing: ``capacity`` does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from network_plan.capacity.assume import Assumed
from network_plan.capacity.planned import Demand, demand
from network_plan.capacity.room import CORES, DISK
from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.policy.say import error, warning


def check_cld2(plan: Plan, _today: date | None) -> list[Finding]:
    """CLD-2: with any ``spare_hosts`` of a cluster down at once, every VM still has memory, and HA where it is asked.

    That each VM has memory where it stands is the allotment's business (``ledger/room``). Want of cores or disk is a
    warning: how much of them a VM takes is an assumption.
    """
    assumed = Assumed(plan)
    findings = [finding for cluster in plan.clusters for finding in _homeless(demand(plan, cluster, assumed))]
    return [*findings, *_without_ha(plan)]


def _homeless(of: Demand) -> Iterator[Finding]:
    cure = "make VMs smaller, add a host, or retire something"
    bare = next(of.room(limits=of.limits.without(CORES, DISK)).stuck(), None)
    rest = next((pair for pair in of.room().stuck() if pair[1].lacks != "memory"), None)
    for say, found in ((error, bare), (warning, rest)):
        if found is not None:
            lost, stuck = found
            tenant, _, name = stuck.key.partition("/")
            verb = "fails" if len(lost) == 1 else "fail"
            sentence = f"when {' and '.join(lost)} {verb}, {stuck.key} has no host with {stuck.lacks} left"
            yield say("CLD-2", sentence, cure, "tenants", tenant, "vms", name)


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
