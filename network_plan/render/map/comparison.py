# SPDX-License-Identifier: GPL-3.0-or-later
"""The map of before and after: what a comparison says of each object, and which paths are newly allowed or denied.

What differs is found by ``network_plan.diff`` and handed in; here it gets its place in the two drawings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from network_plan.model.plan import Plan
from network_plan.render.map.drawing import Drawing
from network_plan.render.map.known import Known, links, nodes
from network_plan.render.map.layout import draw
from network_plan.render.map.names import Names
from network_plan.render.map.routes import Routes, Share


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedThing:
    """A thing that is not what it was; ``noun`` and ``key`` as ``network_plan.diff`` names it."""

    mark: Literal["added", "removed", "changed"]
    noun: str
    key: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPath:
    """Packets that are let in newly, or no longer; ends as rows of ``network_plan.reach`` name them."""

    mark: Literal["allowed", "denied"]
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A Plan that the map is compared with, and what differs.

    Attributes:
        rev: where ``before`` stood.
    """

    rev: str
    before: Plan
    things: tuple[ChangedThing, ...]
    paths: tuple[ChangedPath, ...]

    def add(self, known: Known) -> Known:
        """The page's objects with those that are no more."""
        there = {identity for identity, _, _ in known}
        routes, drawing = Routes(self.before), draw(self.before)
        old = [*nodes(self.before, routes), *links(self.before, drawing, routes)]
        return [*known, *((one, facts, Share()) for one, facts, _ in old if one not in there)]

    def after(self, plan: Plan, drawing: Drawing) -> Drawing:
        """The drawing of after, with what is new or changed."""
        return _marked(drawing, Names(plan), self._things("added", "changed"))

    def drawing(self) -> Drawing:
        """The drawing of before, with what is no more or changed."""
        return _marked(draw(self.before), Names(self.before), self._things("removed", "changed"))

    def _things(self, *marks: str) -> Iterator[ChangedThing]:
        return (thing for thing in self.things if thing.mark in marks)

    def told(self, plan: Plan, place: Mapping[str, int]) -> dict[str, Any]:
        """As the page's data: things and passages in words, each with the objects that stand for it."""
        names = {True: Names(self.before), False: Names(plan)}

        def thing(one: ChangedThing) -> int:
            return place.get(names[one.mark == "removed"].thing(one.noun, one.key) or "", -1)

        def path(one: ChangedPath) -> list[Any]:
            own = names[one.mark == "denied"]
            ends = (
                sorted({place[name] for word in words for name in find(word) if name in place})
                for words, find in ((one.sources, own.source), (one.targets, own.target))
            )
            return [one.mark, one.words, *ends]

        return {
            "rev": self.rev,
            "objects": [[one.mark, thing(one), one.words] for one in self.things],
            "paths": [path(one) for one in self.paths],
        }


def _marked(drawing: Drawing, names: Names, things: Iterable[ChangedThing]) -> Drawing:
    drawn = {node.id for node in drawing.nodes}
    found = {names.thing(thing.noun, thing.key): thing.mark for thing in things}
    return replace(drawing, marks=tuple((name, mark) for name, mark in found.items() if name in drawn))
