# SPDX-License-Identifier: GPL-3.0-or-later
"""The second example: one cluster without a recovery center, few offices, both families. It is a site like any other."""

from __future__ import annotations

from datetime import date
from ipaddress import IPv4Address, IPv6Address

import pytest

from network_plan.build import Checked, check
from network_plan.capacity.answers import capacity
from network_plan.capacity.figure import Fits
from network_plan.model.network import IpAddress
from network_plan.model.plan import Plan
from network_plan.reach.judge import judge
from network_plan.reach.packet import Packet
from network_plan.render.targets import TARGETS, render_target
from scripts.toolchain.paths import ROOT

SITE = ROOT / "inventory" / "example" / "site"


@pytest.fixture(scope="module")
def checked() -> Checked:
    return check(SITE, today=date(2026, 11, 24))


@pytest.fixture(scope="module")
def plan(checked: Checked) -> Plan:
    assert checked.plan is not None
    return checked.plan


def test_it_has_no_error_and_says_what_it_lacks(checked: Checked) -> None:
    assert not checked.errors
    assert not checked.missing
    assert [finding.rule for finding in checked.findings] == ["DR-1", "GW-6"]


def test_one_cluster_both_families_and_no_line_to_anywhere(plan: Plan) -> None:
    assert [cluster.name for cluster in plan.clusters] == ["main"]
    assert plan.tunnels == ()
    assert plan.replication == ()
    assert not any(guest.twin for guest in plan.guests)
    assert all([prefix.version for prefix in network.prefixes] == [4, 6] for network in plan.networks)


def test_every_target_can_be_rendered(plan: Plan) -> None:
    for target in TARGETS:
        files = render_target(plan, target)
        assert all(files.values()), target


def test_everything_fits(plan: Plan) -> None:
    assert capacity(plan).fits is Fits.YES


def test_the_internet_reaches_the_proxy_alone_in_both_families(plan: Plan) -> None:
    proxy = next(guest for guest in plan.guests if guest.key == "kominfo/proxy")
    outside: dict[int, IpAddress] = {4: IPv4Address("192.0.2.1"), 6: IPv6Address("2001:db8:ffff::1")}
    answers = {}
    for guest in plan.guests:
        for address in guest.nics[0].addresses:
            answers[guest.key, address.version] = judge(
                plan,
                Packet(
                    ingress="internet",
                    source=outside[address.version],
                    destination=address.ip,
                    proto="tcp",
                    port=443,
                ),
                None,
            ).delivered
    assert [key for key, passed in answers.items() if passed] == [(proxy.key, 6)]
