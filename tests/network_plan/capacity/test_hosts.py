# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory, cores and disk host by host, and what the loss of one costs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from network_plan.capacity.assume import Assumed
from network_plan.capacity.figure import Answer, Fits
from network_plan.capacity.hosts import hosts
from network_plan.capacity.load import backups_gib, loads, points_gib
from network_plan.capacity.loss import loss
from network_plan.model.plan import Plan


def _ask(question: Callable[[Plan, Assumed], Answer], plan: Plan) -> Answer:
    return question(plan, Assumed(plan))


def _nodes(plan: Plan, cluster: str, **changes: Any) -> Plan:
    return dataclasses.replace(
        plan,
        clusters=tuple(
            dataclasses.replace(
                item, nodes=tuple(dataclasses.replace(node, **changes) for node in item.nodes)
            )
            if item.name == cluster
            else item
            for item in plan.clusters
        ),
    )


def test_each_host_is_counted_once(regency: Plan) -> None:
    answer = _ask(hosts, regency)
    assert answer.fits is Fits.YES
    assert answer.says == "dc with 1 host down: all have a place; drc: all have a place"
    memory, disk, there, _ = answer.tables
    used = sum(int(str(row[2]).replace(",", "")) for row in memory.rows)
    assert used == sum(guest.memory_mib for guest in regency.guests_of("dc"))
    assert memory.columns[-1] == "when down"
    assert [row[-1] for row in memory.rows if row[0] == "dc1"] == ["dc3"]
    assert there.columns[-1] == "cores"
    sizes = sum(item.size_gib for guest in regency.guests_of("dc") for item in guest.disks)
    for column in (3, 4):  # every disk stands once, and once more where it is copied to
        assert sum(int(row[column] or 0) for row in disk.rows) == sizes


def test_the_sums_say_how_they_came_about(regency: Plan) -> None:
    first, cores, disk, *_ = _ask(hosts, regency).figures
    assert first.formula == (
        "7 × 8,000 MiB (installed less what the host keeps) = 56,000 MiB, 24,576 MiB of it for the 20 VMs; "
        "48,000 MiB are there without the 1 largest"
    )
    assert (cores.value, disk.value) == (7 * 16 * 4, 7 * (2793 * 80 // 100))
    assert all(given.source for figure in (first, cores, disk) for given in figure.inputs)


def test_hosts_of_two_makes_are_summed_apart(minimal_plan: Plan) -> None:
    assert "2 × 4,096 + 1 × 512 MiB" in _ask(hosts, minimal_plan).figures[0].formula


def test_what_is_not_bought_stands_among_the_purchases(regency: Plan) -> None:
    (enclosure,) = _ask(hosts, regency).buy
    assert enclosure.cluster == "drc"
    assert "without 'first_purchase'" in enclosure.declare


def test_too_small_a_disk_is_said(regency: Plan) -> None:
    answer = _ask(hosts, _nodes(regency, "drc", disk_gib=100))
    assert answer.fits is Fits.NO
    assert "drc: drc1 has too little disk" in answer.says


def test_a_vm_without_a_place_is_said_by_both_questions(regency: Plan) -> None:
    plan = _nodes(regency, "dc", reserve_mib=9536 - 5000)
    answer = _ask(hosts, plan)
    assert answer.fits is Fits.NO
    assert "has no host with memory when dc" in answer.says
    lost = _ask(loss, plan)
    assert lost.fits is Fits.NO
    assert lost.says.startswith("no place for ")
    assert {row[3] for row in lost.tables[0].rows} == {"memory"}


def test_the_loss_of_a_host_costs_an_interval_and_minutes(regency: Plan) -> None:
    answer = _ask(loss, regency)
    assert answer.fits is Fits.YES
    assert "priority 2 loses 15 minutes at most and is back after 2 to 3" in answer.says
    assert [(figure.value, figure.unit) for figure in answer.figures] == [(5, "minutes"), (15, "minutes")]


def test_without_ha_the_last_backup_is_what_comes_back(minimal_plan: Plan) -> None:
    answer = _ask(loss, minimal_plan)
    assert answer.fits is Fits.YES
    assert "priority 1 loses what came after its last backup" in answer.says
    assert "(01:00), by hand, within the 20 minutes" in answer.figures[0].formula
    tiers = tuple(dataclasses.replace(tier, backup=None) for tier in minimal_plan.tiers)
    bare = _ask(loss, dataclasses.replace(minimal_plan, tiers=tiers))
    assert "(there is none)" in bare.figures[0].formula


def test_an_interval_longer_than_the_rpo_does_not_fit(regency: Plan) -> None:
    tiers = tuple(dataclasses.replace(tier, rpo_minutes=4) for tier in regency.tiers)
    answer = _ask(loss, dataclasses.replace(regency, tiers=tiers))
    assert answer.fits is Fits.NO
    assert answer.says == "priority 1, 2, 3 may lose more than its RPO"


def test_a_cluster_that_runs_vms_without_a_spare_host_is_named(regency: Plan) -> None:
    clusters = tuple(dataclasses.replace(cluster, spare_hosts=0) for cluster in regency.clusters)
    answer = _ask(loss, dataclasses.replace(regency, clusters=clusters))
    assert answer.fits is Fits.NO
    assert answer.says.endswith("; in dc no host is spare")


def test_backups_count_where_they_lie(regency: Plan, minimal_plan: Plan) -> None:
    """On its own host each kept one and the next; mounted from elsewhere nothing."""
    assumed = Assumed(regency)
    assert backups_gib(16, 11, assumed) == 16 * 12 // 4
    assert backups_gib(16, 0, assumed) == 0
    assert points_gib(48, 60, assumed) == 1
    here = loads(regency, regency.cluster("dc"), assumed)
    assert {load.backup_gib for load in here if load.disk_gib == 16} == {48}
    assert all(load.points_gib == 0 for load in here)
    twins = loads(regency, regency.cluster("drc"), assumed)
    assert {(load.backup_gib, load.points_gib) for load in twins} == {(0, 1)}
    assert {load.disk_gib for load in twins} == {16, 48}
    there = loads(minimal_plan, minimal_plan.cluster("dc"), Assumed(minimal_plan))
    assert {load.backup_gib for load in there} == {0}
