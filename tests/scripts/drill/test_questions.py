# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
from datetime import date
from ipaddress import ip_address
from pathlib import Path

import pytest

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from network_plan.reach import INTERNET, Packet, judge
from scripts.drill import questions, replicate, scene
from scripts.drill.subject import SubjectError, choose
from scripts.toolchain.paths import ROOT
from tests.small import SMALL

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(SMALL)


@pytest.mark.parametrize("word", ["dukcapil/siak", "dukcapil-siak", "103", "kependudukan"])
def test_an_application_and_a_vm_name_their_twins(plan: Plan, word: str) -> None:
    subject = choose(plan, word)
    assert [twin.key for twin in subject.twins] == ["dukcapil/siak"]
    assert (subject.source, subject.target, subject.tier.rpo_minutes) == ("dc", "drc", 5)


def test_what_has_no_twin_is_refused_with_its_reason(plan: Plan) -> None:
    with pytest.raises(SubjectError, match="did you mean 'dukcapil/siak'"):
        choose(plan, "dukcapil/siakk")
    with pytest.raises(SubjectError, match="name a VM"):
        choose(plan, "zzz")
    without = dataclasses.replace(plan, guests=tuple(guest for guest in plan.guests if not guest.twin))
    with pytest.raises(SubjectError, match="has no twin in the recovery cluster"):
        choose(without, "dukcapil/siak")
    empty = [item for item in plan.applications if not item.vms]
    for item in empty:
        with pytest.raises(SubjectError, match="has no VM here"):
            choose(plan, item.key)


def test_every_service_is_asked_by_one_whom_the_plan_lets_in(plan: Plan) -> None:
    twins = [guest for guest in plan.guests if guest.twin]
    asked, unasked = questions.ask(plan, twins, TODAY)
    assert unasked == []
    networks = {network.vlan: network.key for network in plan.networks}
    for question in asked:
        client, target = ip_address(question.client.address), ip_address(question.target)
        ingress = networks.get(question.client.vlan, INTERNET)
        verdict = judge(plan, Packet.of(ingress, client, target, question.service), TODAY)
        assert verdict.delivered is question.expected
    for twin in twins:
        mine = [question for question in asked if question.twin == twin]
        served = {f"{service.proto}/{service.first}" for service in twin.serves}
        assert {str(question.service) for question in mine if question.expected} == served
        walls = {question.wall.split()[0] for question in mine if not question.expected}
        assert "firewall" in walls


def test_a_service_that_nobody_may_reach_is_said(plan: Plan) -> None:
    alone = dataclasses.replace(plan, flows=(), gateways=(dataclasses.replace(plan.gateways[0], dnat=()),))
    twin = next(guest for guest in plan.guests if guest.twin and guest.key == "rsud/simrs")
    _, unasked = questions.ask(alone, [twin], TODAY)
    assert unasked == ["rsud/simrs tcp/443"]


def test_the_bubble_has_the_same_addresses_and_nobody_twice(plan: Plan) -> None:
    twins = [guest for guest in plan.guests if guest.twin]
    asked, _ = questions.ask(plan, twins, TODAY)
    bubble = scene.bubble_for(plan, "drc", twins, asked, Path("/tmp/somewhere"))  # noqa: S108 - only a name
    inside = [address for office in bubble.fabric.offices for address in office.host.addresses]
    inside += list(bubble.fabric.control.addresses)
    inside += [address for _, addresses in bubble.addresses for address in addresses]
    inside += [str(own) for twin in twins for nic in twin.nics for own in nic.addresses]
    assert len(inside) == len(set(inside))
    wanted = {f"{question.client.address}" for question in asked if question.client.vlan}
    assert wanted <= {address.partition("/")[0] for address in inside}
    names = {scene.namespace_of(plan, bubble, "drc", question.client) for question in asked}
    there = set(bubble.namespaces()) | {f"{bubble.prefix}drc-{twin.vmid}" for twin in twins}
    assert names <= there


def test_only_vms_with_twins_are_replicated(plan: Plan) -> None:
    assert [task.key for task in replicate.tasks(plan)] == [task.guest for task in plan.replication]
    assert [task.vmid for task in replicate.tasks(plan, ["dukcapil/siak"])] == [103]
    with pytest.raises(replicate.ReplicateError, match="dukcapil/nope: no VM with a twin"):
        replicate.tasks(plan, ["dukcapil/nope"])
    assert replicate.rate_kbit(plan) == plan.tunnels[0].rate_kbit


def test_a_site_of_one_place_has_nothing_to_copy_and_says_so() -> None:
    example = load_plan(ROOT / "inventory" / "example" / "site")
    with pytest.raises(replicate.ReplicateError, match="no VM has a twin"):
        replicate.tasks(example)
