# SPDX-License-Identifier: GPL-3.0-or-later
"""N+1 with replicas, and room for what is planned; sites that fail are in ``tests/sites/broken/cld_*``."""

from __future__ import annotations

import dataclasses

from network_plan.model.node import Cluster
from network_plan.model.plan import Plan
from network_plan.policy.capacity import Load, survives
from network_plan.policy.planned import Room, check_planned


def _cluster(plan: Plan, *free: int, spare: int = 1) -> Cluster:
    """A cluster of hosts h1, h2 … with so many MiB for VMs."""
    cluster = plan.cluster("dc")
    nodes = tuple(
        dataclasses.replace(cluster.nodes[0], name=f"h{place}", memory_mib=mib + 1024, reserve_mib=1024)
        for place, mib in enumerate(free, start=1)
    )
    return dataclasses.replace(cluster, nodes=nodes, spare_hosts=spare)


def test_an_ha_vm_starts_where_its_replica_is_and_nowhere_else(minimal_plan: Plan) -> None:
    cluster = _cluster(minimal_plan, 2048, 2048, 1024)
    guests: tuple[Load, ...] = ((2048, "a/one", "h1", "h2"),)
    assert survives(cluster, ("h1",), guests) is None
    assert survives(cluster, ("h2",), guests) is None
    assert survives(cluster, ("h1", "h2"), guests) == "a/one"
    assert survives(cluster, ("h1",), ((2048, "a/one", "h1", "h3"),)) == "a/one"
    assert survives(cluster, ("h1",), (*guests, (1024, "a/two", "h2", "h3"))) == "a/one"


def test_one_more_ha_vm_keeps_its_replica_where_least_is_taken_over(minimal_plan: Plan) -> None:
    room: Room | None = Room(cluster=_cluster(minimal_plan, 4096, 3072, 3072), guests=())
    for key in ("one", "two", "three"):
        assert room is not None
        room = room.place(1024, key, ha=True)
    assert room is not None
    assert room.guests == ((1024, "one", "h1", "h2"), (1024, "two", "h1", "h3"), (1024, "three", "h2", "h3"))


def test_the_largest_is_the_largest(minimal_plan: Plan) -> None:
    room = Room(cluster=_cluster(minimal_plan, 3000, 2000, 1000), guests=())
    assert room.largest(4000, ha=True) == 2000
    assert room.place(2000, "a/one", ha=True) is not None
    assert room.place(2001, "a/one", ha=True) is None
    assert room.largest(4000, ha=False) == 2000
    assert (
        Room(cluster=_cluster(minimal_plan, 3000, 2000, spare=0), guests=()).largest(4000, ha=False) == 3000
    )


def _with_planned(plan: Plan, *sizes: int) -> Plan:
    """So many applications of priority 1, planned; beside nothing else."""
    like = plan.applications[0]
    return dataclasses.replace(
        plan,
        applications=tuple(
            dataclasses.replace(like, key=f"new{place}", state="planned", vms=(), memory_mib=mib, twin=False)
            for place, mib in enumerate(sizes)
        ),
    )


def test_what_is_planned_is_said_only_where_it_does_not_fit(full_plan: Plan) -> None:
    assert check_planned(_with_planned(full_plan, 1024, 1024), None) == []
    found = check_planned(_with_planned(full_plan, 1024, 8192), None)
    assert [finding.path[-1] for finding in found] == ["hosts", "new1"]
    assert "(2 with 9216 MiB beside" in found[0].what
    assert (
        "the planned new1 (priority 1) has no room: it needs 8192 MiB, dc with 1 host down has"
        in found[1].what
    )


def test_the_memory_to_buy_is_enough_and_a_step_less_is_not(full_plan: Plan) -> None:
    """The figure that is printed, tried out: with it nothing is missing, with 512 MiB less something is."""
    plan = _with_planned(full_plan, 8192, 8192, 1024)
    (said,) = (f.what for f in check_planned(plan, None) if f.path[-1] == "hosts")
    more = int(said.partition(" finds room with ")[2].partition(" MiB")[0])

    def bought(mib: int) -> Plan:
        clusters = tuple(
            dataclasses.replace(
                cluster,
                nodes=tuple(dataclasses.replace(n, memory_mib=n.memory_mib + mib) for n in cluster.nodes),
            )
            for cluster in plan.clusters
        )
        return dataclasses.replace(plan, clusters=clusters)

    assert check_planned(bought(more), None) == []
    assert check_planned(bought(more - 512), None) != []
