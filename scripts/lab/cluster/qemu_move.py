# SPDX-License-Identifier: AGPL-3.0-or-later
"""VMs elsewhere and again: migrate, clone, convert to a template, roll back to a snapshot.

Follows qemu-server `PVE/API2/Qemu.pm` (migrate_vm, clone_vm, template) and `PVE/QemuMigrate.pm`. Taking and deleting
snapshots is fakepve's.
"""

from __future__ import annotations

import copy
import re
import uuid
from typing import Any

from fakepve.lxc import to_base
from fakepve.model import PveError, TaskError
from fakepve.routing import split_list

from scripts.lab.cluster import qemu_values as values_of
from scripts.lab.cluster.base import Route, Values, Vm, die, param_error
from scripts.lab.cluster.qemu_read import QemuRead

# drive -> its volume and options, to be copied
Plan = dict[str, tuple[str, dict[str, str]]]
CLONE_SECONDS = 3.0
LINKED_SECONDS = 0.5
MIGRATE_SECONDS = 5.0
# Qemu.pm clone_vm: one second for the locks of target and source
CLONE_LOCK_WAIT = 1.0
CLONE_SKIP = (
    "snapshots",
    "parent",
    "snaptime",
    "vmstate",
    "snapstate",
    "runningcpu",
    "runningmachine",
    "lock",
    "template",
    "digest",
)


