# SPDX-License-Identifier: AGPL-3.0-or-later
"""Faults on command: each one is seen by the client as the real one would be, and ends when told."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import requests

from tests.scripts.lab.cluster.conftest import Lab

pytestmark = pytest.mark.lab
Refused = Callable[..., str]


def test_next_requests_fail_as_told(lab: Lab, refused: Refused) -> None:
    lab.control.fail("GET", "/pools", 503, "busy", times=2)
    assert [refused(lab.api.pools.get) for _ in range(2)] == ["503 busy", "503 busy"]
    assert lab.api.pools.get()


def test_answer_is_lost_after_the_write(lab: Lab) -> None:
    lab.control.lose("POST", "/nodes/{node}/qemu")
    with pytest.raises(requests.exceptions.ConnectionError):
        lab.api.nodes("dc1").qemu.post(vmid=800, memory=512)
    lab.control.settle()
    assert lab.api.nodes("dc1").qemu(800).config.get()["memory"] == "512"


def test_task_fails_as_told_and_leaves_no_vm(lab: Lab) -> None:
    lab.control.fail_task("qmcreate", "disk caught fire")
    assert lab.wait(lab.api.nodes("dc1").qemu.post(vmid=801)) == "disk caught fire"
    assert 801 not in {r["vmid"] for r in lab.api.cluster.resources.get(type="vm")}
    lab.vm(801)


def test_lost_quorum_refuses_every_write(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(802, scsi0="local-zfs:1")
    lab.control.lose_quorum()
    no_quorum = "500 cluster not ready - no quorum?"
    assert refused(lab.api.nodes("dc1").qemu.post, vmid=803) == no_quorum
    assert refused(vm.config.put, cores=2) == no_quorum
    assert refused(vm.delete) == no_quorum
    assert refused(vm.resize.put, disk="scsi0", size="2G") == no_quorum
    assert refused(vm.snapshot.post, snapname="x1") == no_quorum
    assert lab.wait(vm.status.start.post()) == "cluster not ready - no quorum?"
    assert refused(lab.api.cluster.sdn.vnets.post, vnet="vn77", zone="awan", tag=77) == no_quorum
    for call, what, lock in (
        (lambda: lab.api.pools.post(poolid="q"), "create pool failed: ", "file-user_cfg"),
        (lambda: lab.api.access.roles.post(roleid="Q"), "create role failed: ", "file-user_cfg"),
        (lambda: lab.api.access.groups("q").delete(), "delete group failed: ", "file-user_cfg"),
        (
            lambda: lab.root.storage.post(storage="qq", type="dir", path="/qq"),
            "create storage failed: ",
            "file-storage_cfg",
        ),
        (lambda: lab.api.cluster.firewall.aliases.post(name="qq", cidr="10.0.0.1"), "", "firewall-cluster"),
        (lambda: vm.firewall.options.put(enable=1), "", "firewall-vm-802"),
        (lab.api.cluster.sdn.put, "could not commit SDN config: ", "domain-sdn"),
    ):
        assert refused(call) == f"500 {what}cfs-lock '{lock}' error: no quorum!"
    assert lab.api.cluster.status.get()[0]["quorate"] == 0
    assert vm.config.get()["digest"]
    lab.control.regain_quorum()
    vm.config.put(cores=2)


def test_node_offline_and_back(lab: Lab, refused: Refused) -> None:
    lab.vm(804, node="dc2", onboot=1)
    lab.done(lab.api.nodes("dc2").qemu(804).status.start.post())
    lab.control.node_offline("dc2")
    assert refused(lab.api.nodes("dc2").qemu(804).config.get) == "595 No route to host"
    shown = {r["vmid"]: r["status"] for r in lab.api.cluster.resources.get(type="vm")}
    assert shown[804] == "unknown"
    assert {n["node"]: n["status"] for n in lab.api.nodes.get()}["dc2"] == "offline"
    lab.control.node_offline("dc2", offline=False)
    lab.control.settle()
    assert lab.api.nodes("dc2").qemu(804).status.current.get()["status"] == "running"


def test_held_user_lock(lab: Lab, refused: Refused) -> None:
    lab.control.hold_lock("file-user_cfg", seconds=0.02)
    lab.api.pools.post(poolid="later")
    lab.control.hold_lock("file-user_cfg")
    assert refused(lab.api.pools.delete, poolid="later") == (
        "500 delete pool failed: cfs-lock 'file-user_cfg' error: got lock request timeout"
    )


def test_slow_lines_and_slow_tasks(lab: Lab) -> None:
    lab.control.network(latency=25)
    begun = time.monotonic()
    lab.api.pools.get()
    assert time.monotonic() - begun >= 0.09
    lab.control.clear_faults()
    vm = lab.vm(805)
    lab.control.time_scale(0.2)
    upid = vm.status.start.post()
    assert vm.status.current.get()["status"] == "stopped"
    assert lab.api.nodes("dc1").tasks(upid).status.get()["status"] == "running"
    assert [t["upid"] for t in lab.api.nodes("dc1").tasks.get(source="active")] == [upid]
    lab.done(upid)


def test_task_is_stopped_by_hand(lab: Lab) -> None:
    vm = lab.vm(806)
    lab.control.time_scale(1)
    upid = vm.status.start.post()
    lab.api.nodes("dc1").tasks(upid).delete()
    assert lab.wait(upid) == "interrupted by signal"


def test_calls_are_counted_and_those_without_an_answer_refused(lab: Lab, refused: Refused) -> None:
    lab.control.reset_calls()
    lab.api.pools.get()
    lab.api.pools.get()
    assert lab.control.requests() == 2
    assert lab.control.invented() == []
    assert refused(lab.root.cluster.metrics.server.get) == (
        "501 Method 'GET /cluster/metrics/server' is not reproduced by this lab"
    )
    assert lab.control.invented() == ["GET /cluster/metrics/server"]
    assert (
        '"path": "/cluster/metrics/server", "invented": true'
        in (lab.cluster.folder / "calls.jsonl").read_text()
    )


def test_bad_command_is_answered_with_what_there_is(lab: Lab) -> None:
    from scripts.lab.cluster.client import ControlError

    with pytest.raises(ControlError, match="no such operation; ask one of calls, clear_faults"):
        lab.control.ask("explode")
    with pytest.raises(ControlError, match="there is no VM 9999"):
        lab.control.vm_lock(9999, "backup")
    with pytest.raises(ControlError, match="missing a required argument: 'has'; it takes has="):
        lab.control.ask("quorum")
    with pytest.raises(ControlError, match="unexpected keyword argument 'factor'; it takes nothing"):
        lab.control.ask("settle", factor=2)
    with pytest.raises(ControlError, match="there is no 'dc9' here"):
        lab.control.ask("node", node="dc9", online=False)
