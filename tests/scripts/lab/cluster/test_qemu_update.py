# SPDX-License-Identifier: AGPL-3.0-or-later
"""Changing VMs: stopped ones at once; running ones what can be plugged, the rest pending until they are stopped."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.scripts.lab.cluster.conftest import Lab

pytestmark = pytest.mark.lab
Refused = Callable[..., str]


def pending(vm: Any) -> dict[str, Any]:
    return {
        i["key"]: i.get("pending", "deleted") for i in vm.pending.get() if "pending" in i or "delete" in i
    }


def test_stopped_vm_takes_all_up_and_keeps_types(lab: Lab) -> None:
    vm = lab.vm(300, cores=1)
    vm.config.put(cores=4, onboot=1, memory=1024, tags="B;a;a", cpulimit=2, description="text\n")
    shown = vm.config.get(current=1)
    assert {k: shown[k] for k in ("cores", "onboot", "memory", "tags", "cpulimit", "description")} == {
        "cores": 4, "onboot": 1, "memory": "1024", "tags": "a;b", "cpulimit": "2", "description": "text"}  # fmt: skip
    vm.config.put(delete="tags,cpulimit")
    assert not {"tags", "cpulimit"} & set(vm.config.get())


def test_tags_follow_the_style_of_the_cluster(lab: Lab) -> None:
    vm = lab.vm(311)
    lab.api.cluster.options.put(**{"tag-style": "case-sensitive=1,ordering=config"})
    vm.config.put(tags="B;a;B;A")
    assert vm.config.get()["tags"] == "B;a;A"
    lab.api.cluster.options.put(delete="tag-style")
    vm.config.put(tags="B,a")
    assert vm.config.get()["tags"] == "a;b"


def test_running_vm_keeps_memory_and_cores_until_it_was_off(lab: Lab) -> None:
    vm = lab.vm(301, cores=1, memory=512)
    lab.done(vm.status.start.post())
    vm.config.put(cores=2, memory=1024, name="renamed", onboot=1)
    assert pending(vm) == {"cores": 2, "memory": "1024"}
    current = vm.config.get(current=1)
    assert (current["cores"], current["memory"], current["name"]) == (1, "512", "renamed")
    assert (vm.config.get()["cores"], vm.config.get()["memory"]) == (2, "1024")
    lab.done(vm.status.shutdown.post())
    lab.done(vm.status.start.post())
    assert pending(vm) == {}
    assert vm.config.get(current=1)["cores"] == 2


def test_pending_change_is_reverted(lab: Lab) -> None:
    vm = lab.vm(302, cores=1)
    lab.done(vm.status.start.post())
    vm.config.put(cores=2, numa=1)
    vm.config.put(revert="cores,numa")
    assert pending(vm) == {}
    assert vm.config.get()["cores"] == 1


def test_cloud_init_applies_and_the_drive_lags(lab: Lab) -> None:
    vm = lab.vm(303, ide2="local-zfs:cloudinit", ipconfig0="ip=10.0.10.3/24", ciuser="debian")
    lab.done(vm.status.start.post())
    vm.config.put(ipconfig0="ip=10.0.10.4/24")
    assert vm.config.get(current=1)["ipconfig0"] == "ip=10.0.10.4/24"
    lag = {i["key"]: i for i in vm.cloudinit.get()}["ipconfig0"]
    assert (lag["value"], lag["pending"]) == ("ip=10.0.10.3/24", "ip=10.0.10.4/24")
    vm.cloudinit.put()
    assert "pending" not in {i["key"]: i for i in vm.cloudinit.get()}["ipconfig0"]


def test_card_that_names_no_mac_gets_another_one(lab: Lab) -> None:
    vm = lab.vm(304, net0="virtio=BC:24:11:00:03:04,bridge=vn10")
    vm.config.put(net0="virtio=BC:24:11:00:03:04,bridge=vn10,firewall=1")
    assert vm.config.get()["net0"] == "virtio=BC:24:11:00:03:04,bridge=vn10,firewall=1"
    vm.config.put(net0="virtio,bridge=vn10")
    found = re.fullmatch(r"virtio=(BC:24:11(?::[0-9A-F]{2}){3}),bridge=vn10", vm.config.get()["net0"])
    assert found
    assert found[1] != "BC:24:11:00:03:04"


def test_disk_that_is_taken_out_stays_as_unused(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(305, scsi0="local-zfs:4", scsi1="local-zfs:1", boot="order=scsi0;scsi1")
    vm.config.put(delete="scsi1")
    shown = vm.config.get()
    assert "scsi1" not in shown
    assert shown["unused0"] == "local-zfs:vm-305-disk-1"
    assert shown["boot"] == "order=scsi0"
    vm.config.put(protection=1)
    assert refused(vm.config.put, delete="unused0") == (
        "500 can't remove unused disk 'local-zfs:vm-305-disk-1' - protection mode enabled"
    )
    vm.config.put(protection=0)
    vm.config.put(delete="unused0")
    assert [v["volid"] for v in lab.root.nodes("dc1").storage("local-zfs").content.get(vmid=305)] == [
        "local-zfs:vm-305-disk-0"
    ]


def test_disk_is_added_with_a_volume_of_its_own(lab: Lab) -> None:
    vm = lab.vm(306)
    lab.done(vm.config.post(scsi1="local-zfs:4,discard=on"))
    assert vm.config.get()["scsi1"] == "local-zfs:vm-306-disk-0,discard=on,size=4G"
    lab.done(vm.status.start.post())
    vm.config.put(scsi2="local-zfs:1")
    assert pending(vm) == {}
    vm.config.put(scsi1="local-zfs:vm-306-disk-0,size=4G")
    assert pending(vm) == {"scsi1": "local-zfs:vm-306-disk-0,size=4G"}


def test_boot_disk_of_a_running_vm_is_not_unplugged(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(307, scsi0="local-zfs:1", boot="order=scsi0")
    lab.done(vm.status.start.post())
    assert "[scsi0: hotplug problem - can't unplug bootdisk 'scsi0']" in refused(
        vm.config.put, delete="scsi0"
    )
    assert pending(vm)["scsi0"] == "deleted"
    assert vm.config.get(current=1)["scsi0"] == "local-zfs:vm-307-disk-0,size=1G"


def test_stale_digest_and_held_lock_are_conflicts(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(308)
    digest = vm.config.get()["digest"]
    vm.config.put(cores=2, digest=digest)
    assert (
        refused(vm.config.put, cores=3, digest=digest) == "500 checksum mismatch (file change by other user?)"
    )
    lab.control.hold_lock("vm-308")
    assert refused(vm.config.put, cores=3) == (
        "500 can't lock file '/var/lock/qemu-server/lock-308.conf' - got timeout"
    )
    lab.control.release_lock("vm-308")
    lab.control.vm_lock(308, "backup")
    assert refused(vm.config.put, cores=3) == "500 VM is locked (backup)"
    lab.control.vm_lock(308, None)
    vm.config.put(cores=3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "500 no options specified"),
        ({"delete": "warp"}, "[delete: unknown option 'warp']"),
        ({"revert": "warp"}, "[revert: unknown option 'warp']"),
        (
            {"cores": 2, "delete": "cores"},
            "[delete: you can't use '-cores' and -delete cores' at the same time]",
        ),
        ({"balloon": 4096}, "balloon value too large (must be smaller than assigned memory)"),
        ({"boot": "order=scsi7"}, "invalid bootorder: device 'scsi7' does not exist'"),
        ({"hookscript": "local:snippets/x"}, "only root can set 'hookscript' config"),
    ],
)
def test_bad_updates_are_refused(lab: Lab, refused: Refused, options: dict[str, Any], words: str) -> None:
    if not [r for r in lab.api.cluster.resources.get(type="vm") if r["vmid"] == 309]:
        lab.vm(309)
    assert words in refused(lab.api.nodes("dc1").qemu(309).config.put, **options)


def test_missing_privilege_is_named(lab: Lab, refused: Refused) -> None:
    lab.vm(310)
    lab.root.access.roles.post(roleid="NoMemory", privs="VM.Audit,VM.Config.CPU,VM.Config.Options")
    lab.root.access.acl.put(path="/vms/310", roles="NoMemory", users="iac@pve")
    vm = lab.api.nodes("dc1").qemu(310)
    vm.config.put(cores=2)
    assert refused(vm.config.put, memory=1024) == "403 Permission check failed (/vms/310, VM.Config.Memory)"
