# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules of the gateway hold, beyond the goldens: overlaps, days, and what may not leave by the WAN."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from datetime import date
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from network_plan.model.gateway import DestinationNat, SourceNat
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.render.dated import end_of
from network_plan.render.elements import address, masqueraded, published
from network_plan.render.nftables import render_nftables

D, K, S = (f"site/{name}.yml" for name in ("tenants/dinas", "tenants/kominfo", "services"))

OVERLAPPING = (
    (D, "serves: [tcp/443]", "serves: [tcp/443, tcp/440-450, udp/53, icmp]"),
    (S, "ports: [tcp/443]", "ports: [tcp/443, tcp/441-449, tcp/443, udp/53]"),
    (S, "egress:\n", """\
egress:
  one: {from: [office:dinas, "vm:dinas/app"], ports: [tcp/25, icmp], why: mail, source: "assumption: for the test"}
  all-servers: {from: [servers, "vm:dinas/app"], why: updates, source: "assumption: for the test"}
"""),
    (S, "flows:\n", """\
flows:
  ssh: {from: [management], to: servers, ports: [tcp/22], why: upkeep, until: 2027-01-31}
  ntp: {from: [offices, office:dinas, servers], to: gateway, ports: [udp/123, icmp], why: time, until: 2027-01-31}
  more: {from: [offices, servers, office:dinas], to: servers, ports: [tcp/400-500, icmp], why: a wide one}
"""),
    (D, "flows:\n", """\
flows:
  some:
    from: [offices, servers, "vm:kominfo/state"]
    to: vm:app
    ports: [tcp/443-460, icmp]
    why: for a while
    until: 2027-01-31
"""),
)  # fmt: skip


@pytest.fixture(scope="module")
def text(planned: Callable[..., Plan]) -> str:
    plan = planned(*OVERLAPPING)
    return render_nftables(plan, plan.gateways[0])


def _set(text: str, name: str) -> list[str]:
    body = re.search(rf"(?:set|map) {name} {{(.*?)\n\t}}", text, flags=re.DOTALL)
    assert body
    return [line.strip().rstrip(",") for line in body[1].splitlines() if "comment" in line]


@pytest.mark.hosts
def test_the_kernel_takes_rules_from_flows_that_overlap_everywhere(text: str, tmp_path: Path) -> None:
    file = tmp_path / "gw.nft"
    file.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["unshare", "--net", "nft", "-f", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_published_port_stands_once(text: str) -> None:
    assert _set(text, "publish") == [
        '203.0.113.0 . tcp . 441-449 comment "publish/www" : 10.1.0.10',
        '203.0.113.0 . udp . 53 comment "publish/www" : 10.1.0.10',
    ]


def test_who_is_named_more_closely_leaves_behind_that_address(text: str) -> None:
    """The VM's own line stands in two rules: the first by key of those that name it as closely; an office before all."""
    behind = {line.split(" ")[0]: line.split('"')[1] for line in _set(text, "masquerade_behind")}
    assert behind["10.1.0.10"] == "egress/all-servers"
    assert behind["10.2.0.0/24"] == "egress/one"
    assert behind["10.2.1.0-10.2.255.255"] == "egress/offices"
    assert len(behind) == len(_set(text, "masquerade_behind"))


def test_dated_rules_end_in_the_kernel(text: str) -> None:
    end = end_of(date(2027, 1, 31), 7)
    timed = [line.strip() for line in text.splitlines() if "meta time" in line]
    dated = [line for line in timed if "comment" in line]
    assert dated
    assert set(timed) - set(dated) == {f"meta time < {end} ct mark 20850 accept"}
    assert all(line.startswith(f"meta time < {end} ") for line in dated)
    keys = {re.findall(r'comment "([^"]+)"', line)[0] for line in dated}
    assert keys == {"regency/ssh", "regency/ntp", "dinas/some"}
    assert not any("ntp" in line for line in _set(text, "to_gateway"))
    assert not any("dinas/some" in line for line in _set(text, "flows"))


def test_a_day_ends_at_midnight_where_the_regency_is() -> None:
    assert end_of(date(2026, 12, 31), 7) == 1798736400  # 2026-12-31T17:00:00Z
    assert end_of(date(1969, 12, 31), 0) == 0


def test_nothing_inside_is_sought_beyond_the_wan(text: str) -> None:
    forward = text[text.index("chain forward") :]
    assert forward.index("jump astray") < forward.index("@flows goto pass")
    assert 'oifname "wan0" ip daddr @internal drop' in text
    assert "ip daddr 203.0.113.0/29 drop" in text


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("10.0.0.1", "10.0.0.1", "10.0.0.1"),
        ("10.0.0.0", "10.0.0.255", "10.0.0.0/24"),
        ("10.0.0.1", "10.0.1.0", "10.0.0.1-10.0.1.0"),
        ("10.0.0.0", "10.0.0.2", "10.0.0.0-10.0.0.2"),
        ("10.0.0.0", "10.255.255.255", "10.0.0.0/8"),
    ],
)
def test_addresses_are_written_the_shortest_way(first: str, last: str, shown: str) -> None:
    assert address((int(IPv4Address(first)), int(IPv4Address(last)))) == shown


def test_one_source_leaves_behind_one_address() -> None:
    rules = [
        SourceNat(key="egress/a", sources=(IPv4Network("10.0.0.0/24"),), public=IPv4Address("203.0.113.1")),
        SourceNat(key="egress/b", sources=(IPv4Network("10.0.0.7/32"),), public=IPv4Address("203.0.113.2")),
    ]
    assert [(e.match, e.value) for e in masqueraded(rules)] == [
        ("10.0.0.7", "203.0.113.2"),
        ("10.0.0.0-10.0.0.6", "203.0.113.1"),
        ("10.0.0.8-10.0.0.255", "203.0.113.1"),
    ]


def test_no_port_is_published_twice() -> None:
    rule = DestinationNat(
        key="publish/a",
        public=IPv4Address("203.0.113.1"),
        target=IPv4Address("10.0.0.1"),
        services=tuple(map(Service.parse, ("tcp/80", "tcp/70-90", "icmp"))),
        until=None,
    )
    assert [e.match for e in published([rule])] == [
        "203.0.113.1 . tcp . 80",
        "203.0.113.1 . tcp . 70-79",
        "203.0.113.1 . tcp . 81-90",
    ]


def test_without_ipv6_nothing_is_said_of_it(minimal_plan: Plan, dual_plan: Plan) -> None:
    text = render_nftables(minimal_plan, minimal_plan.gateways[0])
    assert not re.search(r"ip6|ipv6|icmpv6|flows6", text)
    assert re.search(r"set flows6 ", render_nftables(dual_plan, dual_plan.gateways[0]))


def _generation(plan: Plan) -> int:
    (number,) = re.findall(
        r"^define generation = (0x[0-9a-f]{8})$", render_nftables(plan, plan.gateways[0]), re.MULTILINE
    )
    return int(number, 16)


def test_rules_have_the_number_of_what_they_say(planned: Callable[..., Plan]) -> None:
    """The same rules the same one, whoever the regency is; other rules another; never the number of a day."""
    one = _generation(planned())
    assert one == _generation(planned(("site/regency.yml", "name: Minimal", "name: Maksimal")))
    assert one != _generation(planned((D, "serves: [tcp/443]", "serves: [tcp/443, icmp]")))
    assert one >> 31 == 1
