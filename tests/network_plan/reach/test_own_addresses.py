# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateway takes itself, as random packets through a kernel have shown (``tests/proof``)."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from network_plan.model.plan import Plan
from network_plan.reach.judge import judge
from network_plan.reach.packet import Packet
from network_plan.reach.says import FORGED_OWN
from network_plan.reach.ways import Ways


def _echo(source: str, destination: str, ingress: str = "dinas/office-main") -> Packet:
    return Packet(
        ingress=ingress, source=ip_address(source), destination=ip_address(destination), proto="icmp"
    )


@pytest.mark.parametrize("source", ["10.2.0.1", "10.2.0.255"])
def test_its_own_address_and_a_broadcast_come_from_no_host(minimal_plan: Plan, source: str) -> None:
    verdict = judge(minimal_plan, _echo(source, "10.2.1.1"))
    assert (verdict.delivered, verdict.steps[-1].rule) == (False, FORGED_OWN)


def test_a_broadcast_is_not_carried_to_its_network(minimal_plan: Plan) -> None:
    assert judge(minimal_plan, _echo("10.2.0.20", "10.1.0.255")).target == "gateway:gw1"


def test_the_address_of_all_routers_is_the_gateway(dual_plan: Plan) -> None:
    office = next(n for n in dual_plan.networks if n.role == "office")
    other = next(n for n in dual_plan.networks if n.role == "office" and n != office)
    source, routers = office.prefixes[1][20], other.prefixes[1].network_address
    assert judge(dual_plan, _echo(str(source), str(routers), office.key)).target == "gateway:gw1"
    forged = judge(dual_plan, _echo(str(office.prefixes[1].network_address), str(routers), office.key))
    assert forged.steps[-1].rule == FORGED_OWN


def test_on_the_link_the_public_addresses_are_its_own(minimal_plan: Plan) -> None:
    plan = replace(minimal_plan, gateways=(replace(minimal_plan.gateways[0], delivery="on_link"),))
    public = plan.public[0].address
    packet = _echo("10.2.0.20", str(public))
    assert judge(plan, packet).target == "gateway:gw1"
    ways = Ways(plan, 4).to_public(int(public), ((int(packet.source),) * 2,))
    answered = [way for way in ways if way.target == "gateway:gw1" and way.delivered]
    assert [way.path for way in answered] == ["input"] * len(answered)
    assert answered
    outside = Packet(ingress="internet", source=ip_address("192.0.2.1"), destination=public, proto="icmp")
    assert not judge(plan, outside).delivered


def test_a_routed_public_address_is_nobodys_where_nothing_is_published(minimal_plan: Plan) -> None:
    public = minimal_plan.public[0].address
    assert not judge(minimal_plan, _echo("10.2.0.20", str(public))).delivered
