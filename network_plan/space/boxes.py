# SPDX-License-Identifier: GPL-3.0-or-later
"""Boxes of packets: ranges of source, destination and port, made disjoint.

nftables refuses a set whose concatenated intervals overlap (nft_pipapo answers ENOTEMPTY), while flows
overlap freely: an office may reach what all offices may. So a box is cut by those before it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

Range = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Inclusive ranges per field, and the key of the flow it comes from."""

    key: str
    sides: tuple[Range, ...]


def _meets(a: Range, b: Range) -> bool:
    return a[0] <= b[1] and b[0] <= a[1]


def subtract(box: Box, other: Box) -> Iterator[Box]:
    """What is left of ``box`` outside ``other``, as disjoint boxes."""
    if not all(map(_meets, box.sides, other.sides)):
        yield box
        return
    rest = box
    for index, ((low, high), (cut_low, cut_high)) in enumerate(zip(box.sides, other.sides, strict=True)):
        if low < cut_low:
            yield _with(rest, index, (low, cut_low - 1))
        if high > cut_high:
            yield _with(rest, index, (cut_high + 1, high))
        rest = _with(rest, index, (max(low, cut_low), min(high, cut_high)))


def _with(box: Box, index: int, side: Range) -> Box:
    return replace(box, sides=(*box.sides[:index], side, *box.sides[index + 1 :]))


def _neighbours(ranges: Iterable[Range]) -> dict[Range, list[Range]]:
    """Each range and all that share a number with it: few, since prefixes nest or are apart."""
    ordered = sorted(ranges)
    found: dict[Range, list[Range]] = {item: [item] for item in ordered}
    for index, one in enumerate(ordered):
        for other in itertools.islice(ordered, index + 1, None):
            if other[0] > one[1]:
                break
            found[one].append(other)
            found[other].append(one)
    return found


def disjoint(boxes: Sequence[Box]) -> list[Box]:
    """The same packets as ``boxes``, none of them in two boxes; the earlier box keeps a shared packet.

    A box is only held against those that it can meet: they are looked up by their sides, so that a
    regency's thousands of boxes take a moment and not their square.
    """
    near = [_neighbours(set(column)) for column in zip(*(box.sides for box in boxes), strict=True)]
    made: list[Box] = []
    done: dict[tuple[Range, ...], list[Box]] = {}
    for box in boxes:
        pieces = [box]
        for sides in itertools.product(*(near[at][side] for at, side in enumerate(box.sides))):
            for other in done.get(sides, ()):
                pieces = [piece for whole in pieces for piece in subtract(whole, other)]
        done.setdefault(box.sides, []).extend(pieces)
        made += pieces
    return made
