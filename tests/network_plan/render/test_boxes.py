# SPDX-License-Identifier: GPL-3.0-or-later
"""Disjoint boxes hold the same packets, each once, and the first flow keeps a shared packet: by brute force."""

from __future__ import annotations

from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from network_plan.render.boxes import Box, disjoint

SIZE = 6


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    sides = []
    for _ in range(2):
        low = draw(st.integers(0, SIZE - 1))
        sides.append((low, draw(st.integers(low, SIZE - 1))))
    return Box(key=draw(st.sampled_from("abcdef")), sides=tuple(sides))


def _points(box: Box) -> set[tuple[int, ...]]:
    return set(product(*(range(low, high + 1) for low, high in box.sides)))


@settings(max_examples=300, deadline=None)
@given(st.lists(boxes(), max_size=6))
def test_the_same_packets_each_once_for_the_first_flow(given_boxes: list[Box]) -> None:
    made = disjoint(given_boxes)
    assert all(not _points(one) & _points(other) for one, other in combinations(made, 2))
    owner: dict[tuple[int, ...], str] = {}
    for box in given_boxes:
        for point in _points(box):
            owner.setdefault(point, box.key)
    assert {point: box.key for box in made for point in _points(box)} == owner


def test_nothing_gives_nothing() -> None:
    assert disjoint([]) == []
