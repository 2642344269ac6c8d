# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's bench: its base has the same NAT, its flows are all let through, and one that is not is an error."""

from __future__ import annotations

import pytest

from network_plan.model.plan import Plan
from network_plan.render.nftables import render_nftables
from scripts.bench.gateway import NOTHING, flows, measured, one_rule, planned
from scripts.bench.measure import BenchError


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned(3)


def test_the_base_has_one_rule_and_the_same_nat(plan: Plan) -> None:
    rules = render_nftables(plan, plan.gateways[0])
    base = one_rule(rules)
    assert "goto pass" in rules
    assert "goto pass" not in base.partition("chain input")[2].partition("chain forward")[2]
    for chain in ("publish_in", "masquerade_out"):
        body = rules.partition(f"chain {chain} {{")[2].partition("\n\t}")[0]
        assert f"chain {chain} {{{body}\n\t}}" in base


def test_more_rules_begin_with_those_of_fewer(plan: Plan) -> None:
    more = planned(4).gateways[0]
    assert {rule.key: rule.services for rule in plan.gateways[0].forward}.items() <= {
        rule.key: rule.services for rule in more.forward
    }.items()
    assert more.interfaces == plan.gateways[0].interfaces


def test_no_flow_comes_twice_and_all_kinds_are_there(plan: Plan) -> None:
    gateway = plan.gateways[0]
    made = list(flows(gateway, 2000))
    assert len({(f.source, f.target, f.proto, f.sport, f.dport) for f in made}) == len(made)
    public = {rule.public for rule in gateway.dnat}
    assert {f.interface == "wan0" for f in made} == {True, False}
    assert any(f.target in public for f in made)


@pytest.mark.hosts
def test_every_flow_is_let_through_by_a_kernel(plan: Plan) -> None:
    gateway = plan.gateways[0]
    rules = render_nftables(plan, gateway)
    found = measured({"nothing": NOTHING, "one": one_rule(rules), "few": rules}, gateway, 400, 1)
    assert all(len(turns) == 1 and turns[0] > 0 for turns in found.values())
    assert found["nothing"] < found["few"]


@pytest.mark.hosts
def test_rules_that_stop_a_flow_are_no_measurement(plan: Plan) -> None:
    gateway = plan.gateways[0]
    rules = render_nftables(plan, gateway).replace("@egress_any ip protocol", "@egress_ping ip protocol")
    with pytest.raises(BenchError, match="flows were let through"):
        measured({"few": rules}, gateway, 400, 0)
