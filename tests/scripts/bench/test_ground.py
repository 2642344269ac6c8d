# SPDX-License-Identifier: GPL-3.0-or-later
"""The ground of the benches, with the real engine: both providers get the program up, and previews are empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from scripts.bench import ground as place
from scripts.bench.ground import Ground, ground
from scripts.bench.least import least
from scripts.bench.measure import BenchError
from scripts.bench.up import counted
from tests.small import SMALL

pytestmark = pytest.mark.hosts


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(SMALL)


@pytest.fixture(scope="module")
def here(plan: Plan) -> Iterator[Ground]:
    with ground(plan, SMALL) as made:
        yield made
    assert not place.FOLDER.exists()


def test_an_up_makes_the_writes_that_the_plan_needs(here: Ground, plan: Plan) -> None:
    """The least is counted from the Plan: no kind of write may be missing from what was made, nor exceed it."""
    here.lab("dc").reset_calls()
    here.ours.up("dc")
    made, needed = counted(here.lab("dc").calls()), least(plan, "dc")
    assert {key: n for key, n in made.items() if key[0] != "GET"} == {
        key: n for key, n in needed.items() if key[0] != "GET"
    }
    here.lab("dc").reset_calls()
    here.ours.preview("dc")
    assert {call["method"] for call in here.lab("dc").calls()} == {"GET"}


def test_a_provider_that_does_nothing_asks_nothing(here: Ground) -> None:
    here.lab("dc").reset_calls()
    here.null.up("dc")
    here.null.preview("dc")
    assert here.lab("dc").requests() == 0


def test_two_benches_do_not_share_a_ground(here: Ground, plan: Plan) -> None:
    assert here.ours.folder.exists()
    with pytest.raises(BenchError, match="wait for it"), ground(plan, SMALL):
        pass
    assert here.ours.folder.exists()
