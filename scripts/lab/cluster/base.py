# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every area of a lab cluster stands on: the typed VM, the typed view of `fakepve`'s state, errors, locks.

Areas (access, sdn, qemu, ...) are mixins of `Base`. Each lists its API methods in a `_lab_<area>` method as
`(METHOD, schema path, handler)`; `server.py` puts them in one table in front of what fakepve has. No API method
stands here.
"""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fakepve import FakePve
from fakepve.model import FakeVm, PveError, TaskError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scripts.lab.cluster.spec import ClusterSpec
    from scripts.lab.cluster.state import Store

Values = dict[str, Any]
Handler = Callable[[Values, str], Awaitable[Any]]
Route = tuple[str, str, Handler]
Body = Callable[[], Awaitable[str | None]]

# True while a request that may change something, or a task that it started, runs.
WRITING: contextvars.ContextVar[bool] = contextvars.ContextVar("writing", default=False)

# pve-cluster PVE/Cluster.pm: cfs_lock gives up after 10 s, and looks once a second.
CFS_LOCK_WAIT = 10
CFS_LOCK_POLL = 1
MIB = 1024**2
# Real seconds: how long the background waits at least, and when it looks whether time goes faster by now.
MOMENT = 0.001
SLICE = 0.05
GIB = 1024**3


def die(message: str) -> PveError:
    """What `die` inside an API method becomes: status 500 and the message."""
    return PveError(500, message)


def param_error(**fields: str) -> PveError:
    """PVE::Exception::raise_param_exc: status 400 with a message per parameter."""
    return PveError(400, "Parameter verification failed.", fields)


def sha1(value: Any) -> str:
    """A digest over a value, stable over restarts, as PVE's digests over files are."""
    return hashlib.sha1(json.dumps(value, sort_keys=True).encode(), usedforsecurity=False).hexdigest()


class Vm(FakeVm):  # type: ignore[misc]
    """A virtual machine: its config, what is pending, and its power state."""

    vmid: int
    name: str
    node: str
    status: str
    qmpstatus: str
    config: dict[str, Any]
    pending: dict[str, Any]
    template: bool
    lock: str | None
    pool: str | None
    snapshots: dict[str, dict[str, Any]]
    started_at: float | None
    lock_holder: str | None
    lock_released: asyncio.Event | None

    def __init__(self, vmid: int, node: str, config: dict[str, Any]) -> None:
        super().__init__(vmid, config.get("name") or f"VM {vmid}", node=node)
        self.config = config
        # What the cloud-init drive was made from, where the config says otherwise by now
        # (qemu-server vmconfig_hotplug_pending: special section "cloudinit").
        self.cloudinit: dict[str, Any] = {}
        # Options that the next start deletes: 1, or 2 when a disk's volume goes with it.
        self.pending_delete: dict[str, int] = {}
        # Tasks that hold the config lock shared (clones of a stopped source).
        self.readers = 0

    @property
    def running(self) -> bool:
        return self.status == "running"

    def digest(self) -> str:
        """The digest of the whole config file: current, pending and snapshots."""
        return sha1([self.config, self.pending, self.pending_delete, self.snapshots])

    def rename(self) -> None:
        """qemu-server vmstatus: a VM without a name is shown as `VM <vmid>`."""
        self.name = str(self.config.get("name") or f"VM {self.vmid}")

    def dump(self) -> dict[str, Any]:
        """The VM as it is kept on disk."""
        keys = (
            "vmid",
            "node",
            "status",
            "qmpstatus",
            "config",
            "pending",
            "template",
            "lock",
            "snapshots",
            "started_at",
            "cloudinit",
            "pending_delete",
        )
        return {key: getattr(self, key) for key in keys}

    @classmethod
    def load(cls, data: dict[str, Any]) -> Vm:
        vm = cls(int(data["vmid"]), data["node"], data["config"])
        for key, value in data.items():
            setattr(vm, key, value)
        vm.rename()
        return vm


