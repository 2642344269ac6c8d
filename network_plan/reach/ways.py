# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole sets of packets on their way to one target: what is delivered, what is stopped, and by which rule.

Says of every packet what ``reach.judge`` says of one. A set is cut where rules cut it, and each part carries its steps;
together the parts are the set that was asked about, and no two share a packet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property

from network_plan.model.plan import Plan
from network_plan.reach.door import Door, Translation
from network_plan.reach.guard import Guard
from network_plan.reach.places import Places
from network_plan.reach.target import Target, internet_target, targets_at
from network_plan.reach.trip import Facts, Part, Trip, Way
from network_plan.space import services
from network_plan.space.prefixes import Family
from network_plan.space.ranges import Ranges, contains, intersect, meets, subtract, union
from network_plan.space.region import Region


class Ways:
    """Answers about one family of a Plan, on one day; ``None`` takes dated flows as running."""

    def __init__(self, plan: Plan, family: Family, today: date | None = None) -> None:
        self.places = Places(plan, family)
        guards = {cluster.name: Guard(cluster, family) for cluster in plan.clusters}
        self._facts = Facts(
            places=self.places,
            door=Door(self.places.gateway, family, today),
            guards=guards,
            restrained={
                number: station
                for number, station in self.places.stations.items()
                if not guards[station.guest.cluster].lets_all_out(station.guest, station.nic, number)
            },
        )

    def to(self, target: Target, sources: Ranges, wanted: Ranges = services.EVERY) -> list[Way]:
        """Every packet of these sources and services to a target's own addresses, cut into ways."""
        rest = Part(Region.product(sources, target.addresses, wanted))
        made: list[Way] = []
        if target.network is not None:
            near, rest = rest.cut(self._facts.sent_by(self.places.addresses_of(target.network)))
            trip = Trip(self._facts, target, "neighbours")
            trip.meet_neighbours(near, target.network)
            made += trip.made
        trip = Trip(self._facts, target, "input" if target.is_gateway else "forward")
        trip.pass_door(rest)
        return made + trip.made

    def to_public(self, public: int, sources: Ranges, wanted: Ranges = services.EVERY) -> list[Way]:
        """Every packet of these sources and services to an address of the public block, cut into ways."""
        made: list[Way] = []
        rest = wanted
        for rule in self.publications.get(public, ()):
            taken = intersect(rest, rule.services)
            rest = subtract(rest, taken)
            where = (int(rule.target),) * 2
            for target in targets_at(self.places, (where,)):
                trip = Trip(self._facts, target, "published", rule)
                trip.pass_door(Part(Region.product(sources, ((public, public),), taken)))
                made += trip.made
        trip = self._unpublished(public)
        trip.pass_door(Part(Region.product(sources, ((public, public),), rest)))
        return made + trip.made

    def _unpublished(self, public: int) -> Trip:
        """What nothing is published for is the gateway's own to answer where the address is its own, else nobody's."""
        address = ((public, public),)
        if contains(self.places.own_public, public):
            key = f"gateway:{self.places.gateway.host}"
            return Trip(self._facts, Target(key=key, family=self.places.family, addresses=address), "input")
        nothing = Target(key="public", family=self.places.family, addresses=address)
        return Trip(self._facts, nothing, "published")

    def targets_of(self, sources: Ranges) -> Iterator[Target | int]:
        """Everything that some rule, or a common network, may let these sources reach; a public address as a number."""
        places = self.places
        outside = meets(sources, places.outside)
        near = (pair for network in places.networks_at(sources) for pair in places.addresses_of(network))
        led = self._facts.door.destinations_of(sources, outside=outside)
        yield from targets_at(places, union((*near, *led, *places.own)))
        yield internet_target(places)
        yield from self.publications

    @cached_property
    def publications(self) -> Mapping[int, list[Translation]]:
        """The publications of each public address, in the order in which they are asked."""
        found: dict[int, list[Translation]] = {}
        for rule in self._facts.door.translations:
            found.setdefault(rule.public, []).append(rule)
        return found
