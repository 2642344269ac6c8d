# SPDX-License-Identifier: GPL-3.0-or-later
"""GW-6: safe internet, known bad names are not resolved (Perbup 253/2019 table 3.10)."""

from __future__ import annotations

from datetime import date

from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.policy.say import error, warning


def check_gw6(plan: Plan, _today: date | None) -> list[Finding]:
    """GW-6: there is a list of bad names, and no list takes the regency's own domain from its people."""
    if not plan.blocked:
        cure = "declare a list in services.yml under 'blocked', its names in blocked/<id>.txt"
        return [warning("GW-6", "no list of bad names is declared: every name is resolved", cure, "services")]
    labels = plan.domain.split(".")
    above = {".".join(labels[index:]) for index in range(len(labels))}
    findings = []
    for item in plan.blocked:
        own = [name for name in item.names.all if name in above or name.endswith(f".{plan.domain}")]
        if own:
            more = f" and {len(own) - 1} more" if len(own) > 1 else ""
            what = f"the list {item.key} has {own[0]}{more}, by which the regency's own names would not be resolved"
            findings.append(error("GW-6", what, "take it out of the list", "services", "blocked", item.key))
    return findings
