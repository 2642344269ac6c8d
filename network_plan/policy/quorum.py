# SPDX-License-Identifier: GPL-3.0-or-later
"""CLD-1: many servers under one management plane, which takes a majority of them (Perbup 253/2019 §4.6.4)."""

from __future__ import annotations

from datetime import date

from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.policy.say import error, warning


def check_cld1(plan: Plan, _today: date | None) -> list[Finding]:
    """CLD-1: with the spare hosts down, or any one, the others still are more than half of the cluster's votes.

    Each host has one vote, and corosync stops at half of them: then nothing is started or moved, and HA takes
    nothing over (PVE's *Cluster Manager*, Quorum; *High Availability*: three nodes at least). A single host has
    nobody to lose. A device with a vote of its own (QDevice) is not declared, so it is not counted.
    """
    findings = []
    for cluster in plan.clusters:
        hosts = len(cluster.nodes)
        lost = max(1, cluster.spare_hosts)
        if hosts == 1 or 2 * (hosts - lost) > hosts:
            continue
        ha = sum(guest.ha is not None for guest in plan.guests_of(cluster.name))
        down = "one is" if lost == 1 else f"{lost} are"
        what = f"cluster {cluster.name} has {hosts} hosts and no quorum when {down} down"
        cure = f"give it {2 * lost + 1} hosts or more" + (", or expect fewer to fail" if lost > 1 else "")
        path = ("clusters", "clusters", cluster.name, "hosts")
        if ha:
            findings.append(error("CLD-1", f"{what}: HA takes none of its {ha} VMs over", cure, *path))
        else:
            findings.append(warning("CLD-1", f"{what}: nothing can be started then", cure, *path))
    return findings
