# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's rules as one nftables file, replaced as a whole in one transaction.

Flows are elements of sets, so that a packet costs a look-up and not a walk. Dated flows stand in a
chain of their own with ``meta time``: they end in the kernel, without anybody's help.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network

from network_plan.model.gateway import DestinationNat, ForwardRule, Gateway, InputRule
from network_plan.model.network import IpNetwork
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.render.boxes import Box, disjoint
from network_plan.render.template import print_template

PORTED = ("tcp", "udp")
_NUMBER = {"tcp": 6, "udp": 17}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Element:
    text: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dated:
    before: int
    match: str
    key: str


def end_of(day: date, utc_offset_hours: int) -> int:
    """The first second after a day in the regency's own time, in seconds since 1970 (UTC)."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    return int((midnight - timedelta(hours=utc_offset_hours)).timestamp())


def _range(prefix: IpNetwork) -> tuple[int, int]:
    return int(prefix.network_address), int(prefix.broadcast_address)


def _address(side: tuple[int, int]) -> str:
    first, last = IPv4Address(side[0]), IPv4Address(side[1])
    if first == last:
        return str(first)
    size = side[1] - side[0] + 1
    if size & (size - 1) == 0 and side[0] % size == 0:
        return str(IPv4Network((first, 33 - size.bit_length())))
    return f"{first}-{last}"


def _port(side: tuple[int, int]) -> str:
    return str(side[0]) if side[0] == side[1] else f"{side[0]}-{side[1]}"


def _v4(prefixes: Iterable[IpNetwork]) -> list[IpNetwork]:
    return [prefix for prefix in prefixes if prefix.version == 4]


def _ported(services: Iterable[Service], proto: str) -> list[Service]:
    return [service for service in services if service.proto == proto]


def _triples(rules: Sequence[ForwardRule]) -> list[_Element]:
    """``saddr . daddr . protocol . port`` of every undated flow between inner networks."""
    elements = []
    for proto in PORTED:
        boxes = [
            Box(key=rule.key, sides=(_range(source), _range(target), (service.first, service.last)))
            for rule in rules
            for source in _v4(rule.sources)
            for target in _v4(rule.destinations)
            for service in _ported(rule.services, proto)
        ]
        elements += [
            _Element(
                text=f"{_address(b.sides[0])} . {_address(b.sides[1])} . {proto} . {_port(b.sides[2])}",
                key=b.key,
            )
            for b in disjoint(boxes)
        ]
    return elements


def _pairs(rules: Sequence[ForwardRule]) -> list[_Element]:
    """``saddr . daddr`` of every undated flow that carries ICMP echo."""
    boxes = [
        Box(key=rule.key, sides=(_range(source), _range(target)))
        for rule in rules
        if any(service.proto == "icmp" for service in rule.services)
        for source in _v4(rule.sources)
        for target in _v4(rule.destinations)
    ]
    return [
        _Element(text=f"{_address(b.sides[0])} . {_address(b.sides[1])}", key=b.key) for b in disjoint(boxes)
    ]


def _ends(rules: Sequence[ForwardRule | InputRule], side: str) -> list[_Element]:
    """``address . protocol . port`` of one side's prefixes."""
    elements = []
    for proto in PORTED:
        boxes = [
            Box(key=rule.key, sides=(_range(prefix), (service.first, service.last)))
            for rule in rules
            for prefix in _v4(getattr(rule, side))
            for service in _ported(rule.services, proto)
        ]
        elements += [
            _Element(text=f"{_address(b.sides[0])} . {proto} . {_port(b.sides[1])}", key=b.key)
            for b in disjoint(boxes)
        ]
    return elements


def _addresses(pairs: Iterable[tuple[str, IpNetwork]]) -> list[_Element]:
    boxes = [Box(key=key, sides=(_range(prefix),)) for key, prefix in pairs if prefix.version == 4]
    return [_Element(text=_address(box.sides[0]), key=box.key) for box in disjoint(boxes)]


def _match(service: Service) -> str:
    return "icmp type echo-request" if service.proto == "icmp" else f"{service.proto} dport {service.ports}"


def _set(prefixes: Iterable[IpNetwork]) -> str:
    texts = [_address(_range(prefix)) for prefix in _v4(prefixes)]
    return texts[0] if len(texts) == 1 else "{ " + ", ".join(texts) + " }"


def _dated_forward(rules: Sequence[ForwardRule], wan: str, offset: int) -> list[_Dated]:
    found = []
    for rule in rules:
        if rule.until is None:
            continue
        for service in rule.services:
            source = (
                f'iifname "{wan}" ct status dnat' if rule.from_internet else f"ip saddr {_set(rule.sources)}"
            )
            match = f"{source} ip daddr {_set(rule.destinations)} {_match(service)}"
            found.append(_Dated(before=end_of(rule.until, offset), match=match, key=rule.key))
    return found


def _dnat(rules: Sequence[DestinationNat]) -> list[_Element]:
    elements = []
    for proto in PORTED:
        for rule in rules:
            for service in _ported(rule.services, proto):
                text = f"{rule.public} . {proto} . {service.ports} : {rule.target}"
                elements.append(_Element(text=text, key=rule.key))
    return elements


def _dated_dnat(rules: Sequence[DestinationNat], offset: int) -> list[_Dated]:
    return [
        _Dated(
            before=end_of(rule.until, offset),
            match=f"ip daddr {rule.public} {_match(service)} dnat ip to {rule.target}",
            key=rule.key,
        )
        for rule in rules
        if rule.until is not None
        for service in rule.services
    ]


def render_nftables(plan: Plan, gateway: Gateway) -> str:
    """The whole ``/etc/nftables.conf`` of one gateway."""
    wan = next(item.name for item in gateway.interfaces if item.kind == "wan")
    lans = [item for item in gateway.interfaces if item.kind == "lan"]
    inner = [r for r in gateway.forward if not r.from_internet and not r.to_internet and r.until is None]
    inbound = [r for r in gateway.forward if r.from_internet and r.until is None]
    outbound = [r for r in gateway.forward if r.to_internet]
    offset = plan.utc_offset_hours
    return print_template(
        "gateway.nft.j2",
        {
            "regency": plan.regency,
            "wan": wan,
            "lans": [(lan.name, str(a.network)) for lan in lans for a in lan.addresses if a.version == 4],
            "internal": _addresses((str(prefix), prefix) for prefix in gateway.internal),
            "public": str(gateway.public),
            "flows": _triples(inner),
            "pings": _pairs(inner),
            "published": _ends(inbound, "destinations"),
            "egress": _ends([r for r in outbound if r.services], "sources"),
            "egress_any": _addresses((r.key, p) for r in outbound if not r.services for p in r.sources),
            "egress_ping": _addresses(
                (r.key, p) for r in outbound if any(s.proto == "icmp" for s in r.services) for p in r.sources
            ),
            "dated": _dated_forward(gateway.forward, wan, offset),
            "input": _ends(gateway.input, "sources"),
            "publish": _dnat([rule for rule in gateway.dnat if rule.until is None]),
            "dated_publish": _dated_dnat(gateway.dnat, offset),
            "masquerade": [
                _Element(text=f"{source} : {rule.public}", key=rule.key)
                for rule in gateway.snat
                for source in rule.sources
            ],
        },
    )
