# SPDX-License-Identifier: GPL-3.0-or-later
"""NET-1 and NET-2: a star around the gateway, and how each office reaches it (Perbup 253/2019 §4.6.1, §4.6.2)."""

from __future__ import annotations

from datetime import date

from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.policy.say import error

CELLULAR_KBIT = 1000
"""A cellular line must be faster than this, measured (Perbup 253/2019 §4.6.2 (3): more than 1 Mbps)."""


def check_net1(plan: Plan, _today: date | None) -> list[Finding]:
    """NET-1: every tenant has an office, thus a distribution switch, and the gateway stands where offices meet."""
    offices = [network for network in plan.networks if network.role == "office"]
    with_office = {network.tenant for network in offices}
    findings = [
        error(
            "NET-1",
            f"{tenant.key} has no office, thus no distribution switch of its own",
            "declare one under 'offices'; neighbours on one switch count as one office",
            *("tenants", tenant.key),
        )
        for tenant in plan.tenants
        if tenant.key not in with_office
    ]
    for gateway in plan.gateways:
        away = [network for network in offices if network.site != gateway.site]
        if away:
            findings.append(
                error(
                    "NET-1",
                    f"the gateway {gateway.host} stands at {gateway.site}, the star of offices ({len(away)}) "
                    f"meets at {away[0].site}",
                    f"set the gateway's 'cluster' to {away[0].site}",
                    *("networks", "gateway", "cluster"),
                )
            )
    return findings


def check_net2(plan: Plan, _today: date | None) -> list[Finding]:
    """NET-2: a cellular line was measured before an office came to depend on it."""
    findings = []
    for network in plan.networks:
        if network.transport != "cellular" or (network.rate_kbit or 0) > CELLULAR_KBIT:
            continue
        rate = f"{network.rate_kbit} kbit/s" if network.rate_kbit else "no measured rate"
        findings.append(
            error(
                "NET-2",
                f"the cellular line of {network.key} has {rate}, more than {CELLULAR_KBIT} kbit/s are asked",
                "measure it and write 'rate_kbit', or choose another transport",
                *("tenants", network.tenant, "offices", network.name.removeprefix("office-")),
            )
        )
    return findings
