# SPDX-License-Identifier: AGPL-3.0-or-later
"""The cluster's back door: a Unix socket in its folder for faults, counters and status. It is no part of PVE.

One JSON object a line each way: `{"op": "lose", "method": "POST", "path": "/nodes/{node}/qemu"}` is answered
`{"ok": ...}` or `{"error": "..."}`. `client.py` speaks it.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.lab.cluster.faults import Rule
from scripts.lab.cluster.server import LabPve

SOCKET = "control.sock"


def _misfit(op: Callable[..., Any], given: Mapping[str, Any]) -> str:
    """What an operation takes, where it was given something else; empty where it fits."""
    signature = inspect.signature(op)
    try:
        signature.bind(**given)
    except TypeError as e:
        takes = [f"{p.name}=" + ("" if p.default is p.empty else "…?") for p in signature.parameters.values()]
        return f"{e}; it takes {' '.join(takes) or 'nothing'}"
    return ""


class Control:
    """What can be asked of a running cluster besides its API."""

    def __init__(self, pve: LabPve) -> None:
        self.pve = pve

    async def serve(self, folder: Path, near: str) -> asyncio.Server:
        """Listen at `near`/control.sock; `near` is a short name of the folder (socket names are short)."""
        (folder / SOCKET).unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._talk, f"{near}/{SOCKET}")
        (folder / SOCKET).chmod(0o600)
        return server

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            given = json.loads(line)
            op: Callable[..., Awaitable[Any]] | None = getattr(self, f"op_{given.pop('op')}", None)
            if op is None:
                known = ", ".join(sorted(n[3:] for n in dir(self) if n.startswith("op_")))
                return {"error": f"no such operation; ask one of {known}"}
            wrong = _misfit(op, given)
            if wrong:
                return {"error": wrong}
            result = await op(**given)
            self.pve.store.flush()
        except KeyError as e:
            return {"error": f"there is no {e.args[0]!r} here"}
        except Exception as e:  # noqa: BLE001  # a bad command must not end the cluster
            return {"error": f"{type(e).__name__}: {e}"}
        return {"ok": result}

    # ----------------------------------------------------------------- looking

    async def op_status(self) -> Any:
        pve = self.pve
        return {
            "name": pve.cluster_name,
            "quorate": pve.quorate,
            "time_scale": pve.time_scale,
            "nodes": {n: pve.online(n) for n in pve.nodes},
            "vms": len(pve.vms),
            "running": sum(vm.running for vm in pve.vms),
            "tasks": sum(t["status"] == "running" for t in pve.tasklog),
        }

    async def op_guest(self, vmid: int) -> Any:
        """Config and firewall of a VM: what a drill's copy of it is started with."""
        vm = self._vm(vmid)
        firewall = self.pve.firewall_snapshot(vm).to_dict()
        return {"node": vm.node, "running": vm.running, "config": dict(vm.config), "firewall": firewall}

    async def op_calls(self) -> Any:
        """How often each (method, schema path) was asked since the last reset, and whether it has no true answer."""
        return [
            {"method": m, "path": p, "count": n, "invented": (m, p) not in self.pve.table}
            for (m, p), n in sorted(self.pve.calls.items())
            if n
        ]

    async def op_reset_calls(self) -> None:
        for key in self.pve.calls:
            self.pve.calls[key] = 0

    async def op_settle(self) -> None:
        """Wait until HA is at rest, no task runs and the guests' firewalls are as configured."""
        await self.pve.ha_settled()
        while any(t["status"] == "running" for t in self.pve.tasklog[-500:]):
            await asyncio.sleep(0.01)
        await self.pve.settled()

    # ------------------------------------------------------------------ faults

    async def op_fail(self, method: str, path: str, status: int, text: str, times: int = 1) -> None:
        """Answer the next requests of this method and path so, without handling them."""
        self.pve.faults.rules.append(Rule(method, path, times, status=status, text=text))

    async def op_lose(self, method: str, path: str, times: int = 1) -> None:
        """Handle the next requests, keep what they wrote, and cut the line instead of answering."""
        self.pve.faults.rules.append(Rule(method, path, times, lose=True))

    async def op_fail_task(self, kind: str, text: str, times: int = 1) -> None:
        """Let the next tasks of this type (a regular expression) end with this text."""
        self.pve.faults.tasks.append((kind, text, times))

    async def op_node(self, node: str, online: bool) -> None:
        await self.pve.node_went(node, online)

    async def op_quorum(self, has: bool) -> None:
        self.pve.quorate = has
        self.pve.store.mark("cluster")

    async def op_hold_lock(self, lock: str, seconds: float | None = None) -> None:
        """Hold `domain-sdn`, `file-user_cfg`, `firewall-vm-100`, ... or a VM's (`vm-100`); real seconds."""
        if lock.startswith("vm-"):
            vm = self._vm(int(lock[3:]))
            await self.pve.acquire(vm, "fault")
            if seconds is not None:
                asyncio.get_running_loop().call_later(seconds, self.pve.release, vm, "fault")
            return
        self.pve.held_locks[lock] = None if seconds is None else time.monotonic() + seconds

    async def op_release_lock(self, lock: str) -> None:
        if lock.startswith("vm-"):
            self.pve.release(self._vm(int(lock[3:])), "fault")
        self.pve.held_locks.pop(lock, None)

    async def op_vm_lock(self, vmid: int, lock: str | None) -> None:
        """Set or take away the lock in a VM's config (backup, clone, migrate, ...), as a broken run leaves it."""
        vm = self._vm(vmid)
        vm.lock = lock
        vm.config.pop("lock", None)
        if lock:
            vm.config["lock"] = lock
        self.pve.store.mark(f"vm/{vmid}")

    async def op_ignore_shutdown(self, vmid: int, ignore: bool = True) -> None:
        """The guest does not listen to ACPI: shutdown ends with a timeout."""
        self._vm(vmid).acpi = not ignore

    async def op_network(
        self,
        latency: float = 0.0,
        jitter: float = 0.0,
        drop_rate: float = 0.0,
        hang_rate: float = 0.0,
        hang_secs: float = 120,
        node: str | None = None,
    ) -> None:
        """Slow or lossy lines; latencies in PVE seconds."""
        if node:
            self.pve.network["node_latency"][node] = latency
            return
        self.pve.network.update(
            latency=latency, jitter=jitter, drop_rate=drop_rate, hang_rate=hang_rate, hang_secs=hang_secs
        )

    async def op_storage_full(self, storage: str, node: str = "", full: bool = True) -> None:
        """No room left on a storage: of one node, or of all."""
        (self.pve.full.add if full else self.pve.full.discard)((storage, node))

    async def op_time_scale(self, value: float) -> None:
        """Real seconds per PVE second; 0 ends each task before it is answered."""
        self.pve.time_scale = value

    async def op_clear_faults(self) -> None:
        """Undo every fault but offline nodes and what was written."""
        self.pve.faults.clear()
        self.pve.held_locks.clear()
        self.pve.full.clear()
        self.pve.network.update(latency=0.0, jitter=0.0, drop_rate=0.0, hang_rate=0.0, node_latency={})
        self.pve.quorate = True
        self.pve.time_scale = self.pve.spec.time_scale
        self.pve.store.mark("cluster")
        for vm in self.pve.vms:
            vm.acpi = True
            self.pve.release(vm, "fault")

    def _vm(self, vmid: int) -> Any:
        for vm in self.pve.vms:
            if vm.vmid == vmid:
                return vm
        raise ValueError(f"there is no VM {vmid} in this cluster")