class Base(FakePve):  # type: ignore[misc]
    """fakepve with a spec, a store, and PVE's cluster-wide locks."""

    vms: list[Vm]
    nodes: dict[str, dict[str, Any]]
    storages: dict[str, dict[str, Any]]
    pools: dict[str, set[int]]
    pool_info: dict[str, dict[str, Any]]
    apitokens: dict[str, str]
    tasks: dict[str, dict[str, Any]]
    tasklog: list[dict[str, Any]]
    cluster_name: str
    quorate: bool
    time_scale: float
    port: int
    lock_wait: float

    def __init__(self, spec: ClusterSpec, store: Store, host: str, port: int) -> None:
        # No login by password: the lab is entered with the tokens that it wrote.
        super().__init__(password=secrets.token_urlsafe(32), host=host, port=port)
        self.spec = spec
        self.store = store
        self.cluster_name = spec.name
        self.version = spec.version
        self.release_version = ".".join(spec.version.split(".")[:2])
        self.time_scale = spec.time_scale
        self.acl: dict[str, Any] = {}  # not None: permissions are checked; access.py keeps the entries
        self._cfs_locks: dict[str, asyncio.Lock] = {}
        # Locks held by a fault: lock id -> when it ends (monotonic), None for until told.
        self.held_locks: dict[str, float | None] = {}

    # ------------------------------------------------------------------ lookup

    def vm(self, vmid: int) -> Vm | None:
        """The VM with this id; a request that may write marks it for saving."""
        for vm in self.vms:
            if vm.vmid == vmid:
                if WRITING.get():
                    self.store.mark(f"vm/{vmid}")
                return vm
        return None

    def find(self, node: str, vmid: int | str) -> Vm:
        """The VM on this node, or PVE's refusal."""
        vm = self.vm(int(vmid))
        if vm is None or vm.node != node:
            # pve-guest-common PVE/AbstractConfig.pm load_config
            raise die(f"Configuration file 'nodes/{node}/qemu-server/{vmid}.conf' does not exist")
        return vm

    def online(self, node: str) -> bool:
        return bool(self.nodes.get(node, {}).get("online", True))

    async def wait_lab(self, seconds: float) -> None:
        """Let PVE seconds go by, also when their length is changed meanwhile; requests are served in any case."""
        await asyncio.sleep(MOMENT if seconds else 0)
        while seconds > 0 and self.time_scale:
            real = min(seconds * self.time_scale, SLICE)
            await asyncio.sleep(real)
            seconds -= real / self.time_scale if self.time_scale else seconds

    # ------------------------------------------------------------------- locks

    def need_quorum(self) -> None:
        if not self.quorate:
            # pve-cluster PVE/Cluster.pm check_cfs_quorum
            raise die("cluster not ready - no quorum?")

    def _lock_is_held(self, lockid: str) -> bool:
        if lockid not in self.held_locks:
            return False
        until = self.held_locks[lockid]
        if until is not None and until <= time.monotonic():
            del self.held_locks[lockid]
            return False
        return True

    @asynccontextmanager
    async def cfs_lock(self, lockid: str, what: str = "", hold: float = 0.0) -> AsyncIterator[None]:
        """pve-cluster PVE/Cluster.pm cfs_lock: one writer in the whole cluster, 10 s to get it.

        `what` is the caller's own sentence before the reason; `hold` is how many PVE seconds the write takes.
        """
        prefix = f"{what}: cfs-lock '{lockid}' error: " if what else f"cfs-lock '{lockid}' error: "
        lock = self._cfs_locks.setdefault(lockid, asyncio.Lock())
        waited = 0.0
        while lock.locked() or self._lock_is_held(lockid):
            if waited >= CFS_LOCK_WAIT or not self.time_scale:
                raise die(prefix + ("got lock request timeout" if self.quorate else "no quorum!"))
            await asyncio.sleep(CFS_LOCK_POLL * self.time_scale)
            waited += CFS_LOCK_POLL
        if not self.quorate:
            raise die(prefix + "no quorum!")
        async with lock:
            await self.pause(hold)
            yield

    @asynccontextmanager
    async def locked(self, lockid: str, what: str, hold: float = 0.0) -> AsyncIterator[None]:
        """A cluster-wide lock around code whose errors PVE reports as `<what>: <error>`, always with status 500."""
        async with self.cfs_lock(lockid, what, hold):
            try:
                yield
            except PveError as e:
                raise die(f"{what}: {stringify(e)}") from e

    async def acquire(self, vm: Vm, holder: str, wait: float | None = None) -> None:
        """Take the VM's config lock alone; PVE waits 10 s for it, a clone 1 s."""
        deadline = time.monotonic() + (self.lock_wait if wait is None else wait) * self.time_scale
        while vm.lock_holder is not None or vm.readers:
            if time.monotonic() >= deadline:
                raise TaskError(lock_timeout(vm.vmid))
            await asyncio.sleep(min(0.005, max(0.0, deadline - time.monotonic())) or 0)
        vm.lock_holder = holder

    async def acquire_shared(self, vm: Vm, wait: float) -> None:
        """Take the VM's config lock together with others that only read (a clone of a stopped source)."""
        deadline = time.monotonic() + wait * self.time_scale
        while vm.lock_holder is not None:
            if time.monotonic() >= deadline:
                raise TaskError(lock_timeout(vm.vmid))
            await asyncio.sleep(0.002)
        vm.readers += 1

    def release(self, vm: Vm, holder: str) -> None:
        if vm.lock_holder == holder:
            vm.lock_holder = None

    # ------------------------------------------------------------- permissions

    def need_any(self, user: str, path: str, privs: Iterable[str]) -> None:
        """RPCEnvironment check_any: one of the privileges, or PVE's refusal naming them all."""
        wanted = list(privs)
        if not any(self.allowed(user, path, priv) for priv in wanted):
            raise PveError(403, f"Permission check failed ({path}, {'|'.join(wanted)})")


def stringify(error: PveError) -> str:
    """pve-common PVE/Exception.pm stringify: what an exception looks like inside another message."""
    if error.status == 500 and not error.errors:
        return str(error.message)
    lines = [f"{error.status} {error.message}", *(f"{k}: {v}" for k, v in (error.errors or {}).items())]
    return "\n".join(lines)


def lock_timeout(vmid: int) -> str:
    # pve-common PVE/Tools.pm lock_file_full, with qemu-server's lock file
    return f"can't lock file '/var/lock/qemu-server/lock-{vmid}.conf' - got timeout"
