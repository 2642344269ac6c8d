# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's rules as one nftables file, replaced as a whole in one transaction.

Flows are elements of sets, so that a packet costs a look-up and not a walk; each address family has sets of its own.
A connection keeps the number of the text that let it in: under another text its next packet, in either direction, is
asked for again, so that what a change forbids ends, and what it leaves alone goes on.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from network_plan.model.gateway import ForwardRule, Gateway
from network_plan.model.network import IpNetwork
from network_plan.model.plan import Plan
from network_plan.render.dated import ICMP, IP, blocked, dated_dnat, dated_forward, dated_input
from network_plan.render.elements import (
    Element,
    Flows,
    Version,
    address,
    addresses,
    ends,
    masqueraded,
    pairs,
    published,
    triples,
)
from network_plan.render.template import print_template
from network_plan.space.prefixes import span
from network_plan.space.ranges import Ranges, subtract

_LASTING = 1 << 31
"""No number of a text is the number of a day, which is the mark of what has an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Family:
    """One address family: nftables' words for it, and its sets."""

    suffix: str
    ip: str
    icmp: str
    proto: str
    type: str
    homes: list[tuple[str, str]]
    internal: list[Element]
    own: list[str]
    flows: Flows
    pings: list[Element]
    published: list[Element]
    egress: list[Element]
    egress_any: list[Element]
    egress_ping: list[Element]
    to_gateway: list[Element]


def _family(gateway: Gateway, version: Version) -> _Family:
    lasting = [rule for rule in gateway.forward if rule.until is None]
    inner = [rule for rule in lasting if not rule.from_internet and not rule.to_internet]
    outbound = [rule for rule in lasting if rule.to_internet]
    homes = [
        (lan.name, address.network)
        for lan in gateway.interfaces
        if lan.kind == "lan"
        for address in lan.addresses
        if address.version == version
    ]
    own = _own(gateway, version)
    return _Family(
        suffix="" if version == 4 else "6",
        ip=IP[version],
        icmp=ICMP[version],
        proto="ip protocol" if version == 4 else "meta l4proto",
        type=f"ipv{version}_addr",
        homes=[(name, part) for name, prefix in homes for part in _senders(prefix, own)],
        own=[address(part, version) for part in own],
        internal=addresses(((str(prefix), prefix) for prefix in gateway.internal), version),
        flows=triples(inner, {span(prefix): name for name, prefix in homes}, version),
        pings=pairs(inner, version),
        published=ends(((rule, rule.destinations) for rule in lasting if rule.from_internet), version),
        egress=ends(((rule, rule.sources) for rule in outbound), version),
        egress_any=addresses(((r.key, p) for r in outbound if not r.services for p in r.sources), version),
        egress_ping=addresses(((r.key, p) for r in outbound if _echoes(r) for p in r.sources), version),
        to_gateway=ends(((rule, rule.sources) for rule in gateway.input if rule.until is None), version),
    )


def _senders(prefix: IpNetwork, own: Ranges) -> list[str]:
    """What may send in a network. Over IPv6 the whole prefix, whose own addresses the set ``own`` takes away.

    A range that is nearly a /64 is not to be had: beside an interface the kernel (6.18) was seen to lose some of it.
    """
    if prefix.version == 6:
        return [str(prefix)]
    return [address(part) for part in subtract((span(prefix),), own)]


def _own(gateway: Gateway, version: Version) -> Ranges:
    """What the gateway takes itself, so that no packet from elsewhere may come from there.

    Its own addresses; over IPv4 each link's broadcast, over IPv6 the address of all its routers (RFC 4291 §2.6.1).
    """
    links = [a for item in gateway.interfaces for a in item.addresses if a.version == version]
    found = {int(link.ip) for link in links}
    for net in (link.network for link in links if link.max_prefixlen - link.network.prefixlen > 1):
        found.add(int(net.broadcast_address if net.version == 4 else net.network_address))
    return tuple((number, number) for number in sorted(found))


def _echoes(rule: ForwardRule) -> bool:
    return any(service.proto == "icmp" for service in rule.services)


def _numbered(text: str) -> str:
    """The text with its number in it: the same for the same rules, whatever is said above them."""
    head, _, rules = text.partition("define generation = 0\n")
    return f"{head}define generation = {zlib.crc32(rules.encode()) | _LASTING:#010x}\n{rules}"


def render_nftables(plan: Plan, gateway: Gateway) -> str:
    """The whole ``/etc/nftables.conf`` of one gateway."""
    wan = next(item.name for item in gateway.interfaces if item.kind == "wan")
    offset = plan.utc_offset_hours
    dated = dated_forward(gateway.forward, wan, offset)
    to_gateway = dated_input(gateway.input, wan, offset)
    text = print_template(
        "gateway.nft.j2",
        {
            "regency": plan.regency,
            "wan": wan,
            "lans": [item.name for item in gateway.interfaces if item.kind == "lan"],
            "families": [_family(gateway, 4)] + ([_family(gateway, 6)] if gateway.isp6 is not None else []),
            "six": gateway.isp6 is not None,
            "public": str(gateway.public),
            "blocked": blocked(gateway.blocked, offset),
            "dated": dated,
            "dated_input": to_gateway,
            "days": sorted({(rule.before, rule.day) for rule in (*dated, *to_gateway)}),
            "publish": published([rule for rule in gateway.dnat if rule.until is None]),
            "dated_publish": dated_dnat(gateway.dnat, offset),
            "masquerade": masqueraded(gateway.snat),
        },
    )
    return _numbered(text)
