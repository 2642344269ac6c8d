# SPDX-License-Identifier: AGPL-3.0-or-later
"""Many clients at once: nothing is made twice or lost, and a lock that is taken is waited for."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from proxmoxer import ResourceException

from tests.scripts.lab.cluster.conftest import Lab, connect

pytestmark = pytest.mark.lab


def test_one_of_many_gets_the_vmid(lab: Lab) -> None:
    won, lost = [], []
    together = threading.Barrier(6)

    def make(n: int) -> None:
        api = connect(lab.cluster)
        together.wait()
        try:
            won.append(api.nodes(f"dc{n % 3 + 1}").qemu.post(vmid=100, memory=512))
        except ResourceException as e:
            lost.append(e.content)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(make, range(6)))
    assert len(won) == 1
    assert {text.partition(" already exists on node")[0] for text in lost} == {
        "unable to create VM 100 - VM 100"
    }


def test_parallel_creates_get_volumes_and_pool_places_of_their_own(lab: Lab) -> None:
    def make(vmid: int) -> str:
        api = connect(lab.cluster)
        return lab.wait(
            api.nodes("dc1").qemu.post(
                vmid=vmid, memory=512, pool="dukcapil", scsi0="local-zfs:1", scsi1="nfs:1"
            )
        )

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(make, range(200, 224))) == {"OK"}
    volumes = [v["volid"] for v in lab.root.nodes("dc1").storage("nfs").content.get()]
    assert volumes == sorted(f"nfs:{n}/vm-{n}-disk-0.raw" for n in range(200, 224))
    members = {m["vmid"] for m in lab.api.pools.get(poolid="dukcapil")[0]["members"]}
    assert set(range(200, 224)) <= members


def test_updates_of_one_vm_follow_each_other(lab: Lab) -> None:
    vm = lab.vm(300)
    together = threading.Barrier(8)

    def describe(n: int) -> None:
        mine = connect(lab.cluster).nodes("dc1").qemu(300)
        together.wait()
        mine.config.put(**{f"serial{n % 4}": "socket"})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(describe, range(8)))
    assert {f"serial{n}" for n in range(4)} <= set(vm.config.get())


def test_task_waits_for_the_one_before_it(lab: Lab) -> None:
    vm = lab.vm(310)
    start, stop = vm.status.start.post(), vm.status.stop.post()
    assert [lab.wait(start), lab.wait(stop)] == ["OK", "OK"]
    assert vm.status.current.get()["status"] == "stopped"


def test_a_hundred_creates_take_little(lab: Lab) -> None:
    """Generous: about 400 a second on an idle machine with two cores."""
    api = connect(lab.cluster)
    begun = time.monotonic()
    for vmid in range(1000, 1100):
        api.nodes("dc2").qemu.post(vmid=vmid, memory=512, scsi0="local-zfs:1", net0="virtio,bridge=vn10")
    taken = time.monotonic() - begun
    lab.control.settle()
    assert sum(vm["vmid"] >= 1000 for vm in lab.api.nodes("dc2").qemu.get()) == 100
    assert taken < 5
