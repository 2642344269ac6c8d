# SPDX-License-Identifier: GPL-3.0-or-later
"""The equal share, and what is judged without a day; what is refused is in ``tests/sites/broken/gw_4_*``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date

from network_plan.capacity.line import share_kbit
from network_plan.model.plan import Plan
from network_plan.policy.bandwidth import check_gw4

SERVICES = "site/services.yml"
BLOCK = '{target: dinas, measure: block, until: 2026-01-01, reason: spam, source: "assumption: for the test"}'


def test_the_share_is_what_replication_leaves_among_all_tenants(minimal_plan: Plan, full_plan: Plan) -> None:
    assert share_kbit(minimal_plan) == (2000 - 1000) // 2
    assert share_kbit(full_plan) == (50000 - 25000) // 4
    tunnels = tuple(dataclasses.replace(tunnel, rate_kbit=60000) for tunnel in full_plan.tunnels)
    assert share_kbit(dataclasses.replace(full_plan, tunnels=tunnels)) == 0


def test_a_sanction_is_judged_on_a_day(planned: Callable[..., Plan]) -> None:
    plan = planned((SERVICES, "flows:\n", f"sanctions:\n  one: {BLOCK}\nflows:\n"))
    assert check_gw4(plan, None) == []
    assert [finding.severity for finding in check_gw4(plan, date(2026, 1, 1))] == ["warning"]
    assert [finding.severity for finding in check_gw4(plan, date(2026, 1, 2))] == ["error"]
