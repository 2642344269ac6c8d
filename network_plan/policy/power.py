# SPDX-License-Identifier: GPL-3.0-or-later
"""PWR-1: supply, standby, UPS (Perbup 253/2019 §4.6.3 (5)). Warnings: no copper is laid by ``pulumi up``."""

from __future__ import annotations

from datetime import date

from network_plan.capacity.power import shortages
from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.policy.say import warning


def check_pwr1(plan: Plan, _today: date | None) -> list[Finding]:
    """PWR-1: of each cluster's room, everything that §4.6.3 (5) asks."""
    findings = []
    for cluster in plan.clusters:
        power = plan.facilities.power.get(cluster.name)
        if power is None:
            what = f"nothing is said of the power of cluster {cluster.name}"
            cure = f"declare it in facilities.yml under power.{cluster.name}"
            findings.append(warning("PWR-1", what, cure, "facilities", "power"))
            continue
        findings += [
            warning(
                "PWR-1",
                f"{cluster.name}: {short.what}",
                short.cure,
                *("facilities", "power", cluster.name, short.key),
            )
            for short in shortages(power)
        ]
    return findings
