# SPDX-License-Identifier: GPL-3.0-or-later
"""Disjoint boxes hold the same packets, each once, and the first flow keeps a shared packet: by brute force."""

from __future__ import annotations

import time
from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from network_plan.space.boxes import Box, disjoint

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


@settings(max_examples=150, deadline=None)
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


def test_a_regency_of_45_agencies_takes_a_moment() -> None:
    """Every agency's VMs open to every network: flows that overlap, but only where they name the same things."""
    boxes = [
        Box(
            key=f"{tenant}/{kind}",
            sides=((source * 256, source * 256 + 255), (10**9 + tenant, 10**9 + tenant), ports),
        )
        for tenant in range(135)
        for kind, ports in (("wide", (400, 500)), ("narrow", (443, 443)))
        for source in range(100)
    ]
    start = time.perf_counter()
    made = disjoint(boxes)
    assert len(made) == len(boxes) // 2
    assert time.perf_counter() - start < 10  # it was minutes when every box was held against every other
