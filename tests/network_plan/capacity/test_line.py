# SPDX-License-Identifier: GPL-3.0-or-later
"""The agencies' shares, and the copies over the line."""

from __future__ import annotations

import dataclasses

import pytest

from network_plan.capacity.assume import Assumed
from network_plan.capacity.copies import copies, cycles, rate_bytes
from network_plan.capacity.figure import GIB, Answer, Fits
from network_plan.capacity.line import line, share_kbit
from network_plan.model.plan import Plan
from network_plan.model.site.facility import Sizing


def _line(plan: Plan) -> Answer:
    return line(plan, Assumed(plan))


def _copies(plan: Plan) -> Answer:
    return copies(plan, Assumed(plan))


def _tunnel(plan: Plan, **changes: object) -> Plan:
    tunnels = tuple(dataclasses.replace(tunnel, **changes) for tunnel in plan.tunnels)  # type: ignore[arg-type]
    return dataclasses.replace(plan, tunnels=tunnels)


def test_the_share_is_what_replication_leaves(regency: Plan) -> None:
    answer = _line(regency)
    assert share_kbit(regency) == (50_000 - 25_000) // 45 == answer.figures[0].value
    assert answer.fits is Fits.YES
    assert "the line of 55 of 55 offices is not measured" in answer.says
    assert "bapenda and setda still buy bandwidth of their own" in answer.says
    assert sum(int(row[1] or 0) for row in answer.tables[0].rows) == 55


def test_an_office_behind_a_slow_line_gets_no_more_than_that(regency: Plan) -> None:
    networks = tuple(
        dataclasses.replace(network, rate_kbit=300 if network.transport == "wireless" else 10_000)
        for network in regency.networks
    )
    answer = _line(dataclasses.replace(regency, networks=networks, exceptions=()))
    wireless = next(row for row in answer.tables[0].rows if row[0] == "wireless")
    assert wireless == ("wireless", 17, 17, "300", "300")
    assert answer.says == ("555 kbit/s for each of 45 agencies; 17 offices have a slower own line")


def test_where_replication_takes_all_a_faster_line_is_asked(regency: Plan) -> None:
    answer = _line(_tunnel(regency, rate_kbit=50_000))
    assert answer.fits is Fits.NO
    assert answer.buy[0].declare == f"facilities.yml: uplink.rate_kbit: more than {50_000 + 45}"
    faster = dataclasses.replace(
        regency.facilities, uplink=dataclasses.replace(regency.facilities.uplink, rate_kbit=50_045)
    )
    there = dataclasses.replace(_tunnel(regency, rate_kbit=50_000), facilities=faster)
    assert _line(there).fits is Fits.YES


def test_the_line_admits_what_it_carries_within_the_interval(regency: Plan) -> None:
    (one,) = cycles(regency, Assumed(regency))
    assert rate_bytes(regency) == 25_000 * 1000 * 92 // 100 // 8
    assert one.admits_bytes == rate_bytes(regency) * 2 * 60
    assert (one.vms, one.planned, one.disk_gib) == (17, 13, 17 * 16 + 3 * 32 + 13 * 16)
    answer = _copies(regency)
    assert answer.fits is Fits.YES
    assert "what changes takes 38 % of the rate that is kept" in answer.says
    assert "priority 2 and 3: nothing is copied there" in answer.says


def test_the_time_left_of_the_rpo_is_what_counts(regency: Plan) -> None:
    tiers = tuple(dataclasses.replace(tier, rpo_minutes=3) for tier in regency.tiers)
    (one,) = cycles(dataclasses.replace(regency, tiers=tiers), Assumed(regency))
    assert one.admits_bytes == rate_bytes(regency) * 1 * 60


@pytest.mark.parametrize("rate", [2000, 9000])
def test_a_line_too_thin_says_the_rate_that_is_enough(regency: Plan, rate: int) -> None:
    answer = _copies(_tunnel(regency, rate_kbit=rate))
    assert answer.fits is Fits.NO
    asked = int(answer.buy[0].declare.partition("tunnel.rate_kbit: ")[2].partition(";")[0])
    assert _copies(_tunnel(regency, rate_kbit=asked)).fits is Fits.YES
    assert _copies(_tunnel(regency, rate_kbit=asked * 9 // 10)).fits is Fits.NO
    assert answer.buy[0].declare.endswith(f"uplink.rate_kbit: {50_000 + asked - rate}")


def test_no_time_for_a_transfer_does_not_fit(regency: Plan) -> None:
    tiers = tuple(dataclasses.replace(tier, rpo_minutes=2) for tier in regency.tiers)
    assert _copies(dataclasses.replace(regency, tiers=tiers)).fits is Fits.NO


def test_the_first_copies_over_the_line_or_on_a_drive(regency: Plan) -> None:
    *_, over, carried = _copies(regency).figures
    assert over.value == -(-576 * GIB // rate_bytes(regency))
    assert over.formula.startswith("576 GiB / 2,875 kB/s = 2.5 days")
    assert carried.value == -(-2 * 576 * GIB // 150_000_000)
    fast = _tunnel(regency, rate_kbit=900_000, kind="leased")
    assert rate_bytes(fast) == 900_000 * 1000 * 97 // 100 // 8
    says = _copies(fast).says
    assert "the first copies take 1.6 hours over the line;" in says
    assert _copies(_tunnel(regency, rate_kbit=10_000_000)).says.count("minutes over the line") == 1


def test_all_tiers_copied_leaves_no_rest(regency: Plan) -> None:
    tiers = tuple(dataclasses.replace(tier, twin=True) for tier in regency.tiers)
    assert "nothing is copied there" not in _copies(dataclasses.replace(regency, tiers=tiers)).says


def test_nothing_copied_asks_nothing_of_the_line(regency: Plan) -> None:
    answer = _copies(dataclasses.replace(regency, replication=()))
    assert (answer.fits, answer.says) == (Fits.YES, "nothing is copied over the line")
    alone = _copies(dataclasses.replace(regency, replication=(), tunnels=()))
    assert (alone.fits, alone.says) == (Fits.YES, "there is no recovery center to copy to")


def test_what_the_site_measured_takes_the_place_of_what_is_assumed(regency: Plan) -> None:
    sizing = Sizing(source="https://example.org/measured", change_percent=20)
    plan = dataclasses.replace(regency, facilities=dataclasses.replace(regency.facilities, sizing=sizing))
    answer = _copies(plan)
    assert answer.fits is Fits.NO
    given = {item.name: item for figure in answer.figures for item in figure.inputs}
    assert given["what changes of a disk in a day"].value == "20 %"
    assert given["what changes of a disk in a day"].source == "https://example.org/measured"
    assert given["the hours in which it changes"].source.startswith("assumption: ")
