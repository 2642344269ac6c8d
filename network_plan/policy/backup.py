# SPDX-License-Identifier: GPL-3.0-or-later
"""CLD-7: what runs can be brought back from a backup (Perbup 253/2019 §4.6.4, table 3.10)."""

from __future__ import annotations

from datetime import date

from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.policy.say import error, warning


def check_cld7(plan: Plan, _today: date | None) -> list[Finding]:
    """CLD-7: every VM with disks of its own is in a backup job of its cluster, whose files outlive its hosts."""
    covered = {(cluster.name, job.pool) for cluster in plan.clusters for job in cluster.backups}
    stored = {cluster.name for cluster in plan.clusters if cluster.storages}
    findings = []
    for guest in plan.guests:
        if not guest.disks or (guest.cluster, guest.pool) in covered:
            continue
        tenant, _, name = guest.key.partition("/")
        if guest.cluster in stored:
            why, cure = f"priority {guest.tier} has none", f"give tier {guest.tier} of dr.yml a 'backup'"
        else:
            why, cure = (
                f"{guest.cluster} has no place for them",
                f"declare 'backup' of cluster {guest.cluster}",
            )
        what = f"no backup is made of {guest.key}: {why}"
        findings.append(error("CLD-7", what, cure, "tenants", tenant, "vms", name))
    findings += [
        warning(
            "CLD-7",
            f"backups of {cluster.name} lie on its own hosts: who loses {cluster.name} loses them too",
            "mount the folder from a machine at another place, and name it in 'machine'",
            *("clusters", "clusters", cluster.name, "backup"),
        )
        for cluster in plan.clusters
        if cluster.backups and any(storage.machine is None for storage in cluster.storages)
    ]
    return findings
