# SPDX-License-Identifier: AGPL-3.0-or-later
"""Changing a VM's configuration: `PUT` and `POST .../config`, `unlink`; what a running VM takes up, and what waits.

Follows qemu-server `PVE/API2/Qemu.pm` $update_vm_api and `PVE/QemuServer.pm` vmconfig_hotplug_pending,
vmconfig_apply_pending. The default hotplug features apply: network, disk, usb; memory and cores wait for a restart.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from fakepve import schema as pve_schema
from fakepve.model import PveError, TaskError
from fakepve.routing import split_list

from scripts.lab.cluster import qemu_values as values_of
from scripts.lab.cluster.base import Route, Values, Vm, die, param_error
from scripts.lab.cluster.qemu_create import QemuCreate
from scripts.lab.cluster.qemu_disks import CHANGED

UPDATE_SECONDS = 0.2


def option_exists(option: str) -> bool:
    """QemuServer.pm option_exists."""
    known = pve_schema.load().paths["/nodes/{node}/qemu/{vmid}/config"]["PUT"]["parameters"]["properties"]
    return option not in values_of.NOT_CONFIG and pve_schema._prop(known, option) is not None  # noqa: SLF001  # fakepve has no public name for it


class QemuUpdate(QemuCreate):
    """Mixin: VM configuration updates."""

    def _lab_qemu_update(self) -> list[Route]:
        config = "/nodes/{node}/qemu/{vmid}/config"
        return [
            ("PUT", config, self._config_put_sync),
            ("POST", config, self._config_post_task),
            ("PUT", "/nodes/{node}/qemu/{vmid}/unlink", self._unlink),
        ]

    async def _config_put_sync(self, v: Values, user: str) -> None:
        await self.update_config(v["node"], v["vmid"], user, v)

    async def _unlink(self, v: Values, user: str) -> None:
        given = {"delete": v["idlist"], "force": v.get("force")}
        await self.update_config(v["node"], v["vmid"], user, given)

    async def update_config(self, node: str, vmid: int, user: str, given: Values) -> None:
        vm, update = self._prepare(node, vmid, user, given)
        try:
            await self.acquire(vm, f"config-{id(update)}")
        except TaskError as e:
            raise die(str(e)) from e
        try:
            await update()
        finally:
            self.release(vm, f"config-{id(update)}")

    async def _config_post_task(self, v: Values, user: str) -> Any:
        vm, update = self._prepare(v["node"], v["vmid"], user, v)

        async def body() -> None:
            await self.pause(UPDATE_SECONDS)
            await update()

        return await self.task(vm.node, "qmconfig", vm.vmid, user, body, vm=vm)

    # ------------------------------------------------------------------ checks

    def _prepare(self, node: str, vmid: int, user: str, v: Values) -> tuple[Vm, Any]:
        """The checks before the lock; returns the VM and what to do under it."""
        params = {k: values_of.typed(k, x) for k, x in v.items() if k not in values_of.NOT_CONFIG}
        if v.get("skiplock") and user != "root@pam":
            raise param_error(skiplock="Only root may use this option.")
        if "sshkeys" in params:
            values_of.check_ssh_keys(params["sshkeys"])
        revert, delete = split_list(v.get("revert")), split_list(v.get("delete"))
        if not params.keys() - {"force"} and not revert and not delete:
            raise die("no options specified")
        force = bool(params.pop("force", v.get("force")))
        self._check_names(params, revert, delete)
        for key in sorted(params):
            if values_of.DRIVE_KEY.match(key):
                self.check_drive_param(key, params[key])
                self.check_drive_replicates(vmid, params[key])
        for key, _net in list(values_of.nets_of(params)):
            # qemu-server gives a card without a MAC a new one, also on update
            params[key] = values_of.with_mac(params[key], prefix=self.mac_prefix())
        if params.get("vmgenid") == "1":
            params["vmgenid"] = str(uuid.uuid4())
        self.check_config_perm(user, vmid, None, delete)
        self.check_config_perm(user, vmid, None, list(params))
        for key in sorted(params):
            if values_of.DRIVE_KEY.match(key):
                self.check_storage_access(user, key, params[key], None)
        self.check_bridges(user, params)
        vm = self.find(node, vmid)

        def check() -> None:
            if v.get("digest") and v["digest"] != vm.digest():
                raise die(CHANGED)
            if not v.get("skiplock"):
                self._check_lock(vm)
            self._check_balloon(vm, params)

        check()

        async def update() -> None:
            self.need_quorum()
            check()
            await self._update(vm, user, dict(params), list(delete), revert, force)

        return vm, update

    @staticmethod
    def _check_names(params: Values, revert: list[str], delete: list[str]) -> None:
        for option in revert:
            if not option_exists(option):
                raise param_error(revert=f"unknown option '{option}'")
            if option in params:
                raise param_error(delete=f"you can't use '-{option}' and -revert {option}' at the same time")
        for option in delete:
            if option in params:
                raise param_error(delete=f"you can't use '-{option}' and -delete {option}' at the same time")
            if option in revert:
                raise param_error(
                    revert=f"you can't use '-delete {option}' and -revert {option}' at the same time"
                )
            if not option_exists(option) and not re.fullmatch(r"unused\d+", option):
                raise param_error(delete=f"unknown option '{option}'")

    @staticmethod
    def _check_balloon(vm: Vm, params: Values) -> None:
        if "memory" not in params and "balloon" not in params:
            return
        memory = values_of.memory_of({**vm.config, **vm.pending, **params})
        balloon = params.get("balloon", vm.pending.get("balloon", vm.config.get("balloon")))
        if balloon and int(balloon) > memory:
            raise die("balloon value too large (must be smaller than assigned memory)")

    def _check_drive_perm(self, user: str, vm: Vm, value: str) -> None:
        volume, props = values_of.split_drive(value)
        if values_of.is_cloudinit_drive(value):
            privs: tuple[str, ...] = ("VM.Config.Cloudinit", "VM.Config.CDROM")
        elif values_of.is_cdrom(volume, props):
            privs = ("VM.Config.CDROM",)
        else:
            privs = ("VM.Config.Disk",)
        self.check_vm_perm(user, vm.vmid, None, privs)

    # ------------------------------------------------------------------ update

    async def _update(
        self, vm: Vm, user: str, params: Values, delete: list[str], revert: list[str], force: bool
    ) -> None:
        for option in revert:
            if option in vm.config:
                params[option] = vm.config[option]
            elif option in vm.pending:
                delete.append(option)
        order = values_of.boot_devices({**vm.config, **vm.pending})
        for option in delete:
            self._mark_deleted(vm, user, option, force, order)
        for option in sorted(params):
            await self._mark_changed(vm, user, option, params, delete)
        # AbstractConfig.pm cleanup_pending: what equals the current value waits for nothing
        for option in [o for o, value in vm.pending.items() if vm.config.get(o) == value]:
            del vm.pending[option]
        errors: dict[str, str] = {}
        if vm.running:
            self._hotplug(vm, user, errors)
        else:
            self.apply_all(vm, user)
        vm.rename()
        if errors:
            raise PveError(400, "Parameter verification failed.", errors)

    def _mark_deleted(self, vm: Vm, user: str, option: str, force: bool, order: list[str]) -> None:
        pending_only = option in vm.pending
        value = vm.config.get(option, vm.pending.get(option))
        if value is None:
            self.log_line(f"cannot delete '{option}' - not set in current configuration!")
            return
        old_pending = vm.pending.pop(option, None)
        if option in order:
            order.remove(option)
            vm.pending["boot"] = "order=" + ";".join(order)
        if re.fullmatch(r"unused\d+", option):
            self.check_protection(vm, f"can't remove unused disk '{str(value).split(',')[0]}'")
            self.check_vm_perm(user, vm.vmid, None, ("VM.Config.Disk",))
            self.deallocate(user, vm, value, force=False)
            vm.config.pop(option, None)
            return
        if values_of.DRIVE_KEY.match(option):
            self.check_protection(vm, f"can't remove drive '{option}'")
            self._check_drive_perm(user, vm, value)
            if pending_only:
                self.register_unused(vm, str(old_pending))
        elif option == "tags":
            self.check_tags(user, vm.vmid, None)
            vm.config.pop("tags", None)
            return
        elif re.fullmatch(r"net\d+", option) and option in vm.config:
            self.check_bridges(user, {option: vm.config[option]})
        if option in vm.config:
            vm.pending_delete[option] = 2 if force else 1

    async def _mark_changed(self, vm: Vm, user: str, option: str, params: Values, delete: list[str]) -> None:
        value = params[option]
        if vm.pending.get(option) == value:
            return
        if values_of.DRIVE_KEY.match(option):
            if option in vm.config:
                self._check_drive_perm(user, vm, str(vm.config[option]))
            self._check_drive_perm(user, vm, value)
            if option in vm.pending:
                self.register_unused(vm, str(vm.pending[option]))
            conf = {**vm.config, **vm.pending}
            value, _made = await self.create_disk(conf, vm.node, vm.vmid, option, value, None)
            volume, props = values_of.split_drive(value)
            order = values_of.boot_devices(conf)
            if (
                order
                and values_of.is_cdrom(volume, props)
                and not values_of.is_cloudinit_drive(value)
                and option not in order
            ):
                vm.pending["boot"] = "order=" + ";".join([*order, option])
        elif option == "tags":
            self.check_tags(user, vm.vmid, None)
            value = values_of.unique_tags(value, str(self.options.get("tag-style", "")))
        elif re.fullmatch(r"net\d+", option) and option in vm.config:
            self.check_bridges(user, {option: vm.config[option]})
        elif option == "boot":
            known = {**vm.config, **vm.pending, **params}
            for device in values_of.boot_devices({"boot": value}):
                if device not in known or device in delete:
                    raise die(f"invalid bootorder: device '{device}' does not exist'")
        elif option == "cipassword":
            value = "$5$hidden"
        vm.pending[option] = value
        vm.pending_delete.pop(option, None)

    # ----------------------------------------------------------------- pending

    def _record_cloudinit(self, vm: Vm, option: str, new: Any) -> None:
        """vmconfig_hotplug_pending $cloudinit_record_changed: what the drive was made from."""
        if not (values_of.is_cloudinit_option(option) or option == "name" or re.fullmatch(r"net\d+", option)):
            return
        old = vm.config.get(option)
        if option not in vm.cloudinit:
            if old != new:
                vm.cloudinit[option] = old
        elif vm.cloudinit[option] == new:
            del vm.cloudinit[option]

    def _set(self, vm: Vm, option: str, value: Any, record: bool) -> None:
        if record:
            self._record_cloudinit(vm, option, value)
        old = vm.config.get(option)
        if (
            old is not None
            and values_of.DRIVE_KEY.match(option)
            and values_of.split_drive(str(old))[0] != values_of.split_drive(str(value))[0]
        ):
            self.register_unused(vm, str(old))
        vm.config[option] = value
        vm.pending.pop(option, None)

    def _remove(self, vm: Vm, user: str, option: str, record: bool) -> None:
        force = vm.pending_delete.pop(option, 1) == 2
        if record:
            self._record_cloudinit(vm, option, None)
        old = vm.config.pop(option, None)
        if old is not None and values_of.DRIVE_KEY.match(option):
            if force:
                self.check_vm_perm(user, vm.vmid, None, ("VM.Config.Disk",))
                self.deallocate(user, vm, str(old), force=True)
            else:
                self.register_unused(vm, str(old))

    def apply_all(self, vm: Vm, user: str) -> None:
        """vmconfig_apply_pending: a stopped VM takes all up; its cloud-init drive is made anew at the next start."""
        for option in sorted(vm.pending_delete):
            self._remove(vm, user, option, record=False)
        for option in sorted(vm.pending):
            self._set(vm, option, vm.pending[option], record=False)
        vm.rename()

    def _hotplug(self, vm: Vm, user: str, errors: dict[str, str]) -> None:
        """vmconfig_hotplug_pending: what a running VM takes up now; the rest stays pending."""
        for option in sorted(vm.pending_delete):
            if not self._unpluggable(vm, option):
                continue
            if option in values_of.boot_devices(vm.config) and values_of.DRIVE_KEY.match(option):
                errors[option] = f"hotplug problem - can't unplug bootdisk '{option}'\n"
                continue
            self._remove(vm, user, option, record=True)
        for option in sorted(vm.pending):
            if self._pluggable(vm, option, vm.pending[option]):
                self._set(vm, option, vm.pending[option], record=True)

    @staticmethod
    def _is_fast(option: str) -> bool:
        return option in values_of.FAST_PLUG or values_of.is_cloudinit_option(option)

    def _unpluggable(self, vm: Vm, option: str) -> bool:
        if re.fullmatch(r"(?:scsi|virtio)\d+", option) or re.fullmatch(r"net\d+", option):
            return True
        if option == "balloon":
            return vm.config.get("balloon") != 0
        return self._is_fast(option) or option in ("cpuunits", "cpulimit", "tablet")

    def _pluggable(self, vm: Vm, option: str, value: Any) -> bool:
        if self._is_fast(option) or option in values_of.LIVE or re.fullmatch(r"net\d+", option):
            return True
        if option == "balloon":
            return bool(vm.config.get("balloon", 1)) == bool(value)
        if re.fullmatch(r"(?:efidisk|tpmstate)\d+", option) or not values_of.DRIVE_KEY.match(option):
            return False
        return self._drive_pluggable(vm.config.get(option), str(value), option)

    @staticmethod
    def _drive_pluggable(old: Any, value: str, option: str) -> bool:
        """vmconfig_update_disk: limits and a CD change at once, a new scsi or virtio disk is plugged in."""
        volume, props = values_of.split_drive(value)
        if old is not None:
            old_volume, old_props = values_of.split_drive(str(old))
            both_cd = values_of.is_cdrom(volume, props) and values_of.is_cdrom(old_volume, old_props)
            if both_cd:
                return True
            if volume == old_volume:
                changed = {k for k in {*props, *old_props} if props.get(k) != old_props.get(k)}
                return changed <= values_of.LIVE_DRIVE
        return re.fullmatch(r"(?:scsi|virtio)\d+", option) is not None
