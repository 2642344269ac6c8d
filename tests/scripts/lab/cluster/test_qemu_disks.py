# SPDX-License-Identifier: AGPL-3.0-or-later
"""Disks: grown as a task, never shrunk, moved between storages, refused when there is no room."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.scripts.lab.cluster.conftest import Lab

pytestmark = pytest.mark.lab
Refused = Callable[..., str]


def test_disk_grows_to_and_by(lab: Lab) -> None:
    vm = lab.vm(500, scsi0="local-zfs:4")
    upid = vm.resize.put(disk="scsi0", size="10G")
    assert upid.startswith("UPID:dc1:")
    lab.done(upid)
    assert vm.config.get()["scsi0"] == "local-zfs:vm-500-disk-0,size=10G"
    lab.done(vm.resize.put(disk="scsi0", size="+512M"))
    assert vm.config.get()["scsi0"].endswith("size=10752M")


def test_disk_does_not_shrink(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(501, scsi0="local-zfs:4", ide2="local-zfs:cloudinit")
    assert refused(vm.resize.put, disk="scsi0", size="2G") == "500 shrinking disks is not supported"
    assert refused(vm.resize.put, disk="scsi1", size="2G") == "500 disk 'scsi1' does not exist"
    assert refused(vm.resize.put, disk="ide2", size="2G") == "500 you can't resize a cdrom"
    assert "[size: value does not match the regex pattern]" in refused(
        vm.resize.put, disk="scsi0", size="big"
    )


def test_disk_moves_to_another_storage(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(502, scsi0="local-zfs:4,discard=on")
    lab.done(vm.move_disk.post(disk="scsi0", storage="nfs", format="qcow2"))
    shown = vm.config.get()
    assert shown["scsi0"] == "nfs:502/vm-502-disk-0.qcow2,discard=on,size=4G"
    assert shown["unused0"] == "local-zfs:vm-502-disk-0"
    lab.done(vm.move_disk.post(disk="scsi0", storage="local-zfs", delete=1))
    assert lab.root.nodes("dc2").storage("nfs").content.get(vmid=502) == []
    assert refused(vm.move_disk.post, disk="scsi0", storage="local-zfs") == (
        "500 you can't move to the same storage with same format"
    )


def test_storage_without_room(lab: Lab) -> None:
    upid = lab.api.nodes("dc1").qemu.post(vmid=503, scsi0="local-zfs:9999")
    words = "zfs error: cannot create 'rpool/data/vm-503-disk-0': out of space"
    assert lab.wait(upid) == f"unable to create VM 503 - {words}"
    lab.control.storage_full("local-zfs", "dc2")
    upid = lab.api.nodes("dc2").qemu.post(vmid=503, scsi0="local-zfs:1")
    assert lab.wait(upid) == f"unable to create VM 503 - {words}"
    assert lab.api.nodes("dc2").storage("local-zfs").status.get()["avail"] == 0
    lab.control.storage_full("local-zfs", "dc2", full=False)
    lab.vm(503, node="dc2", scsi0="local-zfs:1")


def test_room_is_what_the_volumes_leave(lab: Lab) -> None:
    before = lab.api.nodes("dc3").storage("local-zfs").status.get()
    lab.vm(504, node="dc3", scsi0="local-zfs:20")
    after = lab.api.nodes("dc3").storage("local-zfs").status.get()
    assert before["avail"] - after["avail"] == 20 * 1024**3


def test_unlink_is_a_deletion_by_another_name(lab: Lab) -> None:
    vm = lab.vm(505, scsi0="local-zfs:1", scsi1="local-zfs:1")
    vm.unlink.put(idlist="scsi1")
    assert vm.config.get()["unused0"] == "local-zfs:vm-505-disk-1"
    vm.unlink.put(idlist="scsi0", force=1)
    assert "scsi0" not in vm.config.get()
    assert [v["volid"] for v in lab.root.nodes("dc1").storage("local-zfs").content.get(vmid=505)] == [
        "local-zfs:vm-505-disk-1"
    ]
