# SPDX-License-Identifier: GPL-3.0-or-later
"""How full the pools are, and when they run out at the pace so far."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pytest

from network_plan.allocate.allot import allot
from network_plan.allocate.use import Use, pace, pool_use
from network_plan.model.ledger import Act, Entry, Kind, Ledger
from network_plan.model.site import Site

FIRST = date(2027, 1, 1)


@pytest.mark.parametrize(
    ("days", "free", "today", "a_year", "runs_out"),
    [
        ([], 10, 0, None, None),
        ([0, 0, 0], 10, 365, None, None),
        ([0, 0, 10, 20], 100, 100, 7.3, 100 + 5000),
        ([0, 1], 1, 0, None, None),
        ([0, 1], 0, 10, 36.5, 10),
        ([0, 1], 10_000_000, 365, 1.0, None),
    ],
)
def test_the_first_day_is_no_growth(
    days: list[int], free: int, today: int, a_year: float | None, runs_out: int | None
) -> None:
    when = [FIRST + timedelta(days=day) for day in days]
    end = None if runs_out is None else FIRST + timedelta(days=runs_out)
    assert pace(when, free, FIRST + timedelta(days=today)) == (a_year, end)


def _of(uses: tuple[Use, ...], pool: str) -> Use:
    return next(use for use in uses if use.pool == pool)


def test_every_pool_says_what_is_given_and_what_can_still_be(base: Site) -> None:
    entries, _ = allot(base, Ledger())
    ledger = Ledger.of(entries)
    uses = pool_use(base, ledger, FIRST)
    assert _of(uses, "prefix servers") == Use(
        pool="prefix servers", unit="networks /26", size=1024, live=2, free=1022
    )
    assert _of(uses, "vlan servers") == Use(pool="vlan servers", unit="VLANs", size=899, live=2, free=897)
    assert _of(uses, "vmid") == Use(pool="vmid", unit="VMIDs", size=9900, live=2, free=9898)
    assert _of(uses, "public") == Use(pool="public", unit="addresses", size=8, live=2, free=6)
    assert _of(uses, "address dinas/servers") == Use(
        pool="address dinas/servers", unit="addresses", size=53, live=1, free=52
    )
    management = _of(uses, "prefix management")
    assert management.size - management.free == management.live + 1, "the tunnel's block is not free either"
    assert not [use for use in pool_use(base, ledger, FIRST, of_networks=False) if use.pool[:8] == "address "]


def test_what_rests_is_neither_given_nor_free(base: Site) -> None:
    entries, _ = allot(base, Ledger())
    old = next(entry for entry in entries if entry.kind is Kind.PREFIX and entry.key == "dinas/servers")
    extra = [
        dataclasses.replace(old, act=Act.RELEASE, day=FIRST),
        Entry(kind=Kind.VMID, owner="x", act=Act.RESERVE, key="x/far", value="999999"),
    ]
    uses = pool_use(base, Ledger.of([*entries, *extra]), FIRST)
    assert (_of(uses, "prefix servers").live, _of(uses, "prefix servers").free) == (1, 1022)
    assert _of(uses, "vmid").free == 9898, "what lies outside of the range takes nothing from it"
    assert not [use for use in uses if use.pool == "address dinas/servers"]


def test_the_pace_is_that_of_the_pool(base: Site) -> None:
    entries, _ = allot(base, Ledger())

    def written(file: str, line: str) -> date | None:
        if file.startswith("node/"):
            return None
        return FIRST + timedelta(days=73 if "dinas" in line else 0)

    uses = pool_use(base, Ledger.of(entries), FIRST + timedelta(days=73), written)
    servers = _of(uses, "prefix servers")
    assert servers.a_year == 5.0
    assert servers.runs_out == FIRST + timedelta(days=73 + 1022 * 73)
    assert _of(uses, "prefix management").a_year is None
