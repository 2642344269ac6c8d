# SPDX-License-Identifier: GPL-3.0-or-later
"""Zones and resolver: what they say, that NSD and unbound take them, and who is answered what by a real unbound."""

from __future__ import annotations

import dataclasses
from ipaddress import IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

import pytest

from network_plan.model.plan import Plan
from network_plan.render.dns import ZONES, render_dns
from network_plan.render.zones import render_zones, reverse_zone, whole_labels
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


ASK = """
mkdir -p {zones}
cp /mnt/internal/* {zones}
ip address add 10.16.0.10/32 dev lo
ip address add 10.64.2.20/32 dev lo
ip address add 10.32.0.10/32 dev lo
ip address add 192.0.2.7/32 dev lo
ip address add 10.64.2.1/32 dev lo
unbound -d -c /mnt/gw1.unbound.conf 2>/mnt/log &
for n in 1 2 3 4 5 6 7 8 9 10; do dig +time=1 +tries=1 +noall @10.64.2.1 . && break || sleep 0.3; done >/dev/null
while read -r from kind name; do
  dig +time=2 +tries=1 +noall +comments +answer -b "$from" @10.64.2.1 "$name" "$kind" |
    awk -v q="$from $kind $name" '/status:/ {{split($0, s, "status: "); split(s[2], t, ",")}} !/^;/ && NF {{a = a " " $5}}
      END {{print q, t[1] a}}'
done < /mnt/questions
"""


def asked(plan: Plan, folder: Path, *questions: str) -> dict[str, str]:
    """Question (source, type, name) → status and answers, by a real unbound with the rendered files."""
    written({**render_dns(plan), "questions": "".join(f"{line}\n" for line in questions)}, folder)
    done = checked(ASK.format(zones=ZONES), folder)
    assert done.returncode == 0, done.stderr + (folder / "log").read_text(encoding="utf-8")
    lines = [line.split(" ", 3) for line in done.stdout.splitlines()]
    return {" ".join(words[:3]): words[3] for words in lines}


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
