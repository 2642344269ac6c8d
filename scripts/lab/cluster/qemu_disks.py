# SPDX-License-Identifier: AGPL-3.0-or-later
"""A VM's drives: checks before they are made, making and importing, unused volumes, resize, move.

Follows qemu-server `PVE/API2/Qemu.pm` (check_drive_param, check_storage_access, create_disks, resize_vm,
move_vm_disk) and `PVE/QemuServer.pm` (vmconfig_register_unused_drive).
"""

from __future__ import annotations

import re
from typing import Any

from fakepve.model import PveError, TaskError
from fakepve.qemu import FIXED_KIB
from fakepve.routing import split_list

from scripts.lab.cluster import qemu_values as values_of
from scripts.lab.cluster.base import GIB, MIB, Route, Values, Vm, die, param_error
from scripts.lab.cluster.tasks import Tasks

IMPORT_SECONDS = 2.0
RESIZE_SECONDS = 0.5
MOVE_SECONDS = 4.0
CHANGED = "checksum mismatch (file change by other user?)"


class QemuDisks(Tasks):
    """Mixin: everything about drives that needs the storages."""

    def _lab_qemu_disks(self) -> list[Route]:
        one = "/nodes/{node}/qemu/{vmid}"
        return [
            ("PUT", one + "/resize", self._qemu_resize),
            ("POST", one + "/move_disk", self._qemu_move_disk),
        ]

    # ------------------------------------------------------------------ checks

    def check_vm_perm(
        self, user: str, vmid: int, pool: str | None, privs: tuple[str, ...], any_of: bool = False
    ) -> None:
        """RPCEnvironment.pm check_vm_perm: on the pool that is asked for, else on the VM."""
        test = any if any_of else all
        if pool and test(self.allowed(user, f"/pool/{pool}", p) for p in privs):
            return
        path = f"/vms/{vmid}"
        if any_of:
            self.need_any(user, path, privs)
            return
        for priv in privs:
            self.require(user, path, priv)

    def check_drive_param(self, key: str, value: str) -> None:
        volume, props = values_of.split_drive(value)
        new = values_of.NEW_DISK.match(volume)
        if "import-from" in props and (not new or float(new[2]) != 0):
            raise param_error(
                **{key: "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>"}
            )
        sid, name = values_of.volume_ref(volume)
        if sid in self.storages and not new and name != "cloudinit":
            vtype = self._parse_volname(self.storages[sid], name)[0]
            if vtype == "iso" and props.get("media") != "cdrom":
                raise param_error(**{key: "explicit 'media=cdrom' is required for iso images"})

    def check_storage_access(self, user: str, key: str, value: str, default: str | None) -> None:
        volume, props = values_of.split_drive(value)
        cdrom = values_of.is_cdrom(volume, props)
        new = values_of.NEW_DISK.match(volume)
        if not volume or volume == "none" or values_of.volume_ref(volume)[1] == "cloudinit":
            pass
        elif cdrom and volume == "cdrom":
            self.require(user, "/", "Sys.Console")
        elif new and not cdrom:
            target = new[1] or default
            if not target:
                raise die("no storage ID specified (and no default storage)")
            self.require(user, f"/storage/{target}", "Datastore.AllocateSpace")
            if "images" not in split_list(self._store(target).get("content")):
                raise param_error(storage=f"storage '{target}' does not support vm images")
        else:
            vtype = self._check_volume_access(user, volume)
            if vtype is not None and vtype not in ("images", "iso"):
                raise param_error(**{key: "content type needs to be 'images' or 'iso'"})
        if source := props.get("import-from"):
            vtype = self._volume_type(source)
            if vtype not in (None, "images", "import"):
                raise param_error(
                    **{key: f"{source} has wrong type '{vtype}' - needs to be 'images' or 'import'"}
                )
            owner = self._volume_owner(source)
            if owner:
                self.require(user, f"/vms/{owner}", "VM.Clone")
            else:
                self._check_volume_access(user, source)

    def _volume_type(self, volid: str) -> str | None:
        sid, name = values_of.volume_ref(volid)
        return None if sid is None else str(self._parse_volname(self._store(sid), name)[0])

    def _volume_owner(self, volid: str) -> int | None:
        sid, name = values_of.volume_ref(volid)
        owner: int | None = None if sid is None else self._parse_volname(self._store(sid), name)[1]
        return owner

    def _check_volume_access(self, user: str, volid: str) -> str | None:
        sid, name = values_of.volume_ref(volid)
        if sid is None:
            if user != "root@pam":
                raise die(
                    "Only root can pass arbitrary filesystem paths."
                )  # PVE/Storage.pm check_volume_access
            return None
        vtype, owner, _fmt = self._parse_volname(self._store(sid), name)
        self._check_access(user, sid, vtype, owner, volid)
        return str(vtype)

    # ------------------------------------------------------------------ making

    async def create_disk(
        self, vm_conf: dict[str, Any], node: str, vmid: int, key: str, value: str, default: str | None
    ) -> tuple[str, str | None]:
        """create_disks for one drive: its config value, and the volume that was made for it."""
        volume, props = values_of.split_drive(value)
        props = dict(props)
        sid, name = values_of.volume_ref(volume)
        new = values_of.NEW_DISK.match(volume)
        if not volume or volume in ("none", "cdrom"):
            props.pop("size", None)
            return values_of.join_drive(volume, props), None
        if name == "cloudinit":
            sid = sid or default
            if sid is None:
                raise die("no storage ID specified (and no default storage)")
            for other, text in vm_conf.items():
                if (
                    other != key
                    and values_of.DRIVE_KEY.match(other)
                    and values_of.is_cloudinit_drive(str(text))
                ):
                    raise die(f"{key} - cloud-init drive is already attached at '{other}'")
            self.usable_store(sid, node)
            fmt = props.pop("format", None) or ("qcow2" if self.is_file(sid) else "raw")
            named = f"vm-{vmid}-cloudinit" + (f".{fmt}" if self.is_file(sid) else "")
            volid = self.alloc(sid, node, vmid, 4 * MIB, fmt=fmt, name=named, used=4 * MIB)
            value = values_of.join_drive(volid, {**props, "media": "cdrom"})
            self.log_line(f"{key}: successfully created disk '{value}'")
            return value, volid
        if new:
            return await self._new_disk(node, vmid, key, new[1] or str(default), float(new[2]), props)
        if sid is not None:
            found = self.volume(volume, node)
            if found is None:
                raise die(f"volume {volume} does not exist")  # Qemu.pm create_disks
            if not values_of.is_cdrom(volume, props) or found["content"] == "iso":
                props["size"] = values_of.format_size(found["size"])
        return values_of.join_drive(volume, props), None

    async def _new_disk(
        self, node: str, vmid: int, key: str, sid: str, gib: float, props: dict[str, str]
    ) -> tuple[str, str]:
        fmt = props.pop("format", None)
        source = props.pop("import-from", None)
        if source is None:
            kib = FIXED_KIB.get(key)
            size = kib * 1024 if kib else int(gib * GIB)
            volid = self.alloc(sid, node, vmid, size, fmt=fmt)
        else:
            found = self.volume(source, node)
            if found is None:
                raise die(f"could not get size of {source}")  # Qemu.pm $import_from_volid
            size = found["size"]
            volid = self.alloc(sid, node, vmid, size, fmt=fmt, used=found["used"])
            self.log_line(f"transferred {size} of {size} bytes (100.00%)")
            await self.pause(IMPORT_SECONDS)
        value = values_of.join_drive(volid, {**props, "size": values_of.format_size(size)})
        self.log_line(f"{key}: successfully created disk '{value}'")
        return value, volid

    # ------------------------------------------------------------------ unused

    def owns(self, vmid: int, volid: str) -> bool:
        """QemuServer.pm vm_is_volid_owner."""
        return re.search(rf"(?:^|[/:])(?:vm|base)-{vmid}-", volid) is not None

    def register_unused(self, vm: Vm, value: str) -> None:
        """A drive that goes out of the config: a cloud-init image is freed, a disk becomes unusedN."""
        volume, props = values_of.split_drive(value)
        if values_of.is_cloudinit_drive(value):
            self.free(volume, vm.node)
            vm.cloudinit = {}
        elif not values_of.is_cdrom(volume, props) and self.owns(vm.vmid, volume):
            self.add_unused(vm, volume)

    @staticmethod
    def add_unused(vm: Vm, volume: str) -> None:
        """pve-guest-common AbstractConfig.pm add_unused_volume."""
        for n in range(256):
            if str(vm.config.get(f"unused{n}", "")).split(",")[0] == volume:
                return
            if f"unused{n}" not in vm.config:
                vm.config[f"unused{n}"] = volume
                return
        raise die("Too many unused volumes - please delete them first.")

    def deallocate(self, user: str, vm: Vm, value: str, force: bool) -> None:
        """QemuServer.pm try_deallocate_drive: only a volume that is the VM's own, and in no snapshot."""
        volume = values_of.split_drive(value)[0]
        if not self.owns(vm.vmid, volume):
            return
        sid = values_of.volume_ref(volume)[0]
        if force:
            self.require(user, f"/storage/{sid}", "Datastore.AllocateSpace")
        if any(
            values_of.split_drive(str(text))[0] == volume
            for snap in vm.snapshots.values()
            for text in snap.values()
        ):
            raise die(f"unable to delete '{volume}' - volume is still in use (snapshot?)")
        self.free(volume, vm.node)

    # --------------------------------------------------------------------- API

    def _drive_of(self, vm: Vm, v: Values, cdrom: str) -> tuple[str, dict[str, str]]:
        if v.get("digest") and v["digest"] != vm.digest():
            raise die(CHANGED)
        self._check_lock(vm)
        if v["disk"] not in vm.config:
            raise die(f"disk '{v['disk']}' does not exist")
        volume, props = values_of.split_drive(vm.config[v["disk"]])
        if not volume:
            raise die(f"disk '{v['disk']}' has no associated volume")
        if values_of.is_cdrom(volume, props):
            raise die(cdrom)
        return volume, props

    async def _qemu_resize(self, v: Values, user: str) -> Any:
        vm = self.find(v["node"], v["vmid"])

        def wanted() -> tuple[str, dict[str, str], int, int]:
            volume, props = self._drive_of(vm, v, "you can't resize a cdrom")
            self.require(user, f"/storage/{values_of.volume_ref(volume)[0]}", "Datastore.AllocateSpace")
            found = self.volume(volume, vm.node)
            if found is None:
                raise die(f"Could not determine current size of volume '{volume}'")
            text = v["size"].removeprefix("+")
            unit = text[-1] if text[-1] in "KMGT" else ""
            asked = int(float(text.removesuffix(unit)) * values_of.SIZE_UNITS.get(unit, 1))
            size = found["size"] + asked if v["size"].startswith("+") else asked
            if size < found["size"]:
                raise die("shrinking disks is not supported")
            return volume, props, found["size"], size

        wanted()

        async def body() -> None:
            volume, props, old, size = wanted()
            if size == old:
                return
            await self.pause(RESIZE_SECONDS)
            sid, name = values_of.volume_ref(volume)
            found = dict(self.volumes_at(sid, vm.node)[name])
            grown = 0 if self.is_thin(sid) else size - old
            if self.full & {self.place(sid, vm.node), (sid, "")} or grown > self.total(sid) - self.used(
                sid, vm.node
            ):
                raise TaskError(self._no_space(sid, name))
            self.put_volume(sid, vm.node, name, {**found, "size": size, "used": found["used"] + grown})
            vm.config[v["disk"]] = values_of.join_drive(
                volume, {**props, "size": values_of.format_size(size)}
            )

        return await self.task(vm.node, "resize", vm.vmid, user, body, vm=vm)

    async def _qemu_move_disk(self, v: Values, user: str) -> Any:
        if v.get("target-vmid") is not None:
            raise PveError(501, "moving a disk to another VM is not reproduced by this lab")
        vm = self.find(v["node"], v["vmid"])
        target = v.get("storage")
        if not target:
            raise param_error(storage="You need to specify either 'storage' or 'target-vmid'")
        self.require(user, f"/storage/{target}", "Datastore.AllocateSpace")
        volume, props = self._drive_of(vm, v, "you can't move a cdrom")
        fmt = v.get("format")
        if values_of.volume_ref(volume)[0] == target and fmt in (
            None,
            (self.volume(volume, vm.node) or {}).get("format"),
        ):
            raise die("you can't move to the same storage with same format")
        if "images" not in split_list(self.usable_store(target, vm.node).get("content")):
            raise param_error(storage=f"storage '{target}' does not support vm images")
        if vm.snapshots and v.get("delete"):
            raise die("you can't move a disk with snapshots and delete the source")

        async def body() -> None:
            found = self.volume(volume, vm.node)
            if found is None:
                raise TaskError(f"storage migration failed: volume '{volume}' does not exist")
            await self.pause(MOVE_SECONDS)
            try:
                volid = self.alloc(target, vm.node, vm.vmid, found["size"], fmt=fmt, used=found["used"])
            except PveError as e:
                raise TaskError(f"storage migration failed: {e.message}") from e
            vm.config[v["disk"]] = values_of.join_drive(volid, props)
            if v.get("delete"):
                self.free(volume, vm.node)
            else:
                self.add_unused(vm, volume)

        return await self.task(vm.node, "qmmove", vm.vmid, user, body, vm=vm)
