# SPDX-License-Identifier: GPL-3.0-or-later
"""Five changes of the regency's site: the Markdown of each, and that its sets are complete, packet by packet."""

from __future__ import annotations

import dataclasses
import os
import random
from ipaddress import ip_network
from pathlib import Path

import pytest

from network_plan.diff import Difference, compare, markdown
from network_plan.diff.packets import Passage
from tests.scripts.diff import brute
from tests.scripts.diff.conftest import Clone

pytestmark = (
    pytest.mark.lab
)  # no double is asked, but git runs, and some ten thousand packets are judged twice

GOLDEN = Path(__file__).parent / "golden"
STANDING = ("diskominfo", "disdik")
"""Tenants that no change is about: the operator with its management, and one with an office."""
Sides = tuple[brute.Delivered, brute.Delivered]
OTHERS = 2000
"""Packets between any two places of the regency, drawn by a seed."""


@pytest.fixture(scope="module")
def diff(clone: Clone) -> Difference:
    return compare(clone.old, clone.new)


@pytest.fixture(scope="module")
def sides(clone: Clone) -> Sides:
    """Both, remembering what was asked."""
    return brute.Delivered(clone.old), brute.Delivered(clone.new)


@pytest.fixture(scope="module")
def asked(clone: Clone) -> list[brute.Question]:
    """Every boundary of what the change touches, crossed; and some packets of everything else."""
    plans = (clone.old.plan, clone.new.plan)
    wanted = brute.services(plans, 4, 1)
    near = brute.questions(brute.addresses(plans, (*clone.case.tenants, *STANDING)), wanted)
    services = brute.services(plans, 99, 1)
    every = brute.addresses(plans, [tenant.key for plan in plans for tenant in plan.tenants])
    chance = random.Random(2)
    far = [
        brute.Question(chance.choice(every), chance.choice(every), *chance.choice(services))
        for _ in range(OTHERS)
    ]
    return [*near, *(item for item in far if item.source.version == item.destination.version)]


def test_the_page_is_the_reviewed_one(clone: Clone, diff: Difference) -> None:
    file = GOLDEN / f"{clone.case.key}.md"
    said = markdown(diff)
    if os.environ.get("AWAN_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(said, encoding="utf-8")
    assert said == file.read_text(encoding="utf-8"), "is that right? then AWAN_GOLDEN=write"
    assert [piece for piece in clone.case.said if piece not in said] == []


def test_nothing_moved(diff: Difference) -> None:
    """No change that an engineer makes may renumber what is there."""
    assert diff.moved == ()
    assert diff.taken == ()


def test_the_sets_are_complete_and_exact(sides: Sides, diff: Difference, asked: list[brute.Question]) -> None:
    assert len(asked) > 5_000
    assert brute.wrong(sides, diff.allowed, diff.denied, diff.redirected, asked) == []


def _of(passage: Passage, asked: list[brute.Question]) -> list[brute.Question]:
    """Those of the packets that are in a passage."""
    listed = brute.Listed([passage])
    return [item for item in asked if listed.of(item)]


def _cut(passage: Passage) -> Passage | None:
    """A passage without the first of its source prefixes; none where it has one only."""
    rest = passage.row.source_prefixes[1:]
    row = dataclasses.replace(passage.row, source_prefixes=rest)
    return dataclasses.replace(passage, row=row) if rest else None


def test_a_box_that_is_missing_is_noticed(
    sides: Sides, diff: Difference, asked: list[brute.Question]
) -> None:
    """Of each list the first passage that has one of the asked packets loses a box; asked are only packets near it."""
    lists = {"allowed": diff.allowed, "denied": diff.denied, "redirected": diff.redirected}
    mutants = 0
    for name, passages in lists.items():
        for index, passage in enumerate(passages):
            first = ip_network(passage.row.source_prefixes[0])
            near = [item for item in _of(passage, asked) if item.source in first]
            if near:
                left = [*passages[:index], *([cut] if (cut := _cut(passage)) else []), *passages[index + 1 :]]
                spoilt = {**lists, name: tuple(left)}
                assert brute.wrong(sides, **spoilt, asked=near[:50])
                mutants += 1
                break
    assert mutants


def test_a_box_too_many_is_noticed(sides: Sides, diff: Difference, asked: list[brute.Question]) -> None:
    name, passage = next(
        (name, item)
        for name, items in (("allowed", diff.allowed), ("denied", diff.denied))
        for item in items
        if _of(item, asked)
    )
    row = dataclasses.replace(passage.row, source_prefixes=("0.0.0.0/0",))
    wide = dataclasses.replace(passage, row=row)
    listed = brute.Listed([wide]), brute.Listed([passage])
    near = [item for item in asked if listed[0].of(item) and not listed[1].of(item)][:50]
    spoilt = {"allowed": diff.allowed, "denied": diff.denied, "redirected": diff.redirected}
    spoilt[name] = tuple(wide if item is passage else item for item in spoilt[name])
    assert brute.wrong(sides, **spoilt, asked=near)


def test_it_is_the_same_each_time(clone: Clone, diff: Difference) -> None:
    assert markdown(compare(clone.old, clone.new)) == markdown(diff)


def test_the_other_way_round_what_was_allowed_is_denied(clone: Clone, diff: Difference) -> None:
    back = compare(clone.new, clone.old)
    assert _packets(back.allowed) == _packets(diff.denied)
    assert _packets(back.denied) == _packets(diff.allowed)


def _packets(passages: tuple[Passage, ...]) -> int:
    """How many packets they hold; none is in two."""
    return sum(_count(item) for item in passages)


def _count(passage: Passage) -> int:
    row = passage.row
    services = 0
    for word in row.services:
        first, _, last = word.partition("/")[2].partition("-")
        services += {"all": 131073, "tcp": 65536, "udp": 65536, "icmp": 1}.get(word) or (
            int(last or first) - int(first) + 1
        )
    sources = sum(ip_network(text).num_addresses for text in row.source_prefixes)
    return sources * sum(ip_network(text).num_addresses for text in row.destinations) * services
