# SPDX-License-Identifier: AGPL-3.0-or-later
"""Looking at VMs: the list of a node, `status/current`, configuration, what is pending, cloud-init, features.

Follows qemu-server `PVE/API2/Qemu.pm`, `PVE/QemuServer.pm` vmstatus and pve-guest-common GuestHelpers.pm
config_with_pending_array. Load figures are made up: nothing runs that could be measured.
"""

from __future__ import annotations

import time
from typing import Any

from fakepve import schema as pve_schema

from scripts.lab.cluster import qemu_values as values_of
from scripts.lab.cluster.base import MIB, Route, Values, Vm, die, param_error
from scripts.lab.cluster.qemu_power import QemuPower

HIDDEN = "**********"


class QemuRead(QemuPower):
    """Mixin: reading VMs."""

    def _lab_qemu_read(self) -> list[Route]:
        one = "/nodes/{node}/qemu/{vmid}"
        agent = [
            (method, path, self._no_agent)
            for path, methods in pve_schema.load().paths.items()
            if path.startswith(one + "/agent/")
            for method in methods
        ]
        return [
            *agent,
            ("GET", "/nodes/{node}/qemu", self._vms_of_node),
            ("GET", one, self._vm_index),
            ("GET", one + "/status", self._vm_status_index),
            ("GET", one + "/status/current", self._vm_current),
            ("GET", one + "/config", self._vm_config),
            ("GET", one + "/pending", self._vm_pending),
            ("GET", one + "/cloudinit", self._vm_cloudinit),
            ("PUT", one + "/cloudinit", self._vm_cloudinit_update),
            ("GET", one + "/feature", self._vm_feature),
        ]

    # ------------------------------------------------------------------ status

    @staticmethod
    def _maxdisk(vm: Vm) -> int:
        for device in [*values_of.boot_devices(vm.config), *sorted(vm.config)]:
            if values_of.DRIVE_KEY.match(device) and (
                size := values_of.size_of(str(vm.config.get(device, "")))
            ):
                return size
        return 0

    def vm_usage(self, vm: Vm) -> dict[str, Any]:
        memory = values_of.memory_of(vm.config) * MIB
        up = vm.running
        return {
            "cpu": 0.01 if up else 0,
            "mem": memory // 4 if up else 0,
            "maxmem": memory,
            "disk": 0,
            "maxdisk": self._maxdisk(vm),
            "diskread": 0,
            "diskwrite": 0,
            "netin": 0,
            "netout": 0,
            "uptime": max(1, int(time.time() - (vm.started_at or 0))) if up else 0,
        }

    @staticmethod
    def cpus_of(vm: Vm) -> int:
        return int(vm.config.get("cores", 1)) * int(vm.config.get("sockets", 1))

    def vm_status(self, vm: Vm) -> dict[str, Any]:
        """QemuServer.pm vmstatus."""
        shown = {
            "vmid": vm.vmid,
            "name": vm.name,
            "status": vm.status,
            "cpus": self.cpus_of(vm),
            **self.vm_usage(vm),
        }
        if vm.running:
            shown["pid"] = 100000 + vm.vmid
        if vm.config.get("tags"):
            shown["tags"] = vm.config["tags"]
        if vm.lock:
            shown["lock"] = vm.lock
        if vm.template:
            shown["template"] = 1
        return shown

    async def _vms_of_node(self, v: Values, user: str) -> Any:
        return [
            self.vm_status(vm)
            for vm in sorted(self.vms, key=lambda vm: vm.vmid)
            if vm.node == v["node"] and self.allowed(user, f"/vms/{vm.vmid}", "VM.Audit")
        ]

    async def _vm_index(self, v: Values, user: str) -> Any:
        self.find(v["node"], v["vmid"])
        kids = pve_schema.load().children("/nodes/{node}/qemu/{vmid}")
        return [{"subdir": name} for name in kids]

    async def _vm_status_index(self, v: Values, user: str) -> Any:
        self.find(v["node"], v["vmid"])
        return [
            {"subdir": name}
            for name in ("current", "start", "stop", "reset", "shutdown", "suspend", "reboot")
        ]

    async def _vm_current(self, v: Values, user: str) -> Any:
        vm = self.find(v["node"], v["vmid"])
        shown = {
            **self.vm_status(vm),
            "qmpstatus": vm.qmpstatus if vm.running else "stopped",
            "ha": self.ha_of(vm.vmid),
        }
        if self._agent_enabled(vm):
            shown["agent"] = 1
        if vm.running:
            shown.update({"running-machine": "pc-i440fx-10.0+pve0", "running-qemu": "10.0.2"})
        return shown

    # ------------------------------------------------------------------ config

    async def _vm_config(self, v: Values, user: str) -> Any:
        vm = self.find(v["node"], v["vmid"])
        if v.get("snapshot"):
            if v.get("current"):
                why = "cannot use 'snapshot' parameter with 'current'"
                raise param_error(snapshot=why, current=why)
            if v["snapshot"] not in vm.snapshots:
                raise die(f"snapshot '{v['snapshot']}' does not exist")
            conf = dict(vm.snapshots[v["snapshot"]])
        else:
            conf = dict(vm.config)
            if not v.get("current"):
                # AbstractConfig.pm load_current_config: by default what is pending counts already
                conf.update(vm.pending)
                for option in vm.pending_delete:
                    conf.pop(option, None)
        if "cipassword" in conf:
            conf["cipassword"] = HIDDEN
        return {**conf, "digest": vm.digest()}

    async def _vm_pending(self, v: Values, user: str) -> Any:
        vm = self.find(v["node"], v["vmid"])
        config = {**vm.config, "digest": vm.digest()}
        out = []
        for key in sorted({*config, *vm.pending}):
            item: dict[str, Any] = {"key": key}
            if key in config:
                item["value"] = config[key]
            if key in vm.pending:
                item["pending"] = vm.pending[key]
            if key in vm.pending_delete:
                item["delete"] = vm.pending_delete[key]
            if key == "cipassword":
                item.update({k: HIDDEN for k in ("value", "pending") if k in item})
            out.append(item)
        return out

    # -------------------------------------------------------------------- agent

    async def _no_agent(self, v: Values, user: str) -> Any:
        """No guest of the lab runs the guest agent: every command is refused (QemuServer/Agent.pm)."""
        vm = self.find(v["node"], v["vmid"])
        if not self._agent_enabled(vm):
            raise die("No QEMU guest agent configured")
        if not vm.running:
            raise die(f"VM {vm.vmid} is not running")
        raise die("QEMU guest agent is not running")

    @staticmethod
    def _agent_enabled(vm: Vm) -> bool:
        return str(vm.config.get("agent", "0")).split(",")[0].removeprefix("enabled=") == "1"

    # --------------------------------------------------------------- cloud-init

    async def _vm_cloudinit(self, v: Values, user: str) -> Any:
        vm = self.find(v["node"], v["vmid"])
        out: list[dict[str, Any]] = []
        for key in sorted({*vm.config, *vm.cloudinit}):
            if key not in vm.cloudinit and not values_of.is_cloudinit_option(key):
                continue
            item: dict[str, Any] = {"key": key}
            made_from, now = vm.cloudinit.get(key, vm.config.get(key)), vm.config.get(key)
            if now is None:
                item["delete"] = 1
            elif made_from is None:
                item["pending"] = now
            else:
                item["value"] = made_from
                if made_from != now:
                    item["pending"] = now
            if key == "cipassword":
                item.update({k: HIDDEN for k in ("value", "pending") if k in item})
            out.append(item)
        return out

    async def _vm_cloudinit_update(self, v: Values, user: str) -> None:
        vm = self.find(v["node"], v["vmid"])
        self._check_lock(vm)
        vm.cloudinit = {}

    async def _vm_feature(self, v: Values, user: str) -> Any:
        vm = self.find(v["node"], v["vmid"])
        if v.get("snapname") and v["snapname"] not in vm.snapshots:
            raise die(f"snapshot '{v['snapname']}' does not exist")
        has = self._qm_can_snapshot(vm.config) if v["feature"] == "snapshot" else True
        if v["feature"] == "clone":
            has = vm.template
        return {"hasFeature": int(has), "nodes": sorted(self.nodes) if self.only_shared(vm) else [vm.node]}

    def only_shared(self, vm: Vm) -> bool:
        """True if no drive of the VM is on a node's own storage."""
        for _key, volume, _props in values_of.drives_of(vm.config):
            sid, _name = values_of.volume_ref(volume)
            if sid is not None and not self.storages.get(sid, {}).get("shared"):
                return False
        return True
