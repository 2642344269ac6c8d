# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a VM: the task, its end, what the cluster's list shows, and the words when the VMID is taken."""

from __future__ import annotations

from pve_provider.client import retry
from pve_provider.errors import ApiError
from scripts.conformance.check import check, equal, expect, kinds, part, recognised, refused
from scripts.conformance.checks.access import POOL, pool
from scripts.conformance.client import segment
from scripts.conformance.target import PREFIX, Target, Vm, vm_options


@check("vm.create_is_a_task")
def create(t: Target) -> str:
    """POST qemu answers UPID:node:…:qmcreate:vmid:…, its status is read at the node and ends with OK."""
    vm = Vm(t, t.free_vmid(), t.node)
    answer = vm.create(**vm_options(t, vm.vmid, "vm"))
    end = t.wait(answer)
    equal(answer.split(":")[0:2] + answer.split(":")[5:7], ["UPID", t.node, "qmcreate", str(vm.vmid)])
    status = t.api.get(f"/nodes/{t.node}/tasks/{segment(answer)}/status")
    t.made["vm"] = vm
    return equal([end, status["status"], status["exitstatus"]], ["OK", "stopped", "OK"])


@check("vm.exists")
def exists(t: Target) -> str:
    """A taken VMID is refused at once in words that mean: exists."""
    vm = t.vm()
    error = refused(lambda: vm.create(name=f"{PREFIX}-again", memory=128))
    return recognised(error, retry.EXISTS, "exists already")


@check("vm.gone")
def gone(t: Target) -> str:
    """Asking for a VM that is not there is refused in words that mean: gone."""
    vm = Vm(t, t.free_vmid(), t.node)
    return recognised(refused(lambda: vm.get("/status/current")), retry.GONE, "is gone")


@check("vm.resources_row")
def row(t: Target) -> str:
    """The cluster's list has the VM with its number, node and kind; within a minute also with its status and name."""
    vm = t.vm()
    found = t.listed(vm.vmid, status="stopped", name=f"{PREFIX}-vm")
    kinds(found, vmid=int, node=str, type=str, status=str, name=str, template=int)
    want = {"vmid": vm.vmid, "node": t.node, "type": "qemu", "status": "stopped", "name": f"{PREFIX}-vm"}
    return equal(part(found, *want), want)


@check("vm.lock_words")
def lock(t: Target) -> str:
    """A write to a VM that a task is making is done, or refused in words that mean: locked, or not there yet."""
    vm = Vm(t, t.free_vmid(), t.node)
    answer = vm.create(**vm_options(t, vm.vmid, "busy"))
    try:
        t.api.put(f"{vm.path}/config", tags=PREFIX)
        seen = "done"
    except ApiError as error:
        understood = retry.is_locked(error) or retry.GONE(error)
        expect(understood, "words of a lock", f"{error.status} {error.words}")
        seen = f"{error.status} {error.words}"
    t.done(answer)
    t.done(vm.delete(purge=1))
    return seen


@check("vm.pool_join")
def pool_join(t: Target) -> str:
    """PUT /pools puts a VM into a pool, and the cluster's list shows it; delete takes it out."""
    vm = t.vm()
    pool(t)
    vm.guard()
    t.api.put("/pools", poolid=POOL, vms=str(vm.vmid), **{"allow-move": 1})
    inside = t.guests()[vm.vmid].get("pool")
    t.api.put("/pools", poolid=POOL, vms=str(vm.vmid), delete=1)
    return equal([inside, t.guests()[vm.vmid].get("pool")], [POOL, None])


@check("vm.pool_twice")
def pool_twice(t: Target) -> str:
    """Putting a VM into the pool that it has is done, or refused with 'pool member'."""
    vm = t.vm()
    pool(t)
    vm.guard()
    t.api.put("/pools", poolid=POOL, vms=str(vm.vmid), **{"allow-move": 1})
    try:
        t.api.put("/pools", poolid=POOL, vms=str(vm.vmid), **{"allow-move": 1})
        seen = "done"
    except ApiError as error:
        expect(error.says("pool member"), "'pool member'", f"{error.status} {error.words}")
        seen = f"{error.status} {error.words}"
    t.api.put("/pools", poolid=POOL, vms=str(vm.vmid), delete=1)
    return seen


@check("vm.create_into_pool")
def create_into_pool(t: Target) -> str:
    """POST qemu with pool makes the VM a member."""
    pool(t)
    vm = Vm(t, t.free_vmid(), t.node)
    t.done(vm.create(name=f"{PREFIX}-pool", memory=128, pool=POOL))
    seen = t.guests()[vm.vmid].get("pool")
    t.done(vm.delete(purge=1))
    return equal(seen, POOL)


@check("vm.create_without_disk")
def create_without_disk(t: Target) -> str:
    """A VM without disks can be made, and has none."""
    vm = Vm(t, t.free_vmid(), t.node)
    t.done(vm.create(name=f"{PREFIX}-empty", memory=128, net0=f"virtio=02:AC:0F:01:00:01,bridge={t.bridge}"))
    keys = [
        key for key in vm.pending() if key.startswith(("scsi", "ide", "sata", "virtio")) and key != "scsihw"
    ]
    t.done(vm.delete(purge=1))
    return equal(keys, [])
