# SPDX-License-Identifier: GPL-3.0-or-later
"""What §4.6.3 (5) asks of a room, at the edges; the rule's sites are ``tests/sites/broken/pwr_1_*``."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from network_plan.capacity.assume import Assumed
from network_plan.capacity.figure import Fits
from network_plan.capacity.power import power, shortages, ups_va
from network_plan.model.plan import Plan
from network_plan.model.site.facility import Power

ENOUGH = Power(
    supply_w=1200,
    peak_w=1000,
    ups_va=1250,
    power_factor_percent=90,
    average_w=900,
    standby_hours=3,
    reports=True,
    source="assumption: just enough of it",
)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"supply_w": 1199}, "supply_w"),
        ({"standby_hours": 2}, "standby_hours"),
        ({"average_w": 901}, "average_w"),
        ({"reports": False}, "reports"),
    ],
)
def test_just_enough_is_enough_and_a_little_less_is_not(changes: dict[str, Any], key: str) -> None:
    assert shortages(ENOUGH) == ()
    assert [short.key for short in shortages(dataclasses.replace(ENOUGH, **changes))] == [key]


def test_a_ups_no_larger_than_the_peak_is_too_small() -> None:
    small = dataclasses.replace(ENOUGH, ups_va=1111, average_w=100)
    assert [short.key for short in shortages(small)] == ["ups_va"]


@pytest.mark.parametrize("average", [100, 900, 3000])
def test_the_ups_that_is_named_is_enough_and_a_smaller_one_is_not(average: int) -> None:
    room = dataclasses.replace(ENOUGH, average_w=average)
    for va, keys in ((ups_va(room), set()), (ups_va(room) - 3, {"ups_va", "average_w"})):
        found = {short.key for short in shortages(dataclasses.replace(room, ups_va=va))}
        assert found <= keys
        assert bool(found) == bool(keys)


def test_a_room_of_which_nothing_is_said_is_not_known(regency: Plan) -> None:
    answer = power(regency, Assumed(regency))
    assert answer.fits is Fits.NO
    assert answer.says.endswith("; drc: nothing is said of it")
    assert [buy.declare for buy in answer.buy] == [
        "facilities.yml: power.dc.supply_w: 5040 or more",
        "facilities.yml: power.drc: all its keys",
    ]
    enough = dataclasses.replace(regency.facilities, power={"dc": ENOUGH})
    half = power(dataclasses.replace(regency, facilities=enough), Assumed(regency))
    assert half.fits is Fits.UNKNOWN
    both = dataclasses.replace(regency.facilities, power={"dc": ENOUGH, "drc": ENOUGH})
    whole = power(dataclasses.replace(regency, facilities=both), Assumed(regency))
    assert (whole.fits, whole.says, whole.buy) == (Fits.YES, "dc: as asked; drc: as asked", ())


def test_one_larger_ups_is_bought_once(minimal_plan: Plan) -> None:
    room = dataclasses.replace(ENOUGH, ups_va=1000, average_w=950, reports=False)
    facilities = dataclasses.replace(minimal_plan.facilities, power={"dc": room, "drc": ENOUGH})
    answer = power(dataclasses.replace(minimal_plan, facilities=facilities), Assumed(minimal_plan))
    assert [buy.what for buy in answer.buy] == [
        f"a UPS of {ups_va(room):,} VA at least",
        "the UPS's network card",
    ]
    assert [buy.declare for buy in answer.buy] == [
        f"facilities.yml: power.dc.ups_va: {ups_va(room)} or more",
        "facilities.yml: power.dc.reports: true",
    ]
