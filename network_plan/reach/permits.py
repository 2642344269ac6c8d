# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is let in, by target: the exact packets, the path that they take, and the rules on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property

from network_plan.model.plan import Plan
from network_plan.reach.target import Target, internet_target, targets_at
from network_plan.reach.trip import Way
from network_plan.reach.ways import Ways
from network_plan.space.prefixes import FAMILIES, WHOLE, Family
from network_plan.space.ranges import union
from network_plan.space.region import Region


class Permits:
    """What may pass in a Plan on one day; a target costs something only when it is asked for.

    Args:
        plan: the Plan.
        today: the day; ``None`` takes dated flows as running.
    """

    def __init__(self, plan: Plan, today: date | None = None) -> None:
        self._plan = plan
        self._ways = {family: Ways(plan, family, today) for family in FAMILIES}

    @cached_property
    def targets(self) -> Mapping[str, tuple[Target, ...]]:
        """Everything that packets can be delivered to, sorted by key: each with its addresses, a value per family.

        Keys are ``vm:TENANT/NAME`` (running ones), ``network:TENANT/NAME`` (those without VMs), ``hosts:CLUSTER``,
        ``gateway:NAME`` and ``internet``.
        """
        found: dict[str, list[Target]] = {}
        for ways in self._ways.values():
            for target in _all(ways):
                found.setdefault(target.key, []).append(target)
        return {key: tuple(found[key]) for key in sorted(found)}

    def of(self, key: str) -> tuple[Way, ...]:
        """Every way on which packets are delivered to a target.

        The regions of two ways share no packet. Their steps name the rule at each wall.

        Raises:
            KeyError: nothing of that key is a target.
        """
        return tuple(way for target in self.targets[key] for way in self._into(target) if way.delivered)

    def region(self, key: str, family: Family) -> Region:
        """All packets of a family that are delivered to a target, empty where there is no such target."""
        if key not in self.targets:
            return Region()
        return Region.union(way.region for way in self.of(key) if way.family == family)

    def _into(self, target: Target) -> Iterator[Way]:
        ways = self._ways[target.family]
        every = WHOLE[target.family]
        yield from ways.to(target, every)
        for public, rules in ways.publications.items():
            if any((int(rule.target),) * 2 in target.addresses for rule in rules):
                found = ways.to_public(public, every)
                yield from (way for way in found if way.target == target.key)


def _all(ways: Ways) -> Iterator[Target]:
    places = ways.places
    inside = union(pair for network in places.plan.networks for pair in places.addresses_of(network))
    for target in targets_at(places, union((*inside, *places.own))):
        if not target.is_unused:
            yield target
    beyond = internet_target(places)
    if beyond.addresses and places.home:
        yield beyond
