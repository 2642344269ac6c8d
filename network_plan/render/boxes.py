# SPDX-License-Identifier: GPL-3.0-or-later
"""Boxes of packets: ranges of source, destination and port, made disjoint.

nftables refuses a set whose concatenated intervals overlap (nft_pipapo answers ENOTEMPTY), while flows
overlap freely: an office may reach what all offices may. So a box is cut by those before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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


def disjoint(boxes: Iterable[Box]) -> list[Box]:
    """The same packets as ``boxes``, none of them in two boxes; the earlier box keeps a shared packet."""
    done: list[Box] = []
    for box in boxes:
        pieces = [box]
        for other in done:
            pieces = [piece for whole in pieces for piece in subtract(whole, other)]
            if not pieces:
                break
        done += pieces
    return done
