# SPDX-License-Identifier: AGPL-3.0-or-later
"""Running replication: when a job is due, what it copies, its state and log; `/nodes/{node}/replication`.

Follows pve-guest-common `PVE/{Replication,ReplicationState}.pm` and pve-manager `PVE/API2/Replication.pm`. Due times
are those of the clock; what PVE waits for besides them (the scheduler's minute, the wait after a failure) goes by in
lab time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import Any

from fakepve.model import PveError

from scripts.lab.cluster.base import WRITING, Route, Values, Vm, die
from scripts.lab.cluster.replicas import Replicas
from scripts.lab.cluster.replication_jobs import Job
from scripts.lab.cluster.schedule import parse

SCHEDULER_SECONDS = 60  # PVE/Service/pvescheduler.pm: a round each minute
SYNC_SECONDS = 2.0
RETRY_SECONDS = 300  # ReplicationState.pm job_status: five minutes per failure, at most thirty
SHOWN = ("last_sync", "last_try", "fail_count", "error", "duration")
log = logging.getLogger("lab.cluster")


class Replicate(Replicas):
    """Mixin: the scheduler of replication and its API on the nodes."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        # Job -> what the node of its guest knows of its last run, and its log.
        self.replication_state: dict[str, dict[str, Any]] = {}
        self._replication_wake = asyncio.Event()
        self._scheduler: asyncio.Task[None] | None = None

    def _lab_replicate(self) -> list[Route]:
        base, one = "/nodes/{node}/replication", "/nodes/{node}/replication/{id}"
        return [
            ("GET", base, self._replication_of_node),
            ("GET", one, self._replication_index),
            ("GET", one + "/status", self._replication_status),
            ("GET", one + "/log", self._replication_log),
            ("POST", one + "/schedule_now", self._replication_now),
        ]

    # --------------------------------------------------------------- scheduler

    def replication_changed(self) -> None:
        self._replication_wake.set()

    def start_scheduling(self) -> None:
        self._scheduler = asyncio.ensure_future(self._schedule())

    async def stop_scheduling(self) -> None:
        if self._scheduler is not None:
            self._scheduler.cancel()
            await asyncio.gather(self._scheduler, return_exceptions=True)

    async def _schedule(self) -> None:
        WRITING.set(True)
        while True:
            waits = [self._due_in(name) for name in self._jobs_to_run()]
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._replication_wake.wait(), min(waits, default=None))
            self._replication_wake.clear()
            if any(self._due_in(name) <= 0 for name in self._jobs_to_run()):
                await self.wait_lab(SCHEDULER_SECONDS)
                await self.run_due_jobs()

    async def run_due_jobs(self) -> None:
        """One round of `pvesr run` on every node."""
        for name in self._jobs_to_run():
            if name in self.replication and self._due_in(name) <= 0:
                try:
                    await self._run_job(name)
                except Exception:
                    log.exception("replication job %s", name)
                self.store.flush()
                self.changed()

    def _jobs_to_run(self) -> list[str]:
        """ReplicationState.pm job_status: the guest is there, its node is up, the job is not disabled or is to go."""
        out = []
        for name, job in list(self.replication.items()):
            vm = next((vm for vm in self.vms if vm.vmid == job["guest"]), None)
            if vm is None or not self.online(vm.node) or not self.quorate:
                continue
            self._fix_stolen(vm, name)
            if not job.get("remove_job") and (job.get("disable") or job["target"] == vm.node):
                continue
            out.append(name)
        return out

    def _fix_stolen(self, vm: Vm, name: str) -> None:
        """A guest that HA brought to another node: that node is the source of its jobs now."""
        job = self.replication[name]
        if job.get("source", vm.node) != vm.node:
            self.switch_replication(vm.vmid, vm.node, job["source"])
            for other in self.replication_of(vm.vmid):
                self.replication_state.pop(other, None)
            self.store.mark("replstate")

    def next_sync(self, name: str) -> int:
        """When PVE says that the job is next; 0 for never."""
        job, state = self.replication[name], self.replication_state.get(name, {})
        if job.get("remove_job"):
            return 1
        if failures := state.get("fail_count", 0):
            return int(state["last_try"] + min(RETRY_SECONDS * failures, 6 * RETRY_SECONDS))
        return parse(job.get("schedule") or "*/15").next_after(state.get("last_try", 0)) or 0

    def _due_in(self, name: str) -> float:
        """Real seconds until the job is to run."""
        state = self.replication_state.get(name, {})
        if state.get("fail_count") and not self.replication[name].get("remove_job"):
            # a wait of PVE's own, not one of the calendar
            return float(state["last_try"] - time.time() + self._retry_wait(state) * self.time_scale)
        upcoming = self.next_sync(name)
        return upcoming - time.time() if upcoming else float(10**9)

    @staticmethod
    def _retry_wait(state: dict[str, Any]) -> int:
        return min(RETRY_SECONDS * int(state["fail_count"]), 6 * RETRY_SECONDS)

    # -------------------------------------------------------------------- runs

    async def _run_job(self, name: str) -> None:
        job = self.replication[name]
        vm = self.find_anywhere(job["guest"])
        state = self.replication_state.setdefault(name, {"last_sync": 0, "fail_count": 0})
        begun = time.time()
        state.update(last_try=int(begun), log=[])

        def say(text: str) -> None:
            state["log"].append(f"{time.strftime('%F %T', time.gmtime())} {name}: {text}")

        say("start replication job")
        say(f"guest => VM {vm.vmid}, running => {int(vm.running)}")
        try:
            if job.get("remove_job"):
                await self._remove_job(name, job, vm, say)
                return
            await self._sync(name, job, vm, state, int(begun), say)
        except PveError as e:
            say(f"end replication job with error: {e.message}")
            state.update(fail_count=state.get("fail_count", 0) + 1, error=e.message)
        else:
            say("end replication job")
            state.update(last_sync=int(begun), fail_count=0)
            state.pop("error", None)
        finally:
            state["duration"] = round(time.time() - begun, 6)
            self.store.mark("replstate")

    async def _sync(self, name: str, job: Job, vm: Vm, state: dict[str, Any], begun: int, say: Any) -> None:
        volumes, target = self.replicatable(vm), job["target"]
        say(f"volumes => {','.join(volumes)}")
        self._reach(
            target, f"pvesr prepare-local-job {name} {' '.join(volumes)} --last_sync {state['last_sync']}"
        )
        snapshot = f"__replicate_{name}_{begun}__"
        for volid in volumes:
            say(f"create snapshot '{snapshot}' on {volid}")
        rate = job.get("rate")
        say(f"using secure transmission, rate limit: {f'{rate} MByte/s' if rate else 'none'}")
        await self.pause(SYNC_SECONDS)
        for volid in volumes:
            say(f"{'incremental' if self.is_replica(volid, target) else 'full'} sync '{volid}' ({snapshot})")
            self.copy_replica(volid, vm.node, target)
        self._drop_stale(vm, volumes, target, say)

    async def _remove_job(self, name: str, job: Job, vm: Vm, say: Any) -> None:
        say(f"start job removal - mode '{job['remove_job']}'")
        if job["remove_job"] == "full" and job["target"] != vm.node:
            self._reach(job["target"], f"pvesr prepare-local-job {name} --force --last_sync 1")
            self._drop_stale(vm, [], job["target"], say)
        del self.replication[name]
        self.replication_state.pop(name, None)
        self.store.mark("replication")

    def _reach(self, target: str, command: str) -> None:
        """PVE runs a command over ssh on the target; this is what comes of it when nobody answers."""
        if not self.online(target):
            number = sorted(self.nodes, key=lambda n: (len(n), n)).index(target) + 1
            raise die(
                f"command '/usr/bin/ssh -e none -o 'BatchMode=yes' -o 'HostKeyAlias={target}' "
                f"root@192.0.2.{number} -- {command}' failed: exit code 255"
            )

    def find_anywhere(self, vmid: int) -> Vm:
        vm = self.vm(vmid)
        if vm is None:
            raise die(f"no such guest '{vmid}'")
        return vm

    # --------------------------------------------------------------------- API

    def _job_status(self, name: str) -> dict[str, Any]:
        state = self.replication_state.get(name, {})
        return {
            **self._job_view(name),
            "vmtype": "qemu",
            "next_sync": self.next_sync(name),
            "last_sync": 0,
            "last_try": 0,
            "fail_count": 0,
            **{key: state[key] for key in SHOWN if key in state},
        }

    def _jobs_on(self, node: str) -> list[str]:
        nodes = {vm.vmid: vm for vm in self.vms if vm.node == node}
        names = [name for name, job in sorted(self.replication.items()) if job["guest"] in nodes]
        for name in names:
            self._fix_stolen(nodes[self.replication[name]["guest"]], name)
        return names

    async def _replication_of_node(self, v: Values, user: str) -> Any:
        return [
            self._job_status(name)
            for name in self._jobs_on(v["node"])
            if v.get("guest") in (None, self.replication[name]["guest"])
            and self.allowed(user, f"/vms/{self.replication[name]['guest']}", "VM.Audit")
        ]

    async def _replication_index(self, v: Values, user: str) -> Any:
        return [{"name": name} for name in ("schedule_now", "log", "status")]

    async def _replication_status(self, v: Values, user: str) -> Any:
        if v["id"] not in self._jobs_on(v["node"]):
            raise die(f"no such replication job '{v['id']}'")
        if not self.allowed(user, f"/vms/{self.replication[v['id']]['guest']}", "VM.Audit"):
            raise PveError(403, "Permission check failed")
        return self._job_status(v["id"])

    async def _replication_log(self, v: Values, user: str) -> Any:
        if v["id"] not in self.replication:
            raise die(f"no such replication job '{v['id']}'")
        guest = self.replication[v["id"]]["guest"]
        if not self.allowed(user, f"/vms/{guest}", "VM.Audit") and not self.allowed(
            user, f"/nodes/{v['node']}", "Sys.Audit"
        ):
            raise PveError(403, "Permission check failed")
        lines = self.replication_state.get(v["id"], {}).get("log", [])
        start, limit = v.get("start", 0), v.get("limit", 50)
        numbered = [{"n": n, "t": text} for n, text in enumerate(lines, 1)][start:]
        return numbered[:limit] if limit else numbered

    async def _replication_now(self, v: Values, user: str) -> None:
        """ReplicationState.pm schedule_job_now: the next round takes it."""
        if v["id"] not in self.replication:
            raise die(f"no such replication job '{v['id']}'")
        self.require(user, f"/vms/{self.replication[v['id']]['guest']}", "VM.Replicate")
        if v["id"] in self.replication_state:
            self.replication_state[v["id"]].update(last_try=0)
        self.store.mark("replstate")
        self.replication_changed()
