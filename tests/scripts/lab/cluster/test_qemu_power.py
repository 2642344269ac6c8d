# SPDX-License-Identifier: AGPL-3.0-or-later
"""Power: tasks that start and stop VMs, and those that fail as QEMU's do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.scripts.lab.cluster.conftest import Lab

pytestmark = pytest.mark.lab
Refused = Callable[..., str]
EXITED = "start failed: QEMU exited with code 1"


def test_start_stop_and_what_is_shown(lab: Lab) -> None:
    vm = lab.vm(400, net0="virtio,bridge=vn10")
    assert vm.status.current.get()["status"] == "stopped"
    lab.done(vm.status.start.post())
    shown = vm.status.current.get()
    assert (shown["status"], shown["qmpstatus"]) == ("running", "running")
    assert shown["uptime"] >= 1
    assert lab.wait(vm.status.start.post()) == "VM 400 already running"
    lab.done(vm.status.shutdown.post())
    assert vm.status.current.get()["status"] == "stopped"
    lab.done(vm.status.stop.post())


def test_the_cluster_s_list_tells_of_power_when_pvestatd_did(lab: Lab) -> None:
    def listed() -> dict[int, dict[str, object]]:
        return {row["vmid"]: row for row in lab.api.cluster.resources.get(type="vm")}

    vm = lab.vm(410, name="late")
    lab.control.time_scale(0.0)
    assert listed()[410]["status"] == "stopped"
    lab.control.time_scale(1.0)
    lab.done(vm.status.start.post())
    lab.vm(411, name="new")
    assert vm.status.current.get()["status"] == "running"
    assert listed()[410]["status"] == "stopped"
    young = listed()[411]
    assert (young["status"], young["node"], young.get("name")) == ("unknown", "dc1", None)
    lab.control.time_scale(0.0)
    assert (listed()[410]["status"], listed()[411]["name"]) == ("running", "new")
    lab.control.clear_faults()


def test_node_without_memory_fails_the_start_like_kvm(lab: Lab) -> None:
    lab.vm(401, node="dc3", memory=6144)
    lab.done(lab.api.nodes("dc3").qemu(401).status.start.post())
    second = lab.vm(402, node="dc3", memory=4096)
    upid = second.status.start.post()
    assert lab.wait(upid) == EXITED
    assert "kvm: cannot set up guest memory 'pc.ram': Cannot allocate memory" in lab.log(upid)
    assert second.status.current.get()["status"] == "stopped"


def test_bridge_that_was_not_applied_fails_the_start(lab: Lab) -> None:
    lab.api.cluster.sdn.vnets.post(vnet="vn40", zone="awan", tag=40)
    vm = lab.vm(403, net0="virtio,bridge=vn40")
    upid = vm.status.start.post()
    assert lab.wait(upid) == EXITED
    assert "bridge 'vn40' does not exist" in lab.log(upid)
    lab.done(lab.api.cluster.sdn.put())
    lab.done(vm.status.start.post())


def test_guest_that_ignores_acpi_runs_into_the_timeout(lab: Lab) -> None:
    vm = lab.vm(404)
    lab.done(vm.status.start.post())
    lab.control.ignore_shutdown(404)
    assert lab.wait(vm.status.shutdown.post(timeout=2)) == "VM quit/powerdown failed - got timeout"
    assert vm.status.current.get()["status"] == "running"
    lab.done(vm.status.shutdown.post(timeout=2, forceStop=1))
    assert vm.status.current.get()["status"] == "stopped"


def test_reboot_takes_up_what_is_pending(lab: Lab) -> None:
    vm = lab.vm(405, cores=1)
    lab.done(vm.status.start.post())
    vm.config.put(cores=2)
    lab.done(vm.status.reboot.post())
    assert vm.config.get(current=1)["cores"] == 2
    assert vm.status.current.get()["cpus"] == 2


def test_template_does_not_start(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(406, scsi0="local-zfs:1")
    lab.done(vm.template.post())
    assert vm.config.get()["scsi0"].startswith("local-zfs:base-406-disk-0")
    assert lab.wait(vm.status.start.post()) == "you can't start a vm if it's a template"
    assert refused(vm.template.post) == "500 you can't convert a template to a template"


def test_more_cores_than_the_node_has(lab: Lab) -> None:
    vm = lab.vm(407, cores=9)
    assert lab.wait(vm.status.start.post()) == "MAX 8 vcpus allowed per VM on this node"


def test_guest_agent_is_not_there(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(409)
    ask = lab.root.nodes("dc1").qemu(409).agent("network-get-interfaces").get
    assert refused(ask) == "500 No QEMU guest agent configured"
    vm.config.put(agent="1")
    assert refused(ask) == "500 VM 409 is not running"
    lab.done(vm.status.start.post())
    assert refused(ask) == "500 QEMU guest agent is not running"


def test_start_with_create(lab: Lab) -> None:
    lab.done(lab.api.nodes("dc2").qemu.post(vmid=408, memory=512, start=1))
    assert lab.api.nodes("dc2").qemu(408).status.current.get()["status"] == "running"
