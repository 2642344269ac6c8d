# SPDX-License-Identifier: GPL-3.0-or-later
"""Places for VMs, with replicas and with hosts down: by hand, and against a search that knows no shortcut."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from typing import Any

import pytest

from network_plan.capacity.lack import lack
from network_plan.capacity.load import Load
from network_plan.capacity.room import DISK, MEMORY, Limits, Room, Stuck
from network_plan.model.node import Cluster
from network_plan.model.plan import Plan

LIMITS = Limits(vcpus_per_core=4, disk_full_percent=100)


def cluster_of(plan: Plan, *free: int, spare: int = 1, cores: int = 100, disk: int = 10_000) -> Cluster:
    """A cluster of hosts h1, h2 … with so many MiB for VMs."""
    cluster = plan.cluster("dc")
    nodes = tuple(
        dataclasses.replace(
            cluster.nodes[0],
            name=f"h{place}",
            memory_mib=mib + 1024,
            reserve_mib=1024,
            cores=cores,
            disk_gib=disk,
        )
        for place, mib in enumerate(free, start=1)
    )
    return dataclasses.replace(cluster, nodes=nodes, spare_hosts=spare)


def load(mib: int, key: str = "a/one", host: str = "", replica: str | None = None, **more: Any) -> Load:
    return Load(key=key, host=host, replica=replica, memory_mib=mib, **{"cores": 1, "disk_gib": 0, **more})


def stuck(cluster: Cluster, lost: Sequence[str], *loads: Load) -> Stuck | None:
    return Room(cluster, LIMITS, loads).after(lost)[1]


def test_an_ha_vm_starts_where_its_replica_is_and_nowhere_else(minimal_plan: Plan) -> None:
    cluster = cluster_of(minimal_plan, 2048, 2048, 1024)
    one = load(2048, "a/one", "h1", "h2")
    assert stuck(cluster, ("h1",), one) is None
    assert stuck(cluster, ("h2",), one) is None
    assert stuck(cluster, ("h1", "h2"), one) == Stuck(key="a/one", lacks="memory")
    assert stuck(cluster, ("h1",), load(2048, "a/one", "h1", "h3")) == Stuck(key="a/one", lacks="memory")
    assert stuck(cluster, ("h1",), one, load(1024, "a/two", "h2", "h3")) == Stuck(key="a/one", lacks="memory")


def test_want_of_cores_is_said_of_an_ha_vm_too(minimal_plan: Plan) -> None:
    cluster = cluster_of(minimal_plan, 2048, 2048, cores=1)
    assert stuck(cluster, ("h1",), load(1, "a/one", "h1", "h2", cores=5)) == Stuck(key="a/one", lacks="cores")


def test_what_has_no_replica_comes_back_largest_first_onto_the_emptiest_host(minimal_plan: Plan) -> None:
    cluster = cluster_of(minimal_plan, 4096, 3072, 2048)
    loads = (load(1024, "a/small", "h1"), load(2048, "a/large", "h1"))
    left, none = Room(cluster, LIMITS, loads).after(("h1",))
    assert none is None
    assert {name: free[MEMORY] for name, free in left.items()} == {"h2": 1024, "h3": 1024}


@pytest.mark.parametrize(
    ("need", "lacks"),
    [
        ({"mib": 4000}, "memory"),
        ({"mib": 1, "cores": 500}, "cores"),
        ({"mib": 1, "disk_gib": 20_000}, "disk"),
    ],
)
def test_a_vm_without_a_place_says_what_is_too_little(
    minimal_plan: Plan, need: dict[str, Any], lacks: str
) -> None:
    cluster = cluster_of(minimal_plan, 4096, 2048)
    found = stuck(cluster, ("h1",), load(need.pop("mib"), "a/one", "h1", **need))
    assert found == Stuck(key="a/one", lacks=lacks)


def test_one_more_ha_vm_keeps_its_replica_where_least_is_taken_over(minimal_plan: Plan) -> None:
    room = Room(cluster_of(minimal_plan, 4096, 3072, 3072), LIMITS)
    assert all(room.place(load(1024, key), ha=True) for key in ("one", "two", "three"))
    assert [(item.key, item.host, item.replica) for item in room.guests] == [
        ("one", "h1", "h2"),
        ("two", "h1", "h3"),
        ("three", "h2", "h3"),
    ]


def test_disk_counts_at_both_hosts_and_backups_at_one(minimal_plan: Plan) -> None:
    room = Room(
        cluster_of(minimal_plan, 4096, 4096, disk=100),
        LIMITS,
        [load(1, "a/one", "h1", "h2", disk_gib=30, points_gib=5, backup_gib=20)],
    )
    assert [room.free[host][DISK] for host in ("h1", "h2")] == [45, 70]
    assert room.find(load(1, "a/two", disk_gib=46), ha=True) is None
    assert room.find(load(1, "a/two", disk_gib=45), ha=True) is not None
    assert room.find(load(1, "a/two", disk_gib=46), ha=False) is None  # it would come back on h1
    assert Room(dataclasses.replace(room.cluster, spare_hosts=0), LIMITS, room.guests).find(
        load(1, "a/two", disk_gib=70), ha=False
    )


def test_a_host_that_is_overfull_is_named(minimal_plan: Plan) -> None:
    cluster = cluster_of(minimal_plan, 2048, 2048, cores=1, disk=10, spare=0)
    room = Room(cluster, LIMITS, [load(4096, "a/one", "h1", cores=5, disk_gib=11)])
    assert list(room.overfull()) == [("h1", "memory"), ("h1", "cores"), ("h1", "disk")]
    assert not room.holds()
    assert Room(cluster, LIMITS).holds()


def test_what_was_refused_is_refused_until_something_changes(minimal_plan: Plan) -> None:
    room = Room(cluster_of(minimal_plan, 2048, 1024), LIMITS)
    assert room.find(load(2000), ha=True) is None
    assert room.find(load(2000), ha=True) is None
    assert room.place(load(1000), ha=True)


def _slow(cluster: Cluster, guests: Sequence[Load], one: Load, *, ha: bool) -> bool:
    """Whether one more has a place, by trying every pair of hosts and every loss from scratch."""
    names = [node.name for node in cluster.nodes]
    return any(
        Room(cluster, LIMITS, [*guests, dataclasses.replace(one, host=host, replica=replica)]).holds()
        for host in names
        for replica in ([name for name in names if name != host] if ha else [None])
    )


@pytest.mark.parametrize("seed", range(40))
def test_the_short_way_finds_a_place_exactly_where_the_long_one_does(minimal_plan: Plan, seed: int) -> None:
    """VMs come in until none fits; each answer of the search is that of a trial of every host and loss."""
    chance = random.Random(seed)
    spare = chance.choice((0, 1, 1, 2))
    cluster = cluster_of(
        minimal_plan, *(chance.randint(1, 8) * 512 for _ in range(4)), spare=spare, cores=4, disk=60
    )
    room = Room(cluster, LIMITS)
    alike = chance.random() < 0.5
    for number in range(12):
        one = load(chance.randint(1, 5) * 256, f"a/{number}", cores=chance.randint(1, 4))
        one = dataclasses.replace(one, disk_gib=chance.randint(1, 16))
        ha = spare < 2 and (alike or chance.random() < 0.5)
        guests = tuple(room.guests)
        assert room.place(one, ha=ha) == _slow(cluster, guests, one, ha=ha)
        assert room.holds()


def test_the_most_that_fits_is_the_most(minimal_plan: Plan) -> None:
    room = Room(cluster_of(minimal_plan, 3000, 2000, 1000, cores=1, disk=50), LIMITS)
    assert lack(room, load(4000), ha=True, twin=False).text == (
        "it needs 4000 MiB, dc with 1 host down has 2000 at most on one host, 2000 are missing"
    )
    assert room.find(load(2000), ha=True) is not None
    assert room.find(load(2001), ha=True) is None
    cores = lack(room, load(100, cores=9), ha=False, twin=True)
    assert (cores.what, cores.text) == (
        "cores",
        "its twin needs 9 cores, dc with 1 host down has 4 at most on one host, 5 are missing",
    )
    disk = lack(room, load(100, disk_gib=80), ha=True, twin=False)
    assert (disk.what, disk.cluster) == ("disk", "dc")
    assert "needs 80 GiB of disk, dc with 1 host down has 50 at most" in disk.text
    alone = Room(cluster_of(minimal_plan, 3000, spare=0), LIMITS)
    assert "dc has 3000 at most" in lack(alone, load(4000), ha=False, twin=False).text
    two = Room(cluster_of(minimal_plan, 3000, 3000, 3000, spare=2), LIMITS)
    assert "dc with 2 hosts down has 3000 at most" in lack(two, load(4000), ha=False, twin=False).text
