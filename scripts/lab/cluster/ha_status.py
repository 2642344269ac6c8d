# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/cluster/ha/status`, moving resources by hand, and what power and migration of a managed guest turn into.

Follows pve-ha-manager `PVE/API2/HA/{Status,Resources}.pm`, `PVE/HA/Tools.pm` and qemu-server `PVE/API2/Qemu.pm`.
"""

from __future__ import annotations

import time
from typing import Any

from fakepve.model import PveError, TaskError

from scripts.lab.cluster.base import Route, Values, Vm
from scripts.lab.cluster.ha_config import LOCK
from scripts.lab.cluster.ha_place import blocking, companions
from scripts.lab.cluster.ha_states import HaStates


class HaStatus(HaStates):
    """Mixin: status and commands of HA."""

    def _lab_ha_status(self) -> list[Route]:
        status, one = "/cluster/ha/status", "/cluster/ha/resources/{sid}"
        return [
            ("GET", status, self._ha_status_index),
            ("GET", status + "/current", self._ha_current),
            ("GET", status + "/manager_status", self._ha_manager_status),
            ("POST", one + "/migrate", self._ha_migrate_request),
            ("POST", one + "/relocate", self._ha_relocate_request),
        ]

    async def _ha_status_index(self, v: Values, user: str) -> Any:
        return [{"name": name} for name in ("current", "manager_status", "disarm-ha", "arm-ha")]

    # ------------------------------------------------------------------ status

    def _master(self) -> str:
        return next((n for n in sorted(self.nodes) if self.online(n)), min(self.nodes))

    def _verbose_state(self, sid: str) -> str:
        """Tools.pm get_verbose_service_state."""
        if sid not in self.ha_resources:
            return "deleting"
        wanted, service = self._wanted(sid), self.ha_services.get(sid)
        if wanted == "ignored":
            return "ignored"
        if self._vm_of(sid) is None:
            return "not found"
        if service is None:
            return "queued"
        state = str(service["state"])
        if state == "stopped":
            return {"started": "starting", "disabled": "disabled"}.get(wanted, state)
        if state == "started":
            if not service.get("running"):
                return "starting"
            return "stopping" if wanted in ("stopped", "disabled") else state
        return "clearing error flag" if state == "error" and wanted == "disabled" else state

    def _service_item(self, sid: str) -> dict[str, Any]:
        service, resource, vm = self.ha_services.get(sid), self.ha_resources.get(sid), self._vm_of(sid)
        node = service["node"] if service else vm.node if vm else None
        state = self._verbose_state(sid)
        item: dict[str, Any] = {
            "id": f"service:{sid}",
            "type": "service",
            "sid": sid,
            "node": node,
            "state": state,
            "status": f"{sid} ({node or '---'}, {state})",
        }
        if service:
            item["crm_state"] = service["state"]
        if resource is not None:
            item["request_state"] = self._wanted(sid)
            item |= {"max_restart": 1, "max_relocate": 1, "failback": 1}
            item |= {
                k: x
                for k, x in resource.items()
                if k in ("max_restart", "max_relocate", "failback", "comment")
            }
        return item

    async def _ha_current(self, v: Values, user: str) -> Any:
        now, local = int(time.time()), min(self.nodes)
        clock = time.strftime("%a %b %e %T %Y", time.gmtime(now))
        out: list[dict[str, Any]] = [
            {
                "id": "quorum",
                "type": "quorum",
                "node": local,
                "status": "OK" if self.quorate else f"No quorum on node '{local}'!",
                "quorate": int(self.quorate),
            }
        ]
        if self.ha_resources or self.ha_services:
            master = self._master()
            out.append(
                {
                    "id": "master",
                    "type": "master",
                    "node": master,
                    "status": f"{master} (active, {clock})",
                    "timestamp": now,
                }
            )
            out += [self._lrm_item(node, now, clock) for node in sorted(self.nodes)]
        return out + [self._service_item(sid) for sid in sorted({**self.ha_services, **self.ha_resources})]

    def _lrm_item(self, node: str, now: int, clock: str) -> dict[str, Any]:
        busy = any(
            s["node"] == node and s["state"] not in ("stopped", "freeze") for s in self.ha_services.values()
        )
        state = "active" if busy else "idle"
        if not self.online(node):
            state = "old timestamp - dead?"
        return {
            "id": f"lrm:{node}",
            "type": "lrm",
            "node": node,
            "status": f"{node} ({state}, {clock})",
            "timestamp": now,
        }

    def _node_state(self, node: str) -> str:
        if self.online(node):
            return "online"
        fenced = any(s["node"] == node and s["state"] == "fence" for s in self.ha_services.values())
        return "fence" if fenced else "unknown"

    async def _ha_manager_status(self, v: Values, user: str) -> Any:
        if not self.ha_resources and not self.ha_services:
            # the manager has never worked: its file is empty
            return {
                "manager_status": {},
                "quorum": {"node": min(self.nodes), "quorate": int(self.quorate)},
            }
        lrm: dict[str, dict[str, Any]] = {
            node: {
                "mode": "active",
                "state": "active"
                if any(s["node"] == node for s in self.ha_services.values())
                else "wait_for_agent_lock",
                "timestamp": int(time.time()),
                "results": {},
            }
            for node in sorted(self.nodes)
        }
        return {
            "manager_status": {
                "master_node": self._master(),
                "timestamp": int(time.time()),
                "node_status": {node: self._node_state(node) for node in sorted(self.nodes)},
                "service_status": {sid: dict(service) for sid, service in sorted(self.ha_services.items())},
            },
            "quorum": {"node": min(self.nodes), "quorate": int(self.quorate)},
            "lrm_status": lrm,
        }

    # ---------------------------------------------------------------- commands

    def ha_companions(self, sid: str) -> list[str]:
        return companions(self.ha_view(), sid)

    async def queue_ha(self, what: str, sid: str, argument: str) -> None:
        """Config.pm queue_crm_commands."""
        async with self.cfs_lock(LOCK):
            self.ha_commands.append((what, sid, argument))
        self.ha_changed()

    async def _ha_move(self, what: str, v: Values) -> Any:
        sid, _kind, _name = self.parse_sid(v["sid"])
        self._need_managed(sid)
        self.check_service_state(sid)
        answer: dict[str, Any] = {"sid": sid, "requested-node": v["node"]}
        view = self.ha_view()
        if together := companions(view, sid):
            answer["comigrated-resources"] = together
        if stops := blocking(view, sid, v["node"]):
            answer["blocking-resources"] = [{"sid": one, "cause": "resource-affinity"} for one in stops]
            return answer
        await self.queue_ha(what, sid, v["node"])
        return answer

    async def _ha_migrate_request(self, v: Values, user: str) -> Any:
        return await self._ha_move("migrate", v)

    async def _ha_relocate_request(self, v: Values, user: str) -> Any:
        return await self._ha_move("relocate", v)

    async def _ha_task(self, vm: Vm, kind: str, words: str, command: str, user: str, do: Any) -> str:
        async def body() -> None:
            self.log_line(words)
            try:
                await do()
            except PveError as e:
                self.log_line(e.message)
                raise TaskError(f"command 'ha-manager {command}' failed: exit code 255") from e

        return await self.task(vm.node, kind, vm.vmid, user, body)

    async def ha_start(self, vm: Vm, user: str) -> str:
        """API2/Qemu.pm vm_start of a managed guest: it only sets the requested state."""

        async def do() -> None:
            await self.request_ha_state(vm.vmid, "started")

        command = f"set vm:{vm.vmid} --state started"
        return await self._ha_task(vm, "hastart", f"Requesting HA start for VM {vm.vmid}", command, user, do)

    async def ha_stop(self, vm: Vm, user: str, timeout: int) -> str:
        """API2/Qemu.pm vm_stop and vm_shutdown of a managed guest; timeout 0 ends it at once."""
        sid = f"vm:{vm.vmid}"

        async def do() -> None:
            self._need_managed(sid)
            self.check_service_state(sid)
            await self.queue_ha("stop", sid, str(timeout))

        command = f"crm-command stop {sid} {timeout}"
        return await self._ha_task(vm, "hastop", f"Requesting HA stop for VM {vm.vmid}", command, user, do)

    async def ha_migrate(self, vm: Vm, user: str, target: str) -> str:
        """API2/Qemu.pm migrate_vm of a managed guest."""

        async def do() -> None:
            await self.queue_ha("migrate", f"vm:{vm.vmid}", target)

        words = f"Requesting HA migration for VM {vm.vmid} to node {target}"
        return await self._ha_task(vm, "hamigrate", words, f"migrate vm:{vm.vmid} {target}", user, do)
