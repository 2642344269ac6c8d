# SPDX-License-Identifier: GPL-3.0-or-later
"""Regions against plain sets of packets: every operation, by brute force over a small space."""

from __future__ import annotations

from itertools import combinations, pairwise, product

from hypothesis import given, settings
from hypothesis import strategies as st

from network_plan.space import ranges
from network_plan.space.ranges import Range, Ranges
from network_plan.space.region import Box, Region

SIZE = 5
Packet = tuple[int, int, int]
Packets = frozenset[Packet]

numbers = st.integers(0, SIZE - 1)


@st.composite
def sides(draw: st.DrawFn) -> Range:
    low = draw(numbers)
    return low, draw(st.integers(low, SIZE - 1))


boxes = st.lists(st.tuples(sides(), sides(), sides()), max_size=6)


def packets_of(given_boxes: list[Box]) -> Packets:
    return frozenset(
        (source, destination, service)
        for (a, b), (c, d), (e, f) in given_boxes
        for source, destination, service in product(range(a, b + 1), range(c, d + 1), range(e, f + 1))
    )


def packets_in(region: Region) -> Packets:
    return packets_of(list(region.boxes()))


def is_normal(region: Region) -> bool:
    """Disjoint, sorted, and no two slabs that could be one."""
    made = list(region.boxes())
    parts = [packets_of([box]) for box in made]
    by_destination = [destination for _, destination, _ in made]
    return (
        all(not one & other for one, other in combinations(parts, 2))
        and by_destination == sorted(by_destination)
        and all(
            one[1] + 1 < other[0] or one[2] != other[2]
            for node in (region.node, *(inner for _, _, inner in region.node))
            for one, other in pairwise(node)
        )
    )


@settings(max_examples=200, deadline=None)
@given(boxes, boxes)
def test_each_operation_is_that_of_sets_of_packets(one: list[Box], other: list[Box]) -> None:
    left, right = packets_of(one), packets_of(other)
    a, b = Region.of(one), Region.of(other)
    assert packets_in(a) == left
    assert packets_in(a | b) == left | right
    assert packets_in(a & b) == left & right
    assert packets_in(a - b) == left - right
    assert all(map(is_normal, (a, b, a | b, a & b, a - b)))
    assert a.count() == len(left)
    assert bool(a) is bool(left)
    assert a.covers(b) is (left >= right)
    assert {p for p in product(range(SIZE), repeat=3) if a.contains(*p)} == left


@settings(max_examples=100, deadline=None)
@given(boxes, boxes)
def test_the_same_packets_are_the_same_value(one: list[Box], other: list[Box]) -> None:
    a, b = Region.of(one), Region.of(other)
    assert (a == b) is (packets_of(one) == packets_of(other))
    assert Region.of(one + other) == a | b == Region.union([b, a, Region()]) == Region.of((a | b).boxes())
    assert (a - b) | (a & b) == a
    assert a - a == Region() == Region.union([])


@settings(max_examples=100, deadline=None)
@given(boxes)
def test_projections_products_and_translation(given_boxes: list[Box]) -> None:
    region, packets = Region.of(given_boxes), packets_of(given_boxes)
    for at, found in enumerate((region.sources, region.destinations, region.services)):
        assert found == ranges.union((packet[at],) * 2 for packet in packets)
    shown = [
        Region.product(sources, destinations, services)
        for sources, destinations, services in region.products()
    ]
    assert Region.union(shown) == region
    assert all(not one & other for one, other in combinations(shown, 2))
    assert packets_in(region.to(9)) == {(source, 9, service) for source, _, service in packets}


@settings(max_examples=200, deadline=None)
@given(boxes, st.lists(sides(), max_size=3), st.lists(sides(), max_size=3), st.lists(sides(), max_size=3))
def test_a_region_is_split_by_a_product(
    given_boxes: list[Box], sources: list[Range], destinations: list[Range], services: list[Range]
) -> None:
    region = Region.of(given_boxes)
    product_of = tuple(map(ranges.union, (sources, destinations, services)))
    taken, left = region.split(*product_of)
    whole = Region.product(*product_of)
    assert (taken, left) == (region & whole, region - whole)


sets = st.lists(sides(), max_size=4).map(ranges.union)


def members(given_ranges: Ranges) -> set[int]:
    return {number for low, high in given_ranges for number in range(low, high + 1)}


@settings(max_examples=200, deadline=None)
@given(sets, sets)
def test_ranges_are_sets_of_numbers(one: Ranges, other: Ranges) -> None:
    left, right = members(one), members(other)
    assert members(ranges.union(one + other)) == left | right
    assert members(ranges.intersect(one, other)) == left & right
    assert members(ranges.subtract(one, other)) == left - right
    assert ranges.meets(one, other) is bool(left & right)
    assert ranges.covers(one, other) is (left >= right)
    assert ranges.count(one) == len(left)
    assert {number for number in range(SIZE) if ranges.contains(one, number)} == left
    assert all(a[1] + 1 < b[0] for a, b in pairwise(one))


def test_a_product_with_an_empty_side_is_empty() -> None:
    full: Ranges = ((0, 1),)
    assert not Region.product((), full, full)
    assert not Region.product(full, (), full)
    assert not Region.product(full, full, ())
