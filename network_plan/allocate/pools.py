# SPDX-License-Identifier: GPL-3.0-or-later
"""The first free value of a pool, found without starting over for each key.

Within one allotment values are only taken, never given back, so whatever was passed over stays taken: a pool
remembers where it stands, and still gives what a search from its beginning would.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator

from netaddr import IPNetwork, IPSet


class Values:
    """A list of values in their order, of which those in ``used`` are passed over."""

    def __init__(self, values: Iterable[str], used: set[str]) -> None:
        self._values = iter(values)
        self._used = used

    def first(self) -> str | None:
        """The first that is free, ``None`` when there is none left. Whoever takes it puts it into ``used``."""
        return next((value for value in self._values if value not in self._used), None)


class Blocks:
    """The networks of one pool, in any length; none that is given overlaps a used one."""

    def __init__(self, block: str, used: Iterable[str]) -> None:
        self._whole = IPNetwork(block)
        inside = (net for net in map(IPNetwork, sorted(used)) if net in self._whole or self._whole in net)
        self._free = tuple((IPSet([self._whole]) - IPSet(inside)).iter_cidrs())
        self._taken: list[tuple[int, int]] = []
        self._cursors: dict[tuple[int, bool], Iterator[IPNetwork]] = {}

    def count(self, length: int) -> int:
        """How many networks of a length are free."""
        return sum(1 << length - free.prefixlen for free in self._free if free.prefixlen <= length)

    def first(self, length: int, *, from_the_top: bool = False) -> str | None:
        """The lowest free network of a length, or the highest; ``None`` when there is none left."""
        cursor = self._cursors.get((length, from_the_top))
        if cursor is None:
            cursor = self._cursors[length, from_the_top] = self._candidates(length, from_the_top)
        for net in cursor:
            span = (net.first, net.last)
            at = bisect_right(self._taken, span)
            before = at and self._taken[at - 1][1] >= span[0]
            behind = at < len(self._taken) and self._taken[at][0] <= span[1]
            if not before and not behind:
                insort(self._taken, span)
                return str(net)
        return None

    def _candidates(self, length: int, from_the_top: bool) -> Iterator[IPNetwork]:
        """What was free at the beginning, cut to a length; what was given since is left out by ``first``."""
        fitting = [free for free in self._free if free.prefixlen <= length]
        size = IPNetwork((0, length), version=self._whole.version).size
        for free in reversed(fitting) if from_the_top else fitting:
            starts = range(free.first, free.last + 1, size)
            for start in reversed(starts) if from_the_top else starts:
                yield IPNetwork((start, length), version=free.version)
