# SPDX-License-Identifier: GPL-3.0-or-later
"""Zones and resolver: what they say, that NSD and unbound take them, and who is answered what by a real unbound."""

from __future__ import annotations

import dataclasses
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path

import pytest

from network_plan.model.plan import Plan
from network_plan.render.dns import ZONES, render_dns
from network_plan.render.zones import blocks_inside, render_zones, reverse_zone, whole_labels
from tests.network_plan.render.asked import asked
from tests.network_plan.render.checkers import checked, written


@pytest.fixture
def dual(full_plan: Plan) -> Plan:
    """The small site with an IPv6 prefix behind its gateway and at its portal."""
    gateway = full_plan.gateways[0]
    prefix = IPv6Network("2001:db8:7:4200::/56")
    six = IPv6Address("2001:db8:7:4201::10:1")
    return dataclasses.replace(
        full_plan,
        gateways=(
            dataclasses.replace(
                gateway,
                internal=(*gateway.internal, prefix),
                listen=(*gateway.listen, prefix[1]),
            ),
        ),
        names=tuple(
            dataclasses.replace(name, addresses=(*name.addresses, six))
            if name.fqdn.startswith(("portal.", "proxy."))
            else name
            for name in full_plan.names
        ),
    )


@pytest.mark.parametrize(
    ("prefix", "zone"),
    [
        ("10.64.0.0/10", "10.in-addr.arpa"),
        ("10.16.0.0/16", "16.10.in-addr.arpa"),
        ("192.168.4.0/23", "168.192.in-addr.arpa"),
        ("203.0.113.0/24", "113.0.203.in-addr.arpa"),
        ("203.0.113.16/28", "16-31.113.0.203.in-addr.arpa"),
        ("203.0.113.9/32", "9.113.0.203.in-addr.arpa"),
    ],
)
def test_a_reverse_zone_is_cut_to_whole_labels(prefix: str, zone: str) -> None:
    assert reverse_zone(IPv4Network(prefix)) == zone


@pytest.mark.parametrize(
    ("internal", "zones"),
    [
        (("172.20.0.0/15", "192.168.7.0/24"), ["20.172", "21.172", "168.192"]),
        (("10.64.0.0/10", "10.0.0.0/16"), ["10"]),
        (("2001:db8:40::/42", "2001:db8:41::/48"), [f"{n}.0.0.8.b.d.0.1.0.0.2" for n in "4567"]),
    ],
)
def test_inside_no_block_of_others_is_answered_for(
    full_plan: Plan, internal: tuple[str, ...], zones: list[str]
) -> None:
    gateway = dataclasses.replace(full_plan.gateways[0], internal=tuple(map(ip_network, internal)))
    found = blocks_inside(dataclasses.replace(full_plan, gateways=(gateway,)))
    assert [reverse_zone(block).rpartition(".i")[0] for block in found] == zones


def test_the_names_of_a_prefix_and_of_no_other() -> None:
    assert whole_labels(IPv4Network("10.16.2.0/23")) == ("2.16.10.in-addr.arpa", "3.16.10.in-addr.arpa")
    assert whole_labels(IPv6Network("2001:db8:0:7::/64")) == ("7.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",)


def test_each_view_has_its_zones(dual: Plan) -> None:
    six = "2.4.7.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
    assert [(zone.view, zone.name) for zone in render_zones(dual)] == [
        ("public", "purwakarta.example"),
        ("public", "0-15.113.0.203.in-addr.arpa"),
        ("public", six),
        ("internal", "purwakarta.example"),
        ("internal", "10.in-addr.arpa"),
        ("internal", six),
    ]


def test_the_public_is_told_what_is_published_and_nothing_else(dual: Plan) -> None:
    for zone in render_zones(dual):
        if zone.view == "public":
            assert "10." not in zone.text.replace("7.0.0.0.", "")
            assert ".node." not in zone.text
            assert "siak" not in zone.text
    reverse = next(zone for zone in render_zones(dual) if zone.name.endswith("ip6.arpa"))
    assert reverse.text.count("IN PTR") == 1
    assert "IN PTR portal.purwakarta.example." in reverse.text


def test_every_address_has_one_name(full_plan: Plan) -> None:
    """A proxy with fifty pages on it is not fifty hosts."""
    for zone in render_zones(full_plan):
        owners = [line.split()[0] for line in zone.text.splitlines() if " IN PTR " in line]
        assert len(owners) == len(set(owners))
        assert owners or "arpa" not in zone.name


@pytest.mark.hosts
@pytest.mark.parametrize("which", ["minimal_plan", "full_plan", "dual"])
def test_nsd_and_unbound_take_what_is_theirs(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    plan: Plan = request.getfixturevalue(which)
    folder = written(render_dns(plan), tmp_path / "dns")
    for zone in render_zones(plan):
        done = checked(f'nsd-checkzone "{zone.name}" "/mnt/{zone.file}"', folder)
        assert (done.returncode, done.stdout) == (0, f"zone {zone.name} is ok\n"), done.stderr
    done = checked(
        f"mkdir -p {ZONES} && mount --bind /mnt/internal {ZONES} && unbound-checkconf /mnt/gw1.unbound.conf",
        folder,
    )
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr, done.stderr
    broken = folder / "internal" / f"{plan.domain}.zone"
    broken.write_text(broken.read_text(encoding="utf-8").replace(" IN A ", " IN A x", 1), encoding="utf-8")
    refused = checked(f'nsd-checkzone "{plan.domain}" "/mnt/internal/{plan.domain}.zone"', folder)
    assert refused.returncode != 0


@pytest.mark.hosts
def test_who_is_answered_what(full_plan: Plan, tmp_path: Path) -> None:
    domain = full_plan.domain
    node, siak = f"dc1.node.{domain}", f"siak.dukcapil.{domain}"
    back = "10.0.16.10.in-addr.arpa"
    expected = {
        f"10.64.2.20 A {siak}": "NOERROR 10.32.1.10",
        "10.64.2.20 PTR 10.1.32.10.in-addr.arpa": f"NOERROR {siak}.",
        f"10.64.2.20 A nobody.{domain}": "NXDOMAIN",
        f"10.64.2.20 A {node}": "NXDOMAIN",
        f"10.64.2.20 PTR {back}": "NXDOMAIN",
        f"10.16.0.10 A {node}": "NOERROR 10.16.0.10",
        f"10.16.0.10 PTR {back}": f"NOERROR {node}.",
        f"10.32.0.10 A {node}": "NOERROR 10.16.0.10",
        f"10.16.0.10 A {siak}": "NOERROR 10.32.1.10",
        f"192.0.2.7 A {siak}": "REFUSED",
    }
    assert asked(full_plan, tmp_path / "dns", *expected) == expected
