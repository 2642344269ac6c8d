# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said to be bought, tried out: with it all have a place, with one piece less something has none."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from network_plan.capacity.applications import applications
from network_plan.capacity.assume import Assumed
from network_plan.capacity.buy import Bought, add_hosts, buy, least, purchases, spread
from network_plan.capacity.figure import Fits
from network_plan.capacity.planned import Demand, outlook
from network_plan.capacity.room import Limits
from network_plan.model.node import Cluster
from network_plan.model.plan import Plan

MODULE, DRIVE = 8192, 894


def planned(plan: Plan, *sizes: tuple[int, int, int], twin: bool = False) -> Plan:
    """Beside what stands there, so many planned applications as (cores, MiB, GiB)."""
    like = plan.applications[0]
    return dataclasses.replace(
        plan,
        applications=tuple(
            dataclasses.replace(
                like,
                key=f"new{place}",
                state="planned",
                vms=(),
                cores=cores,
                memory_mib=mib,
                disk_gib=gib,
                size_source="assumption: a size",
                twin=twin,
            )
            for place, (cores, mib, gib) in enumerate(sizes)
        ),
    )


def home(plan: Plan) -> Demand:
    return outlook(plan, Assumed(plan)).demands[0]


def without(demand: Demand, bought: Bought, host: str, **less: int) -> bool:
    """Whether all still have a place when one piece is taken out of a host again."""
    nodes = tuple(
        dataclasses.replace(node, **{key: getattr(node, key) - number for key, number in less.items()})
        if node.name == host
        else node
        for node in bought.cluster.nodes
    )
    return demand.takes(dataclasses.replace(bought.cluster, nodes=nodes), demand.limits)


def test_the_printed_figures_ask_for_five_modules(regency: Plan) -> None:
    seen = outlook(regency, Assumed(regency))
    found = {}
    for demand in seen.demands:
        bought = buy(demand, MODULE, DRIVE)
        assert bought is not None
        assert demand.takes(bought.cluster, demand.limits)
        assert not any(without(demand, bought, host, memory_mib=MODULE) for host, _ in bought.memory)
        assert (bought.hosts, bought.drives) == (0, ())
        found[demand.cluster.name] = sum(number for _, number in bought.memory)
    assert found == {"dc": 3, "drc": 2}


def test_drives_are_bought_where_disk_is_short(full_plan: Plan) -> None:
    demand = home(planned(full_plan, *[(1, 256, 900)] * 7))
    bought = buy(demand, MODULE, DRIVE)
    assert bought is not None
    assert bought.memory == ()
    assert bought.drives
    assert demand.takes(bought.cluster, demand.limits)
    assert not any(without(demand, bought, host, disk_gib=DRIVE) for host, _ in bought.drives)


def test_hosts_are_bought_for_their_cores(full_plan: Plan) -> None:
    demand = home(planned(full_plan, *[(60, 256, 1)] * 8))
    bought = buy(demand, MODULE, DRIVE)
    assert bought is not None
    number = bought.hosts
    assert number > 1
    assert demand.takes(bought.cluster, demand.limits)
    fewer = dataclasses.replace(bought.cluster, nodes=bought.cluster.nodes[:-1])
    assert not demand.takes(fewer, demand.limits)
    (first, *_) = purchases(demand, bought, Assumed(full_plan))
    assert first.what == f"{number} more hosts like dc1, for their cores"
    assert first.declare == f"clusters.yml: clusters.dc.hosts: {number} more names"


def test_more_hosts_do_as_well_as_modules(regency: Plan) -> None:
    demand = home(regency)
    more = add_hosts(demand)
    assert more is not None
    assert more.hosts == 4
    fewer = dataclasses.replace(more.cluster, nodes=more.cluster.nodes[:-1])
    assert not demand.takes(fewer, demand.limits)


def test_nothing_helps_where_both_hosts_of_a_vm_may_fail(full_plan: Plan) -> None:
    clusters = tuple(dataclasses.replace(cluster, spare_hosts=2) for cluster in full_plan.clusters)
    plan = dataclasses.replace(full_plan, clusters=clusters)
    assert buy(home(plan), MODULE, DRIVE) is None
    answer = applications(plan, Assumed(plan))
    assert answer.fits is Fits.NO
    assert answer.says.startswith("no purchase gives all VMs of dc a place")


def test_a_vm_that_no_host_can_carry_is_helped_by_no_purchase(full_plan: Plan) -> None:
    """Cores come with hosts, and one host has only so many; memory and disk can grow."""
    assert buy(home(planned(full_plan, (65, 256, 1))), MODULE, DRIVE) is None
    assert add_hosts(home(planned(full_plan, (1, 9000, 1)))) is None
    big = buy(home(planned(full_plan, (1, 90_000, 1))), MODULE, DRIVE)
    assert big is not None
    assert sum(number for _, number in big.memory) >= 2 * 10
    wide = buy(home(planned(full_plan, (1, 256, 9_000))), MODULE, DRIVE)
    assert wide is not None
    assert wide.drives


@pytest.mark.parametrize("ignored", [1, 2])
def test_where_the_search_finds_no_place_however_much_there_is_nothing_is_bought(
    full_plan: Plan, ignored: int
) -> None:
    """It errs on the safe side: it may miss a packing once cores, then disk, are counted too."""

    class Stubborn(Demand):
        def takes(self, cluster: Cluster, limits: Limits) -> bool:
            return bool(cluster.nodes) and len(limits.ignored) >= ignored

    of = home(full_plan)
    stubborn = Stubborn(cluster=of.cluster, limits=of.limits, guests=of.guests, wanted=of.wanted)
    assert buy(stubborn, MODULE, DRIVE) is None


@pytest.mark.parametrize(
    ("enough", "most", "number"),
    [
        (lambda _: True, 9, 0),
        (lambda _: False, 9, None),
        (lambda number: number >= 1, 9, 1),
        (lambda number: number >= 7, 9, 7),
        (lambda number: number >= 9, 9, 9),
    ],
)
def test_the_least_is_enough_and_one_less_is_not(
    enough: Callable[[int], bool], most: int, number: int | None
) -> None:
    assert least(enough, most) == number


def test_pieces_go_to_whoever_has_least() -> None:
    assert spread({"a": 10, "b": 4, "c": 4}, 3, 5) == {"a": 0, "b": 2, "c": 1}


def test_purchases_read_as_people_buy(full_plan: Plan) -> None:
    assumed = Assumed(full_plan)
    demand = home(full_plan)
    cluster = demand.cluster
    many = purchases(demand, Bought(cluster=cluster, memory=(("dc1", 2), ("dc2", 1))), assumed)
    assert many[0].what == "3 memory modules of 8,192 MiB, 2 in dc1, 1 in dc2"
    assert many[0].each == (("dc1", 16384), ("dc2", 8192))
    assert many[0].declare == "clusters.yml: dc1 memory_mib: 9536, dc2 memory_mib: 9536"
    one = purchases(demand, Bought(cluster=cluster, hosts=1, like="dc1", drives=(("dc3", 1),)), assumed)
    assert [purchase.what for purchase in one] == [
        "1 more host like dc1, for their cores",
        "1 pair of drives of 894 GiB, in dc3",
    ]
    two = purchases(demand, Bought(cluster=cluster, drives=(("dc3", 1), ("new host 1", 1))), assumed)
    assert two[0].what == "2 pairs of drives of 894 GiB, one in each of dc3, new host 1"
