# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateway's rules let pass, read as sets of packets; decides no way.

Reads the compiled values as ``render/templates/gateway.nft.j2`` prints them: what that leaves out (an undated echo of
a publication, a dated egress) lets nothing pass here either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

from network_plan.model.gateway import DestinationNat, ForwardRule, Gateway
from network_plan.model.network import IpAddress
from network_plan.space import services
from network_plan.space.prefixes import WHOLE, Family, PrefixIndex, spans
from network_plan.space.ranges import Ranges, contains, intersect, union


def runs(until: date | None, today: date | None) -> bool:
    """Whether a dated rule still holds; ``None`` as today judges no dates."""
    return until is None or today is None or today <= until


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One rule that accepts.

    Attributes:
        way: ``inner`` between the gateway's networks, ``in`` from the WAN, ``out`` to the WAN; ``any`` for a dated
            flow, whose rule looks at addresses only.
        translated: whether only what a publication has translated fits.
    """

    key: str
    sources: Ranges
    destinations: Ranges
    services: Ranges
    way: Literal["inner", "in", "out", "any"]
    translated: bool = False

    def fits(self, *, from_wan: bool, to_wan: bool, translated: bool) -> bool:
        """Whether the rule looks at packets that go this way."""
        wanted = {"inner": (False, False), "in": (True, False), "out": (from_wan, True)}
        return wanted.get(self.way, (from_wan, to_wan)) == (from_wan, to_wan) and (
            translated or not self.translated
        )

    @property
    def sides(self) -> tuple[Ranges, Ranges, Ranges]:
        """Sources, destinations and services."""
        return self.sources, self.destinations, self.services

    def holds(self, source: int, destination: int, service: int) -> bool:
        """Whether a packet has the rule's ends and one of its services."""
        return (
            contains(self.sources, source)
            and contains(self.destinations, destination)
            and contains(self.services, service)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """Services of a public address that become a VM's."""

    key: str
    public: int
    target: IpAddress
    services: Ranges


class Door:
    """The rules of a gateway that hold on a day, in one family; each is read when it is asked for."""

    def __init__(self, gateway: Gateway, family: Family, today: date | None) -> None:
        self._gateway = gateway
        self._family = family
        self._today = today
        self._read: dict[int, Pass | None] = {}

    @cached_property
    def _by_destination(self) -> PrefixIndex[int]:
        return PrefixIndex(
            self._family,
            (
                (prefix, at)
                for at, rule in enumerate(self._gateway.forward)
                if not rule.to_internet
                for prefix in rule.destinations
            ),
        )

    def _pass(self, at: int) -> Pass | None:
        if at not in self._read:
            rule = self._gateway.forward[at]
            found = _forward(rule, self._family) if runs(rule.until, self._today) else None
            empty = found is None or not (found.sources and found.destinations and found.services)
            self._read[at] = None if empty else found
        return self._read[at]

    def _passes(self, positions: Iterable[int]) -> tuple[Pass, ...]:
        return tuple(found for at in positions if (found := self._pass(at)) is not None)

    def forwards(self) -> tuple[Pass, ...]:
        """The forward chain, in the Plan's order."""
        return self._passes(range(len(self._gateway.forward)))

    def forwards_to(self, destinations: Ranges) -> tuple[Pass, ...]:
        """Those rules that lead to some of these addresses inside, in the Plan's order."""
        found = {at for low, high in destinations for _, at in self._by_destination.touching(low, high)}
        return self._passes(sorted(found))

    @cached_property
    def _by_source(self) -> PrefixIndex[int]:
        return PrefixIndex(
            self._family,
            (
                (prefix, at)
                for at, rule in enumerate(self._gateway.forward)
                if not rule.to_internet
                for prefix in rule.sources
            ),
        )

    def destinations_of(self, sources: Ranges, *, outside: bool) -> Ranges:
        """Where inside some rule may lead these sources, with those from the internet where they are outside."""
        found = {at for low, high in sources for _, at in self._by_source.touching(low, high)}
        if outside:
            found |= {at for at, rule in enumerate(self._gateway.forward) if rule.from_internet}
        return union(pair for item in self._passes(sorted(found)) for pair in item.destinations)

    @cached_property
    def egress(self) -> tuple[Pass, ...]:
        """Those rules that lead to the internet."""
        return self._passes(at for at, rule in enumerate(self._gateway.forward) if rule.to_internet)

    @cached_property
    def blocks(self) -> tuple[tuple[str, Ranges], ...]:
        """The sanctions that block, with the addresses from and to which nothing is forwarded."""
        return tuple(
            (block.key, ranges)
            for block in self._gateway.blocked
            if runs(block.until, self._today) and (ranges := spans(block.prefixes, self._family))
        )

    @cached_property
    def inputs(self) -> tuple[Pass, ...]:
        """The rules by which networks reach the gateway itself; echo is answered to all of them."""
        own = WHOLE[self._family]
        echo = Pass(
            key="echo from inside", sources=own, destinations=own, services=(services.ECHO,), way="any"
        )
        found = (
            Pass(
                key=rule.key,
                sources=spans(rule.sources, self._family),
                destinations=own,
                services=services.spans(rule.services),
                way="any",
            )
            for rule in self._gateway.input
            if runs(rule.until, self._today)
        )
        return (echo, *(item for item in found if item.sources and item.services))

    @cached_property
    def translations(self) -> tuple[Translation, ...]:
        """The publications, dated ones first as in their chain; they are IPv4's alone."""
        rules = [rule for rule in self._gateway.dnat if runs(rule.until, self._today)]
        rules.sort(key=lambda rule: rule.until is None)
        return tuple(map(_translation, rules)) if self._family == 4 else ()


def _forward(rule: ForwardRule, family: Family) -> Pass:
    dated = rule.until is not None
    wanted = services.spans(rule.services)
    sources = spans(rule.sources, family)
    if rule.to_internet:
        wanted = () if dated else wanted or services.EVERY
        return Pass(key=rule.key, sources=sources, destinations=WHOLE[family], services=wanted, way="out")
    destinations = spans(rule.destinations, family)
    if rule.from_internet:
        return Pass(
            key=rule.key,
            sources=WHOLE[family],
            destinations=destinations,
            services=wanted if dated else intersect(wanted, services.PORTED),
            way="in",
            translated=family == 4,
        )
    return Pass(
        key=rule.key,
        sources=sources,
        destinations=destinations,
        services=wanted,
        way="any" if dated else "inner",
    )


def _translation(rule: DestinationNat) -> Translation:
    wanted = services.spans(rule.services)
    return Translation(
        key=rule.key,
        public=int(rule.public),
        target=rule.target,
        services=wanted if rule.until is not None else intersect(wanted, services.PORTED),
    )


def masqueraded(gateway: Gateway, source: IpAddress) -> IpAddress:
    """The address behind which a source leaves by the WAN: its own where no rule translates it."""
    near = [
        (-prefix.prefixlen, rule.key, rule.public)
        for rule in gateway.snat
        for prefix in rule.sources
        if source in prefix
    ]
    return min(near)[2] if near else source
