# SPDX-License-Identifier: GPL-3.0-or-later
"""PWR-1: supply, standby, UPS (Perbup 253/2019 §4.6.3 (5)). Warnings: no copper is laid by ``pulumi up``."""

from __future__ import annotations

from datetime import date

from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.model.site.facility import Power
from network_plan.policy.say import warning

STANDBY_HOURS = 3
SPARE_PERCENT = 20
LOAD_PERCENT = 80


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
            warning("PWR-1", f"{cluster.name}: {what}", cure, "facilities", "power", cluster.name, key)
            for what, cure, key in _lacks(power)
        ]
    return findings


def _lacks(power: Power) -> list[tuple[str, str, str]]:
    """What is wrong, its cure, the key it stands at."""
    lacks = []
    asked = power.peak_w * (100 + SPARE_PERCENT) // 100
    if power.supply_w < asked:
        what = (
            f"the mains give {power.supply_w} W, {asked} W are asked ({SPARE_PERCENT} % above "
            f"the peak of {power.peak_w} W)"
        )
        lacks.append((what, "order more from the supplier, or lower the peak", "supply_w"))
    if power.standby_hours < STANDBY_HOURS:
        what = f"the standby supply lasts {power.standby_hours} hours, {STANDBY_HOURS} are asked"
        lacks.append((what, "store more fuel", "standby_hours"))
    watts = power.ups_va * power.power_factor_percent // 100
    if watts <= power.peak_w:
        what = f"the UPS gives {watts} W, no more than the peak of {power.peak_w} W"
        lacks.append((what, "buy a larger one, or lower the peak", "ups_va"))
    most = watts * LOAD_PERCENT // 100
    if power.average_w > most:
        what = (
            f"the average load is {power.average_w} W, {most} W are allowed "
            f"({LOAD_PERCENT} % of the UPS's {watts} W)"
        )
        lacks.append((what, "buy a larger UPS, or lower the load", "average_w"))
    if not power.reports:
        what = "the UPS reports neither its state nor alarms"
        lacks.append((what, "buy its network card, or another UPS", "reports"))
    return lacks
