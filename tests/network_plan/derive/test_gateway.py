# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's words for many networks are pools: newcomers change nothing that stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Network

import pytest

from network_plan.model.gateway import Gateway
from network_plan.model.plan import Plan
from network_plan.render.nftables import render_nftables

S, D = "site/services.yml", "site/tenants/dinas.yml"
WIDE = (
    S,
    "flows:\n",
    """flows:
  all: {from: [offices, servers], to: vm:dinas/app, ports: [tcp/443], why: everybody}
  ssh: {from: [management], to: servers, ports: [tcp/22], why: upkeep}
""",
)
NEWCOMER = (
    D,
    "offices:\n",
    'offices:\n  far: {title: far, transport: fibre, hosts: 9, source: "assumption: for the test"}\n',
)


@pytest.fixture(scope="module")
def before(planned: Callable[..., Plan]) -> Plan:
    return planned(WIDE)


@pytest.fixture(scope="module")
def after(planned: Callable[..., Plan]) -> Plan:
    return planned(WIDE, NEWCOMER)


def _rule(gateway: Gateway, key: str) -> tuple[set[str], set[str]]:
    rule = next(rule for rule in gateway.forward if rule.key == key)
    return set(map(str, rule.sources)), set(map(str, rule.destinations))


def test_a_word_for_many_networks_is_their_pools(before: Plan) -> None:
    """The target's own network is among the sources; it never comes to the gateway."""
    sources, destinations = _rule(before.gateways[0], "regency/all")
    assert sources == {"10.1.0.0/16", "10.2.0.0/16"}
    assert destinations == {"10.1.0.10/32"}
    sources, destinations = _rule(before.gateways[0], "regency/ssh")
    assert sources == {str(n.prefixes[0]) for n in before.networks if n.role == "management"}
    assert destinations == {"10.1.0.0/16"}


def test_a_new_network_changes_no_rule(before: Plan, after: Plan) -> None:
    assert len(after.networks) == len(before.networks) + 1
    one, other = before.gateways[0], after.gateways[0]
    assert one.internal == other.internal
    # `office:dinas` means both of its offices, so this flow grows, and only this one.
    assert [rule.key for rule, now in zip(one.forward, other.forward, strict=True) if rule != now] == [
        "dinas/office-to-app"
    ]
    assert one.input == other.input
    assert one.snat == other.snat


def _elements(plan: Plan, name: str) -> list[str]:
    text = render_nftables(plan, plan.gateways[0])
    body = re.search(rf"\tset {name} {{(.*?)\n\t}}", text, flags=re.DOTALL)
    assert body
    return [line.strip().rstrip(",") for line in body[1].splitlines() if "comment" in line]


def test_a_narrower_flow_cuts_no_wider_one(before: Plan) -> None:
    """The office's own flow, first by key, lies within the one of all offices: whose element stays whole."""
    elements = _elements(before, "flows")
    assert '10.2.0.0/16 . 10.1.0.10 . tcp . 443 comment "regency/all"' in elements
    assert not [line for line in elements if "dinas/office-to-app" in line]


def test_what_is_allotted_to_nobody_is_inside(before: Plan) -> None:
    """No network has it, so nothing may come from it nor be sent after it to the provider."""
    free = IPv4Network("10.2.255.0/24")
    assert not any(free.overlaps(IPv4Network(str(n.prefixes[0]))) for n in before.networks)
    assert any(free.subnet_of(net) for net in before.gateways[0].internal if isinstance(net, IPv4Network))


def test_a_networks_own_vm_is_not_asked_for_through_the_gateway(planned: Callable[..., Plan]) -> None:
    """A single network is named exactly, so that the target's own is left out of it."""
    named = '"network:dinas/servers", "network:kominfo/servers"'
    flow = f"flows:\n  some: {{from: [{named}], to: vm:dinas/app, ports: [tcp/443], why: jobs}}\n"
    sources, _ = _rule(planned((S, "flows:\n", flow)).gateways[0], "regency/some")
    assert sources == {"10.1.1.0/24"}


def test_a_vm_reaches_its_own_network_without_the_gateway(planned: Callable[..., Plan]) -> None:
    flow = "flows:\n  jobs: {from: [vm:dinas/app], to: network:dinas/servers, ports: [tcp/443], why: jobs}\n"
    assert "regency/jobs" not in {rule.key for rule in planned((S, "flows:\n", flow)).gateways[0].forward}
