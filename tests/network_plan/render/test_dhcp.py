# SPDX-License-Identifier: GPL-3.0-or-later
"""What the offices are lent, and that Kea and radvd take their files."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import date
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

import pytest

from network_plan.model.gateway import InputRule
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.render.dhcp import ranges, render_dhcp
from tests.network_plan.render.checkers import checked, written

NET = IPv4Network("10.64.0.0/29")


def subnets(plan: Plan) -> dict[str, dict[str, Any]]:
    """Network key → its part of Kea's configuration."""
    conf = json.loads(render_dhcp(plan)["gw1.kea-dhcp4.conf"])["Dhcp4"]
    return {subnet["user-context"]["network"]: subnet for subnet in conf["subnet4"]}


def options(subnet: dict[str, Any]) -> dict[str, str]:
    return {option["name"]: option["data"] for option in subnet["option-data"]}


def let_in(plan: Plan, *rules: InputRule) -> Plan:
    gateway = dataclasses.replace(plan.gateways[0], input=rules)
    return dataclasses.replace(plan, gateways=(gateway,))


def rule(prefix: str, service: str, until: date | None = None) -> InputRule:
    return InputRule(
        key="regency/x",
        sources=(IPv4Network(prefix),),
        services=(Service.parse(service),),
        why="",
        until=until,
    )


def test_every_office_is_served_and_nothing_else(full_plan: Plan) -> None:
    offices = {network.key for network in full_plan.networks if network.role == "office"}
    assert set(subnets(full_plan)) == offices
    for network in full_plan.networks:
        if network.role == "office":
            subnet = subnets(full_plan)[network.key]
            assert (subnet["id"], subnet["interface"]) == (network.vlan, f"lan{network.vlan}")
            assert options(subnet)["routers"] == str(network.gateways[0])


def test_neither_the_first_ten_nor_the_last_nor_a_taken_one_is_lent() -> None:
    net = IPv4Network("10.64.0.0/27")
    at = IPv4Address("10.64.0.0").__add__
    assert ranges(net, []) == [(at(10), at(30))]
    assert ranges(net, [at(10), at(12), at(30), at(500)]) == [(at(11), at(11)), (at(13), at(29))]
    assert ranges(net, [at(1), at(20)]) == [(at(10), at(19)), (at(21), at(30))]
    assert ranges(NET, []) == []


def test_an_address_of_a_vm_in_an_offices_network_is_left_out(full_plan: Plan) -> None:
    guest = full_plan.guests[0]
    office = next(network for network in full_plan.networks if network.role == "office")
    prefix = office.prefixes[0]
    nic = dataclasses.replace(
        guest.nics[0],
        network=office.key,
        addresses=(type(guest.nics[0].addresses[0])(f"{prefix[10]}/{prefix.prefixlen}"),),
    )
    plan = dataclasses.replace(full_plan, guests=(dataclasses.replace(guest, nics=(nic,)),))
    assert subnets(plan)[office.key]["pools"][0]["pool"].startswith(f"{prefix[11]} ")


def test_an_option_is_offered_where_the_rules_let_it_be_used(full_plan: Plan) -> None:
    office = next(network for network in full_plan.networks if network.role == "office")
    router, prefix = str(office.gateways[0]), str(office.prefixes[0])
    base = {"routers": router, "domain-name": full_plan.domain}

    def offered(*rules: InputRule) -> dict[str, str]:
        return options(subnets(let_in(full_plan, *rules))[office.key])

    assert offered() == base
    assert offered(rule("10.64.0.0/10", "udp/53")) == {**base, "domain-name-servers": router}
    assert offered(rule(prefix, "udp/100-200")) == {**base, "ntp-servers": router}
    assert offered(rule(prefix, "tcp/53")) == base
    assert offered(rule("10.32.0.0/12", "udp/53")) == base
    assert offered(rule(prefix, "udp/53", date(2027, 1, 1))) == base


def test_only_offices_with_ipv6_get_advertisements(dual_office: Plan, full_plan: Plan) -> None:
    assert list(render_dhcp(full_plan)) == ["gw1.kea-dhcp4.conf"]
    text = render_dhcp(dual_office)["gw1.radvd.conf"]
    assert text.count("interface lan") == 1
    assert "prefix 2001:db8:0:7::/64 {" in text
    assert "RDNSS" not in text


@pytest.fixture
def dual_office(full_plan: Plan) -> Plan:
    """The small site, one office of which has an IPv6 prefix too."""
    six = IPv6Network("2001:db8:0:7::/64")
    office = next(network for network in full_plan.networks if network.role == "office")
    networks = tuple(
        dataclasses.replace(network, prefixes=(*network.prefixes, six), gateways=(*network.gateways, six[1]))
        if network in (office, full_plan.networks[0])
        else network
        for network in full_plan.networks
    )
    assert full_plan.networks[0].role != "office"
    return dataclasses.replace(full_plan, networks=networks)


@pytest.fixture
def resolved(dual_office: Plan) -> Plan:
    """Its rules let the office ask the resolver over IPv6."""
    anyone = dataclasses.replace(rule("10.64.0.0/10", "udp/53"), sources=(IPv6Network("2001:db8::/32"),))
    return let_in(dual_office, anyone)


def test_a_resolver_is_announced_where_it_may_be_asked(resolved: Plan) -> None:
    assert "RDNSS 2001:db8:0:7::1 {" in render_dhcp(resolved)["gw1.radvd.conf"]


CABLES = "for n in {names}; do ip link add $n type veth peer name p-$n; ip link set $n up; ip link set p-$n up; done\n"


@pytest.mark.hosts
@pytest.mark.parametrize("which", ["minimal_plan", "full_plan"])
def test_kea_takes_its_file(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    plan: Plan = request.getfixturevalue(which)
    folder = written(render_dhcp(plan), tmp_path / "dhcp")
    names = " ".join(subnet["interface"] for subnet in subnets(plan).values())
    test = (
        CABLES.format(names=names) + "mkdir -p /run/kea /var/lib/kea && kea-dhcp4 -t /mnt/gw1.kea-dhcp4.conf"
    )
    done = checked(test, folder, more=True)
    assert done.returncode == 0, done.stdout + done.stderr
    conf = folder / "gw1.kea-dhcp4.conf"
    conf.write_text(conf.read_text(encoding="utf-8").replace(".10 - 10.", ".10 - 11.", 1), encoding="utf-8")
    assert checked(test, folder, more=True).returncode != 0


@pytest.mark.hosts
def test_radvd_takes_its_file(resolved: Plan, tmp_path: Path) -> None:
    folder = written(render_dhcp(resolved), tmp_path / "dhcp")
    done = checked("radvd -c -C /mnt/gw1.radvd.conf", folder, more=True)
    assert done.returncode == 0, done.stdout + done.stderr
    conf = folder / "gw1.radvd.conf"
    conf.write_text(conf.read_text(encoding="utf-8").replace("AdvOnLink", "AdvOnLnk"), encoding="utf-8")
    assert checked("radvd -c -C /mnt/gw1.radvd.conf", folder, more=True).returncode != 0


def test_text_that_people_write_stands_nowhere(
    planned: Callable[..., Plan],
) -> None:
    hostile = json.dumps('K", "x": [1] } ; # $(id) <b>')
    edit = ("site/tenants/dinas.yml", "title: Kantor", f"title: {hostile}")
    assert render_dhcp(planned(edit)) == render_dhcp(planned())
