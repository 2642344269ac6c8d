# SPDX-License-Identifier: GPL-3.0-or-later
"""What the door's rules leave alone; what they refuse is in ``tests/sites/broken/gw_*``."""

from __future__ import annotations

from collections.abc import Callable

from network_plan.model.plan import Plan
from network_plan.policy.door import check_gw1

KOMINFO = "site/tenants/kominfo.yml"


def test_management_networks_may_reach_each_other(planned: Callable[..., Plan]) -> None:
    plan = planned(
        (
            KOMINFO,
            "flows:\n",
            "flows:\n  hosts: {from: [management], to: management, ports: [tcp/22], why: upkeep}\n",
        )
    )
    assert any(flow.key == "kominfo/hosts" for flow in plan.flows)
    assert check_gw1(plan, None) == []


def test_management_may_reach_the_gateways_ssh(planned: Callable[..., Plan]) -> None:
    plan = planned(
        (
            KOMINFO,
            "flows:\n",
            "flows:\n  gw: {from: [management], to: gateway, ports: [tcp/22], why: upkeep}\n",
        )
    )
    assert check_gw1(plan, None) == []
