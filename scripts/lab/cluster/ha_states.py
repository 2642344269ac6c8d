# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the HA manager does with a resource in each of its states: a method `_ha_<state>` per state.

Follows pve-ha-manager `PVE/HA/Manager.pm` next_state_* and `PVE/HA/NodeStatus.pm`. As in PVE a lost node's guests are
brought to where the rules allow, whether their disks are there or not: a guest whose disks are neither shared nor
replicated fails to start and ends in `error`.
"""

from __future__ import annotations

import logging
import time

from scripts.lab.cluster.base import Vm
from scripts.lab.cluster.ha_manager import HaManager

# NodeStatus.pm node_is_offline_delayed, then the lock of its agent, which outlives it by two minutes
OFFLINE_SECONDS = 60
FENCE_SECONDS = 120
log = logging.getLogger("lab.cluster")


class HaStates(HaManager):
    """Mixin: the states."""

    def _lost(self, sid: str) -> bool:
        """Its node is offline; once that has lasted it is to be fenced."""
        node = self.ha_services[sid]["node"]
        if node not in self._ha_offline:
            return False
        gone = (time.monotonic() - self._ha_offline[node]) / (self.time_scale or 1e-9)
        if gone >= OFFLINE_SECONDS:
            self._to(sid, "fence")
        else:
            self._again(OFFLINE_SECONDS - gone)
        return True

    def _ha_request_start(self, sid: str) -> None:
        self._to(sid, "started")

    def _ha_request_stop(self, sid: str) -> None:
        vm, service = self._vm_of(sid), self.ha_services[sid]
        if vm is None or self._lost(sid):
            return

        async def stop() -> None:
            if await self.lrm_stop(vm, service.get("timeout")):
                self._to(sid, "stopped")
            else:
                self._to(sid, "error")

        self._ha_do(sid, stop())

    def _ha_stopped(self, sid: str) -> None:
        wanted = self._wanted(sid)
        if wanted == "disabled" or self._lost(sid):
            return
        if command := self.ha_services[sid].pop("cmd", None):
            if command[0] != "stop":
                self._to(sid, command[0], target=command[1])
            return
        if wanted == "started":
            self._to(sid, "request_start")

    def _ha_started(self, sid: str) -> None:
        service, wanted, vm = self.ha_services[sid], self._wanted(sid), self._vm_of(sid)
        if vm is None or self._lost(sid):
            return
        command = service.pop("cmd", None)
        if wanted in ("stopped", "disabled"):
            self._to(sid, "request_stop")
        elif command and command[0] == "stop":
            self.ha_resources[sid] = {**self.ha_resources[sid], "state": "stopped"}
            self.store.mark("ha")
            self._to(sid, "request_stop", timeout=command[1])
        elif command:
            self._to(sid, command[0], target=command[1])
        else:
            self._keep_running(sid, vm)

    def _keep_running(self, sid: str, vm: Vm) -> None:
        resource, here = self.ha_resources[sid], self.ha_services[sid]
        if vm.running:
            here.update(running=1)
            here.pop("failed_nodes", None)
            here.pop("tried", None)
        # one that was sent away because it would not start stays where it was sent
        target = None if here.get("tried") else self._pick(sid)
        if target is not None and target != vm.node and (sid, target) not in self.ha_refused:
            self._to(sid, "migrate", target=target)
            return
        if vm.running:
            return

        async def start() -> None:
            service = self.ha_services.get(sid)
            if await self.lrm_start(vm, int(resource.get("max_restart", 1))) or service is None:
                return
            # recovery policy: to another node, `max_relocate` times, and then `error`
            service["failed_nodes"] = sorted({*service.get("failed_nodes", ()), vm.node})
            tried = int(service.get("tried", 0))
            target = self._pick(sid, try_next=True) if tried < int(resource.get("max_relocate", 1)) else None
            if tried >= int(resource.get("max_relocate", 1)):
                self._to(sid, "error")
                return
            service["tried"] = tried + 1
            if target is not None and target != vm.node:
                self._to(sid, "migrate", target=target)

        self._ha_do(sid, start())

    def _ha_migrate(self, sid: str) -> None:
        self._bring(sid, online=True)

    def _ha_relocate(self, sid: str) -> None:
        self._bring(sid, online=False)

    def _bring(self, sid: str, online: bool) -> None:
        vm, service = self._vm_of(sid), self.ha_services[sid]
        target = service["target"]
        if vm is None or self._lost(sid):
            return

        async def move() -> None:
            done = vm.node == target or await self.lrm_migrate(vm, target, online)
            if sid in self.ha_services:
                if done:
                    self.ha_services[sid]["node"] = target
                else:
                    self.ha_refused.add((sid, target))
                self._to(sid, "started" if self._wanted(sid) == "started" else "request_stop")

        self._ha_do(sid, move())

    def _ha_fence(self, sid: str) -> None:
        node = self.ha_services[sid]["node"]
        if node not in self._ha_offline:
            # back before it was fenced: what ran there is started again
            self._to(sid, "started" if self._wanted(sid) == "started" else "request_stop")
            return
        gone = (time.monotonic() - self._ha_offline[node]) / (self.time_scale or 1e-9)
        if gone >= FENCE_SECONDS:
            self._to(sid, "recovery")
        else:
            self._again(FENCE_SECONDS - gone)

    def _ha_recovery(self, sid: str) -> None:
        """Manager.pm next_state_recovery and PVE2.pm steal_service."""
        vm, service = self._vm_of(sid), self.ha_services[sid]
        if vm is None:
            return
        if self.online(service["node"]):
            self._to(sid, "started" if self._wanted(sid) == "started" else "request_stop")
            return
        target = self._pick(sid, recover=True)
        if target is None:
            return  # stays in recovery until a node comes up or a rule changes
        log.info("recover service '%s' from fenced node '%s' to node '%s'", sid, vm.node, target)
        vm.node = target
        vm.lock = None
        vm.config.pop("lock", None)
        self.own_replicas(vm)
        service["node"] = target
        self.store.mark(f"vm/{vm.vmid}")
        self._to(sid, "started" if self._wanted(sid) == "started" else "request_stop")

    def _ha_error(self, sid: str) -> None:
        if self._wanted(sid) == "disabled":
            self._to(sid, "request_stop")
