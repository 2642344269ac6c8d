# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of packets of one family: a union of boxes over source, destination and service, in one normal form.

Held as slabs: ranges of destinations, each with ranges of sources, each with its services. Neighbours that hold the
same are one slab, so that equal sets are equal values, whatever they were made from. Destinations come first because a
rule names few of them: so a slab is about one machine, and the wide sources are looked at within it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from network_plan.space.ranges import Range, Ranges, contains, count, intersect, subtract, union

Node = tuple[tuple[int, int, Any], ...]
"""Sorted slabs ``(low, high, what is in it)``: nodes again, at the last level ranges."""

Box = tuple[Range, Range, Range]
"""Source, destination and service."""


@dataclass(frozen=True, slots=True)
class Region:
    """Packets of one family; two regions with the same packets are equal."""

    node: Node = ()

    @classmethod
    def product(cls, sources: Ranges, destinations: Ranges, services: Ranges) -> Region:
        """Every service of every source to every destination."""
        if not (sources and destinations and services):
            return cls()
        inner = tuple((low, high, services) for low, high in sources)
        return cls(tuple((low, high, inner) for low, high in destinations))

    @classmethod
    def of(cls, boxes: Iterable[Box]) -> Region:
        """The union of any boxes."""
        return cls(_build([((d, s, v)) for s, d, v in boxes], 0))

    @classmethod
    def union(cls, regions: Iterable[Region]) -> Region:
        """The union of any regions, by halves: no packet is copied more often than the halves are deep."""
        todo = [region for region in regions if region.node]
        while len(todo) > 1:
            pairs = [todo[at : at + 2] for at in range(0, len(todo), 2)]
            todo = [pair[0] | pair[1] if len(pair) == 2 else pair[0] for pair in pairs]
        return todo[0] if todo else cls()

    def __or__(self, other: Region) -> Region:
        """Packets in either."""
        return Region(_merge(self.node, other.node, _UNION, 0))

    def __and__(self, other: Region) -> Region:
        """Packets in both."""
        return Region(_merge(self.node, other.node, _INTERSECT, 0))

    def __sub__(self, other: Region) -> Region:
        """Packets of this one that are not in the other."""
        return Region(_merge(self.node, other.node, _SUBTRACT, 0))

    def split(self, sources: Ranges, destinations: Ranges, services: Ranges) -> tuple[Region, Region]:
        """What is in a product, and the rest: a look-up for each slab, however many ranges the product has."""
        taken: list[tuple[int, int, Any]] = []
        left: list[tuple[int, int, Any]] = []
        known: dict[int, tuple[Node, Node]] = {}  # slabs of a product share what is in them
        for low, high, inner in self.node:
            hits = _shared(low, high, destinations)
            if hits and id(inner) not in known:
                known[id(inner)] = _split(inner, sources, services)
            inside, outside = known[id(inner)] if hits else ((), inner)
            _deal(taken, left, (low, high, inner), hits if inside else (), (inside, outside))
        return Region(tuple(taken)), Region(tuple(left))

    def __bool__(self) -> bool:
        """Whether it holds a packet."""
        return bool(self.node)

    def contains(self, source: int, destination: int, service: int) -> bool:
        """Whether a packet is in it."""
        inner = _at(self.node, destination)
        services = None if inner is None else _at(inner, source)
        return services is not None and contains(services, service)

    def covers(self, other: Region) -> bool:
        """Whether every packet of another is in it."""
        return not other - self

    def count(self) -> int:
        """How many packets it holds."""
        return sum(
            (high - low + 1) * sum((b - a + 1) * count(services) for a, b, services in inner)
            for low, high, inner in self.node
        )

    def boxes(self) -> Iterator[Box]:
        """Disjoint boxes that hold just these packets, sorted by destination, source and service."""
        for low, high, inner in self.node:
            for a, b, services in inner:
                for service in services:
                    yield (a, b), (low, high), service

    def slabs(self) -> Iterator[tuple[Ranges, Range, Ranges]]:
        """Sources, one range of destinations and services: products that hold just these packets, none in two."""
        for low, high, inner in self.node:
            by_services: dict[Ranges, list[Range]] = {}
            for a, b, services in inner:
                by_services.setdefault(services, []).append((a, b))
            for services, sources in by_services.items():
                yield tuple(sources), (low, high), services

    def products(self) -> Iterator[tuple[Ranges, Ranges, Ranges]]:
        """Sources, destinations and services: as few products as can be read off the slabs, none shares a packet."""
        found: dict[tuple[Ranges, Ranges], list[Range]] = {}
        for sources, destination, services in self.slabs():
            found.setdefault((sources, services), []).append(destination)
        for (sources, services), destinations in found.items():
            yield sources, tuple(destinations), services

    @property
    def sources(self) -> Ranges:
        """Every source of one of its packets."""
        return union((a, b) for inner in {inner for _, _, inner in self.node} for a, b, _ in inner)

    @property
    def destinations(self) -> Ranges:
        """Every destination of one of its packets."""
        return union((low, high) for low, high, _ in self.node)

    @property
    def services(self) -> Ranges:
        """Every service of one of its packets."""
        return union(
            service
            for inner in {inner for _, _, inner in self.node}
            for services in {services for _, _, services in inner}
            for service in services
        )

    @property
    def only_source(self) -> int | None:
        """The source of all its packets, where they have one."""
        first = self.node[0][2][0][0] if self.node else None
        alone = all(
            len(inner) == 1 and inner[0][0] == inner[0][1] == first
            for inner in {id(inner): inner for _, _, inner in self.node}.values()
        )
        return first if alone else None

    def to(self, destination: int) -> Region:
        """The same sources and services, all of them towards one destination: what address translation does."""
        inner: Node = ()
        for _, _, one in self.node:
            inner = _merge(inner, one, _UNION, 1)
        return Region(((destination, destination, inner),) if inner else ())


