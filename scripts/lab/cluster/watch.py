# SPDX-License-Identifier: AGPL-3.0-or-later
"""Telling the guest runtime when a running VM's firewall has changed, as pve-firewall's daemon does.

After each write the snapshots of the running VMs are compared with what the runtime was last told; only a difference
is passed on, in the background. No API method stands here.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from scripts.lab.cluster.nodes import Nodes
from scripts.lab.cluster.runtime import FirewallSnapshot

log = logging.getLogger("lab.cluster")


class Watch(Nodes):
    """Mixin: firewall changes on their way to the runtime."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._told: dict[int, FirewallSnapshot] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._watcher: asyncio.Task[None] | None = None

    def firewall_told(self, vmid: int, snapshot: FirewallSnapshot) -> None:
        self._told[vmid] = snapshot

    def forget_firewall(self, vmid: int) -> None:
        self._told.pop(vmid, None)

    def changed(self) -> None:
        if self.runtime is not None:
            self._idle.clear()
            self._wake.set()

    async def settled(self) -> None:
        """Wait until the runtime enforces what is configured."""
        await self._idle.wait()

    def start_watching(self) -> None:
        """Begin what goes on in the background: firewalls, replication, HA."""
        self._watcher = asyncio.ensure_future(self._watch())
        self.start_scheduling()
        self.start_crm()

    async def stop_watching(self) -> None:
        """End what goes on in the background."""
        await self.stop_crm()
        await self.stop_scheduling()
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._tell()
            if not self._wake.is_set():
                self._idle.set()

    async def _tell(self) -> None:
        assert self.runtime is not None
        for vm in list(self.vms):
            if vm.vmid not in self._told:
                continue
            snapshot = self.firewall_snapshot(vm)
            if snapshot == self._told[vm.vmid]:
                continue
            self._told[vm.vmid] = snapshot
            try:
                await self.call_runtime(self.runtime.firewall_changed, vm.vmid, snapshot)
            except Exception:
                log.exception("firewall of VM %s", vm.vmid)

    # ----------------------------------------------------------- whole cluster

    async def start_guests(self, after_crash: bool) -> None:
        """After a restart: what ran is run again; one that cannot is stopped, with the reason in the log.

        After a crash the runtime may still run guests that were on their way down: those are ended.
        """
        for vm in self.vms:
            if not vm.running:
                if after_crash and self.runtime is not None:
                    await self.call_runtime(self.runtime.stop, vm.vmid)
                continue
            try:
                await self.run_guest(vm)
            except Exception as e:  # noqa: BLE001  # one guest must not keep the others down
                log.warning("VM %s was running and cannot be started again: %s", vm.vmid, e)
                vm.status = vm.qmpstatus = "stopped"
            self.store.mark(f"vm/{vm.vmid}")

    async def stop_guests(self) -> None:
        """Before the process ends: the runtime runs nothing any more; the state keeps saying what ran."""
        if self.runtime is None:
            return
        for vm in self.vms:
            if vm.running:
                await self.call_runtime(self.runtime.stop, vm.vmid)
