# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a node's HA resource manager does with a guest on command: start it, stop it, bring it to another node.

Follows pve-ha-manager `PVE/HA/{LRM,Resources/PVEVM}.pm`. When to do it is decided in `ha_manager.py`. Each is a task of
root@pam like those that users start.
"""

from __future__ import annotations

from typing import Any

from fakepve.model import PveError

from scripts.lab.cluster.base import Vm
from scripts.lab.cluster.replicate import Replicate

ROOT = "root@pam"
STOP_TIMEOUT = 60  # PVEVM.pm shutdown


class HaLrm(Replicate):
    """Mixin: the actions; each returns whether it went well."""

    async def _task_done(self, upid: str) -> bool:
        if handle := self._running.get(upid):
            await handle
        return bool(self.tasks[upid].get("exitstatus") == "OK")

    async def lrm_start(self, vm: Vm, tries: int) -> bool:
        """LRM.pm handle_service_exitcode: on failure again on this node, `max_restart` times."""
        for _ in range(1 + tries):
            if vm.running or await self._task_done(await self.start_unmanaged(vm, {}, ROOT)):
                return True
        return False

    async def lrm_stop(self, vm: Vm, timeout: int | None) -> bool:
        """Ask the guest, and end it at the timeout; 0 ends it at once."""
        if not vm.running:
            return True
        if timeout == 0:
            return await self._task_done(await self.stop_unmanaged(vm, {}, ROOT))
        how: dict[str, Any] = {"timeout": timeout or STOP_TIMEOUT, "forceStop": 1}
        return await self._task_done(await self.shutdown_unmanaged(vm, how, ROOT))

    async def lrm_migrate(self, vm: Vm, target: str, online: bool) -> bool:
        """PVEVM.pm migrate: with its local disks; a relocation stops the guest first."""
        if not online:
            await self.lrm_stop(vm, None)
        given = {
            "node": vm.node,
            "vmid": vm.vmid,
            "target": target,
            "with-local-disks": 1,
            "online": int(vm.running),
        }
        try:
            upid = await self.migrate_unmanaged(vm, given, ROOT)
        except PveError:
            return False
        return await self._task_done(upid) and vm.node == target
