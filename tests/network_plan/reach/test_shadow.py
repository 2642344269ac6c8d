# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules without effect: each wall with one, and by chance: taken out they change no packet, every other one does."""

from __future__ import annotations

import dataclasses
from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network_plan.model.firewall import Rule
from network_plan.model.gateway import ForwardRule
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.reach import Judge, Packet, shadowed
from network_plan.reach.places import Places
from network_plan.reach.shadow import idle
from network_plan.space import services
from network_plan.space.prefixes import Family, address
from tests.network_plan.reach.test_exact import Kept, some
from tests.network_plan.reach.world import TODAY, address_kinds, ingress_of, service_kinds, worlds

GATEWAY = "gateway gw1 (forward)"
APP = "firewall of VM 100 (dinas/app)"


def _with_forward(plan: Plan, *rules: ForwardRule) -> Plan:
    gateway = plan.gateways[0]
    return dataclasses.replace(
        plan, gateways=(dataclasses.replace(gateway, forward=(*gateway.forward, *rules)),)
    )


def _rule(plan: Plan, key: str) -> ForwardRule:
    return next(rule for rule in plan.gateways[0].forward if rule.key == key)


def _said(plan: Plan, today: date | None = TODAY) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [(item.where, item.key, item.why, item.by) for item in shadowed(plan, today)]


def test_a_compiled_plan_has_none(minimal_plan: Plan, dual_plan: Plan) -> None:
    assert _said(minimal_plan) == []
    assert _said(dual_plan) == []


def test_of_two_that_say_the_same_the_later_is_covered(minimal_plan: Plan) -> None:
    twice = dataclasses.replace(_rule(minimal_plan, "dinas/office-to-app"), key="dinas/again")
    plan = _with_forward(minimal_plan, twice)
    assert _said(plan) == [(GATEWAY, "dinas/again", "covered", ("dinas/office-to-app",))]


def test_two_rules_cover_a_third_together(minimal_plan: Plan) -> None:
    base = _rule(minimal_plan, "dinas/office-to-app")
    ports = {"low": "tcp/1-500", "high": "tcp/400-900", "both": "tcp/300-600"}
    rules = [
        dataclasses.replace(base, key=key, services=(Service.parse(text),)) for key, text in ports.items()
    ]
    said = _said(_with_forward(minimal_plan, *rules))
    assert said == [
        (GATEWAY, "both", "covered", ("high", "low")),
        (GATEWAY, "dinas/office-to-app", "covered", ("both",)),
    ]


def test_a_rule_is_idle_where_it_has_no_effect_in_any_family(minimal_plan: Plan, dual_plan: Plan) -> None:
    assert idle(minimal_plan, TODAY) == idle(dual_plan, TODAY) == frozenset()
    twice = dataclasses.replace(_rule(minimal_plan, "dinas/office-to-app"), key="again")
    assert idle(_with_forward(minimal_plan, twice), TODAY) == {"again"}
    first = _rule(dual_plan, "rsud/office-to-simrs")
    narrow = dataclasses.replace(first, sources=tuple(p for p in first.sources if p.version == 4))
    gateway = dual_plan.gateways[0]
    others = tuple(rule for rule in gateway.forward if rule.key != first.key)
    sixth = dataclasses.replace(
        dual_plan,
        gateways=(
            dataclasses.replace(gateway, forward=(dataclasses.replace(first, key="wide"), *others, narrow)),
        ),
    )
    assert idle(sixth, TODAY) == {first.key}
    assert idle(_with_forward(sixth, dataclasses.replace(first, key="wider")), TODAY) == {first.key, "wider"}


def test_many_that_overlap_and_leave_one_port_cover_nothing(minimal_plan: Plan) -> None:
    base = _rule(minimal_plan, "dinas/office-to-app")
    ports = {"one": "tcp/1-800", "two": "tcp/100-800", "three": "tcp/400-900", "all": "tcp/1-901"}
    rules = [
        dataclasses.replace(base, key=key, services=(Service.parse(text),)) for key, text in ports.items()
    ]
    without = [rule for rule in rules if rule.key != "all"]
    wide = _with_forward(minimal_plan, *rules)
    assert "all" not in [item[1] for item in _said(wide)]
    assert [item[1] for item in _said(_with_forward(minimal_plan, *without))] == [
        "dinas/office-to-app",
        "two",
    ]


