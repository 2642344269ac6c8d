# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan → findings: what the master plan asks and the site does not do. A file per rule family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.policy.access import check_sec2
from network_plan.policy.capacity import check_cld2
from network_plan.policy.dates import check_gw3
from network_plan.policy.door import check_gw1, check_gw2
from network_plan.policy.recovery import check_dr1

Rule = Callable[[Plan, date | None], list[Finding]]

RULES: Mapping[str, Rule] = {
    "GW-1": check_gw1,
    "GW-2": check_gw2,
    "GW-3": check_gw3,
    "CLD-2": check_cld2,
    "DR-1": check_dr1,
    "SEC-2": check_sec2,
}
"""Requirement id → the rule that checks it (ids and sections: docs/reference/requirements.md)."""


def check_policy(plan: Plan, today: date | None) -> list[Finding]:
    """Run every rule.

    Args:
        plan: the finished plan.
        today: the day for dated exceptions; ``None`` judges no dates.
    """
    return [finding for rule in RULES.values() for finding in rule(plan, today)]
