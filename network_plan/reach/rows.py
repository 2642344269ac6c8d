# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways as people read them: prefixes and keys for addresses, services by name, one row for what is alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from network_plan.reach.packet import Step
from network_plan.reach.places import Places, listening
from network_plan.reach.trip import Path, Way
from network_plan.space import prefixes, services
from network_plan.space.prefixes import Family
from network_plan.space.ranges import Ranges, count, covers, intersect, meets, subtract, union
from network_plan.space.region import Region

FEW = 3
"""So many VMs may lack in a network for it to be named with what lacks."""

_WORDS = {"offices": ("office",), "servers": ("servers", "dmz"), "management": ("management",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Packets that go alike.

    Attributes:
        delivered: whether they reach the target.
        path: ``neighbours`` of one network, ``input`` of the gateway, ``forward`` through it, ``published`` by a public
            address.
        services: as people write them; ``all`` is every one, ``tcp`` all ports of it.
        sources: keys of networks and VMs that are whole in it, ``internet``, prefixes for the rest.
        targets: keys as in :class:`~network_plan.reach.target.Target`.
        source_prefixes, destinations: the addresses, as prefixes; of a published service its public address.
        steps: of the first target; the others' differ in the name of the VM only.
        unserved: those of the services that no VM behind it serves.
    """

    delivered: bool
    path: Path
    sources: tuple[str, ...]
    source_prefixes: tuple[str, ...]
    targets: tuple[str, ...]
    destinations: tuple[str, ...]
    services: tuple[str, ...]
    steps: tuple[Step, ...]
    unserved: tuple[str, ...]

    @property
    def rule(self) -> str:
        """What decides: where it is stopped, else the gateway's rule, else that of the target."""
        if not self.delivered:
            return self.steps[-1].rule
        at_gateway = [step.rule for step in self.steps if step.wall in ("forward", "input")]
        return at_gateway[-1] if at_gateway else self.steps[-1].rule


@dataclass(slots=True)
class _Heap:
    """What has been put together so far."""

    way: Way
    sources: Ranges
    services: Ranges
    targets: dict[str, None]
    destinations: list[tuple[int, int]]
    served: Ranges


def rows(places: Places, ways: Iterable[Way]) -> tuple[Row, ...]:
    """The same packets in as few rows as sources, services and rules allow, in the order of the ways."""
    names = Names(places)
    heaps: dict[tuple[object, ...], _Heap] = {}
    for way, region in _together(ways):
        trail = _trail(way)
        for sources, destinations, wanted in region.products():
            key = (way.delivered, way.path, trail, sources, wanted)
            heap = heaps.setdefault(key, _Heap(way, sources, wanted, {}, [], ()))
            heap.targets[way.target] = None
            heap.destinations += destinations
            heap.served = union((*heap.served, *_served(places, way, wanted)))
    return tuple(
        Row(
            delivered=heap.way.delivered,
            path=heap.way.path,
            sources=names.of(heap.sources),
            source_prefixes=prefixes.texts(places.family, heap.sources),
            targets=tuple(heap.targets),
            destinations=prefixes.texts(places.family, union(heap.destinations)),
            services=services.names(heap.services),
            steps=heap.way.steps,
            unserved=services.names(subtract(heap.services, heap.served)),
        )
        for heap in heaps.values()
    )


def _trail(way: Way) -> tuple[tuple[str, str], ...]:
    """What decides, without the names of the VMs at either end."""
    between = tuple((step.where, step.rule) for step in way.steps if step.wall not in ("sender", "target"))
    return between if way.delivered else (*between, ("", way.steps[-1].rule))


def _together(ways: Iterable[Way]) -> Iterator[tuple[Way, Region]]:
    """The packets of each target that only its own rules tell apart."""
    found: dict[tuple[object, ...], list[Way]] = {}
    for way in ways:
        found.setdefault((way.delivered, way.path, way.target, _trail(way)), []).append(way)
    return ((alike[0], Region.union(way.region for way in alike)) for alike in found.values())


def _served(places: Places, way: Way, wanted: Ranges) -> Ranges:
    """What of the services is served; all of them where no VM is asked."""
    guest = places.guest_of(way.target)
    return wanted if guest is None else intersect(wanted, listening(guest))


class Names:
    """Addresses of one family as people call them."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._family: Family = places.family
        self._roles = {word: self._networks_of(roles) for word, roles in _WORDS.items()}
        self._most = {
            word: count(union(pair for whole in networks.values() for pair in whole))
            - FEW * max(map(count, networks.values()), default=0)
            for word, networks in self._roles.items()
        }
        """So many addresses has a set at least that is called by the word of a role."""
        self._known: dict[Ranges, tuple[str, ...]] = {}

    def _networks_of(self, roles: tuple[str, ...]) -> dict[str, Ranges]:
        places = self._places
        found = [item for item in places.plan.networks if item.role in roles]
        return {item.key: subtract(places.addresses_of(item), places.own) for item in found}

    def _of_role(self, word: str, rest: Ranges) -> tuple[str, Ranges] | None:
        """A word for all networks of a role, or for all but a few that are not in it at all; and their addresses."""
        networks = self._roles[word]
        if count(rest) < self._most[word]:
            return None
        lacking = [key for key, whole in networks.items() if not meets(rest, whole)]
        there = union(pair for key, whole in networks.items() if key not in lacking for pair in whole)
        if len(networks) - len(lacking) < 2 or len(lacking) > FEW or not covers(rest, there):
            return None
        return (f"{word} but {' and '.join(lacking)}" if lacking else word), there

    def of(self, ranges: Ranges) -> tuple[str, ...]:
        """The widest words first: ``internet``, all networks of a role, one network, VMs; prefixes for the rest."""
        if ranges not in self._known:
            self._known[ranges] = self._of(ranges)
        return self._known[ranges]

    def _of(self, ranges: Ranges) -> tuple[str, ...]:
        places, found, rest = self._places, list[str](), ranges
        beyond = subtract(places.outside, places.own)
        if beyond and covers(rest, beyond):
            found.append("internet")
            rest = subtract(rest, places.outside)
        for role in self._roles:
            named = self._of_role(role, rest)
            if named is not None:
                found.append(named[0])
                rest = subtract(rest, named[1])
        for network in places.networks_at(rest):
            whole = subtract(places.addresses_of(network), places.own)
            within = intersect(rest, whole)
            taken = places.taken(within)
            lacking = places.taken(subtract(whole, within))
            if count(whole) - count(within) == len(lacking) <= FEW:
                but = " and ".join(map(places.name_at, lacking))
                found.append(f"{network.key} but {but}" if but else network.key)
            elif len(taken) == count(within):
                found += map(places.name_at, taken)
            else:
                continue
            rest = subtract(rest, places.addresses_of(network))
        return (*found, *prefixes.texts(self._family, rest))
