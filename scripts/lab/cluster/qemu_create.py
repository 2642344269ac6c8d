# SPDX-License-Identifier: AGPL-3.0-or-later
"""Making and destroying a VM: `POST /nodes/{node}/qemu`, `DELETE /nodes/{node}/qemu/{vmid}`.

Follows qemu-server `PVE/API2/Qemu.pm` create_vm and destroy_vm. Restoring a backup is refused.
"""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

from fakepve.model import PveError, TaskError
from fakepve.qemu import QEMU_VERSION, boot_order

from scripts.lab.cluster import qemu_values as values_of
from scripts.lab.cluster.base import Route, Values, Vm, die, param_error
from scripts.lab.cluster.qemu_disks import QemuDisks

CREATE_SECONDS = 0.5
DESTROY_SECONDS = 1.0


class QemuCreate(QemuDisks):
    """Mixin: VM create and destroy."""

    def _lab_qemu_create(self) -> list[Route]:
        return [
            ("POST", "/nodes/{node}/qemu", self._qemu_create),
            ("DELETE", "/nodes/{node}/qemu/{vmid}", self._qemu_destroy),
        ]

    # ------------------------------------------------------------- permissions

    def check_config_perm(self, user: str, vmid: int, pool: str | None, options: list[str]) -> None:
        """check_vm_modify_config_perm; drives, serial ports, devices and tags are checked by their values."""
        if user == "root@pam":
            return
        for option in sorted(options):
            if (
                values_of.DRIVE_KEY.match(option)
                or option in ("cdrom", "tags")
                or re.fullmatch(r"(?:unused|serial|usb|hostpci|virtiofs)\d+", option)
            ):
                continue
            base = "net0" if re.fullmatch(r"net\d+", option) else option
            if option in values_of.PRIV_OF or re.fullmatch(r"numa\d+", option):
                self.check_vm_perm(user, vmid, pool, (values_of.PRIV_OF.get(option, "VM.Config.CPU"),))
                if option == "startup":
                    self.require(user, "/", "Sys.Modify")  # it changes how the host behaves
            elif base == "net0":
                self.check_vm_perm(user, vmid, pool, ("VM.Config.Network",))
            elif values_of.is_cloudinit_option(option):
                self.check_vm_perm(
                    user, vmid, pool, ("VM.Config.Cloudinit", "VM.Config.Network"), any_of=True
                )
            else:
                raise die(f"only root can set '{option}' config")

    def check_device_perm(self, user: str, vmid: int, pool: str | None, params: Values) -> None:
        """Serial ports, USB and PCI devices: sockets and mappings for some, real devices for root."""
        for option, value in sorted(params.items()):
            if re.fullmatch(r"serial\d+", option) and user != "root@pam":
                if value != "socket":
                    raise die(f"only root can set '{option}' config for real devices")
                self.check_vm_perm(user, vmid, pool, ("VM.Config.HWType",))
            elif re.fullmatch(r"(?:usb|hostpci)\d+", option) and user != "root@pam":
                raise die(
                    f"only root can set '{option}' config for "
                    f"{'real' if option.startswith('usb') else 'non-mapped'} devices"
                )

    def check_bridges(self, user: str, params: Values) -> None:
        """QemuServer.pm check_bridge_access."""
        for _name, net in values_of.nets_of(params):
            if net.get("bridge"):
                self.check_bridge_access(user, net["bridge"], int(net["tag"]) if net.get("tag") else None)

    def check_tags(self, user: str, vmid: int, pool: str | None) -> None:
        """GuestHelpers.pm assert_tag_permissions with the default, free tag access."""
        if not self.allowed(user, f"/vms/{vmid}", "VM.Config.Options"):
            self.check_vm_perm(user, vmid, pool, ("VM.Config.Options",))

    # ------------------------------------------------------------------ create

    async def _qemu_create(self, v: Values, user: str) -> Any:
        node, vmid, pool, default = v["node"], int(v["vmid"]), v.get("pool"), v.get("storage")
        params = {k: values_of.typed(k, x) for k, x in v.items() if k not in values_of.NOT_CONFIG}
        if "sshkeys" in params:
            values_of.check_ssh_keys(params["sshkeys"])
        self.need_quorum()
        self._check_create(v, user, vmid, pool)
        if "cdrom" in params:
            cdrom = params.pop("cdrom")
            params["ide2"] = cdrom if "media=" in cdrom else f"{cdrom},media=cdrom"
        drives = sorted(k for k in params if values_of.DRIVE_KEY.match(k))
        for key in drives:
            self.check_storage_access(user, key, params[key], default)
        self.check_config_perm(user, vmid, pool, list(params))
        self.check_device_perm(user, vmid, pool, params)
        self.check_bridges(user, params)
        for key in drives:
            self.check_drive_param(key, params[key])
        for key, _net in list(values_of.nets_of(params)):
            params[key] = values_of.with_mac(params[key], prefix=self.mac_prefix())
        emsg = f"unable to create VM {vmid} -"
        if other := self.vm(vmid):
            # pve-cluster PVE/Cluster.pm check_vmid_unused, through create_and_lock_config
            raise die(f"{emsg} VM {vmid} already exists on node '{other.node}'")
        vm = Vm(vmid, node, {"lock": "create"})
        vm.lock = "create"
        self.vms.append(vm)
        self.store.mark(f"vm/{vmid}")

        async def body() -> None:
            await self._make(vm, params, drives, default, user, pool, emsg)
            if v.get("start"):
                self.log_line("Execute autostart")
                await self.start_worker(vm, user)  # qemu_power.py
            if v.get("ha-managed"):
                self.log_line("Add as HA resource")
                await self.add_to_ha(vm.vmid, "started" if v.get("start") else "stopped")

        return await self.task(
            node, "qmcreate", vmid, user, body, vm=vm, undo=lambda: self.drop_unfinished(vm)
        )

    def drop_unfinished(self, vm: Vm) -> None:
        """A create or clone that failed leaves no config behind."""
        if vm in self.vms and vm.lock in ("create", "clone"):
            self.vms.remove(vm)
            self.store.mark(f"vm/{vm.vmid}")

    def _check_create(self, v: Values, user: str, vmid: int, pool: str | None) -> None:
        """Who may make a VM here, before its options are looked at."""
        default = v.get("storage")
        if pool and pool not in self.pools:
            # RPCEnvironment.pm check_pool_exist
            raise PveError(403, f"Permission check failed (pool '{pool}' does not exist)")
        if default:
            self.require(user, f"/storage/{default}", "Datastore.AllocateSpace")
        if v.get("ha-managed"):
            self.require(user, "/", "Sys.Console")
        if v.get("start"):
            self.check_vm_perm(user, vmid, pool, ("VM.PowerMgmt",))
        if not (
            self.allowed(user, f"/vms/{vmid}", "VM.Allocate")
            or (pool and self.allowed(user, f"/pool/{pool}", "VM.Allocate"))
        ):
            raise PveError(403, "Permission check failed")
        if v.get("archive"):
            raise die(f"unable to restore VM {vmid} - restoring is not reproduced by this lab")

    async def _make(
        self,
        vm: Vm,
        params: Values,
        drives: list[str],
        default: str | None,
        user: str,
        pool: str | None,
        emsg: str,
    ) -> None:
        made: list[str] = []
        conf = {k: x for k, x in params.items() if k not in drives}
        try:
            await self.pause(CREATE_SECONDS)
            for key in drives:
                conf[key], volid = await self.create_disk(conf, vm.node, vm.vmid, key, params[key], default)
                made += [volid] if volid else []
            self._complete_config(conf)
            if "tags" in conf:
                self.check_tags(user, vm.vmid, pool)
                conf["tags"] = values_of.unique_tags(conf["tags"], str(self.options.get("tag-style", "")))
        except (PveError, TaskError) as e:
            for volid in made:
                self.free(volid, vm.node)
            raise TaskError(f"{emsg} {getattr(e, 'message', None) or e}") from e
        vm.config, vm.lock = conf, None
        vm.rename()
        if pool:
            self._pool_join(pool, vm.vmid)
            self.store.mark("pools")
            self.forget_permissions()

    @staticmethod
    def _complete_config(conf: dict[str, Any]) -> None:
        """What PVE adds to a new VM's config."""
        conf["meta"] = f"creation-qemu={QEMU_VERSION},ctime={int(time.time())}"
        if not conf.get("boot") and (order := boot_order(conf)):
            conf["boot"] = order
        conf.setdefault("smbios1", f"uuid={uuid.uuid4()}")
        if str(conf.get("vmgenid", "1")) == "1":
            conf["vmgenid"] = str(uuid.uuid4())
        if "cipassword" in conf:
            conf["cipassword"] = "$5$hidden"  # PVE keeps a hash; the lab keeps nothing of it

    # ----------------------------------------------------------------- destroy

    @staticmethod
    def check_protection(vm: Vm, what: str) -> None:
        """pve-guest-common AbstractConfig.pm check_protection."""
        if vm.config.get("protection"):
            raise die(f"{what} - protection mode enabled")

    async def _qemu_destroy(self, v: Values, user: str) -> Any:
        vm = self.find(v["node"], v["vmid"])
        if v.get("skiplock") and user != "root@pam":
            raise param_error(skiplock="Only root may use this option.")

        def check() -> None:
            self.check_protection(vm, f"can't remove VM {vm.vmid}")
            if not v.get("purge"):
                if f"vm:{vm.vmid}" in self.ha_resources:
                    raise die(
                        f"unable to remove VM {vm.vmid} - used in HA resources and purge parameter not set."
                    )
                self.check_no_replication(vm.vmid)
            if vm.running:
                raise die(f"VM {vm.vmid} is running - destroy failed")

        check()
        self.need_quorum()

        async def body() -> None:
            check()
            if vm not in self.vms:
                raise die(f"Configuration file 'nodes/{vm.node}/qemu-server/{vm.vmid}.conf' does not exist")
            if not v.get("skiplock"):
                self._check_lock(vm)
            await self.pause(DESTROY_SECONDS)
            self._free_all(vm, bool(v.get("destroy-unreferenced-disks")))
            if v.get("purge"):
                await self._purge(vm.vmid)
            self.vms.remove(vm)
            self.forget_vm(vm.vmid)

        return await self.task(vm.node, "qmdestroy", vm.vmid, user, body, vm=vm)

    async def _purge(self, vmid: int) -> None:
        self.log_line(f"purging VM {vmid} from related configurations..")
        self.purge_from_replication(vmid)
        self.purge_from_backups(vmid)
        if f"vm:{vmid}" in self.ha_resources:
            await self.purge_from_ha(vmid)
            self.log_line(f"NOTE: removed VM {vmid} from HA resource configuration.")

    def forget_vm(self, vmid: int) -> None:
        """AccessControl.pm remove_vm_access and Firewall.pm remove_vmfw_conf."""
        self._pool_leave(vmid)
        self._fw()["guests"].pop(vmid, None)
        self.drop_acl_path(f"/vms/{vmid}")
        self.forget_permissions()
        self.store.mark(f"vm/{vmid}", f"fwguest/{vmid}", "pools")

    def _free_all(self, vm: Vm, unreferenced: bool) -> None:
        configs = [vm.config, vm.pending, *vm.snapshots.values()]
        volumes = {
            values_of.split_drive(str(text))[0]
            for config in configs
            for key, text in config.items()
            if values_of.DRIVE_KEY.match(key) or re.fullmatch(r"unused\d+", key)
        }
        for volume in sorted(volumes):
            if self.owns(vm.vmid, volume):
                self.free(volume, vm.node)
        if unreferenced:
            for sid in self.storages:
                for name, entry in list(self.volumes_at(sid, vm.node).items()):
                    if entry.get("vmid") == vm.vmid and entry["content"] == "images":
                        self.free(f"{sid}:{name}", vm.node)
