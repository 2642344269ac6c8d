# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets that are let in in one Plan and not in the other, all of them and no others; and those that go elsewhere now.

For each target the sets of both Plans are subtracted. A packet is delivered to one target at most; so what one target
gains and another loses is the same packet led elsewhere, and what is left over is newly let in, or no longer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from network_plan.diff.side import Side
from network_plan.model.flow import Flow
from network_plan.reach import INTERNET, Permits, Row, Step, Way, says
from network_plan.reach.places import Places
from network_plan.reach.rows import rows
from network_plan.reach.shadow import idle
from network_plan.reach.target import targets_at
from network_plan.reach.ways import Ways
from network_plan.space.prefixes import FAMILIES, Family
from network_plan.space.ranges import intersect, subtract
from network_plan.space.region import Region

Regions = Mapping[tuple[str, Family], Region]
"""By target and family."""

_NO_SOURCE = "nobody has the source's address now"
_NO_TARGET = "nobody has the target's address now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Packets that are let in on one side: who, to what, by which flow, and why.

    Attributes:
        row: the packets, in words and exactly; of the old side where they are denied now.
        family: 4 or 6.
        flow: key of the flow, publication or egress that lets them in; empty where none is asked (neighbours, echo).
        why, owner: as declared with it.
        state: what the change did: to the flow that lets them in, or what stops them now.
        was: where they went before, for those that go elsewhere now.
        end_gone: whether they are denied because nothing has the address of an end any more.
    """

    row: Row
    family: Family
    flow: str
    why: str
    owner: str
    state: str
    was: str = ""
    end_gone: bool = False

    @property
    def exposed(self) -> bool:
        """Whether they come from the internet."""
        return INTERNET in self.row.sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Packets:
    """The difference of two Plans in packets, as regions and as passages.

    Attributes:
        allowed, denied: what is let in on the new side alone, and on the old side alone, by target.
        redirected: what is let in on both, keyed by the new target; ``passages`` name the old one.
        idle: rules of the gateway without effect, of the old side and of the new.
    """

    allowed: Regions
    denied: Regions
    redirected: Regions
    passages: Mapping[Literal["allowed", "denied", "redirected"], tuple[Passage, ...]]
    idle: tuple[frozenset[str], frozenset[str]]


class _Half:
    """One side, asked for what it delivers."""

    def __init__(self, side: Side) -> None:
        self.plan = side.plan
        self.today = side.today
        permits = Permits(side.plan, side.today)
        self.places = {family: Places(side.plan, family) for family in FAMILIES}
        self._all = {family: Ways(side.plan, family, side.today) for family in FAMILIES}
        self.flows = {flow.key: flow for flow in side.plan.flows}
        self.ways = {key: permits.of(key) for key in permits.targets}

    def regions(self) -> dict[tuple[str, Family], Region]:
        """Everything that is delivered."""
        found = {
            (key, family): Region.union(way.region for way in ways if way.family == family)
            for key, ways in self.ways.items()
            for family in FAMILIES
        }
        return {key: region for key, region in found.items() if region}

    def all_ways(self, family: Family, region: Region) -> Iterator[Way]:
        """The ways of everything that is sent from one of its sources to one of its destinations, stopped ones too."""
        places, ways = self.places[family], self._all[family]
        for target in targets_at(places, region.destinations):
            yield from ways.to(target, region.sources, region.services)
        for low, high in intersect(region.destinations, subtract(places.public, places.own)):
            for public in range(low, high + 1):
                yield from ways.to_public(public, region.sources, region.services)

    def idle(self) -> frozenset[str]:
        """The gateway's rules that let nothing through: covered by others, ended, or stopped by the second wall."""
        used = {
            step.rule.partition(":")[0] if step.wall == "publish" else step.rule
            for ways in self.ways.values()
            for way in ways
            for step in way.steps
            if step.wall in ("forward", "input", "publish")
        }
        gateway = self.plan.gateways[0]
        keys = {rule.key for rule in gateway.forward} | {rule.key for rule in gateway.input}
        return frozenset((keys | {rule.key for rule in gateway.dnat}) - used) | idle(self.plan, self.today)

    def within(self, regions: Regions) -> Iterator[tuple[Family, Row]]:
        """Rows of just these packets, with the rules that let them in."""
        for family in FAMILIES:
            ways = [
                way
                for (key, of), region in regions.items()
                if of == family
                for way in self._cut(key, of, region)
            ]
            yield from ((family, row) for row in rows(self.places[family], ways))

    def _cut(self, key: str, family: Family, region: Region) -> Iterator[Way]:
        for way in self.ways[key]:
            if way.family == family and (part := way.region & region):
                yield dataclasses.replace(way, region=part)

    def flow_of(self, row: Row) -> Flow | None:
        """The flow behind a rule; a VM's own rules are named after it and end in source and service."""
        return next(
            (self.flows[word] for word in (row.rule, row.rule.partition(":")[0]) if word in self.flows), None
        )


