# SPDX-License-Identifier: AGPL-3.0-or-later
"""Making and destroying VMs: what is asked for is what reads back, and what cannot be is refused before or undone."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.scripts.lab.cluster.conftest import IMAGE, Lab, connect

pytestmark = pytest.mark.lab
Refused = Callable[..., str]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBQzd5Nn3bbDYcQkJ3zOk9a2H6Vt8y1uT0m3F0n3x5yK me"


def test_vm_from_an_image_reads_back_as_asked(lab: Lab) -> None:
    vm = lab.vm(
        100, pool="dukcapil", memory=2048, cores=2, balloon=0, onboot=1, protection=0, agent="1", cpu="host",
        scsi0=f"local-zfs:0,import-from={IMAGE},discard=on,ssd=1", ide2="local-zfs:cloudinit", boot="order=scsi0",
        net0="virtio=BC:24:11:00:00:01,bridge=vn10,firewall=1", ipconfig0="ip=10.0.10.5/24,gw=10.0.10.1",
        ciuser="debian", sshkeys=quote(KEY, safe=""), nameserver="10.0.10.1",
        searchdomain="example.org", tags="population;Awan", startup="order=2", description="register\nawan: u 1\n",
        serial0="socket", vga="serial0", ostype="l26")  # fmt: skip
    shown = vm.config.get()
    assert {k: shown[k] for k in ("memory", "cores", "balloon", "onboot", "agent", "tags", "description")} == {
        "memory": "2048", "cores": 2, "balloon": 0, "onboot": 1, "agent": "1", "tags": "awan;population",
        "description": "register\nawan: u 1"}  # fmt: skip
    assert shown["scsi0"] == "local-zfs:vm-100-disk-0,discard=on,size=3G,ssd=1"
    assert shown["ide2"] == "local-zfs:vm-100-cloudinit,media=cdrom"
    assert shown["net0"] == "virtio=BC:24:11:00:00:01,bridge=vn10,firewall=1"
    assert re.fullmatch(r"[0-9a-f]{40}", shown["digest"])
    assert "lock" not in shown
    (resource,) = [r for r in lab.api.cluster.resources.get(type="vm") if r["vmid"] == 100]
    assert (resource["pool"], resource["node"], resource["status"]) == ("dukcapil", "dc1", "stopped")
    assert resource["maxmem"] == 2048 * 1024**2
    volumes = {
        v["volid"]: v["size"] for v in lab.root.nodes("dc1").storage("local-zfs").content.get(vmid=100)
    }
    assert volumes == {"local-zfs:vm-100-disk-0": 3 * 1024**3, "local-zfs:vm-100-cloudinit": 4 * 1024**2}
    assert lab.root.nodes("dc2").storage("local-zfs").content.get() == []


def test_vmid_is_taken_once_in_the_cluster(lab: Lab, refused: Refused) -> None:
    lab.vm(101)
    assert refused(lab.api.nodes("dc2").qemu.post, vmid=101) == (
        "500 unable to create VM 101 - VM 101 already exists on node 'dc1'"
    )


def test_card_without_mac_gets_one(lab: Lab) -> None:
    vm = lab.vm(102, net0="virtio,bridge=vn10,firewall=1")
    assert re.fullmatch(r"virtio=BC:24:11(:[0-9A-F]{2}){3},bridge=vn10,firewall=1", vm.config.get()["net0"])


def test_bridge_outside_the_zone_is_refused_to_the_token(lab: Lab, refused: Refused) -> None:
    assert refused(lab.api.nodes("dc1").qemu.post, vmid=103, net0="virtio,bridge=vn99") == (
        "403 Permission check failed (/sdn/zones/localnetwork/vn99, SDN.Use)"
    )


def test_missing_image_leaves_no_vm_behind(lab: Lab) -> None:
    upid = lab.api.nodes("dc1").qemu.post(
        vmid=104, scsi0="local-zfs:8", scsi1="local-zfs:0,import-from=local:import/none.qcow2"
    )
    assert lab.wait(upid) == "unable to create VM 104 - could not get size of local:import/none.qcow2"
    assert 104 not in {r["vmid"] for r in lab.api.cluster.resources.get(type="vm")}
    assert lab.root.nodes("dc1").storage("local-zfs").content.get(vmid=104) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scsi0": f"local-zfs:8,import-from={IMAGE}"}, "[scsi0: 'import-from' requires special syntax"),
        ({"scsi0": "none-such:8"}, "/storage/none-such, Datastore.AllocateSpace"),
        ({"scsi0": "local-zfs:some-disk"}, "unable to parse zfs volume name"),
        ({"memory": "x"}, "[memory: invalid format"),
        ({"cores": 0}, "[cores: value must have a minimum value of 1]"),
        ({"name": "a_b"}, "[name: invalid format - value does not look like a valid DNS name"),
        ({"flavour": "big"}, "[flavour: property is not defined in schema"),
        ({"ipconfig0": "ip=10.0.0.300/24"}, "[ipconfig0: invalid format"),
        ({"sshkeys": "not%20a%20key"}, "SSH public key validation error"),
        ({"sshkeys": "ssh-ed25519%20AAAA%20me"}, "SSH public key validation error"),
        ({"pool": "nowhere"}, "403 Permission check failed (pool 'nowhere' does not exist)"),
        ({"args": "-S"}, "only root can set 'args' config"),
    ],
)  # fmt: skip
def test_bad_parameters_are_named(lab: Lab, refused: Refused, options: dict[str, str], words: str) -> None:
    token = lab.root if "none-such" in str(options) else lab.api
    if token is lab.root:
        words = "storage 'none-such' does not exist"
    assert words in refused(token.nodes("dc1").qemu.post, vmid=105, **options)


def test_second_cloudinit_drive_is_refused(lab: Lab) -> None:
    upid = lab.api.nodes("dc1").qemu.post(vmid=106, ide2="local-zfs:cloudinit", ide3="local-zfs:cloudinit")
    assert "cloud-init drive is already attached at 'ide2'" in lab.wait(upid)


def test_protected_and_running_vms_are_not_destroyed(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(107, protection=1)
    assert refused(vm.delete) == "500 can't remove VM 107 - protection mode enabled"
    vm.config.put(protection=0)
    lab.done(vm.status.start.post())
    assert refused(vm.delete) == "500 VM 107 is running - destroy failed"
    lab.done(vm.status.stop.post())
    lab.done(vm.delete(purge=1))
    assert refused(vm.config.get) == "500 Configuration file 'nodes/dc1/qemu-server/107.conf' does not exist"


def test_destroy_takes_volumes_pool_and_grants_along(lab: Lab) -> None:
    lab.vm(108, pool="dukcapil", scsi0="local-zfs:4", efidisk0="local-zfs:1,efitype=4m")
    lab.root.access.acl.put(path="/vms/108", roles="PVEAuditor", users="audit@pve")
    lab.done(lab.api.nodes("dc1").qemu(108).delete())
    assert lab.root.nodes("dc1").storage("local-zfs").content.get(vmid=108) == []
    assert not [e for e in lab.root.access.acl.get() if e["path"] == "/vms/108"]
    assert 108 not in {m.get("vmid") for m in lab.api.pools.get(poolid="dukcapil")[0]["members"]}


def test_startup_needs_a_privilege_on_the_whole(lab: Lab, refused: Refused) -> None:
    lab.root.access.users.post(userid="eko@pve")
    value = lab.root.access.users("eko@pve").token("tt").post(privsep=0)["value"]
    lab.root.access.acl.put(path="/vms", roles="PVEVMAdmin", users="eko@pve")
    api = connect(lab.cluster, secret="unused")
    api = type(api)(
        "127.0.0.1",
        port=int(lab.cluster.endpoint.rsplit(":", 1)[1]),
        user="eko@pve",
        token_name="tt",
        token_value=value,
        verify_ssl=str(lab.cluster.folder / "cluster.crt"),
    )
    lab.vm(109)
    api.nodes("dc1").qemu(109).config.put(onboot=1)
    assert refused(api.nodes("dc1").qemu(109).config.put, startup="order=1") == (
        "403 Permission check failed (/, Sys.Modify)"
    )