def test_a_rule_that_ends_sooner_covers_nothing_that_lasts(minimal_plan: Plan) -> None:
    base = _rule(minimal_plan, "dinas/office-to-app")
    dated = dataclasses.replace(base, key="dinas/for-a-while", until=date(2026, 12, 1))
    plan = _with_forward(minimal_plan, dated)
    assert _said(plan) == [(GATEWAY, "dinas/for-a-while", "covered", ("dinas/office-to-app",))]
    assert _said(plan, date(2026, 12, 2)) == [(GATEWAY, "dinas/for-a-while", "over", ())]


@pytest.mark.parametrize("empty", ["neighbours", "nobody", "services"])
def test_a_rule_to_which_nothing_comes_is_empty(minimal_plan: Plan, empty: str) -> None:
    base = _rule(minimal_plan, "dinas/office-to-app")
    edits: dict[str, dict[str, Any]] = {
        "neighbours": {"sources": minimal_plan.network("dinas/servers").prefixes},
        "nobody": {"sources": (minimal_plan.network("kominfo/management-drc").prefixes[0],)},
        "services": {"services": ()},
    }
    rule = dataclasses.replace(base, key="dinas/nothing", **edits[empty])
    assert _said(_with_forward(minimal_plan, rule)) == [(GATEWAY, "dinas/nothing", "empty", ())]


def test_at_a_vm_the_first_match_decides(minimal_plan: Plan) -> None:
    def with_rules(guest_key: str, *rules: Rule) -> Plan:
        guests = tuple(
            dataclasses.replace(
                guest,
                firewall=dataclasses.replace(guest.firewall, rules=(*guest.firewall.rules, *rules)),
            )
            if guest.key == guest_key
            else guest
            for guest in minimal_plan.guests
        )
        return dataclasses.replace(minimal_plan, guests=guests)

    late = Rule(key="late", direction="in", action="DROP", source="10.2.0.0/25", proto="tcp", dport="443")
    wide = dataclasses.replace(late, key="wide", dport="443:444")
    assert [(item[0], item[1]) for item in _said(with_rules("dinas/app", late))] == [(APP, "late")]
    assert _said(with_rules("dinas/app", wide)) == []
    off = dataclasses.replace(late, key="everything", source="", proto="", dport="")
    stopped = with_rules("kominfo/state", off, late)
    assert _said(stopped) == [("firewall of VM 101 (kominfo/state)", "late", "covered", ("everything",))]


def _without(plan: Plan, keys: set[str]) -> Plan:
    gateway = plan.gateways[0]
    forward = tuple(rule for rule in gateway.forward if rule.key not in keys)
    return dataclasses.replace(plan, gateways=(dataclasses.replace(gateway, forward=forward),))


def _forwarded(judge: Judge, packet: Packet) -> bool:
    return any(step.wall == "forward" and step.passed for step in judge.judge(packet).steps)


def _packets(plan: Plan, family: Family, chance: Random) -> list[Packet]:
    places = Places(plan, family)
    kinds = address_kinds(plan, family)
    sources, destinations = some(kinds, chance), some(kinds, chance)
    wanted = some(service_kinds(plan), chance)
    return [
        Packet(
            ingress=ingress,
            source=address(family, source),
            destination=address(family, destination),
            proto=services.decode(service)[0],
            port=services.decode(service)[1],
        )
        for source in sources
        if (ingress := ingress_of(places, source)) is not None
        for destination in destinations
        for service in wanted
    ]


def test_taken_out_they_change_no_packet(minimal_plan: Plan) -> None:
    @settings(max_examples=10, deadline=None, derandomize=True)
    @given(worlds(minimal_plan).map(Kept), st.integers(0, 1000).map(Random))
    def check(world: Kept, chance: Random) -> None:
        plan = world.plan
        dead = {item.key for item in shadowed(plan, TODAY) if item.where == GATEWAY and item.family == 4}
        before, after = Judge(plan, TODAY), Judge(_without(plan, dead), TODAY)
        for packet in _packets(plan, 4, chance):
            assert _forwarded(before, packet) is _forwarded(after, packet), packet

    check()