class QemuMove(QemuRead):
    """Mixin: migrate, clone, template, rollback."""

    def _lab_qemu_move(self) -> list[Route]:
        one = "/nodes/{node}/qemu/{vmid}"
        return [
            ("GET", one + "/migrate", self._migrate_check),
            ("POST", one + "/migrate", self._migrate),
            ("POST", one + "/clone", self._clone),
            ("POST", one + "/template", self._template),
            ("POST", one + "/snapshot/{snapname}/rollback", self._rollback),
        ]

    # ----------------------------------------------------------------- migrate

    def _local_disks(self, vm: Vm) -> list[tuple[str, dict[str, str]]]:
        out = []
        for _key, volume, props in values_of.drives_of(vm.config):
            sid, _name = values_of.volume_ref(volume)
            if sid is not None and not self.storages.get(sid, {}).get("shared"):
                out.append((volume, props))
        return out

    async def _migrate_check(self, v: Values, user: str) -> Any:
        vm = self.find(v["node"], v["vmid"])
        disks = [
            {
                "volid": volid,
                "cdrom": int(values_of.is_cdrom(volid, props)),
                "is_unused": 0,
                "size": (self.volume(volid, vm.node) or {}).get("size", 0),
            }
            for volid, props in self._local_disks(vm)
        ]
        others = [n for n in sorted(self.nodes) if n != vm.node and self.online(n)]
        shown: dict[str, Any] = {
            "running": int(vm.running),
            "local_disks": disks,
            "local_resources": [],
            "mapped-resources": [],
            "has-dbus-vmstate": 0,
        }
        if not vm.running:
            shown["allowed_nodes"] = others
        return shown

    async def _migrate(self, v: Values, user: str) -> Any:
        vm, target = self.find(v["node"], v["vmid"]), v["target"]
        if target == vm.node:
            raise param_error(target="target is local node.")
        for option in ("force", "migration_type", "migration_network"):
            if v.get(option) is not None and user != "root@pam":
                raise param_error(**{option: "Only root may use this option."})
        self.need_quorum()
        if target not in self.nodes:
            raise die(f"no such cluster node '{target}'")  # PVE/Cluster.pm check_node_exists
        self._check_lock(vm)
        if vm.running and not v.get("online"):
            raise die("can't migrate running VM without --online")
        for volid, _props in self._local_disks(vm):
            self.usable_store(values_of.volume_ref(volid)[0] or "", target)
        if self.ha_managed(vm.vmid):
            return await self.ha_migrate(vm, user, target)
        return await self.migrate_unmanaged(vm, v, user)

    async def migrate_unmanaged(self, vm: Vm, v: Values, user: str) -> str:
        """The guest itself goes to another node; what HA does, and everybody whose guest is none of HA's."""
        target = v["target"]

        async def body() -> None:
            await self._migrate_work(vm, target, bool(v.get("with-local-disks")))

        return await self.task(vm.node, "qmigrate", vm.vmid, user, body, vm=vm)

    def _migrate_problems(self, vm: Vm, target: str, with_disks: bool) -> list[str]:
        """What QemuMigrate.pm prepare and scan_local_volumes log before they give up."""
        if not self.online(target):
            return [f"ERROR: Can't connect to destination address of node {target}"]
        problems = []
        for volid, props in self._local_disks(vm):
            if values_of.is_cdrom(volid, props):
                continue
            if self.volume(volid, vm.node) is None:
                problems.append(self._gone(volid))
                continue
            why = None
            if vm.running and not with_disks:
                why = "can't live migrate attached local disks without with-local-disks option"
            elif vm.snapshots and vm.running:
                why = "online storage migration not possible if non-replicated snapshot exists"
            elif vm.snapshots and not self._snapshots_migrate(volid):
                why = "non-migratable snapshot exists"
            if why:
                problems.append(f"can't migrate local disk '{volid}': {why}")
        if problems:
            problems.append("ERROR: Problem found while scanning volumes - can't migrate VM - check log")
        return problems

    def _gone(self, volid: str) -> str:
        """What a storage says of a volume that it does not have."""
        sid, name = values_of.volume_ref(volid)
        store = self.storages.get(sid or "", {})
        if store.get("type") == "zfspool":
            return f"zfs error: cannot open '{store.get('pool')}/{name}': dataset does not exist"
        return f"volume '{volid}' does not exist"

    def _snapshots_migrate(self, volid: str) -> bool:
        sid, _name = values_of.volume_ref(volid)
        return self.storages.get(sid or "", {}).get("type") == "zfspool" or volid.endswith(".qcow2")

    async def _migrate_work(self, vm: Vm, target: str, with_disks: bool) -> None:
        source = vm.node
        self.log_line(f"starting migration of VM {vm.vmid} to node '{target}'")
        problems = self._migrate_problems(vm, target, with_disks)
        if problems:
            self.log_line("\n".join(problems))
            raise TaskError("migration aborted")  # AbstractMigrate.pm migrate
        vm.lock = "migrate"
        vm.config["lock"] = "migrate"
        self.store.mark(f"vm/{vm.vmid}")
        try:
            await self.pause(MIGRATE_SECONDS)
            unused = [str(t).split(",")[0] for k, t in vm.config.items() if re.fullmatch(r"unused\d+", k)]
            replicated = self.replicated_to(vm, target)
            for volid in replicated:
                self.log_line(f"replicated disk '{volid}' is synced a last time")
                self.copy_replica(volid, source, target)
            for volid in [*(d for d, _ in self._local_disks(vm)), *unused]:
                if volid not in replicated:
                    self.move_volume(volid, source, target)
            running = vm.running
            if running:
                await self.end_guest(vm)
            vm.node = target
            self.follow_guest(vm, source, replicated)
            if running:
                await self.run_guest(vm)
        finally:
            vm.lock = None
            vm.config.pop("lock", None)
        self.log_line("migration finished successfully (duration 00:00:05)")

    # ------------------------------------------------------------------- clone

    async def _clone(self, v: Values, user: str) -> Any:
        node, newid, pool, storage = v["node"], int(v["newid"]), v.get("pool"), v.get("storage")
        target = None if v.get("target") in (None, node, "localhost") else v["target"]
        if target and target not in self.nodes:
            raise die(f"no such cluster node '{target}'")
        if pool and pool not in self.pools:
            raise PveError(403, f"Permission check failed (pool '{pool}' does not exist)")
        if storage:
            self.usable_store(storage, node)
            if "images" not in split_list(self.storages[storage].get("content")):
                raise param_error(storage=f"storage '{storage}' does not support vm images")
            if target and not self.storages[storage].get("shared"):
                raise die(f"can't clone to non-shared storage '{storage}'")
        self.need_quorum()
        source = self.find(node, v["vmid"])
        self._check_lock(source)
        snapname = v.get("snapname")
        if snapname and snapname not in source.snapshots:
            raise die(f"snapshot '{snapname}' does not exist")
        full = bool(v["full"]) if v.get("full") is not None else not source.template
        for option in ("storage", "format"):
            if v.get(option) and not full:
                raise die(f"parameter '{option}' not allowed for linked clones")
        old = source.snapshots[snapname] if snapname else source.config
        config, plan = self._clone_plan(old, bool(snapname), full)
        for volume, _props in plan.values():
            self.require(
                user, f"/storage/{storage or values_of.volume_ref(volume)[0]}", "Datastore.AllocateSpace"
            )
        if target and not self.only_shared(source):
            raise die(f"can't clone VM to node '{target}' (VM uses local storage)")
        self.check_bridges(user, config)
        if self.vm(newid) is not None:
            raise die(f"unable to create VM {newid}: config file already exists")
        new = Vm(newid, node, {"lock": "clone"})
        new.lock = "clone"
        self.vms.append(new)
        self.store.mark(f"vm/{newid}")
        config["name"] = v.get("name") or f"Copy-of-VM-{source.config.get('name') or source.vmid}"
        if v.get("description"):
            config["description"] = values_of.typed("description", v["description"])

        async def body() -> None:
            kind = "full" if full else "linked"
            self.log_line(f"creating a {kind} clone of VM {source.vmid} with ID {newid}")
            await self._clone_work(source, new, config, plan, v, full)

        return await self.task(
            node, "qmclone", source.vmid, user, body, undo=lambda: self.drop_unfinished(new)
        )

    def _clone_plan(self, old: dict[str, Any], of_snapshot: bool, full: bool) -> tuple[dict[str, Any], Plan]:
        config: dict[str, Any] = {}
        plan: Plan = {}
        for option in sorted(old):
            value = old[option]
            if option in CLONE_SKIP or re.fullmatch(r"unused\d+", option):
                continue
            if re.fullmatch(r"net\d+", option):
                config[option] = values_of.with_mac(value, fresh=True, prefix=self.mac_prefix())
                continue
            if not values_of.DRIVE_KEY.match(option):
                config[option] = value
                continue
            volume, props = values_of.split_drive(value)
            if values_of.is_cdrom(volume, props) and not values_of.is_cloudinit_drive(value):
                config[option] = value
                continue
            if not full and not values_of.is_cloudinit_drive(value) and "base-" not in volume:
                of = "a snapshot of " if of_snapshot else ""
                raise die(f"Linked clone feature is not supported for {of}'{volume}' ({option})")
            plan[option] = (volume, props)
        return config, plan

    async def _clone_work(
        self, source: Vm, new: Vm, config: dict[str, Any], plan: Plan, v: Values, full: bool
    ) -> None:
        storage, fmt, pool = v.get("storage"), v.get("format"), v.get("pool")
        made: list[str] = []
        exclusive = source.running
        holder = f"clone-{new.vmid}"
        self.store.mark(f"vm/{new.vmid}")
        try:
            await self.acquire(new, holder, CLONE_LOCK_WAIT)
            if exclusive:
                await self.acquire(source, holder, CLONE_LOCK_WAIT)
            else:
                await self.acquire_shared(source, CLONE_LOCK_WAIT)
            try:
                await self.pause(CLONE_SECONDS if full else LINKED_SECONDS)
                for option, (volume, props) in plan.items():
                    config[option], volid = self._clone_disk(source, new, volume, props, full, storage, fmt)
                    made.append(volid)
            finally:
                if exclusive:
                    self.release(source, holder)
                else:
                    source.readers -= 1
        except (PveError, TaskError) as e:
            for volid in made:
                self.free(volid, new.node)
            raise TaskError(f"clone failed: {getattr(e, 'message', None) or e}") from e
        finally:
            self.release(new, holder)
        if "smbios1" in config:
            kept = re.sub(r"uuid=[^,]*,?", "", str(config["smbios1"])).strip(",")
            config["smbios1"] = ",".join(filter(None, [f"uuid={uuid.uuid4()}", kept]))
        if config.get("vmgenid"):
            config["vmgenid"] = str(uuid.uuid4())
        new.config, new.lock = config, None
        if source.vmid in self._fw()["guests"]:
            # Firewall.pm clone_vmfw_conf
            self._fw()["guests"][new.vmid] = copy.deepcopy(self._fw()["guests"][source.vmid])
            self.store.mark(f"fwguest/{new.vmid}")
        new.rename()
        if v.get("target") not in (None, "localhost"):
            new.node = v["target"]
        if pool:
            self._pool_join(pool, new.vmid)
            self.store.mark("pools")
            self.forget_permissions()

    def _clone_disk(
        self,
        source: Vm,
        new: Vm,
        volume: str,
        props: dict[str, str],
        full: bool,
        storage: str | None,
        fmt: str | None,
    ) -> tuple[str, str]:
        sid, name = values_of.volume_ref(volume)
        found = self.volume(volume, source.node)
        if sid is None or found is None:
            raise die(f"volume '{volume}' does not exist")
        dest = storage or sid
        if props.get("media") == "cdrom":
            wanted = fmt or ("qcow2" if self.is_file(dest) else "raw")
            named = f"vm-{new.vmid}-cloudinit" + (f".{wanted}" if self.is_file(dest) else "")
            volid = self.alloc(
                dest, new.node, new.vmid, found["size"], fmt=wanted, name=named, used=found["used"]
            )
            return values_of.join_drive(volid, props), volid
        if full:
            kind = fmt or (found["format"] if dest == sid else None)
            volid = self.alloc(dest, new.node, new.vmid, found["size"], fmt=kind, used=found["used"])
        else:
            base = name.split("/")[-1]
            parent = f"{found['vmid']}/{base}" if self.is_file(sid) else base
            volid = self.alloc(sid, new.node, new.vmid, found["size"], fmt=found["format"], parent=parent)
        return values_of.join_drive(volid, {**props, "size": values_of.format_size(found["size"])}), volid

    # ---------------------------------------------------------------- template

    async def _template(self, v: Values, user: str) -> Any:
        vm, disk = self.find(v["node"], v["vmid"]), v.get("disk")
        self._check_lock(vm)
        if vm.snapshots:
            raise die("unable to create template, because VM contains snapshots")
        if vm.template and not disk:
            raise die("you can't convert a template to a template")
        if vm.running:
            raise die("you can't convert a VM to template if VM is running")

        async def body() -> None:
            vm.template = True
            vm.config["template"] = 1
            for key, volume, props in values_of.drives_of(vm.config, skip_cdrom=True):
                sid, name = values_of.volume_ref(volume)
                if sid is not None and disk in (None, key):
                    made = self.rename_volume(volume, vm.node, to_base(name))
                    vm.config[key] = values_of.join_drive(made, props)

        return await self.task(vm.node, "qmtemplate", vm.vmid, user, body, vm=vm)

    async def _rollback(self, v: Values, user: str) -> Any:
        vm = self.find(v["node"], v["vmid"])
        if vm.running and v["snapname"] in vm.snapshots and not vm.lock and not vm.template:
            await self.end_guest(vm)
        return await self._qm_rollback({**v, "start": None}, user)
