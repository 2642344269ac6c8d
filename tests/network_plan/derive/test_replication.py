# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from network_plan.build import load_plan
from network_plan.derive.replication import derive_replication, interval_of
from network_plan.model.dr import SiteRole

SMALL = Path(__file__).parents[2] / "sites" / "small" / "site"


@pytest.mark.parametrize(
    ("rpo", "interval"), [(1, 1), (2, 1), (5, 2), (15, 6), (60, 30), (240, 60), (1440, 60)]
)
def test_snapshot_and_transfer_fit_into_the_rpo(rpo: int, interval: int) -> None:
    assert interval_of(rpo) == interval
    assert 60 % interval == 0


def test_every_twin_is_copied_from_where_its_vm_is() -> None:
    plan = load_plan(SMALL)
    assert [task.guest for task in plan.replication] == [guest.key for guest in plan.guests if guest.twin]
    task = next(task for task in plan.replication if task.guest == "dukcapil/siak")
    vm, twin = (guest for guest in plan.guests if guest.key == task.guest)
    assert (task.source, task.source_node, task.vmid) == ("dc", vm.node, vm.vmid)
    assert (task.target, task.target_node) == ("drc", twin.node)
    assert task.slots == tuple(disk.slot for disk in vm.disks)
    assert task.interval_minutes == 2
    assert task.keep == 30


def test_the_hosts_that_pull_share_the_line() -> None:
    plan = load_plan(SMALL)
    hosts = {task.target_node for task in plan.replication}
    rates = {task.rate_kbit for task in plan.replication}
    assert len(hosts) > 1
    assert rates == {plan.tunnels[0].rate_kbit // len(hosts)}


def test_nothing_is_copied_onto_the_primary() -> None:
    plan = load_plan(SMALL)
    role = SiteRole(epoch=2, primary="drc")
    assert derive_replication(plan.guests, plan.tiers, plan.tunnels, role) == ()


def test_a_point_that_breaks_off_leaves_a_base() -> None:
    plan = load_plan(SMALL)
    slow = [dataclasses.replace(tier, rpo_minutes=1440) for tier in plan.tiers]
    assert {task.keep for task in derive_replication(plan.guests, slow, plan.tunnels, plan.role)} == {2}
