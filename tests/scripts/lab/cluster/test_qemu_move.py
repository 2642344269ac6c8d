# SPDX-License-Identifier: AGPL-3.0-or-later
"""Migrate, clone, snapshot: what moves, what is copied, whose lock is in the way."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.scripts.lab.cluster.conftest import Lab, connect

pytestmark = pytest.mark.lab
Refused = Callable[..., str]


def test_stopped_vm_migrates_with_its_local_disks(lab: Lab, refused: Refused) -> None:
    lab.vm(600, scsi0="local-zfs:4", net0="virtio,bridge=vn10")
    lab.done(lab.api.nodes("dc1").qemu(600).migrate.post(target="dc2"))
    assert lab.api.nodes("dc2").qemu(600).config.get()["scsi0"] == "local-zfs:vm-600-disk-0,size=4G"
    assert refused(lab.api.nodes("dc1").qemu(600).config.get).startswith("500 Configuration file")
    assert lab.root.nodes("dc1").storage("local-zfs").content.get(vmid=600) == []
    assert len(lab.root.nodes("dc2").storage("local-zfs").content.get(vmid=600)) == 1


def test_running_vm_needs_online_and_its_disks_named(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(601, scsi0="local-zfs:4")
    lab.done(vm.status.start.post())
    assert refused(vm.migrate.post, target="dc2") == "500 can't migrate running VM without --online"
    assert "[target: target is local node.]" in refused(vm.migrate.post, target="dc1", online=1)
    upid = vm.migrate.post(target="dc2", online=1)
    assert lab.wait(upid) == "migration aborted"
    assert (
        "can't migrate local disk 'local-zfs:vm-601-disk-0': can't live migrate attached local disks"
        in lab.log(upid)
    )
    lab.done(vm.migrate.post(**{"target": "dc2", "online": 1, "with-local-disks": 1}))
    assert lab.api.nodes("dc2").qemu(601).status.current.get()["status"] == "running"


def test_full_clone_has_ids_of_its_own(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(
        610, scsi0="local-zfs:4", net0="virtio=BC:24:11:00:06:10,bridge=vn10", ide2="local-zfs:cloudinit"
    )
    lab.done(vm.clone.post(newid=611, name="copy", full=1, pool="dukcapil"))
    copy = lab.api.nodes("dc1").qemu(611).config.get()
    assert copy["scsi0"] == "local-zfs:vm-611-disk-0,size=4G"
    assert copy["ide2"].startswith("local-zfs:vm-611-cloudinit")
    assert copy["net0"] != vm.config.get()["net0"]
    assert refused(vm.clone.post, newid=611) == "500 unable to create VM 611: config file already exists"
    assert refused(vm.clone.post, newid=612, target="dc2") == (
        "500 can't clone VM to node 'dc2' (VM uses local storage)"
    )
    assert "Linked clone feature is not supported for 'local-zfs:vm-610-disk-0'" in refused(
        vm.clone.post, newid=612, full=0
    )


def test_linked_clones_keep_their_base(lab: Lab) -> None:
    template = lab.vm(620, scsi0="local-zfs:4")
    lab.done(template.template.post())
    lab.done(template.clone.post(newid=621))
    config = lab.api.nodes("dc1").qemu(621).config.get()
    assert config["scsi0"] == "local-zfs:base-620-disk-0/vm-621-disk-0,size=4G"
    assert "still in use by linked clone" in lab.wait(template.delete())
    lab.done(lab.api.nodes("dc1").qemu(621).delete())
    lab.done(template.delete())


def test_clones_of_a_stopped_source_run_side_by_side(lab: Lab) -> None:
    lab.vm(630, scsi0="local-zfs:1")

    def clone(newid: int) -> str:
        return lab.wait(connect(lab.cluster).nodes("dc1").qemu(630).clone.post(newid=newid))

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(clone, range(631, 635))) == {"OK"}


def test_clones_of_a_running_source_fail_on_its_lock(lab: Lab) -> None:
    vm = lab.vm(640, scsi0="local-zfs:1")
    lab.done(vm.status.start.post())
    lab.control.time_scale(0.1)
    first, second = vm.clone.post(newid=641), vm.clone.post(newid=642)
    assert lab.wait(first) == "OK"
    assert lab.wait(second) == (
        "clone failed: can't lock file '/var/lock/qemu-server/lock-640.conf' - got timeout"
    )
    assert 642 not in {r["vmid"] for r in lab.api.cluster.resources.get(type="vm")}


def test_snapshot_and_rollback(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(650, scsi0="local-zfs:1", cores=1)
    lab.done(vm.snapshot.post(snapname="before"))
    vm.config.put(cores=3)
    assert [s["name"] for s in vm.snapshot.get()] == ["before", "current"]
    lab.done(vm.snapshot("before").rollback.post())
    assert vm.config.get()["cores"] == 1
    lab.done(vm.snapshot("before").delete())
    assert refused(vm.config.get, snapshot="before") == "500 snapshot 'before' does not exist"
