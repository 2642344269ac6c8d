# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows as elements of nftables sets: disjoint boxes of one family, printed the shortest way. Knows no chain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from math import prod
from typing import Literal, Protocol

from network_plan.model.gateway import DestinationNat, ForwardRule, SourceNat
from network_plan.model.network import IpNetwork
from network_plan.model.service import Service
from network_plan.space.boxes import Box, Range, disjoint
from network_plan.space.prefixes import span

PORTED = ("tcp", "udp")
Version = Literal[4, 6]


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """What a set holds: the match, the value it maps to (empty in a plain set), the flow it comes from."""

    match: str
    value: str = ""
    key: str


class Rule(Protocol):
    """What a rule of either chain has."""

    @property
    def key(self) -> str: ...
    @property
    def services(self) -> tuple[Service, ...]: ...


def of(version: Version, prefixes: Iterable[IpNetwork]) -> list[IpNetwork]:
    """Those of one family: a set holds one kind of address."""
    return [prefix for prefix in prefixes if prefix.version == version]


def address(side: Range, version: Version = 4) -> str:
    """A range of addresses as nftables writes it: an address, a prefix, or first-last."""
    kind = IPv4Address if version == 4 else IPv6Address
    first, last = kind(side[0]), kind(side[1])
    if first == last:
        return str(first)
    size = side[1] - side[0] + 1
    if size & (size - 1) == 0 and side[0] % size == 0:
        return f"{first}/{first.max_prefixlen + 1 - size.bit_length()}"
    return f"{first}-{last}"


def widest(boxes: Sequence[Box]) -> list[Box]:
    """Disjoint, and a box is never cut by one within it: a narrower flow changes no element of a wider one.

    In the order of the boxes given.
    """
    order = {key: index for index, key in enumerate(dict.fromkeys(box.key for box in boxes))}
    made = disjoint(sorted(boxes, key=lambda box: -prod(last - first + 1 for first, last in box.sides)))
    return sorted(made, key=lambda box: (order[box.key], box.sides))


def port(side: Range) -> str:
    """A range of ports as nftables writes it."""
    return str(side[0]) if side[0] == side[1] else f"{side[0]}-{side[1]}"


def ported(services: Iterable[Service], proto: str) -> list[Service]:
    """The services of one protocol."""
    return [service for service in services if service.proto == proto]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Flows between inner networks, by what finds them: a hash, which is the same work for any number, or ranges.

    Attributes:
        of_network: ``interface . daddr . protocol . port`` of a whole network's, which has an interface of its own.
        of_host: ``saddr . daddr . protocol . port`` of one address's.
        ranged: the same, of everything wider.
    """

    of_network: list[Element]
    of_host: list[Element]
    ranged: list[Element]


def triples(rules: Sequence[ForwardRule], homes: Mapping[Range, str], version: Version = 4) -> Flows:
    """Every flow between inner networks; ``homes`` are the interfaces of their prefixes."""
    found = Flows(of_network=[], of_host=[], ranged=[])
    for proto in PORTED:
        boxes = [
            Box(key=rule.key, sides=(span(source), span(target), (service.first, service.last)))
            for rule in rules
            for source in of(version, rule.sources)
            for target in of(version, rule.destinations)
            for service in ported(rule.services, proto)
        ]
        for box in widest(boxes):
            source, target, ports = box.sides
            to = f"{address(target, version)} . {proto} . {port(ports)}"
            single = target[0] == target[1] and ports[0] == ports[1]
            if single and source in homes:
                found.of_network.append(Element(match=f'"{homes[source]}" . {to}', key=box.key))
            else:
                where = found.of_host if single and source[0] == source[1] else found.ranged
                where.append(Element(match=f"{address(source, version)} . {to}", key=box.key))
    return found


def pairs(rules: Sequence[ForwardRule], version: Version = 4) -> list[Element]:
    """``saddr . daddr`` of every flow that carries ICMP echo."""
    boxes = [
        Box(key=rule.key, sides=(span(source), span(target)))
        for rule in rules
        if any(service.proto == "icmp" for service in rule.services)
        for source in of(version, rule.sources)
        for target in of(version, rule.destinations)
    ]
    return [
        Element(match=f"{address(b.sides[0], version)} . {address(b.sides[1], version)}", key=b.key)
        for b in widest(boxes)
    ]


def ends(rules: Iterable[tuple[Rule, tuple[IpNetwork, ...]]], version: Version = 4) -> list[Element]:
    """``address . protocol . port`` of one side's prefixes."""
    rules = list(rules)
    elements = []
    for proto in PORTED:
        boxes = [
            Box(key=rule.key, sides=(span(prefix), (service.first, service.last)))
            for rule, prefixes in rules
            for prefix in of(version, prefixes)
            for service in ported(rule.services, proto)
        ]
        elements += [
            Element(match=f"{address(b.sides[0], version)} . {proto} . {port(b.sides[1])}", key=b.key)
            for b in widest(boxes)
        ]
    return elements


def addresses(pairs: Iterable[tuple[str, IpNetwork]], version: Version = 4) -> list[Element]:
    """Prefixes alone."""
    boxes = [Box(key=key, sides=(span(prefix),)) for key, prefix in pairs if prefix.version == version]
    return [Element(match=address(box.sides[0], version), key=box.key) for box in widest(boxes)]


def published(rules: Sequence[DestinationNat]) -> list[Element]:
    """``public . protocol . port`` → VM."""
    elements = []
    for proto in PORTED:
        boxes = [
            Box(key=rule.key, sides=((int(rule.public),) * 2, (service.first, service.last)))
            for rule in rules
            for service in ported(rule.services, proto)
        ]
        targets = {rule.key: str(rule.target) for rule in rules}
        elements += [
            Element(
                match=f"{address(b.sides[0])} . {proto} . {port(b.sides[1])}", value=targets[b.key], key=b.key
            )
            for b in disjoint(boxes)
        ]
    return elements


def masqueraded(rules: Sequence[SourceNat]) -> list[Element]:
    """Source → public address; of two rules that hold a source, the one that names it more closely."""
    public = {rule.key: str(rule.public) for rule in rules}
    sources = [(rule.key, source) for rule in rules for source in rule.sources]
    sources.sort(key=lambda pair: (-pair[1].prefixlen, pair[0], int(pair[1].network_address)))
    boxes = disjoint([Box(key=key, sides=(span(source),)) for key, source in sources])
    return [Element(match=address(b.sides[0]), value=public[b.key], key=b.key) for b in boxes]
