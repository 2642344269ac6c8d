# SPDX-License-Identifier: GPL-3.0-or-later
"""CLD-2: when a host fails, others take over its work (Perbup 253/2019 §4.6.4)."""

from __future__ import annotations

from datetime import date

from network_plan.model.finding import Finding, Severity
from network_plan.model.node import Cluster
from network_plan.model.plan import Plan


def _survives(cluster: Cluster, lost: str, guests: list[tuple[int, str, str]]) -> str | None:
    """The first VM without a place when ``lost`` fails, moving the largest first; ``None`` when all fit.

    ``guests`` is (memory MiB, key, host). Largest first onto the emptiest host is how an operator
    would do it; it may miss a packing that a search finds, so it errs on the safe side.
    """
    free = {node.name: node.free_mib for node in cluster.nodes if node.name != lost}
    homeless = []
    for memory, key, host in guests:
        if host in free:
            free[host] -= memory
        else:
            homeless.append((memory, key))
    for memory, key in sorted(homeless, key=lambda pair: (-pair[0], pair[1])):
        best = max(free, key=lambda name: (free[name], name), default=None)
        if best is None or free[best] < memory:
            return key
        free[best] -= memory
    return None


def check_cld2(plan: Plan, today: date | None) -> list[Finding]:
    """CLD-2: with ``spare_hosts`` of a cluster down, one at a time, every VM still has memory."""
    findings = []
    for cluster in plan.clusters:
        guests = [(g.memory_mib, g.key, g.node) for g in plan.guests_of(cluster.name)]
        for node in cluster.nodes:
            used = sum(memory for memory, _, host in guests if host == node.name)
            if used > node.free_mib:
                findings.append(
                    Finding(
                        severity=Severity.ERROR,
                        rule="CLD-2",
                        what=f"{node.name} holds VMs of {used} MiB and has {node.free_mib} MiB for them",
                        cure="pin one of them elsewhere, or make it smaller",
                        path=("clusters", "clusters", cluster.name),
                    )
                )
        if not cluster.spare_hosts:
            continue
        for node in cluster.nodes:
            homeless = _survives(cluster, node.name, guests)
            if homeless is not None:
                findings.append(
                    Finding(
                        severity=Severity.ERROR,
                        rule="CLD-2",
                        what=f"when {node.name} fails, {homeless} has no host with memory left",
                        cure="make VMs smaller, add a host, or retire something",
                        path=("tenants", *homeless.split("/", 1)[:1], "vms", homeless.split("/", 1)[1]),
                    )
                )
                break
    return findings
