# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that decide about no packet: what they look at never comes there, or others have decided already.

Exact at each wall by itself. In the gateway, where every rule accepts, a rule is covered by all others together; of two
that say the same the later one is. In Proxmox VE the first match decides, so that only earlier rules cover.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from network_plan.model.gateway import ForwardRule
from network_plan.model.plan import Plan
from network_plan.reach.door import Door, Pass, runs
from network_plan.reach.guard import Entry, Guard
from network_plan.reach.places import Places
from network_plan.space.prefixes import FAMILIES, Family
from network_plan.space.ranges import intersect, subtract, union
from network_plan.space.region import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadowed:
    """One rule without effect in a family.

    Attributes:
        where: the wall, as in a step of a way.
        why: ``over`` (its day has passed), ``empty`` (no packet of its kind comes there), ``covered``.
        by: keys of the rules that cover it.
    """

    where: str
    key: str
    family: Family
    why: Literal["over", "empty", "covered"]
    by: tuple[str, ...] = ()


def shadowed(plan: Plan, today: date | None = None) -> tuple[Shadowed, ...]:
    """Every rule without effect, sorted by wall, rule and family.

    A rule that has addresses of one family only is not asked in the other.

    Args:
        plan: the Plan.
        today: the day; ``None`` takes dated rules as running.
    """
    found = [item for family in FAMILIES for item in _of_family(plan, family, today)]
    return tuple(sorted(found, key=lambda item: (item.where, item.key, item.family)))


def idle(plan: Plan, today: date | None = None) -> frozenset[str]:
    """Keys of the gateway's forward rules that let nothing through that others do not, in no family that they have."""
    dead, alive = set[str](), set[str]()
    for family in FAMILIES:
        chain = _Forward(Places(plan, family), today)
        gone = {item.key for item in chain.dead()}
        dead |= gone
        alive |= chain.keys() - gone
    return frozenset(dead - alive)


def _of_family(plan: Plan, family: Family, today: date | None) -> Iterator[Shadowed]:
    places = Places(plan, family)
    yield from _Forward(places, today).dead()
    for cluster in plan.clusters:
        guard = Guard(cluster, family)
        for guest in filter(lambda item: item.running, plan.guests_of(cluster.name)):
            where = f"firewall of VM {guest.vmid} ({guest.key})"
            own = tuple(a for nic in guest.nics for a in nic.addresses if a.version == family)
            if own:
                yield from _chain(where, family, guard.into(guest))


def _chain(where: str, family: Family, entries: Sequence[Entry]) -> Iterator[Shadowed]:
    """First match decides: what is left for an entry after those before it."""
    for at, entry in enumerate(entries[:-1]):
        rest, by = Region.product(*entry.sides), list[str]()
        for before in entries[:at]:
            hit, rest = rest.split(*before.sides)
            if hit:
                by.append(before.key)
            if not rest:
                yield Shadowed(where=where, key=entry.key, family=family, why="covered", by=tuple(by))
                break


class _Forward:
    """The gateway's forward chain in one family."""

    def __init__(self, places: Places, today: date | None) -> None:
        self._places = places
        self._family: Family = places.family
        self._today = today
        self._where = f"gateway {places.gateway.host} (forward)"
        self._rules = places.gateway.forward
        self._door = Door(places.gateway, places.family, today)
        self._read = {rule.key: rule for rule in self._door.forwards()}
        self._regions: dict[str, Region] = {}

    def dead(self) -> Iterator[Shadowed]:
        """Narrow rules are asked first, so that of a narrow and a wide one the narrow one is covered."""
        alive: dict[str, ForwardRule] = {}
        for rule in self._rules:
            if not self._speaks(rule):
                continue
            if not runs(rule.until, self._today):
                yield self._of(rule, "over")
            elif not self._region(rule.key):
                yield self._of(rule, "empty")
            else:
                alive[rule.key] = rule
        order = {key: at for at, key in enumerate(alive)}
        for key in sorted(alive, key=lambda key: (self._region(key).count(), -order[key])):
            rule = alive.pop(key)
            by = self._covered(rule, alive)
            if by:
                yield Shadowed(where=self._where, key=key, family=self._family, why="covered", by=by)
            else:
                alive[key] = rule

    def keys(self) -> set[str]:
        """The rules that have addresses of this family."""
        return {rule.key for rule in self._rules if self._speaks(rule)}

    def _of(self, rule: ForwardRule, why: Literal["over", "empty"]) -> Shadowed:
        return Shadowed(where=self._where, key=rule.key, family=self._family, why=why)

    def _speaks(self, rule: ForwardRule) -> bool:
        """Whether both sides of a rule that has addresses have some of this family."""
        sides = (rule.sources, rule.destinations)
        return all(not side or any(prefix.version == self._family for prefix in side) for side in sides)

    def _region(self, key: str) -> Region:
        """The packets of a rule that come to the gateway: from where it has a way, and not between neighbours."""
        if key not in self._regions:
            rule = self._read.get(key)
            self._regions[key] = Region() if rule is None else self._comes(rule)
        return self._regions[key]

    def _comes(self, rule: Pass) -> Region:
        places = self._places
        seen = {"in": places.outside, "inner": places.home}
        sources = intersect(rule.sources, seen.get(rule.way, union((*places.home, *places.outside))))
        beyond = places.outside if rule.way in ("out", "any") else ()
        if rule.way == "out":
            return Region.product(sources, beyond, rule.services)
        parts = [Region.product(sources, intersect(rule.destinations, beyond), rule.services)]
        for network in places.networks_at(intersect(rule.destinations, places.home)):
            own = places.addresses_of(network)
            within = intersect(rule.destinations, own)
            parts.append(Region.product(subtract(sources, own), within, rule.services))
        return Region.union(parts)

    def _covered(self, rule: ForwardRule, alive: dict[str, ForwardRule]) -> tuple[str, ...]:
        """The rules that cover a rule together; none where they do not."""
        rest = self._region(rule.key)
        near = [
            (shared.count(), other.key, self._region(other.key))
            for other in self._near(rest, self._read[rule.key])
            if other.key in alive
            and _outlives(alive[other.key].until, rule.until)
            and (shared := rest & self._region(other.key))
        ]
        if sum(size for size, _, _ in near) < rest.count():
            return ()
        by: list[str] = []
        for _, key, region in sorted(near, key=lambda item: (-item[0], item[1])):
            if rest & region:
                by.append(key)
            rest = rest - region
            if not rest:
                return tuple(by)
        return ()

    def _near(self, region: Region, rule: Pass) -> Iterator[Pass]:
        """Rules that look at packets going the same way; what only translated packets meet covers no other."""
        for other in (*self._door.egress, *self._door.forwards_to(region.destinations)):
            if other.key != rule.key and (other.way != "in" or rule.way == "in"):
                yield other


def _outlives(other: date | None, own: date | None) -> bool:
    """Whether a rule holds on every day on which another does."""
    return other is None or (own is not None and other >= own)
