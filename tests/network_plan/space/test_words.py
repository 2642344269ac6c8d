# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers and back: services, addresses, prefixes, and what stands at a prefix."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network_plan.model.network import IpNetwork
from network_plan.model.service import Service
from network_plan.space import prefixes, services
from network_plan.space.prefixes import PrefixIndex
from network_plan.space.ranges import Ranges, union


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (["tcp/443"], ("tcp/443",)),
        (["udp/53", "tcp/53", "icmp"], ("tcp/53", "udp/53", "icmp")),
        (["tcp/80", "tcp/81-90", "tcp/85-99"], ("tcp/80-99",)),
        (["tcp/65535", "udp/1"], ("tcp/65535", "udp/1")),
        ([], ()),
    ],
)
def test_services_and_back(texts: list[str], shown: tuple[str, ...]) -> None:
    assert services.names(services.spans(map(Service.parse, texts))) == shown


def test_whole_protocols_have_short_names() -> None:
    assert services.names(services.EVERY) == ("all",)
    assert services.names(services.PORTED) == ("tcp", "udp")
    assert services.names(((0, 442), (444, 65535))) == ("tcp/1-442", "tcp/444-65535")


@pytest.mark.parametrize(("proto", "port"), [("tcp", 0), ("tcp", 65535), ("udp", 53), ("icmp", 0)])
def test_a_number_is_one_packet(proto: str, port: int) -> None:
    assert services.decode(services.code(proto, port)) == (proto, port)


def test_an_echo_has_no_port() -> None:
    assert services.code("icmp", 7) == services.code("icmp", 0)


def test_ranges_are_shown_as_prefixes() -> None:
    block: Ranges = ((int(IPv4Address("10.0.0.0")), int(IPv4Address("10.0.1.0"))),)
    assert prefixes.texts(4, block) == ("10.0.0.0/24", "10.0.1.0")
    assert prefixes.texts(6, ((1, 1),)) == ("::1",)
    assert list(prefixes.prefixes(6, ((0, 3),))) == [IPv6Network("::/126")]
    mixed: list[IpNetwork] = [IPv6Network("2001:db8::/64"), IPv4Network("10.0.0.0/24")]
    assert prefixes.texts(4, prefixes.spans(mixed, 4)) == ("10.0.0.0/24",)
    assert prefixes.address(6, 1) == IPv6Address("::1")


networks = st.builds(
    lambda length, number: ip_network((number >> (32 - length) << (32 - length), length)),
    st.integers(26, 32),
    st.integers(0, 63),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(networks, max_size=12), st.integers(0, 63), st.integers(0, 63))
def test_the_index_finds_what_shares_an_address(found: list[IpNetwork], one: int, other: int) -> None:
    low, high = min(one, other), max(one, other)
    index = PrefixIndex(4, list(zip(found, range(len(found)), strict=True)))
    wanted = {
        n
        for n, prefix in enumerate(found)
        if prefixes.span(prefix)[0] <= high and low <= prefixes.span(prefix)[1]
    }
    assert {item for _, item in index.touching(low, high)} == wanted
    assert len(list(index.touching(low, high))) == len(wanted)
    around = [prefix.prefixlen for prefix in found if IPv4Address(low) in prefix]
    closest = index.at(low)
    assert (closest is None) if not around else (found[closest or 0].prefixlen == max(around))


def test_the_index_knows_one_family() -> None:
    index = PrefixIndex(6, [(IPv4Network("0.0.0.0/0"), "v4"), (IPv6Network("2001:db8::/32"), "v6")])
    assert index.at(int(IPv6Address("2001:db8::1"))) == "v6"
    assert index.at(1) is None
    assert union([]) == ()
