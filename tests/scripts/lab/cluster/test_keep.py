# SPDX-License-Identifier: AGPL-3.0-or-later
"""State on disk: a killed cluster has lost nothing that it answered; a stopped one comes back as it was."""

from __future__ import annotations

import os
import signal
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from scripts.lab.cluster import launch
from scripts.lab.cluster.spec import read_spec
from tests.scripts.lab.cluster.conftest import IMAGE, Lab, connect, running

pytestmark = pytest.mark.lab


def everything(lab: Lab) -> dict[str, Any]:
    """All that can be read of a cluster, apart from clocks."""
    api = lab.root
    vms = {r["vmid"]: r["node"] for r in api.cluster.resources.get(type="vm")}
    seen: dict[str, Any] = {
        path: api(path).get()
        for path in (
            "access/acl", "access/roles", "access/groups", "pools", "storage", "cluster/options", "cluster/replication",
            "cluster/backup", "cluster/ha/resources", "cluster/ha/rules",
            "cluster/firewall/options", "cluster/firewall/aliases", "cluster/firewall/groups", "cluster/firewall/rules",
            "cluster/firewall/ipset")
    }  # fmt: skip
    seen["users"] = api.access.users.get(full=1)
    seen["pool"] = api.pools.get(poolid="dukcapil")
    for kind in ("zones", "vnets"):
        seen[kind] = [api.cluster.sdn(kind).get(**how) for how in ({}, {"pending": 1}, {"running": 1})]
    seen["status"] = api.cluster.status.get()
    seen["replication"] = [
        (api.nodes("dc1").replication(j["id"]).status.get(), api.nodes("dc1").replication(j["id"]).log.get())
        for j in api.cluster.replication.get()
    ]
    seen["services"] = api.cluster.ha.status.manager_status.get()["manager_status"].get("service_status")
    for vmid, node in vms.items():
        vm = api.nodes(node).qemu(vmid)
        current = vm.status.current.get()
        seen[f"vm {vmid}"] = [
            vm.config.get(), vm.pending.get(), vm.cloudinit.get(), vm.snapshot.get()[:-1], vm.firewall.rules.get(),
            vm.firewall.options.get(), {k: current.get(k) for k in ("status", "lock", "name", "tags")}]  # fmt: skip
    for node in ("dc1", "dc2", "dc3"):
        seen[node] = [
            api.nodes(node).storage(s["storage"]).content.get()
            for s in api.nodes(node).storage.get(enabled=1)
        ]
        seen[f"tasks {node}"] = api.nodes(node).tasks.get(limit=500)
    return seen


def kill(lab: Lab) -> None:
    os.kill(lab.cluster.pid, signal.SIGKILL)
    while launch.status(lab.cluster.folder) is not None:
        time.sleep(0.005)


