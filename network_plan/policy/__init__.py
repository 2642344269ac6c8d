# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan → findings: what the master plan asks and the site does not do. A file per rule family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.policy.access import check_sec2
from network_plan.policy.applications import check_app1
from network_plan.policy.backup import check_cld7
from network_plan.policy.bandwidth import check_gw4
from network_plan.policy.blocked import check_gw6
from network_plan.policy.capacity import check_cld2
from network_plan.policy.dates import check_gw3
from network_plan.policy.door import check_gw1, check_gw2
from network_plan.policy.gain import check_cld6
from network_plan.policy.planned import check_planned
from network_plan.policy.posts import check_org1
from network_plan.policy.power import check_pwr1
from network_plan.policy.printed import check_printed
from network_plan.policy.quorum import check_cld1
from network_plan.policy.recovery import check_dr1
from network_plan.policy.replication import check_dr2
from network_plan.policy.risks import check_dr6
from network_plan.policy.rooms import check_env1
from network_plan.policy.star import check_net1, check_net2

Rule = Callable[[Plan, date | None], list[Finding]]


def check_cld5(plan: Plan, today: date | None) -> list[Finding]:
    """CLD-5: the shared pool is what was printed, and has room for what is planned."""
    return [*check_printed(plan, today), *check_planned(plan, today)]


RULES: Mapping[str, Rule] = {
    "GW-1": check_gw1,
    "GW-2": check_gw2,
    "GW-3": check_gw3,
    "GW-4": check_gw4,
    "GW-6": check_gw6,
    "NET-1": check_net1,
    "NET-2": check_net2,
    "CLD-1": check_cld1,
    "CLD-2": check_cld2,
    "CLD-5": check_cld5,
    "CLD-6": check_cld6,
    "CLD-7": check_cld7,
    "DR-1": check_dr1,
    "DR-2": check_dr2,
    "DR-6": check_dr6,
    "PWR-1": check_pwr1,
    "ENV-1": check_env1,
    "SEC-2": check_sec2,
    "APP-1": check_app1,
    "ORG-1": check_org1,
}
"""Requirement id → the rule that checks it (ids and sections: docs/reference/requirements.md)."""


def check_policy(plan: Plan, today: date | None) -> list[Finding]:
    """Run every rule.

    Args:
        plan: the finished plan.
        today: the day for dated exceptions; ``None`` judges no dates.
    """
    return [finding for rule in RULES.values() for finding in rule(plan, today)]
