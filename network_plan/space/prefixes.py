# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefixes as ranges of numbers, ranges as prefixes, and an index of what stands at which prefix."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, summarize_address_range
from typing import Generic, Literal, TypeVar

from network_plan.model.network import IpAddress, IpNetwork
from network_plan.space.ranges import Range, Ranges, union

Family = Literal[4, 6]
FAMILIES: tuple[Family, ...] = (4, 6)
WHOLE: dict[Family, Ranges] = {4: ((0, 2**32 - 1),), 6: ((0, 2**128 - 1),)}
"""Every address of a family."""

T = TypeVar("T")


def span(prefix: IpNetwork) -> Range:
    """First and last address as numbers."""
    first = int(prefix.network_address)
    return first, first | ((1 << prefix.max_prefixlen - prefix.prefixlen) - 1)


def spans(prefixes: Iterable[IpNetwork], family: Family) -> Ranges:
    """The addresses of those prefixes that are of a family."""
    return union(span(prefix) for prefix in prefixes if prefix.version == family)


def address(family: Family, number: int) -> IpAddress:
    """A number as an address."""
    return IPv4Address(number) if family == 4 else IPv6Address(number)


def prefixes(family: Family, ranges: Ranges) -> Iterator[IpNetwork]:
    """The fewest prefixes that hold just these addresses, in order."""
    for low, high in ranges:
        if family == 4:
            yield from summarize_address_range(IPv4Address(low), IPv4Address(high))
        else:
            yield from summarize_address_range(IPv6Address(low), IPv6Address(high))


def texts(family: Family, ranges: Ranges) -> tuple[str, ...]:
    """Prefixes as people write them: an address alone without its length."""
    return tuple(
        str(prefix.network_address) if prefix.prefixlen == prefix.max_prefixlen else str(prefix)
        for prefix in prefixes(family, ranges)
    )


class PrefixIndex(Generic[T]):
    """What stands at prefixes of one family; asked by ranges, it walks only what it answers with."""

    def __init__(self, family: Family, items: Iterable[tuple[IpNetwork, T]]) -> None:
        self._at: dict[Range, list[T]] = {}
        for prefix, item in items:
            if prefix.version == family:
                self._at.setdefault(span(prefix), []).append(item)
        self._ordered = sorted(self._at)
        self._lengths = sorted({high - low for low, high in self._at}, reverse=True)

    def touching(self, low: int, high: int) -> Iterator[tuple[Range, T]]:
        """Everything at a prefix that shares an address with a range."""
        for size in self._lengths:
            first = low & ~size
            if first < low:
                key = (first, first + size)
                yield from ((key, item) for item in self._at.get(key, ()))
        index = bisect_left(self._ordered, (low,))
        while index < len(self._ordered) and self._ordered[index][0] <= high:
            key = self._ordered[index]
            yield from ((key, item) for item in self._at[key])
            index += 1

    def at(self, number: int) -> T | None:
        """What stands closest around an address."""
        found = min(self.touching(number, number), key=lambda pair: pair[0][1] - pair[0][0], default=None)
        return None if found is None else found[1]
