# SPDX-License-Identifier: GPL-3.0-or-later
"""The gain of consolidation and the printed figures; sites that the rules fail are ``cld_5_*`` and ``cld_6_*``."""

from __future__ import annotations

import dataclasses

from network_plan.capacity.answers import capacity
from network_plan.capacity.assume import DEFAULTS, Assumed
from network_plan.capacity.figure import Answer, Fits
from network_plan.capacity.gain import gain
from network_plan.capacity.printed import prints
from network_plan.model.plan import Plan
from network_plan.model.site.facility import Need


def _gain(plan: Plan) -> Answer:
    return gain(plan, Assumed(plan))


def _prints(plan: Plan) -> Answer:
    return prints(plan, Assumed(plan))


def test_by_the_print_s_rule_where_nobody_has_counted(regency: Plan) -> None:
    answer = _gain(regency)
    assert answer.fits is Fits.YES
    assert answer.says.startswith(
        "10 hosts instead of 20 servers today and 53 with all that is planned; 29 %"
    )
    assert answer.says.endswith("is not counted ('sizing.servers_today')")
    assert [figure.value for figure in answer.figures] == [10, 43, 29, 10 * (3000 // 7) * 8760 // 1000]


def test_what_is_counted_takes_the_place_of_the_rule(minimal_plan: Plan) -> None:
    answer = _gain(minimal_plan)
    assert answer.says.startswith("4 hosts instead of 6 servers today and 6 with all that is planned; 20 %")
    assert "not counted" not in answer.says
    assert answer.figures[0].formula == "6 servers − 4 hosts (the recovery center's among them) = 2"
    assert answer.figures[0].inputs[0].source == "assumption: counted, one for each VM and some"


def test_no_gain_is_said(minimal_plan: Plan) -> None:
    sizing = minimal_plan.facilities.sizing
    assert sizing is not None
    facilities = dataclasses.replace(
        minimal_plan.facilities, sizing=dataclasses.replace(sizing, servers_today=4), power={}
    )
    answer = _gain(dataclasses.replace(minimal_plan, facilities=facilities))
    assert answer.fits is Fits.NO
    assert "energy saved today" not in {figure.name for figure in answer.figures}


def test_the_printed_figures_are_kept(regency: Plan) -> None:
    answer = _prints(regency)
    assert answer.fits is Fits.YES
    assert answer.says == "10 of 10 servers; 99.99 GB of 100 GB of memory; 29.99 TB of 30 TB of storage"
    assert answer.figures[0].formula == "7 in dc + 3 in drc = 10, 10 servers are printed"


def test_more_than_printed_and_a_unit_that_is_none(regency: Plan) -> None:
    needs = {
        "servers": Need(title="Servers", quantity=9, unit="servers", source="assumption: printed"),
        "memory": Need(title="Memory", quantity=100, unit="sticks", source="assumption: printed"),
    }
    plan = dataclasses.replace(regency, facilities=dataclasses.replace(regency.facilities, needs=needs))
    answer = _prints(plan)
    assert answer.fits is Fits.NO
    assert answer.says == "10 of 9 servers; memory is counted in 'sticks', which no host is"
    bare = dataclasses.replace(regency, facilities=dataclasses.replace(regency.facilities, needs={}))
    assert _prints(bare).says == "nothing is printed"


def test_every_assumption_says_why() -> None:
    for _, _, name, why in DEFAULTS.values():
        assert name
        assert why.startswith(("assumption: ", "https://"))


def test_all_questions_together_are_no_better_than_the_worst(regency: Plan, minimal_plan: Plan) -> None:
    found = capacity(regency)
    assert found.fits is Fits.NO
    assert [answer.key for answer in found.answers if answer.fits is not Fits.YES] == [
        "applications",
        "power",
    ]
    assert capacity(minimal_plan).fits is Fits.YES
    unknown = dataclasses.replace(minimal_plan.facilities, power={})
    assert capacity(dataclasses.replace(minimal_plan, facilities=unknown)).fits is Fits.UNKNOWN


def test_each_figure_of_each_answer_has_its_formula_and_its_sources(regency: Plan) -> None:
    for answer in capacity(regency).answers:
        for figure in answer.figures:
            assert figure.formula, figure.name
            assert figure.inputs, figure.name
            assert all(given.source for given in figure.inputs), figure.name


def test_a_cluster_without_hosts_is_no_puzzle(minimal_plan: Plan) -> None:
    """A site may begin with its words and no host; then nothing stands there, and what is planned waits for one."""
    empty = tuple(dataclasses.replace(cluster, nodes=()) for cluster in minimal_plan.clusters)
    plan = dataclasses.replace(minimal_plan, clusters=empty, guests=(), replication=())
    assert capacity(plan).fits is Fits.YES
    wanted = tuple(
        dataclasses.replace(item, state="planned", cores=1, memory_mib=1, disk_gib=1, size_source="assumption: one")
        for item in plan.applications
    )  # fmt: skip
    found = capacity(dataclasses.replace(plan, applications=wanted))
    answer = next(answer for answer in found.answers if answer.key == "applications")
    assert answer.says.startswith("no purchase gives all VMs of dc")