def compare_packets(old: Side, new: Side) -> Packets:
    """The packets of two sides, each on its day."""
    halves = _Half(old), _Half(new)
    before, after = (half.regions() for half in halves)
    gained = _subtracted(after, before)
    lost = _subtracted(before, after)
    allowed = _without(gained, lost)
    denied = _without(lost, gained)
    redirected = {key: region - allowed.get(key, Region()) for key, region in gained.items()}
    redirected = {key: region for key, region in redirected.items() if region}
    led = {
        (source[0], target): region & lost[source]
        for target, region in redirected.items()
        for source in lost
        if target[1] == source[1]
    }
    return Packets(
        allowed=allowed,
        denied=denied,
        redirected=redirected,
        passages={
            "allowed": _sorted(_allowed(halves[0], halves[1], allowed)),
            "denied": _sorted(_denied(halves[0], halves[1], denied)),
            "redirected": _sorted(
                passage
                for (was, target), region in led.items()
                if region
                for passage in _allowed(halves[0], halves[1], {target: region}, was)
            ),
        },
        idle=(halves[0].idle(), halves[1].idle()),
    )


def _subtracted(one: Regions, other: Regions) -> dict[tuple[str, Family], Region]:
    found = {
        key: region - other[key] if key in other else region
        for key, region in one.items()
        if region != other.get(key)
    }
    return {key: region for key, region in sorted(found.items()) if region}


def _without(one: Regions, other: Regions) -> dict[tuple[str, Family], Region]:
    """What no target of the other has."""
    whole = {
        family: Region.union(region for (_, of), region in other.items() if of == family)
        for family in FAMILIES
    }
    found = {key: region - whole[key[1]] for key, region in one.items()}
    return {key: region for key, region in found.items() if region}


def _sorted(passages: Iterable[Passage]) -> tuple[Passage, ...]:
    """From the internet first, then towards it, then by target and rule."""
    return tuple(
        sorted(
            passages,
            key=lambda item: (
                not item.exposed,
                INTERNET not in item.row.targets,
                item.row.targets,
                item.row.rule,
                item.family,
                item.row.sources,
                item.row.services,
            ),
        )
    )


def _passage(
    row: Row, family: Family, flow: Flow | None, state: str, was: str = "", *, end_gone: bool = False
) -> Passage:
    return Passage(
        row=row,
        family=family,
        flow=flow.key if flow else "",
        why=flow.why if flow else "",
        owner=flow.owner if flow else "",
        state=state,
        was=was,
        end_gone=end_gone,
    )


def _allowed(old: _Half, new: _Half, regions: Regions, was: str = "") -> Iterator[Passage]:
    for family, row in new.within(regions):
        flow = new.flow_of(row)
        before = None if flow is None else old.flows.get(flow.key)
        state = ""
        if flow is not None and before is None:
            state = "new"
        elif flow is not None and before is not None and _said(before) != _said(flow):
            state = "changed"
        yield _passage(row, family, flow, state, was)


def _denied(old: _Half, new: _Half, regions: Regions) -> Iterator[Passage]:
    for stop, part in _stops(new, regions).items():
        for family, row in old.within(part):
            flow = old.flow_of(row)
            after = None if flow is None else new.flows.get(flow.key)
            gone = stop in (_NO_SOURCE, _NO_TARGET)
            state = stop
            if gone or flow is None:
                pass
            elif after is None:
                state = "taken out"
            elif after.until is not None and after.until < new.today:
                state = f"ran out after {after.until}"
            elif _said(after) != _said(flow):
                state = "changed"
            yield _passage(row, family, flow, state, end_gone=gone)


def _stops(new: _Half, regions: Regions) -> dict[str, dict[tuple[str, Family], Region]]:
    """What stops each of the packets now: a sentence → the packets, by their old target."""
    found: dict[str, dict[tuple[str, Family], Region]] = {}
    for (key, family), region in regions.items():
        for way in new.all_ways(family, region):
            part = way.region & region
            if part:
                by_target = found.setdefault(_stop(way.steps[-1]), {})
                by_target[key, family] = by_target.get((key, family), Region()) | part
    return found


def _stop(step: Step) -> str:
    if step.rule == says.NOBODY:
        return _NO_SOURCE
    if step.rule == says.NOBODY_THERE or (step.wall, step.where.partition(" ")[0]) == ("target", "network"):
        return _NO_TARGET
    return f"stopped by {step.where}: {step.rule}"


def _said(flow: Flow) -> tuple[object, ...]:
    """A flow as people wrote it."""
    return [end.text for end in (flow.target, *flow.sources)], flow.services, flow.until