def fill(lab: Lab) -> None:
    """Something of every kind, some of it changed and deleted again."""
    api = lab.api
    api.access.roles.post(roleid="Mine", privs="VM.Audit")
    api.access.groups.post(groupid="ops")
    lab.root.access.users.post(userid="ani@pve", groups="ops")
    api.access.acl.put(path="/pool/dukcapil", roles="Mine", groups="ops")
    api.cluster.options.put(description="lab")
    api.cluster.firewall.options.put(enable=1)
    api.cluster.firewall.aliases.post(name="dns", cidr="10.0.10.53")
    api.cluster.firewall.groups.post(group="web")
    api.cluster.firewall.groups("web").post(type="in", action="ACCEPT", proto="tcp", dport="443", enable=1)
    api.cluster.sdn.vnets.post(vnet="vn50", zone="awan", tag=50)
    lab.root.storage.post(storage="more", type="dir", path="/more", content="images,backup")
    value = lab.root.access.users("ani@pve").token("ci").post(comment="builds")["value"]
    assert len(value) == 36
    vm = lab.vm(
        100, pool="dukcapil", scsi0=f"local-zfs:0,import-from={IMAGE}", ide2="local-zfs:cloudinit", ciuser="debian",
        net0="virtio,bridge=vn10,firewall=1", cores=1)  # fmt: skip
    lab.done(vm.status.start.post())
    vm.config.put(cores=2, ciuser="admin")
    vm.firewall.options.put(enable=1)
    vm.firewall.rules.post(type="group", action="web", enable=1)
    lab.vm(101, node="dc2", scsi0="nfs:4,format=qcow2", scsi1="nfs:1")
    lab.api.nodes("dc2").qemu(101).config.put(delete="scsi1")
    lab.done(lab.api.nodes("dc2").qemu(101).snapshot.post(snapname="one"))
    lab.vm(102)
    lab.done(lab.api.nodes("dc1").qemu(102).delete())
    lab.vm(103, scsi0="local-zfs:1")
    lab.done(lab.api.nodes("dc1").qemu(103).migrate.post(target="dc3"))
    lab.vm(104, scsi0="local-zfs:1")
    api.cluster.replication.post(id="104-0", type="local", target="dc2", schedule="sat 02:00")
    api.cluster.backup.post(id="nightly", schedule="01:00", vmid="100,104", storage="more")
    lab.done(api.nodes("dc1").vzdump.post(vmid="104", storage="more", protected=1))
    for vmid in (103, 104):
        api.cluster.ha.resources.post(sid=f"vm:{vmid}", state="stopped")
    api.cluster.ha.resources("vm:103").delete()
    api.cluster.ha.rules.post(rule="here", type="node-affinity", resources="vm:104", nodes="dc1:2,dc2")
    deadline = time.monotonic() + 10
    while not api.nodes("dc1").replication("104-0").status.get()["last_sync"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    lab.control.settle()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_that_was_answered_is_lost(tmp_path: Path, how: signal.Signals) -> None:
    for lab in running(tmp_path / "dc"):
        fill(lab)
        before = everything(lab)
        if how == signal.SIGKILL:
            kill(lab)
        else:
            assert launch.stop(lab.cluster.folder)
            assert launch.status(lab.cluster.folder) is None
            assert not {"pid", "control.sock"} & {p.name for p in lab.cluster.folder.iterdir()}
        again = launch.start(read_spec(lab.cluster.folder / "spec.json"), lab.cluster.folder)
        assert again.pid != lab.cluster.pid
        assert (again.endpoint, again.fingerprint) == (lab.cluster.endpoint, lab.cluster.fingerprint)
        assert everything(lab) == before


def test_kill_amid_many_writes_loses_none_that_was_answered(tmp_path: Path) -> None:
    for lab in running(tmp_path / "dc"):
        answered: list[int] = []

        def make(first: int, lab: Lab = lab, answered: list[int] = answered) -> None:
            api = connect(lab.cluster)
            for vmid in range(first, first + 1000):
                try:
                    api.nodes("dc1").qemu.post(vmid=vmid, memory=512, scsi0="local-zfs:1", pool="dukcapil")
                except requests.exceptions.ConnectionError:
                    return
                answered.append(vmid)

        with ThreadPoolExecutor(4) as pool:
            for n in range(4):
                pool.submit(make, 1000 * (n + 1))
            while len(answered) < 60:
                time.sleep(0.005)
            kill(lab)
        launch.start(read_spec(lab.cluster.folder / "spec.json"), lab.cluster.folder)
        root = connect(lab.cluster, "root")
        found = {vm["vmid"]: vm.get("lock") for vm in root.nodes("dc1").qemu.get()}
        assert set(answered) <= set(found)
        owners = {v["vmid"] for v in root.nodes("dc1").storage("local-zfs").content.get()}
        assert owners <= set(found)
        assert {vmid for vmid, lock in found.items() if lock is None} <= owners


def test_task_that_was_cut_off_says_so_and_its_vm_stays_locked(tmp_path: Path) -> None:
    for lab in running(tmp_path / "dc"):
        lab.control.time_scale(5)
        upid = lab.api.nodes("dc1").qemu.post(vmid=100, scsi0="local-zfs:1")
        kill(lab)
        launch.start(read_spec(lab.cluster.folder / "spec.json"), lab.cluster.folder)
        assert lab.wait(upid) == "unexpected status"
        assert lab.api.nodes("dc1").qemu(100).config.get()["lock"] == "create"


def test_secrets_are_for_their_owner_alone(lab: Lab) -> None:
    folder = lab.cluster.folder
    private = [folder / "cluster.key", folder / "state.db", *(folder / "tokens").iterdir()]
    assert {stat.S_IMODE(p.stat().st_mode) & 0o077 for p in [folder, *private]} == {0}
    secret = lab.cluster.token("pulumi").partition("=")[2]
    assert secret not in (folder / "log").read_text()
    assert secret not in Path(f"/proc/{lab.cluster.pid}/cmdline").read_text()


def test_start_finds_a_running_cluster(lab: Lab) -> None:
    assert launch.start(read_spec(lab.cluster.folder / "spec.json"), lab.cluster.folder) == lab.cluster


def test_port_of_another_is_named(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "endpoint").write_text(lab.cluster.endpoint)
    spec = read_spec(lab.cluster.folder / "spec.json")
    with pytest.raises(launch.LaunchError, match="is taken; end what listens there, or remove"):
        launch.start(spec, tmp_path)
    assert not launch.stop(tmp_path)
