# SPDX-License-Identifier: GPL-3.0-or-later
"""GW-4: bandwidth is shared by policy, and who breaks it is slowed or blocked (Perbup 253/2019 §3.2.3, §3.2.1)."""

from __future__ import annotations

from datetime import date

from network_plan.model.finding import Finding
from network_plan.model.plan import Plan, Sanction
from network_plan.policy.say import error, warning


def check_gw4(plan: Plan, today: date | None) -> list[Finding]:
    """GW-4: replication leaves something to the tenants, and a sanction is dated, felt and never the operator's."""
    uplink = plan.facilities.uplink.rate_kbit
    findings = [
        error(
            "GW-4",
            f"the tunnel {tunnel.key} is kept {tunnel.rate_kbit} kbit/s, the whole uplink has {uplink}",
            "keep less for replication, so that the tenants have a share",
            *("dr", "tunnel", "rate_kbit"),
        )
        for tunnel in plan.tunnels
        if tunnel.rate_kbit >= uplink
    ]
    for sanction in plan.sanctions:
        findings += _sanction(plan, sanction, today)
    return findings


def _sanction(plan: Plan, item: Sanction, today: date | None) -> list[Finding]:
    path = ("services", "sanctions", item.key)
    uplink = plan.facilities.uplink.rate_kbit
    if item.target.partition("/")[0] == plan.operator:
        return [
            error(
                "GW-4",
                f"the sanction {item.key} is on {item.target}, which is the operator's own",
                "settle it within the operator, and remove the sanction",
                *path,
                "target",
            )
        ]
    findings = []
    if item.rate_kbit is not None and item.rate_kbit >= uplink:
        what = f"the sanction {item.key} slows {item.target} to {item.rate_kbit} kbit/s, the whole uplink has {uplink}"
        findings.append(error("GW-4", what, "name a lower rate", *path, "rate_kbit"))
    if today is None:
        return findings
    if item.until < today:
        what = f"the sanction {item.key} on {item.target} ended on {item.until}"
        findings.append(error("GW-4", what, "remove it, or agree on a new day", *path, "until"))
    else:
        measure = "block" if item.rate_kbit is None else f"slow to {item.rate_kbit} kbit/s"
        what = f"the sanction {item.key} on {item.target} ({measure}) runs until {item.until}: {item.reason}"
        findings.append(warning("GW-4", what, "remove it once the policy is kept again", *path, "until"))
    return findings
