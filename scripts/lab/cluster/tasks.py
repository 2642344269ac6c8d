# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tasks: they run, take the VM's lock, log, fail and stay readable after a restart; `/nodes/{node}/tasks`.

Follows pve-manager `PVE/API2/Tasks.pm` and pve-common `PVE/RESTEnvironment.pm` fork_worker.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import logging
import time
from collections.abc import Callable
from typing import Any

from fakepve.model import PveError, TaskError

from scripts.lab.cluster.base import WRITING, Body, Route, Values, Vm, param_error
from scripts.lab.cluster.faults import Faults
from scripts.lab.cluster.ha_rules import HaRules

Record = dict[str, Any]
CURRENT: contextvars.ContextVar[Record | None] = contextvars.ContextVar("task", default=None)
KEPT = 5000
log = logging.getLogger("lab.cluster")


class Tasks(HaRules):
    """Mixin: the task machinery and its API."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.faults = Faults()
        self._running: dict[str, asyncio.Task[None]] = {}

    def _lab_tasks(self) -> list[Route]:
        base = "/nodes/{node}/tasks"
        return [
            ("GET", base, self._tasks_of_node),
            ("GET", base + "/{upid}", self._task_index),
            ("GET", base + "/{upid}/status", self._task_status_read),
            ("GET", base + "/{upid}/log", self._task_log_read),
            ("DELETE", base + "/{upid}", self._task_stop),
            ("GET", "/cluster/tasks", self._tasks_of_cluster),
        ]

    # --------------------------------------------------------------- machinery

    def log_line(self, text: str) -> None:
        """A line in the log of the task that runs."""
        record = CURRENT.get()
        if record is not None:
            record["log"].extend(text.splitlines())

    async def task(
        self,
        node: str,
        ttype: str,
        tid: Any,
        user: str,
        body: Body,
        vm: Vm | None = None,
        lock: bool = True,
        undo: Callable[[], None] | None = None,
    ) -> str:
        """Start a task; returns its UPID. With time scale 0 it has ended when this returns.

        `undo` is called when it fails, by itself or on command.
        """
        upid, pid, start = self._upid(node, ttype, tid, user)
        record: Record = {
            "upid": upid,
            "node": node,
            "pid": pid,
            "pstart": pid * 7,
            "starttime": start,
            "type": ttype,
            "id": str(tid),
            "user": user,
            "status": "running",
            "log": [],
        }
        self._remember(record)
        run = self._run(record, body, vm if lock else None, undo)
        if not self.time_scale:
            await run
            return str(upid)
        handle = asyncio.ensure_future(run)
        self._running[upid] = handle
        handle.add_done_callback(lambda _: self._running.pop(upid, None))
        return str(upid)

    def _remember(self, record: Record) -> None:
        self.tasks[record["upid"]] = record
        self.tasklog.append(record)
        self.store.mark(f"task/{record['upid']}")
        while len(self.tasklog) > KEPT:
            old = self.tasklog.pop(0)
            self.tasks.pop(old["upid"], None)
            self.store.mark(f"task/{old['upid']}")

    async def _run(self, record: Record, body: Body, vm: Vm | None, undo: Callable[[], None] | None) -> None:
        before = CURRENT.set(record)
        WRITING.set(True)
        try:
            note = await self._work(record, body, vm)
            if note:
                self.log_line(note)
            status = "OK"
        except TaskError as e:
            status = str(e)
        except PveError as e:
            status = e.message
        except asyncio.CancelledError:
            status = "interrupted by signal"  # RESTEnvironment.pm fork_worker
        except Exception as e:
            log.exception("task %s", record["upid"])
            status = f"{type(e).__name__}: {e}"
        if status != "OK" and undo is not None:
            undo()
        CURRENT.reset(before)
        self._end(record, status)

    async def _work(self, record: Record, body: Body, vm: Vm | None) -> str | None:
        failure = self.faults.take_task(record["type"])
        if failure is not None:
            await self.pause(1)
            raise TaskError(failure)
        if vm is None:
            return await body()
        await self.acquire(vm, record["upid"])
        try:
            return await body()
        finally:
            self.release(vm, record["upid"])

    def _end(self, record: Record, status: str) -> None:
        record.update(status="stopped", exitstatus=status, endtime=int(time.time()))
        record["log"].append("TASK OK" if status == "OK" else f"TASK ERROR: {status}")
        self.store.mark(f"task/{record['upid']}")
        if record["id"].isdigit():
            self.store.mark(f"vm/{record['id']}")
        self.store.flush()
        self.changed()

    def changed(self) -> None:
        """Something was written; the guest runtime overrides this."""

    def load_task(self, record: Record) -> None:
        """A task from before a restart; one that ran then has lost its worker."""
        if record["status"] == "running":
            # pve-common Tools.pm upid_read_status: the log ends without an end line
            record.update(status="stopped", exitstatus="unexpected status", endtime=record["starttime"])
            self.store.mark(f"task/{record['upid']}")
        self.tasks[record["upid"]] = record
        self.tasklog.append(record)

    def tasks_loaded(self) -> None:
        self.tasklog.sort(key=lambda t: (t["starttime"], t["pid"]))
        self._pids = itertools.count(max((t["pid"] for t in self.tasklog), default=999) + 1)

    # --------------------------------------------------------------------- API

    @staticmethod
    def _shown_task(record: Record, listed: bool) -> dict[str, Any]:
        """Tasks.pm: a token's task shows user and token apart; a list has the exit status as `status`."""
        shown = {k: v for k, v in record.items() if k != "log"}
        user, bang, token = record["user"].partition("!")
        if bang:
            shown.update(user=user, tokenid=token)
        if listed:
            shown.pop("status")
            if "exitstatus" in shown:
                shown["status"] = shown.pop("exitstatus")
        else:
            shown.pop("endtime", None)
        return shown

    def _may_see(self, user: str, record: Record) -> bool:
        return user in (record["user"], record["user"].partition("!")[0]) or self.allowed(
            user, f"/nodes/{record['node']}", "Sys.Audit"
        )

    async def _tasks_of_node(self, v: Values, user: str) -> Any:
        source = v.get("source", "archive")
        out = []
        for record in reversed(self.tasklog):
            active = record["status"] == "running"
            if record["node"] != v["node"] or (source != "all" and active != (source == "active")):
                continue
            if v.get("vmid") is not None and record["id"] != str(v["vmid"]):
                continue
            if v.get("typefilter") not in (None, record["type"]) or (
                v.get("errors") and record.get("exitstatus") in (None, "OK")
            ):
                continue
            if record["starttime"] < v.get("since", 0) or not self._may_see(user, record):
                continue
            out.append(self._shown_task(record, listed=True))
        start = v.get("start", 0)
        return out[start : start + v.get("limit", 50)]

    async def _tasks_of_cluster(self, v: Values, user: str) -> Any:
        return [self._shown_task(r, listed=True) for r in self.tasklog[:-200:-1] if self._may_see(user, r)]

    def _task_of(self, v: Values, user: str) -> Record:
        if not v["upid"].startswith("UPID:"):
            raise param_error(upid=f"unable to parse worker upid '{v['upid']}'")
        record = self.tasks.get(v["upid"])
        if record is None or record["node"] != v["node"]:
            raise param_error(upid="no such task")
        if not self._may_see(user, record):
            self.require(user, f"/nodes/{record['node']}", "Sys.Audit")
        return record

    async def _task_index(self, v: Values, user: str) -> Any:
        return [{"name": "log"}, {"name": "status"}]

    async def _task_status_read(self, v: Values, user: str) -> Any:
        return self._shown_task(self._task_of(v, user), listed=False)

    async def _task_log_read(self, v: Values, user: str) -> Any:
        lines = self._task_of(v, user)["log"]
        start, limit = v.get("start", 0), v.get("limit", 50)
        numbered = [{"n": n, "t": text} for n, text in enumerate(lines, 1)][start:]
        return numbered[:limit] if limit else numbered

    async def _task_stop(self, v: Values, user: str) -> None:
        record = self._task_of(v, user)
        if user not in (record["user"], record["user"].partition("!")[0]):
            self.require(user, f"/nodes/{v['node']}", "Sys.Modify")
        if handle := self._running.get(record["upid"]):
            handle.cancel()
