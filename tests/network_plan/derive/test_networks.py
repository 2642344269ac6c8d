# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks and what runs where, in the cases that no site of the tests has."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from network_plan.build import derive_plan
from network_plan.derive.networks import derive_networks
from network_plan.model.ledger import Kind, Ledger, RoleEntry
from network_plan.model.plan import Plan
from network_plan.model.site import Site
from network_plan.parse.ledger import parse_ledger
from network_plan.parse.site import parse_site

DINAS = "site/tenants/dinas.yml"


def _part(texts: dict[str, str], part: str) -> dict[str, str]:
    return {name.partition("/")[2]: text for name, text in texts.items() if name.startswith(f"{part}/")}


@pytest.fixture
def site(minimal: dict[str, str]) -> Site:
    site = parse_site(_part(minimal, "site"), "site").site
    assert site is not None
    return site


@pytest.fixture
def ledger(minimal: dict[str, str]) -> Ledger:
    return parse_ledger(_part(minimal, "ledger"), "ledger")[0]


def test_a_network_with_ipv6_has_two_prefixes_and_two_gateways(dual_plan: Plan) -> None:
    network = dual_plan.network("rsud/servers")
    assert [str(prefix) for prefix in network.prefixes] == ["10.32.2.0/24", "2001:db8:100:4002::/64"]
    assert [str(address) for address in network.gateways] == ["10.32.2.1", "2001:db8:100:4002::1"]


def test_without_the_block_a_line_of_the_ledger_gives_no_ipv6(site: Site, ledger: Ledger) -> None:
    """A regency that gives its block back: the lines stay, as lines do."""
    live = {**ledger.live(), (Kind.PREFIX6, "dinas/servers"): "2001:db8::/64"}
    (network,) = [item for item in derive_networks(site, live) if item.key == "dinas/servers"]
    assert [str(prefix) for prefix in network.prefixes] == ["10.1.0.0/24"]


def _running(plan: Plan) -> dict[str, str]:
    return {guest.key: guest.cluster for guest in plan.guests if guest.running}


def test_after_a_failover_the_twins_run_and_the_data_centers_vms_do_not(site: Site, ledger: Ledger) -> None:
    assert _running(derive_plan(site, ledger)) == {"dinas/app": "dc", "kominfo/state": "dc"}
    failed = dataclasses.replace(ledger, roles=(*ledger.roles, RoleEntry(epoch=2, primary="drc")))
    plan = derive_plan(site, failed)
    assert (plan.role.epoch, plan.role.primary) == (2, "drc")
    assert _running(plan) == {"kominfo/state": "drc"}


FAR = """networks:
  far: {role: servers, title: there, source: "assumption: for the test", cluster: drc}
flows:
"""
NS2 = """vms:
  ns2: {size: small, serves: [udp/53], cluster: drc, network: far, source: "assumption: for the test"}
"""


def test_a_vm_at_home_in_the_recovery_cluster_always_runs(planned: Callable[..., Plan]) -> None:
    plan = planned((DINAS, "flows:\n", FAR), (DINAS, "vms:\n", NS2))
    assert _running(plan)["dinas/ns2"] == "drc"


def test_what_is_written_twice_is_one_rule(planned: Callable[..., Plan]) -> None:
    plan = planned(
        (DINAS, "from: [office:dinas]", "from: [office:dinas, office:dinas]"),
        (DINAS, "serves: [tcp/443]", "serves: [tcp/443, tcp/443]"),
    )
    (app,) = [guest for guest in plan.guests if guest.key == "dinas/app"]
    keys = [rule.key for rule in app.firewall.rules]
    assert len(keys) == len(set(keys)) == 2
