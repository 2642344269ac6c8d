# SPDX-License-Identifier: AGPL-3.0-or-later
"""The cluster resource manager of HA: what state each resource is in, and what is done to get it where it is wanted.

Follows pve-ha-manager `PVE/HA/{Manager,NodeStatus}.pm`. It wakes when something has changed and works in rounds of
`CRM_SECONDS` until all is at rest. As in PVE a lost node's guests are brought to where the rules allow, whether their
disks are there or not: a guest whose disks are neither shared nor replicated fails to start and ends in `error`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from typing import Any

from scripts.lab.cluster.base import WRITING, Vm
from scripts.lab.cluster.ha_lrm import HaLrm
from scripts.lab.cluster.ha_place import View, feasible, select_node
from scripts.lab.cluster.ha_rules_check import Rules

CRM_SECONDS = 10  # CRM.pm: seconds from round to round
MAX_WORKERS = 4  # Env/PVE2.pm get_max_workers
log = logging.getLogger("lab.cluster")
Service = dict[str, Any]


class HaManager(HaLrm):
    """Mixin: the manager. `ha_services` is its `service_status`, kept over restarts."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.ha_services: dict[str, Service] = {}
        self.ha_commands: list[tuple[str, str, str]] = []  # (what, sid, node or timeout)
        self._ha_wake = asyncio.Event()
        self._ha_round_due = False
        self._ha_feasible: Rules | None = None
        # Moves that failed, as (resource, node): PVE tries them each round, the lab when something has changed.
        self.ha_refused: set[tuple[str, str]] = set()
        self._ha_working: dict[str, asyncio.Task[None]] = {}
        self._lrm_slots: dict[str, tuple[int, asyncio.Semaphore]] = {}
        self._ha_offline: dict[str, float] = {}  # node -> since when (monotonic)
        self._ha_last_round = int(time.time())
        self._crm: asyncio.Task[None] | None = None

    # -------------------------------------------------------------------- loop

    def ha_changed(self) -> None:
        self._ha_feasible = None
        self.ha_refused.clear()
        self._ha_wake.set()

    def start_crm(self) -> None:
        self._crm = asyncio.ensure_future(self._crm_loop())
        if self.ha_resources:
            self._ha_wake.set()

    async def stop_crm(self) -> None:
        jobs = [*self._ha_working.values(), *([self._crm] if self._crm else [])]
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    async def _crm_loop(self) -> None:
        WRITING.set(True)
        while True:
            await self._ha_wake.wait()
            self._ha_wake.clear()
            self._ha_round_due = True
            await self.wait_lab(CRM_SECONDS)
            try:
                self.crm_round()
            except Exception:
                log.exception("HA manager")
            self._ha_round_due = False
            self.store.mark("hastatus")
            self.store.flush()

    def _again(self, seconds: float) -> None:
        """Look again after so many PVE seconds."""
        asyncio.get_running_loop().call_later(max(seconds * self.time_scale, 0.001), self._ha_wake.set)

    async def ha_settled(self) -> None:
        """Wait until the manager has nothing to do; without quorum it does nothing."""
        while self.quorate and (
            self._ha_wake.is_set() or self._ha_round_due or self._ha_working or self._moving()
        ):
            await asyncio.sleep(0.005)

    def _moving(self) -> bool:
        return any(not self._at_rest(sid) for sid in {**self.ha_resources, **self.ha_services})

    def _at_rest(self, sid: str) -> bool:
        wanted, service = self._wanted(sid), self.ha_services.get(sid)
        if wanted == "ignored" or sid not in self.ha_resources:
            return service is None
        if service is None or self._vm_of(sid) is None:
            return self._vm_of(sid) is None
        if not self.online(service["node"]) and (wanted, service["state"]) != ("disabled", "stopped"):
            return service["state"] == "recovery" and self._pick(sid, recover=True) is None
        rest = {"started": "started", "stopped": "stopped", "disabled": "stopped"}[wanted]
        at = service["state"] == rest and (rest == "stopped" or bool(service.get("running")))
        return at or (service["state"] == "error" and wanted != "disabled")

    # ------------------------------------------------------------------- views

    def ha_state(self, sid: str) -> str | None:
        service = self.ha_services.get(sid)
        return service["state"] if service else None

    def _wanted(self, sid: str) -> str:
        """Config.pm read_and_check_resources_config: the requested state, without aliases."""
        state = self.ha_resources.get(sid, {}).get("state", "started")
        return "started" if state == "enabled" else str(state)

    def _vm_of(self, sid: str) -> Vm | None:
        return next((vm for vm in self.vms if f"vm:{vm.vmid}" == sid), None)

    def ha_view(self, failed: dict[str, frozenset[str]] | None = None) -> View:
        """The cluster as the choice of a node sees it."""
        nodes = tuple(sorted(self.nodes))
        if self._ha_feasible is None:
            self._ha_feasible = feasible(self.ha_rules, nodes)
        return View(
            rules=self._ha_feasible,
            nodes=nodes,
            online=frozenset(n for n in self.nodes if self.online(n)),
            where={sid: s.get("target") or s["node"] for sid, s in self.ha_services.items()},
            failed=failed or {},
        )

    def _pick(self, sid: str, recover: bool = False, try_next: bool = False) -> str | None:
        service = self.ha_services[sid]
        view = self.ha_view({sid: frozenset(service.get("failed_nodes", ()))})
        failback = bool(self.ha_resources.get(sid, {}).get("failback", 1))
        return select_node(view, sid, failback=failback or recover, try_next=try_next)

    def _to(self, sid: str, state: str, **more: Any) -> None:
        """Manager.pm $change_service_state: a command that waits is lost with it."""
        if sid not in self.ha_services:
            return  # taken out of HA while something was done for it
        kept = {k: x for k, x in self.ha_services[sid].items() if k in ("node", "failed_nodes", "tried")}
        self.ha_services[sid] = {**kept, "state": state, "uid": secrets.token_urlsafe(16), **more}
        self._ha_wake.set()

    # ------------------------------------------------------------------- round

    def crm_round(self) -> None:
        """Manager.pm manage."""
        if not self.quorate:
            self._again(CRM_SECONDS)
            return
        self._ha_last_round = int(time.time())
        now = time.monotonic()
        for node in self.nodes:
            if self.online(node):
                self._ha_offline.pop(node, None)
            else:
                self._ha_offline.setdefault(node, now)
        self._follow_config()
        self._take_commands()
        for sid in sorted(self.ha_services):
            if sid not in self._ha_working:
                getattr(self, f"_ha_{self.ha_services[sid]['state']}")(sid)

    def _follow_config(self) -> None:
        for sid in self.ha_resources:
            vm = self._vm_of(sid)
            if vm is None or self._wanted(sid) == "ignored":
                continue
            if sid not in self.ha_services:
                state = "request_start" if self._wanted(sid) == "started" else "request_stop"
                self.ha_services[sid] = {"state": state, "node": vm.node, "uid": secrets.token_urlsafe(16)}
                self._ha_wake.set()
            elif sid not in self._ha_working and self.ha_services[sid]["node"] != vm.node:
                self.ha_services[sid]["node"] = vm.node
        for sid in list(self.ha_services):
            if sid not in self.ha_resources or self._wanted(sid) == "ignored" or self._vm_of(sid) is None:
                del self.ha_services[sid]

    def _take_commands(self) -> None:
        """Manager.pm update_crm_commands."""
        commands, self.ha_commands = self.ha_commands, []
        for what, sid, argument in commands:
            service = self.ha_services.get(sid)
            if service is None:
                continue
            if what == "stop":
                service["cmd"] = [what, int(argument)]
            elif self.online(argument) and argument in self.nodes and argument != service["node"]:
                for one in (sid, *self._with(sid)):
                    self.ha_services[one]["cmd"] = [what, argument]
            self._ha_wake.set()

    def _with(self, sid: str) -> list[str]:
        return [other for other in self.ha_companions(sid) if other in self.ha_services]

    def ha_companions(self, sid: str) -> list[str]:
        """The resources that a positive rule keeps with this one; `ha_status.py` overrides this."""
        return []

    def _lrm_slot(self, node: str) -> asyncio.Semaphore:
        """LRM.pm: a node does `max_workers` things at once, the others wait."""
        workers = int(self.options.get("max_workers", MAX_WORKERS))
        known = self._lrm_slots.get(node)
        if known is None or known[0] != workers:
            known = self._lrm_slots[node] = (workers, asyncio.Semaphore(workers))
        return known[1]

    def _ha_do(self, sid: str, action: Any) -> None:
        """Let the node's manager act, and look at what came of it in a later round."""

        async def run() -> None:
            try:
                async with self._lrm_slot(self.ha_services[sid]["node"]):
                    await action
            except Exception:
                log.exception("HA resource %s", sid)
            finally:
                self._ha_working.pop(sid, None)
                self._ha_wake.set()
                self.store.mark("hastatus", f"vm/{sid.partition(':')[2]}")
                self.store.flush()
                self.changed()

        self._ha_working[sid] = asyncio.ensure_future(run())
