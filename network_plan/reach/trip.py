# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages that a set of packets passes on its way to one target. Looks nothing up but by the facts it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from network_plan.model.guest import Guest
from network_plan.model.network import Network
from network_plan.model.node import Cluster
from network_plan.reach import says
from network_plan.reach.door import Door, Translation
from network_plan.reach.guard import Entry, Guard
from network_plan.reach.packet import Step
from network_plan.reach.places import Places, Station
from network_plan.reach.target import Target
from network_plan.space import services
from network_plan.space.prefixes import WHOLE, Family
from network_plan.space.ranges import Ranges
from network_plan.space.region import Region

Sides = tuple[Ranges, Ranges, Ranges]
"""Sources, destinations and services."""

Path = Literal["neighbours", "input", "forward", "published"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Packets that go the same way, step by step.

    Attributes:
        target: key of what they are meant for (:class:`Target`); ``public`` where nothing is published.
        path: ``neighbours`` of one network, ``input`` of the gateway, ``forward`` through it, or ``published``: through
            it by a public address.
        region: the packets as they are sent: a published service at its public address.
    """

    target: str
    family: Family
    path: Path
    region: Region
    steps: tuple[Step, ...]
    delivered: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Packets that are still on their way, with their destination as it is by now, and what has happened to them."""

    region: Region
    steps: tuple[Step, ...] = ()

    def cut(self, sides: Sides) -> tuple[Part, Part]:
        """What has these sources, destinations and services, and the rest."""
        if not self.region:
            return self, self
        taken, left = self.region.split(*sides)
        return Part(taken, self.steps), Part(left, self.steps)

    def after(self, step: Step) -> Part:
        """The same packets, one step further."""
        return Part(self.region, (*self.steps, step))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is read of a Plan for one family and day.

    Attributes:
        restrained: the VMs whose own firewall may stop what they send, by address; all others send what they like.
    """

    places: Places
    door: Door
    guards: Mapping[str, Guard]
    restrained: Mapping[int, Station]

    @property
    def family(self) -> Family:
        """Of the addresses."""
        return self.places.family

    def sent_by(self, sources: Ranges) -> Sides:
        """Everything that these sources can send."""
        return sources, WHOLE[self.family], services.EVERY

    def sent_to(self, destinations: Ranges) -> Sides:
        """Everything that these can be sent."""
        return WHOLE[self.family], destinations, services.EVERY


class Trip:
    """Packets to one target; each stage hands on what passes, and puts down in ``made`` what ends."""

    def __init__(
        self, facts: Facts, target: Target, path: Path, translation: Translation | None = None
    ) -> None:
        self.made: list[Way] = []
        self._facts = facts
        self._places = facts.places
        self._gateway = facts.places.gateway
        self._target = target
        self._path: Path = path
        self._translation = translation

    def meet_neighbours(self, part: Part, network: Network) -> None:
        """Within one network the packets arrive at once."""
        for sent in self._sent(part):
            self._arrive(sent.after(says.neighbours(network)))

    def pass_door(self, part: Part) -> None:
        """Everything else comes to the gateway, from its networks or by its WAN."""
        places = self._places
        for sent in self._sent(part):
            inside, rest = sent.cut(self._facts.sent_by(places.home))
            outside, rest = rest.cut(self._facts.sent_by(places.outside))
            if rest.region:
                self._come_from_nowhere(rest)
            for arrived, from_wan in ((inside, False), (outside, True)):
                if arrived.region:
                    self._translate(arrived, from_wan=from_wan)

    def _end(self, part: Part, *, delivered: bool) -> None:
        region = part.region
        if self._translation is not None:
            region = region.to(self._translation.public)
        self.made.append(
            Way(
                target=self._target.key,
                family=self._facts.family,
                path=self._path,
                region=region,
                steps=(*self._of_one_sender(part), *part.steps),
                delivered=delivered,
            )
        )

    def _of_one_sender(self, part: Part) -> Iterator[Step]:
        """Where all packets are of one VM that its own firewall lets send anything, that it does."""
        if part.steps[0].wall == "sender":
            return
        source = part.region.only_source
        station = None if source is None else self._places.stations.get(source)
        if station is not None:
            last = self._facts.guards[station.guest.cluster].out_of(station.guest, station.nic)[-1]
            yield says.sender(station.guest, last.key, passed=True)

    def _stop(self, part: Part, step: Step) -> None:
        if part.region:
            self._end(part.after(step), delivered=False)

    def _decide(
        self, part: Part, entries: Iterable[Entry], say: Callable[[str, bool], Step]
    ) -> Iterator[Part]:
        """The first entry that matches decides, the last one about all that is left; what is let on comes back."""
        rest = iter(entries)
        while part.region:
            entry = next(rest)
            hit, part = part.cut(entry.sides)
            if hit.region and entry.accepts:
                yield hit.after(say(entry.key, True))
            else:
                self._stop(hit, say(entry.key, False))

    def _sent(self, part: Part) -> Iterator[Part]:
        """Out of the sender: the VMs that may not send everything, one by one; then all others together."""
        facts = self._facts
        for number in sorted(facts.restrained) if part.region else ():
            own, part = part.cut(facts.sent_by(((number, number),)))
            guest, nic = facts.restrained[number].guest, facts.restrained[number].nic
            entries = facts.guards[guest.cluster].out_of(guest, nic)
            yield from self._decide(own, entries, _sender(guest))
        if part.region:
            yield part

    def _come_from_nowhere(self, part: Part) -> None:
        """Sources that no interface of the gateway lets in."""
        never, part = part.cut(self._facts.sent_by(self._places.own))
        self._stop(never, says.at_gateway(self._gateway, says.FORGED_OWN))
        for network in self._places.networks_at(part.region.sources):
            own, part = part.cut(self._facts.sent_by(self._places.addresses_of(network)))
            self._stop(own, says.forwarded(self._gateway, says.elsewhere(network), passed=False))
        ours, part = part.cut(self._facts.sent_by(self._places.public))
        self._stop(ours, says.at_gateway(self._gateway, says.FORGED_PUBLIC))
        self._stop(part, says.at_gateway(self._gateway, says.NOBODY))

    def _translate(self, part: Part, *, from_wan: bool) -> None:
        rule = self._translation
        if rule is not None:
            step = says.published(self._gateway, rule.key, rule.target)
            part = Part(part.region.to(int(rule.target)), part.steps).after(step)
        if self._target.key == "public":
            self._stop(part, says.not_published(self._gateway))
        elif self._path == "input":
            self._enter(part, from_wan=from_wan)
        else:
            self._find_way(part, from_wan=from_wan)

    def _enter(self, part: Part, *, from_wan: bool) -> None:
        """The gateway's input chain."""
        if from_wan:
            self._stop(part, says.entered(self._gateway, says.BY_WAN, passed=False))
            return
        for rule in self._facts.door.inputs:
            hit, part = part.cut(rule.sides)
            if hit.region:
                self._end(hit.after(says.entered(self._gateway, rule.key, passed=True)), delivered=True)
        self._stop(part, says.entered(self._gateway, says.POLICY, passed=False))

    def _find_way(self, part: Part, *, from_wan: bool) -> None:
        """Where the target is, as the gateway sees it."""
        for key, ranges in self._facts.door.blocks:
            for side in (self._facts.sent_by(ranges), self._facts.sent_to(ranges)):
                hit, part = part.cut(side)
                self._stop(hit, says.forwarded(self._gateway, key, passed=False))
        network = self._target.network
        if network is None and self._target.key != "internet":
            self._stop(part, says.forwarded(self._gateway, says.NOBODY_THERE, passed=False))
            return
        if network is not None:
            back, part = part.cut(self._facts.sent_by(self._places.addresses_of(network)))
            self._stop(back, says.forwarded(self._gateway, says.NOT_BACK, passed=False))
            if network.key not in self._places.lans:
                self._stop(part, says.forwarded(self._gateway, says.elsewhere(network), passed=False))
                return
        self._forward(part, from_wan=from_wan, to_wan=network is None)

    def _forward(self, part: Part, *, from_wan: bool, to_wan: bool) -> None:
        """The gateway's forward chain."""
        if not part.region:
            return
        rules = self._facts.door.forwards_to(self._target.addresses)
        if to_wan:
            rules = (*self._facts.door.egress, *rules)
        for rule in rules:
            if rule.fits(from_wan=from_wan, to_wan=to_wan, translated=self._translation is not None):
                hit, part = part.cut(rule.sides)
                if hit.region:
                    self._arrive(hit.after(says.forwarded(self._gateway, rule.key, passed=True)))
        lost = from_wan and to_wan
        self._stop(part, says.outside() if lost else says.forwarded(self._gateway, says.POLICY, passed=False))

    def _arrive(self, part: Part) -> None:
        """At the target: its own firewall, where it has one."""
        target = self._target
        if target.station is not None:
            guest = target.station.guest
            entries, say = self._facts.guards[guest.cluster].into(guest), _receiver(guest)
        elif target.cluster is not None:
            entries, say = self._facts.guards[target.cluster.name].into_hosts(), _hosts(target.cluster)
        else:
            if target.is_unused and target.network is not None:
                self._stop(part, says.nobody_has_it(target.network))
            else:
                self._end(part, delivered=True)
            return
        for passed in self._decide(part, entries, say):
            self._end(passed, delivered=True)


def _sender(guest: Guest) -> Callable[[str, bool], Step]:
    return lambda rule, passed: says.sender(guest, rule, passed=passed)


def _receiver(guest: Guest) -> Callable[[str, bool], Step]:
    return lambda rule, passed: says.guest(guest, rule, passed=passed)


def _hosts(cluster: Cluster) -> Callable[[str, bool], Step]:
    return lambda rule, passed: says.hosts(cluster, rule, passed=passed)
