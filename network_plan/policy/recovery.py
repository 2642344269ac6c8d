# SPDX-License-Identifier: GPL-3.0-or-later
"""DR-1: a data center must have a recovery center (Perbup 253/2019 §4.6.3 (10))."""

from __future__ import annotations

from datetime import date

from network_plan.model.finding import Finding, Severity
from network_plan.model.plan import Plan


def check_dr1(plan: Plan, _today: date | None) -> list[Finding]:
    """DR-1: what has priority 1 has a twin in another cluster; hardware and a place that are missing are said."""
    twins = {guest.key for guest in plan.guests if guest.twin}
    findings = []
    for guest in plan.guests:
        if guest.tier == 1 and guest.key not in twins:
            tenant, _, name = guest.key.partition("/")
            findings.append(
                Finding(
                    severity=Severity.ERROR,
                    rule="DR-1",
                    what=f"{guest.key} has priority 1 and no twin in the recovery center",
                    cure="set 'twin: true' on tier 1 of dr.yml and keep the VM out of the recovery cluster",
                    path=("tenants", tenant, "vms", name),
                )
            )
    findings += [
        Finding(
            severity=Severity.WARNING,
            rule="DR-1",
            what=f"cluster {cluster.name} is not bought yet: {cluster.first_purchase}",
            cure="buy it, then remove 'first_purchase'",
            path=("clusters", "clusters", cluster.name, "first_purchase"),
        )
        for cluster in plan.clusters
        if cluster.first_purchase
    ]
    if not plan.tunnels:
        findings.append(
            Finding(
                severity=Severity.WARNING,
                rule="DR-1",
                what="there is no recovery center: what burns here is gone but for its backups",
                cure="declare a second cluster at another place, and name it in dr.yml as 'cluster' with its 'tunnel'",
                path=("dr",),
            )
        )
    elif plan.recovery_place is None:
        findings.append(
            Finding(
                severity=Severity.WARNING,
                rule="DR-1",
                what="nothing says by what distance, cost and service level the recovery center's place was chosen",
                cure="declare 'place' in dr.yml",
                path=("dr",),
            )
        )
    return findings