@dataclass(frozen=True, slots=True)
class _Operation:
    """What becomes of packets that only the left, only the right has; of a set with itself; of two sets of services."""

    left: bool
    right: bool
    keeps_itself: bool
    last: Callable[[Ranges, Ranges], Ranges]


_UNION = _Operation(True, True, True, lambda one, other: union((*one, *other)))
_INTERSECT = _Operation(False, False, True, intersect)
_SUBTRACT = _Operation(True, False, False, subtract)
_LAST = 2
"""The level of the services, below destinations and sources."""


def _at(node: Node, number: int) -> Any:
    """What is in the slab around a number."""
    low, high = 0, len(node)
    while low < high:
        middle = (low + high) // 2
        if node[middle][1] < number:
            low = middle + 1
        else:
            high = middle
    return node[low][2] if low < len(node) and node[low][0] <= number else None


def _push(made: list[tuple[int, int, Any]], low: int, high: int, inner: Any) -> None:
    """Add a slab behind the others; one that touches the last and holds the same only lengthens it."""
    if made and made[-1][1] + 1 == low and made[-1][2] == inner:
        made[-1] = (made[-1][0], high, inner)
    else:
        made.append((low, high, inner))


def _shared(low: int, high: int, ranges: Ranges) -> Ranges:
    """What a range shares with a set; most sets are one range, which is told at a glance."""
    if len(ranges) == 1:
        first, last = ranges[0]
        if first <= low and high <= last:
            return ((low, high),)
        if last < low or high < first:
            return ()
    return intersect(((low, high),), ranges)


def _split(inner: Node, sources: Ranges, services: Ranges) -> tuple[Node, Node]:
    """The sources and services of one destination, in the product and outside."""
    taken: list[tuple[int, int, Any]] = []
    left: list[tuple[int, int, Any]] = []
    for low, high, own in inner:
        hits = _shared(low, high, sources)
        both = own if own == services else intersect(own, services) if hits else ()
        rest = () if both is own else subtract(own, services) if both else own
        _deal(taken, left, (low, high, own), hits if both else (), (both, rest))
    return tuple(taken), tuple(left)


def _deal(
    taken: list[tuple[int, int, Any]],
    left: list[tuple[int, int, Any]],
    slab: tuple[int, int, Any],
    hits: Ranges,
    parts: tuple[Any, Any],
) -> None:
    """A slab on two heaps: where it is hit its two parts, elsewhere all of it on the second."""
    low, high, inner = slab
    for first, last in hits:
        if low < first:
            _push(left, low, first - 1, inner)
        _push(taken, first, last, parts[0])
        if parts[1]:
            _push(left, first, last, parts[1])
        low = last + 1
    if low <= high:
        _push(left, low, high, inner)


def _merge(one: Any, other: Any, operation: _Operation, level: int) -> Any:
    """Two nodes of a level, walked side by side."""
    if one is other and operation.keeps_itself:
        return one
    if level == _LAST:
        return operation.last(one, other)
    if not one:
        return other if operation.right else ()
    if not other:
        return one if operation.left else ()
    made: list[tuple[int, int, Any]] = []
    left, right = _Cursor(one), _Cursor(other)
    while left.here or right.here:
        low = min(left.low, right.low)
        both = left.low == right.low
        high = min(
            left.high if left.low == low else left.low - 1, right.high if right.low == low else right.low - 1
        )
        if both:
            inner = _merge(left.inner, right.inner, operation, level + 1)
            if inner:
                _push(made, low, high, inner)
        elif left.low == low:
            if operation.left:
                _push(made, low, high, left.inner)
        elif operation.right:
            _push(made, low, high, right.inner)
        left.leave(high)
        right.leave(high)
    return tuple(made)


class _Cursor:
    """A place in a node; behind its end the place is further than any address."""

    __slots__ = ("_index", "_node", "here", "high", "inner", "low")

    END = 1 << 200

    def __init__(self, node: Node) -> None:
        self._node = node
        self._index = -1
        self.inner: Any = None
        self._next()

    def _next(self) -> None:
        self._index += 1
        self.here = self._index < len(self._node)
        if self.here:
            self.low, self.high, self.inner = self._node[self._index]
        else:
            self.low = self.high = self.END

    def leave(self, high: int) -> None:
        """Go on behind a number."""
        if self.low > high:
            return
        if self.high <= high:
            self._next()
        else:
            self.low = high + 1


def _build(boxes: Sequence[tuple[Range, ...]], level: int) -> Any:
    """Boxes of which the first sides are taken off already, as a node."""
    if level == _LAST:
        return union(box[level] for box in boxes)
    starts: dict[int, list[int]] = {}
    ends: dict[int, list[int]] = {}
    for index, box in enumerate(boxes):
        low, high = box[level]
        starts.setdefault(low, []).append(index)
        ends.setdefault(high + 1, []).append(index)
    made: list[tuple[int, int, Any]] = []
    active: dict[int, None] = {}
    points = sorted({*starts, *ends})
    for at, point in enumerate(points):
        for index in ends.get(point, ()):
            del active[index]
        active.update(dict.fromkeys(starts.get(point, ())))
        if active:
            inner = _build([boxes[index] for index in active], level + 1)
            _push(made, point, points[at + 1] - 1, inner)
    return tuple(made)
