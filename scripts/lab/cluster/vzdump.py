# SPDX-License-Identifier: AGPL-3.0-or-later
"""`POST /nodes/{node}/vzdump`: a backup of guests of this node as files on a storage, and pruning of older ones.

Follows pve-manager `PVE/{API2/,}VZDump.pm` and pve-storage `PVE/Storage/Plugin.pm` prune_backups. The file has a name,
a size and no content; jobs are run by hand only, the lab's nights have no scheduler for them.
"""

from __future__ import annotations

import time
from typing import Any

from fakepve import schema as pve_schema
from fakepve.model import PveError, TaskError

from scripts.lab.cluster.base import Route, Values, Vm, die, param_error
from scripts.lab.cluster.formats import PROPERTY_STRINGS, check_prune, parse_property_string
from scripts.lab.cluster.prune import to_prune
from scripts.lab.cluster.qemu_move import QemuMove

BACKUP_SECONDS = 10.0
SUFFIX = {"zstd": ".zst", "gzip": ".gz", "1": ".lzo", "lzo": ".lzo"}
# PVE/API2/VZDump.pm: only for the login root@pam
_ROOT_ONLY = ("tmpdir", "dumpdir", "script", "job-id")


class Vzdump(QemuMove):
    """Mixin: backups."""

    def _lab_vzdump(self) -> list[Route]:
        return [
            ("POST", "/nodes/{node}/vzdump", self._vzdump),
            ("GET", "/nodes/{node}/vzdump/defaults", self._vzdump_defaults),
        ]

    async def _vzdump_defaults(self, v: Values, user: str) -> Any:
        """What /etc/vzdump.conf says: in the lab nothing."""
        known = pve_schema.load().paths["/cluster/backup"]["POST"]["parameters"]["properties"]
        return {
            key: known[key]["default"]
            for key in ("mode", "compress", "ionice", "lockwait", "stopwait", "remove")
            if "default" in known[key]
        }

    def _check_vzdump(self, given: Values, user: str) -> None:
        """What of the parameters is refused, or not for this user."""
        for key in _ROOT_ONLY:
            if key in given and user != "root@pam":
                raise param_error(**{key: "Only root may set this option."})
        if any(key in given for key in ("bwlimit", "ionice", "performance")):
            self.require(user, "/", "Sys.Modify")
        if given.get("prune-backups"):
            check_prune(given["prune-backups"])
        self.verify_vzdump(given, complete=True)
        if given.get("pool"):
            if given["pool"] not in self.pools:
                raise PveError(403, f"Permission check failed (pool '{given['pool']}' does not exist)")
            self.require(user, f"/pool/{given['pool']}", "VM.Backup")

    async def _vzdump(self, v: Values, user: str) -> Any:
        node = v["node"]
        given = {k: x for k, x in v.items() if x is not None and k != "node"}
        self._check_vzdump(given, user)
        here = {vm.vmid: vm for vm in self.vms if vm.node == node}
        wanted = [vmid for vmid in self.included_guests(given) if vmid in here]
        elsewhere = [i for i in self.included_guests(given) if self.vm(i) is not None and i not in here]
        unknown = [i for i in self.included_guests(given) if self.vm(i) is None]
        if not wanted and not unknown:
            return "OK"  # silent exit if specified VMs run on other nodes
        storage = given.get("storage", "local")
        self.require(user, f"/storage/{storage}", "Datastore.AllocateSpace")
        self.backup_store(storage)
        everything = bool(given.get("all"))
        for vmid in wanted:
            if not everything:
                self.require(user, f"/vms/{vmid}", "VM.Backup")
        wanted = [vmid for vmid in wanted if self.allowed(user, f"/vms/{vmid}", "VM.Backup")]

        async def body() -> None:
            self.log_line(
                f"INFO: starting new backup job: vzdump {' '.join(map(str, wanted))} --storage {storage}"
            )
            if elsewhere:
                self.log_line(f"INFO: skip external VMs: {', '.join(map(str, sorted(elsewhere)))}")
            failed = len(unknown)
            for vmid in unknown:
                self.log_line(f"ERROR: Backup of VM {vmid} failed - unable to find VM '{vmid}'")
            for vmid in wanted:
                failed += not await self._back_up(here[vmid], storage, given)
            if failed:
                self.log_line("INFO: Backup job finished with errors")
                raise TaskError("job errors")
            self.log_line("INFO: Backup job finished successfully")

        ids = wanted + unknown
        return await self.task(node, "vzdump", str(ids[0]) if len(ids) == 1 else "", user, body)

    async def _back_up(self, vm: Vm, storage: str, given: Values) -> bool:
        """exec_backup_task: one guest; False when it failed."""
        self.log_line(f"INFO: Starting Backup of VM {vm.vmid} (qemu)")
        begun = time.time()
        self.store.mark(f"vm/{vm.vmid}")
        try:
            self._check_lock(vm)
            self.usable_store(storage, vm.node)
            vm.lock = vm.config["lock"] = "backup"
            try:
                await self.pause(BACKUP_SECONDS)
                name = self._write_backup(vm, storage, given, begun)
            finally:
                vm.lock = None
                vm.config.pop("lock", None)
        except (PveError, TaskError) as e:
            why = getattr(e, "message", None) or str(e)
            self.log_line(f"ERROR: Backup of VM {vm.vmid} failed - {why}")
            return False
        self.log_line(f"INFO: creating vzdump archive '{name}'")
        self._prune(vm, storage, given)
        self.log_line(f"INFO: Finished Backup of VM {vm.vmid}")
        return True

    def _write_backup(self, vm: Vm, storage: str, given: Values, begun: float) -> str:
        store = self.storages[storage]
        size = sum(
            int((self.volume(volume, vm.node) or {}).get("used") or 0)
            for _key, volume, included, _why in self.backup_volumes(vm)
            if included
        )
        if store["type"] == "pbs":
            name = f"backup/vm/{vm.vmid}/{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(begun))}"
            fmt = "pbs-vm"
        else:
            fmt = "vma" + SUFFIX.get(str(given.get("compress", "0")), "")
            stamp = time.strftime("%Y_%m_%d-%H_%M_%S", time.gmtime(begun))
            name = f"backup/vzdump-qemu-{vm.vmid}-{stamp}.{fmt}"
        place = self.place(storage, vm.node)
        if self.full & {place, (storage, "")} or size > self.total(storage) - self.used(storage, vm.node):
            raise die("vma_queue_write: write error - Broken pipe")
        if name in self.contents.get(place, {}):
            raise die(f"unable to create temporary directory '{name}' at VZDump.pm: File exists")
        volume = {
            "content": "backup",
            "format": fmt,
            "size": size,
            "used": size,
            "vmid": vm.vmid,
            "ctime": int(begun),
        }
        if given.get("notes-template"):
            volume["notes"] = self._notes(given["notes-template"], vm)
        if given.get("protected"):
            volume["protected"] = 1
        self.put_volume(storage, vm.node, name, volume)
        return name

    def _notes(self, template: str, vm: Vm) -> str:
        """PVE/VZDump.pm generate_notes."""
        known = {"cluster": self.cluster_name, "guestname": vm.name, "node": vm.node, "vmid": str(vm.vmid)}
        for name, value in known.items():
            template = template.replace("{{" + name + "}}", value)
        return template.replace("\\n", "\n").replace("\\\\", "\\")

    def _prune(self, vm: Vm, storage: str, given: Values) -> None:
        if not given.get("remove", 1):
            return
        keep = given.get("prune-backups")
        if keep is None and (text := self.storages[storage].get("prune-backups")):
            keep = parse_property_string(text, PROPERTY_STRINGS["prune-backups"])
        if not keep or keep.get("keep-all"):
            return
        own = {
            f"{storage}:{name}": int(volume["ctime"])
            for name, volume in self.volumes_at(storage, vm.node).items()
            if volume["content"] == "backup" and volume.get("vmid") == vm.vmid and not volume.get("protected")
        }
        for volid in to_prune(own, keep):
            self.log_line(f"INFO: removing backup '{volid}'")
            self.free(volid, vm.node)
