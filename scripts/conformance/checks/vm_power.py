# SPDX-License-Identifier: GPL-3.0-or-later
"""Power, and changes that wait for a restart."""

from __future__ import annotations

from pve_provider.errors import ApiError
from scripts.conformance.check import check, equal, expect
from scripts.conformance.target import Target


@check("power.start")
def start(t: Target) -> str:
    """Starting is a task; then the VM says running, and the cluster's list within a minute."""
    vm = t.vm()
    vm.halt()
    t.done(vm.post("/status/start"))
    return equal([vm.status(), t.listed(vm.vmid, status="running")["status"]], ["running", "running"])


@check("power.start_twice")
def start_twice(t: Target) -> str:
    """Starting what runs is harmless, or refused with 'already running', at once or in the task."""
    vm = t.vm()
    vm.run()
    try:
        words = t.wait(vm.post("/status/start"))
    except ApiError as error:
        words = str(error)
    expect(words == "OK" or "already running" in words, "OK or 'already running'", words)
    return words


@check("power.pending")
def pending(t: Target) -> str:
    """On a running VM a change of its cores waits: the row has value and pending."""
    vm = t.vm()
    vm.run()
    vm.put("/config", cores=2)
    row = vm.pending()["cores"]
    vm.put("/config", cores=1)
    return equal([str(row.get("value")), str(row.get("pending"))], ["1", "2"])


@check("power.pending_taken_back")
def taken_back(t: Target) -> str:
    """Setting what waits to what it is takes the waiting away."""
    vm = t.vm()
    vm.run()
    vm.put("/config", cores=2)
    vm.put("/config", cores=1)
    row = vm.pending()["cores"]
    return equal([str(row.get("value")), "pending" in row], ["1", False])


@check("power.pending_delete")
def pending_delete(t: Target) -> str:
    """On a running VM a deletion waits too: the row has delete."""
    vm = t.vm()
    vm.run()
    vm.put("/config", delete="cpu")
    row = vm.pending()["cpu"]
    vm.put("/config", cpu="x86-64-v2-AES")
    expect(str(row.get("delete")) in ("1", "2"), "delete 1", row)
    return repr(row)


@check("power.live_change")
def live_change(t: Target) -> str:
    """Name, description and tags of a running VM change at once."""
    vm = t.vm()
    vm.run()
    before = vm.value("description")
    vm.put("/config", description="while it runs")
    row = vm.pending()["description"]
    vm.put("/config", description=str(before))
    return equal([str(row.get("value")).rstrip("\n"), "pending" in row], ["while it runs", False])


@check("power.shutdown_forced")
def shutdown(t: Target) -> str:
    """Shutdown with a timeout and forceStop is a task, after which the VM is stopped whatever the guest does."""
    vm = t.vm()
    vm.run()
    t.done(vm.post("/status/shutdown", timeout=1, forceStop=1))
    return equal(vm.status(), "stopped")


@check("power.stop")
def stop(t: Target) -> str:
    """Stopping is a task, after which the VM is stopped."""
    vm = t.vm()
    vm.run()
    t.done(vm.post("/status/stop"))
    return equal(vm.status(), "stopped")


@check("power.reboot")
def reboot(t: Target) -> str:
    """Rebooting a running VM is a task; a guest that does not obey makes it end with words, not hang."""
    vm = t.vm()
    vm.run()
    words = t.wait(vm.post("/status/reboot", timeout=2))
    vm.halt()
    return words


@check("power.applied_by_stop")
def applied(t: Target) -> str:
    """What waits is in force after a stop and a start."""
    vm = t.vm()
    vm.run()
    vm.put("/config", cores=2)
    vm.halt()
    vm.run()
    row = vm.pending()["cores"]
    vm.halt()
    vm.put("/config", cores=1)
    return equal([str(row.get("value")), "pending" in row], ["2", False])
