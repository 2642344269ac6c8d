# SPDX-License-Identifier: GPL-3.0-or-later
"""Single packets that no set of packets holds: forged ones, and those of a named sender."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from ipaddress import IPv4Interface, ip_address

import pytest

from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.reach import INTERNET, Judge, Packet, Verdict, judge, says

TODAY = date(2026, 11, 24)


def _packet(ingress: str, source: str, target: str, service: str, sender: str | None = None) -> Packet:
    found = Packet.of(ingress, ip_address(source), ip_address(target), Service.parse(service))
    return Packet(
        ingress=found.ingress,
        source=found.source,
        destination=found.destination,
        proto=found.proto,
        port=found.port,
        sender=sender,
    )


def _last(verdict: Verdict) -> tuple[bool, str, str]:
    return verdict.delivered, verdict.steps[-1].where, verdict.steps[-1].rule


@pytest.mark.parametrize(
    ("ingress", "source", "where", "rule"),
    [
        ("dinas/office-main", "10.2.1.9", "network dinas/office-main", says.FORGED),
        ("dinas/office-main", "192.0.2.9", "network dinas/office-main", says.FORGED),
        (INTERNET, "10.2.0.9", "gateway gw1", says.FORGED_INSIDE),
        (INTERNET, "203.0.113.5", "gateway gw1", says.FORGED_PUBLIC),
        (
            "kominfo/management-drc",
            "10.0.1.9",
            "gateway gw1 (forward)",
            "kominfo/management-drc lies in drc: no way there yet",
        ),
    ],
)
def test_a_source_that_cannot_be_there_is_stopped(
    minimal_plan: Plan, ingress: str, source: str, where: str, rule: str
) -> None:
    verdict = judge(minimal_plan, _packet(ingress, source, "10.1.0.10", "tcp/443"), TODAY)
    assert _last(verdict) == (False, where, rule)
    assert verdict.target == ""


def test_a_vm_sends_from_its_own_address_only(minimal_plan: Plan) -> None:
    own = _packet("dinas/servers", "10.1.0.10", "10.1.0.1", "udp/53", "dinas/app")
    forged = _packet("dinas/servers", "10.1.0.99", "10.1.0.1", "udp/53", "dinas/app")
    judged = Judge(minimal_plan, TODAY)
    assert judged.judge(own).delivered
    assert _last(judged.judge(forged)) == (
        False,
        "firewall of VM 100 (dinas/app)",
        "not its own address (ipfilter)",
    )
    with pytest.raises(KeyError, match="no running VM 'dinas/app' in kominfo/servers"):
        judged.judge(_packet("kominfo/servers", "10.1.1.9", "10.1.0.1", "udp/53", "dinas/app"))


def test_what_the_target_sees_and_whether_it_listens(
    planned: Callable[..., Plan], minimal_plan: Plan
) -> None:
    judged = Judge(minimal_plan, TODAY)
    inward = judged.judge(_packet(INTERNET, "192.0.2.9", "203.0.113.0", "tcp/443"))
    assert (inward.target, str(inward.destination), str(inward.seen)) == (
        "vm:dinas/app",
        "10.1.0.10",
        "192.0.2.9",
    )
    assert inward.listens
    outward = judged.judge(_packet("dinas/office-main", "10.2.0.9", "192.0.2.9", "tcp/443"))
    assert (outward.target, str(outward.seen), outward.listens) == ("internet", "203.0.113.1", None)
    closed = planned(("site/tenants/dinas.yml", "why: the counter", "ports: [tcp/444]\n    why: the counter"))
    deaf = judge(closed, _packet("dinas/office-main", "10.2.0.9", "10.1.0.10", "tcp/444"), TODAY)
    assert (deaf.delivered, deaf.listens) == (True, False)


def test_a_link_of_two_addresses_has_none_for_everybody(minimal_plan: Plan) -> None:
    """RFC 3021: both addresses of a /31 are somebody's, also the upper one, which on a wider link is a broadcast."""

    def on_a_link(text: str) -> Plan:
        gateway = minimal_plan.gateways[0]
        interfaces = tuple(
            dataclasses.replace(item, addresses=(IPv4Interface(text),)) if item.kind == "wan" else item
            for item in gateway.interfaces
        )
        return dataclasses.replace(
            minimal_plan, gateways=(dataclasses.replace(gateway, interfaces=interfaces),)
        )

    ping = _packet("dinas/office-main", "10.2.0.9", "198.51.100.3", "icmp")
    assert judge(on_a_link("198.51.100.2/31"), ping, TODAY).target == "internet"
    assert judge(on_a_link("198.51.100.2/30"), ping, TODAY).target != "internet"
