# SPDX-License-Identifier: AGPL-3.0-or-later
"""Power: start, stop, shutdown, reboot, reset, suspend and resume, through the guest runtime where there is one.

Follows qemu-server `PVE/API2/Qemu.pm` and `PVE/QemuServer.pm` vm_start_nolock, _do_vm_stop.
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fakepve.model import PveError, TaskError

from scripts.lab.cluster import qemu_values as values_of
from scripts.lab.cluster.base import MIB, Route, Values, Vm, die, param_error
from scripts.lab.cluster.qemu_update import QemuUpdate
from scripts.lab.cluster.runtime import FirewallSnapshot, GuestRuntime, Nic

START_SECONDS = 1.0
STOP_SECONDS = 0.5
SHUTDOWN_SECONDS = 3.0
HA_STOP_TIMEOUT = 60  # API2/Qemu.pm vm_shutdown
EXITED = "start failed: QEMU exited with code 1"  # QemuServer.pm vm_start_nolock


class QemuPower(QemuUpdate):
    """Mixin: the power state of VMs."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.runtime: GuestRuntime | None = None
        # One thread: the runtime is never called twice at once.
        self._runtime_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="guest-runtime")

    def _lab_qemu_power(self) -> list[Route]:
        status = "/nodes/{node}/qemu/{vmid}/status/"
        actions: dict[str, Callable[[Vm, Values, str], Any]] = {
            "start": self._start,
            "stop": self._stop,
            "shutdown": self._shutdown,
            "reboot": self._reboot,
            "reset": self._reset,
            "suspend": self._suspend,
            "resume": self._resume,
        }

        def handler(action: Callable[[Vm, Values, str], Any]) -> Callable[[Values, str], Any]:
            async def call(v: Values, user: str) -> Any:
                vm = self.find(v["node"], v["vmid"])
                if v.get("skiplock") and user != "root@pam":
                    raise param_error(skiplock="Only root may use this option.")
                return await action(vm, v, user)

            return call

        return [("POST", status + name, handler(action)) for name, action in actions.items()]

    # ----------------------------------------------------------------- runtime

    async def call_runtime(self, call: Callable[..., None], *args: Any) -> None:
        """A call into the runtime, in its thread."""
        await asyncio.get_running_loop().run_in_executor(self._runtime_thread, lambda: call(*args))

    def nics_of(self, vm: Vm) -> tuple[Nic, ...]:
        return tuple(
            Nic(
                name=name,
                mac=net.get("macaddr", ""),
                bridge=net.get("bridge", ""),
                tag=int(net.get("tag") or self.applied_bridge(vm.node, net.get("bridge", "")) or 0),
                firewall=net.get("firewall") == "1",
                link_down=net.get("link_down") == "1",
            )
            for name, net in values_of.nets_of(vm.config)
        )

    def firewall_snapshot(self, vm: Vm) -> FirewallSnapshot:
        """Everything that decides what this VM may send and receive."""
        cluster = self.firewall_config("cluster")
        node = self.firewall_config("host", vm.node)
        guest = self._fw()["guests"].get(vm.vmid) or {"options": {}, "rules": [], "aliases": {}, "ipset": {}}
        return FirewallSnapshot(
            cluster_options=dict(cluster["options"]),
            cluster_aliases=copy.deepcopy(cluster["aliases"]),
            cluster_ipsets=copy.deepcopy(cluster["ipset"]),
            groups=copy.deepcopy(cluster["groups"]),
            node_options=dict(node["options"]),
            vm_options=dict(guest["options"]),
            vm_rules=copy.deepcopy(guest["rules"]),
            vm_aliases=copy.deepcopy(guest["aliases"]),
            vm_ipsets=copy.deepcopy(guest["ipset"]),
            nics=self.nics_of(vm),
        )

    def forget_firewall(self, vmid: int) -> None:
        """The runtime no longer runs this guest; `watch.py` overrides this."""

    def firewall_told(self, vmid: int, snapshot: FirewallSnapshot) -> None:
        """The runtime enforces this firewall for the guest; `watch.py` overrides this."""

    async def run_guest(self, vm: Vm) -> None:
        """Start the guest in the runtime and note that it runs."""
        if self.runtime is not None:
            snapshot = self.firewall_snapshot(vm)
            config = copy.deepcopy(vm.config)
            try:
                await self.call_runtime(self.runtime.start, vm.vmid, vm.node, config, snapshot)
            except Exception as e:
                self.log_line(str(e))
                raise TaskError(f"start failed: {e}") from e
            self.firewall_told(vm.vmid, snapshot)
        vm.status = vm.qmpstatus = "running"
        vm.started_at = time.time()

    async def end_guest(self, vm: Vm) -> None:
        if self.runtime is not None:
            await self.call_runtime(self.runtime.stop, vm.vmid)
            self.forget_firewall(vm.vmid)
        vm.status = vm.qmpstatus = "stopped"
        vm.started_at = None

    # ------------------------------------------------------------------- start

    def _check_start(self, vm: Vm) -> None:
        """What makes QEMU fail: a missing disk, a bridge that is not there, memory that the node does not have."""
        for _key, volume, _props in values_of.drives_of(vm.config):
            sid, name = values_of.volume_ref(volume)
            if sid is None or volume in ("none", "cdrom"):
                continue
            self.usable_store(sid, vm.node)
            if self.volume(volume, vm.node) is None:
                if self.storages[sid]["type"] == "zfspool":
                    # ZFSPoolPlugin.pm zfs_wait_for_zvol_link
                    raise TaskError(f"timeout: no zvol device link for '{name}' found after 300 sec.")
                raise TaskError(f"volume '{volume}' does not exist")  # Plugin.pm activate_volume
        for name, net in values_of.nets_of(vm.config):
            bridge = net.get("bridge")
            if bridge and self.applied_bridge(vm.node, bridge) is None:
                # pve-common Network.pm / qemu-server's pve-bridge script
                self.log_line(
                    f"bridge '{bridge}' does not exist\nkvm: -netdev type=tap,id={name},"
                    f"ifname=tap{vm.vmid}i{name[3:]},script=/usr/libexec/qemu-server/pve-bridge: network "
                    "script /usr/libexec/qemu-server/pve-bridge failed with status 512"
                )
                raise TaskError(EXITED)
        wanted = values_of.memory_of(vm.config)
        taken = sum(values_of.memory_of(o.config) for o in self.vms if o.node == vm.node and o.running)
        memory = next((n.memory for n in self.spec.nodes if n.name == vm.node), 0)
        if taken + wanted > memory:
            # QEMU's own words when it cannot allocate a guest's RAM
            self.log_line("kvm: cannot set up guest memory 'pc.ram': Cannot allocate memory")
            raise TaskError(EXITED)
        cores = next((n.cores for n in self.spec.nodes if n.name == vm.node), 1)
        if int(vm.config.get("cores", 1)) * int(vm.config.get("sockets", 1)) > cores:
            # QemuServer.pm config_to_command
            raise TaskError(f"MAX {cores} vcpus allowed per VM on this node")

    def _make_cloudinit(self, vm: Vm) -> None:
        """qemu-server Cloudinit.pm commit_cloudinit_disk: the drive is made anew where it is missing."""
        for _key, volume, _props in values_of.drives_of(vm.config):
            sid, name = values_of.volume_ref(volume)
            if sid is None or not values_of.is_cloudinit_drive(volume) or self.volume(volume, vm.node):
                continue
            fmt = name.rpartition(".")[2] if self.is_file(sid) else "raw"
            self.alloc(sid, vm.node, vm.vmid, 4 * MIB, fmt=fmt, name=name.split("/")[-1], used=4 * MIB)

    async def start_worker(self, vm: Vm, user: str) -> None:
        """vm_start, inside a worker."""
        if vm.template:
            raise TaskError("you can't start a vm if it's a template")
        if vm.lock and vm.lock != "suspended":
            raise TaskError(f"VM is locked ({vm.lock})")
        if vm.running:
            raise TaskError(f"VM {vm.vmid} already running")
        self.need_quorum()
        await self.pause(START_SECONDS)
        if vm.pending or vm.pending_delete:
            self.apply_all(vm, user)
        vm.cloudinit = {}
        if vm.lock == "suspended":
            vm.lock = None
            vm.config.pop("lock", None)
        self._make_cloudinit(vm)
        self._check_start(vm)
        await self.run_guest(vm)

    async def _start(self, vm: Vm, v: Values, user: str) -> Any:
        if self.ha_managed(vm.vmid):
            return await self.ha_start(vm, user)
        return await self.start_unmanaged(vm, v, user)

    async def start_unmanaged(self, vm: Vm, v: Values, user: str) -> str:
        """The guest itself is started; what HA does, and everybody whose guest is none of HA's."""

        async def body() -> None:
            await self.start_worker(vm, user)

        return await self.task(vm.node, "qmstart", vm.vmid, user, body, vm=vm)

    # -------------------------------------------------------------------- stop

    async def _stop(self, vm: Vm, v: Values, user: str) -> Any:
        if self.ha_managed(vm.vmid) and v.get("timeout") is None:
            return await self.ha_stop(vm, user, 0)
        return await self.stop_unmanaged(vm, v, user)

    async def stop_unmanaged(self, vm: Vm, v: Values, user: str) -> str:
        """The guest itself is ended."""

        async def body() -> None:
            if not v.get("skiplock"):
                self._check_lock(vm)
            if vm.running:
                await self.pause(STOP_SECONDS)
                await self.end_guest(vm)

        return await self.task(vm.node, "qmstop", vm.vmid, user, body, vm=vm)

    async def _power_down(self, vm: Vm, v: Values) -> None:
        """_do_vm_stop with shutdown: ask the guest, give up at the timeout."""
        timeout = float(v.get("timeout") or self.shutdown_default_timeout)
        takes = max(SHUTDOWN_SECONDS, float(vm.shutdown_secs))
        if vm.acpi and takes <= timeout:
            await self.pause(takes)
        else:
            await self.pause(timeout)
            if not v.get("forceStop"):
                raise TaskError("VM quit/powerdown failed - got timeout")
            self.log_line("VM still running - terminating now with SIGTERM")
        await self.end_guest(vm)

    async def _shutdown(self, vm: Vm, v: Values, user: str) -> Any:
        if vm.running and vm.qmpstatus == "paused" and not v.get("forceStop"):
            raise die("VM is paused - cannot shutdown")
        if self.ha_managed(vm.vmid):
            return await self.ha_stop(vm, user, int(v.get("timeout") or HA_STOP_TIMEOUT))
        return await self.shutdown_unmanaged(vm, v, user)

    async def shutdown_unmanaged(self, vm: Vm, v: Values, user: str) -> str:
        """The guest itself is asked to go down."""

        async def body() -> None:
            if not v.get("skiplock"):
                self._check_lock(vm)
            if vm.running:
                await self._power_down(vm, v)

        return await self.task(vm.node, "qmshutdown", vm.vmid, user, body, vm=vm)

    async def _reboot(self, vm: Vm, v: Values, user: str) -> Any:
        if vm.qmpstatus == "paused":
            raise die("VM is paused - cannot shutdown")
        if not vm.running:
            raise die(f"VM {vm.vmid} not running")

        async def body() -> None:
            await self._power_down(vm, v)
            await self.start_worker(vm, user)

        return await self.task(vm.node, "qmreboot", vm.vmid, user, body, vm=vm)

    async def _reset(self, vm: Vm, v: Values, user: str) -> Any:
        if not vm.running:
            raise die(f"VM {vm.vmid} not running")

        async def body() -> None:
            self._check_lock(vm)
            await self.end_guest(vm)
            await self.run_guest(vm)

        return await self.task(vm.node, "qmreset", vm.vmid, user, body, vm=vm)

    async def _suspend(self, vm: Vm, v: Values, user: str) -> Any:
        if not vm.running:
            raise die(f"VM {vm.vmid} not running")
        if v.get("todisk"):
            raise PveError(501, "suspending to disk is not reproduced by this lab")

        async def body() -> None:
            self._check_lock(vm)
            vm.qmpstatus = "paused"

        return await self.task(vm.node, "qmsuspend", vm.vmid, user, body, vm=vm)

    async def _resume(self, vm: Vm, v: Values, user: str) -> Any:
        if not vm.running:
            raise die(f"VM {vm.vmid} not running")

        async def body() -> None:
            vm.qmpstatus = "running"

        return await self.task(vm.node, "qmresume", vm.vmid, user, body, vm=vm)

    # ------------------------------------------------------------------- nodes

    async def node_went(self, node: str, online: bool) -> None:
        """A node loses power, or comes back and starts what has `onboot` (pve-guests.service)."""
        self.nodes[node]["online"] = online
        self.store.mark("cluster")
        for vm in [vm for vm in self.vms if vm.node == node]:
            if not online and vm.running:
                await self.end_guest(vm)
                self.store.mark(f"vm/{vm.vmid}")
            elif online and self._starts_by_itself(vm):
                await self.start_unmanaged(vm, {}, "root@pam")
        self.ha_changed()
        self.replication_changed()

    def _starts_by_itself(self, vm: Vm) -> bool:
        """pve-manager Nodes.pm startall; what is HA's is left to HA."""
        at_boot = bool(vm.config.get("onboot")) and not vm.running and not vm.template
        return at_boot and not self.ha_managed(vm.vmid)
