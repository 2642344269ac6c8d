# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 at the gateway, with packets: neighbours, false routers, lying sources, and the internet in both directions."""

from __future__ import annotations

import dataclasses
import re
import select
import socket
from collections.abc import Iterator

import pytest

from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.render.nftables import render_nftables
from tests.network_plan.render.town import PATIENCE, Town, address_of, town

pytestmark = pytest.mark.hosts

HOSPITAL, WARD = "rsud/office-main", "2001:db8:100:c003::10"
AUDITOR = "2001:db8:100:c000::99"
STRANGER = "2001:db8:f::80"
ADVERTISEMENT = bytes([134, 0, 0, 0, 64, 0, 7, 8]) + bytes(8)
REDIRECT = bytes([137, 0, 0, 0]) + bytes(36)
ECHO = bytes([128, 0, 0, 0, 0, 1, 0, 1])
ECHO_REPLY = 129


@pytest.fixture(scope="module")
def streets(dual_plan: Plan) -> Iterator[Town]:
    simrs = [address_of(dual_plan, "rsud/simrs", version) for version in (4, 6)]
    stations = {HOSPITAL: ["10.64.6.10", WARD, AUDITOR], "rsud/servers": simrs}
    with town(dual_plan, stations, ["192.0.2.80/32", f"{STRANGER}/128"]) as made:
        yield made


@pytest.fixture
def text(dual_plan: Plan) -> str:
    return render_nftables(dual_plan, dual_plan.gateways[0])


def _raw(streets: Town, station: str) -> socket.socket:
    """A socket that sends ICMPv6 as its neighbours expect it; the kernel reckons the checksum."""
    made = streets.at(station, lambda: socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6))
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
    return made


def _index(streets: Town, station: str) -> int:
    return streets.at(station, lambda: socket.if_nametoindex("eth0"))


def _answered(streets: Town, station: str, target: tuple[str, int, int, int]) -> bool:
    """Whether an echo comes back."""
    with _raw(streets, station) as out:
        out.sendto(ECHO, target)
        while select.select([out], [], [], PATIENCE)[0]:
            heard, sender = out.recvfrom(1500)
            if heard[0] == ECHO_REPLY and sender[0].partition("%")[0] == target[0]:
                return True
    return False


def test_a_false_router_is_counted_by_name_and_not_heard(streets: Town, text: str) -> None:
    streets.load(text)
    everybody = ("ff02::1", 0, 0, _index(streets, HOSPITAL))
    before = streets.counter("advertisements")
    with _raw(streets, HOSPITAL) as out:
        out.sendto(ADVERTISEMENT, everybody)
        out.sendto(REDIRECT, everybody)
    assert streets.counter("advertisements") == before + 1
    streets.load(re.sub(r"\t\t.*counter name advertisements drop\n", "", text))
    with _raw(streets, HOSPITAL) as out:
        out.sendto(ADVERTISEMENT, everybody)
    assert streets.counter("advertisements") == 0


def test_neighbours_find_the_gateway_and_it_answers_an_echo(streets: Town, text: str) -> None:
    """From both addresses of an office's machine: its own, and the link-local one, which belongs to no prefix."""
    streets.load(text)
    lan = next(item for item in streets.plan.gateways[0].interfaces if item.network == HOSPITAL)
    own = next(str(address.ip) for address in lan.addresses if address.version == 6)
    assert _answered(streets, HOSPITAL, (own, 0, 0, 0))
    local = streets.link_local("gateway", lan.name)
    assert _answered(streets, HOSPITAL, (local, 0, 0, _index(streets, HOSPITAL)))
    streets.load(text.replace("meta l4proto ipv6-icmp jump neighbours", ""))
    streets.forget(HOSPITAL)
    assert not _answered(streets, HOSPITAL, (own, 0, 0, 0))


def test_a_lying_source_is_dropped(streets: Town, dual_plan: Plan) -> None:
    """Datagrams need no answer: one that the gateway lets by is heard."""
    udp = Service.parse("udp/5555")
    gateway = dual_plan.gateways[0]
    forward = tuple(
        dataclasses.replace(rule, services=(udp,)) if rule.key == "rsud/audit-to-simrs" else rule
        for rule in gateway.forward
    )
    text = render_nftables(dual_plan, dataclasses.replace(gateway, forward=forward))
    simrs = address_of(dual_plan, "rsud/simrs", 6)

    def heard() -> bool:
        server = streets.at("rsud/servers", lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
        client = streets.at(HOSPITAL, lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
        with server, client:
            server.bind((simrs, 5555))
            client.bind((AUDITOR, 0))
            client.sendto(b"an audit, believe me", (simrs, 5555))
            return bool(select.select([server], [], [], PATIENCE)[0])

    streets.load(text)
    assert not heard()
    streets.load(re.sub(r"\t\t.* != @home6 drop\n", "", text))
    assert heard()


def test_nobody_comes_in_unasked(streets: Town, text: str) -> None:
    """Global addresses, and still the one gateway decides (GW-1, GW-2)."""
    streets.load(text)
    simrs = address_of(streets.plan, "rsud/simrs", 6)
    with streets.listen("rsud/servers", simrs, 443) as server:
        assert streets.connect("internet", STRANGER, simrs, server) is None
    assert not _answered(streets, "internet", (simrs, 0, 0, 0))
    wan = next(item for item in streets.plan.gateways[0].interfaces if item.kind == "wan")
    assert not _answered(streets, "internet", (str(wan.addresses[1].ip), 0, 0, 0))
    streets.load(text.replace("policy drop", "policy accept"))
    assert _answered(streets, "internet", (simrs, 0, 0, 0))


def test_who_goes_out_keeps_its_own_address(streets: Town, text: str) -> None:
    streets.load(text)
    with streets.listen("internet", STRANGER, 8080) as server:
        talk = streets.connect(HOSPITAL, WARD, STRANGER, server)
        assert talk is not None
        assert talk.server.getpeername()[0] == WARD
    with streets.listen("internet", STRANGER, 8080) as server:
        simrs = address_of(streets.plan, "rsud/simrs", 6)
        assert streets.connect("rsud/servers", simrs, STRANGER, server) is None
