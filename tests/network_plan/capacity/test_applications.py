# SPDX-License-Identifier: GPL-3.0-or-later
"""Table 4.3 by priority: who fits, in which order, and what the answer says."""

from __future__ import annotations

import dataclasses

from network_plan.capacity.applications import applications
from network_plan.capacity.assume import Assumed
from network_plan.capacity.figure import Fits
from network_plan.capacity.planned import outlook
from network_plan.model.plan import Plan


def test_the_printed_memory_does_not_carry_the_table(regency: Plan) -> None:
    answer = applications(regency, Assumed(regency))
    assert answer.fits is Fits.NO
    assert answer.says == (
        "19 have VMs; of 33 that are planned and need room 14 fit on the printed 100 GB of memory, 19 do not"
    )
    by_priority, each = answer.tables
    assert sum(int(row[1] or 0) for row in by_priority.rows) == 54
    assert all(row[1] == sum(int(cell or 0) for cell in row[2:]) for row in by_priority.rows)
    assert len(each.rows) == 33
    assert sum(row[-1] == "fits" for row in each.rows) == 14
    assert [buy.cluster for buy in answer.buy] == ["dc", "drc", ""]
    assert answer.buy[-1].what == "the decision to have more than the printed 100 GB of memory"
    assert answer.instead == (
        "dc: or 4 more hosts like dc1, as they are",
        "drc: or 2 more hosts like drc1, as they are",
    )


def test_every_figure_has_a_source(regency: Plan) -> None:
    for figure in applications(regency, Assumed(regency)).figures:
        assert figure.inputs
        assert all(given.source for given in figure.inputs)


def test_priority_comes_first_and_a_smaller_one_later_may_still_fit(full_plan: Plan) -> None:
    like = full_plan.applications[0]
    rows = [("zebra", 1, 4096), ("ape", 2, 6000), ("bee", 3, 256)]
    plan = dataclasses.replace(
        full_plan,
        applications=tuple(
            dataclasses.replace(
                like, key=key, priority=priority, state="planned", vms=(), cores=1, memory_mib=mib, disk_gib=1, twin=False
            )
            for key, priority, mib in sorted(rows)
        ),
    )  # fmt: skip
    seats = outlook(plan, Assumed(plan)).seats
    assert [(seat.application.key, bool(seat.lacks)) for seat in seats] == [
        ("zebra", False),
        ("ape", True),
        ("bee", False),
    ]


def test_without_a_copy_over_the_line_a_twin_keeps_no_points(regency: Plan) -> None:
    plan = dataclasses.replace(regency, replication=())
    assert {item.load.points_gib for item in outlook(plan, Assumed(plan)).demands[1].wanted} == {0}


def test_nobody_is_seated_where_what_stands_there_has_no_place(full_plan: Plan) -> None:
    clusters = tuple(
        dataclasses.replace(
            cluster, nodes=tuple(dataclasses.replace(node, disk_gib=10) for node in cluster.nodes)
        )
        for cluster in full_plan.clusters
    )
    plan = dataclasses.replace(full_plan, clusters=clusters)
    answer = applications(plan, Assumed(plan))
    assert answer.fits is Fits.NO
    assert answer.says.startswith("what stands there already has no place")
    assert answer.tables[1].rows == ()
    assert any("pairs of drives" in buy.what for buy in answer.buy)


def test_where_nothing_is_planned_all_of_it_fits(full_plan: Plan) -> None:
    facilities = dataclasses.replace(full_plan.facilities, needs={})
    plan = dataclasses.replace(full_plan, facilities=facilities)
    answer = applications(plan, Assumed(plan))
    assert (answer.fits, answer.buy, answer.figures) == (Fits.YES, (), ())
    assert answer.says == "4 have VMs; of 0 that are planned and need room 0 fit"
