# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of whole numbers as sorted ranges that neither meet nor touch: equal sets are equal tuples."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

Range = tuple[int, int]
Ranges = tuple[Range, ...]
"""Inclusive ranges, sorted, with a gap between any two."""


def union(ranges: Iterable[Range]) -> Ranges:
    """Any ranges, in any order, as one set."""
    made: list[Range] = []
    for low, high in sorted(ranges):
        if made and low <= made[-1][1] + 1:
            if high > made[-1][1]:
                made[-1] = (made[-1][0], high)
        else:
            made.append((low, high))
    return tuple(made)


def intersect(one: Ranges, other: Ranges) -> Ranges:
    """The numbers in both; the shorter is looked up in the longer."""
    if len(one) > len(other):
        one, other = other, one
    made: list[Range] = []
    for low, high in one:
        for index in range(first_from(other, low), len(other)):
            other_low, other_high = other[index]
            if other_low > high:
                break
            made.append((max(low, other_low), min(high, other_high)))
    return tuple(made)


def subtract(one: Ranges, other: Ranges) -> Ranges:
    """The numbers of ``one`` that are not in ``other``."""
    made: list[Range] = []
    for low, high in one:
        start = low
        for index in range(first_from(other, low), len(other)):
            other_low, other_high = other[index]
            if other_low > high:
                break
            if start < other_low:
                made.append((start, other_low - 1))
            start = other_high + 1
        if start <= high:
            made.append((start, high))
    return tuple(made)


def contains(ranges: Ranges, number: int) -> bool:
    """Whether a number is in the set."""
    index = first_from(ranges, number)
    return index < len(ranges) and ranges[index][0] <= number


def covers(one: Ranges, other: Ranges) -> bool:
    """Whether every number of ``other`` is in ``one``."""
    return not subtract(other, one)


def meets(one: Ranges, other: Ranges) -> bool:
    """Whether they share a number."""
    if len(one) > len(other):
        one, other = other, one
    for low, high in one:
        index = first_from(other, low)
        if index < len(other) and other[index][0] <= high:
            return True
    return False


def count(ranges: Ranges) -> int:
    """How many numbers it holds."""
    return sum(high - low + 1 for low, high in ranges)


def first_from(ranges: Ranges, number: int) -> int:
    """Index of the first range that does not end before a number."""
    index = bisect_right(ranges, (number,))
    return index - 1 if index and ranges[index - 1][1] >= number else index
