# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/cluster/replication`: which guest is replicated whereto and when. The runs stand in `replicate.py`.

Follows pve-manager `PVE/API2/ReplicationConfig.pm` and pve-guest-common `PVE/ReplicationConfig.pm`.
"""

from __future__ import annotations

from typing import Any

from fakepve.model import PveError
from fakepve.routing import check_digest, split_list

from scripts.lab.cluster import qemu_values as values_of
from scripts.lab.cluster.backup_jobs import BackupJobs
from scripts.lab.cluster.base import Route, Values, Vm, die, param_error, sha1
from scripts.lab.cluster.section import check_config, delete_options, options

Job = dict[str, Any]
OPTIONS = options("target!^ disable comment rate schedule remove_job source")
LOCK = "file-replication_cfg"


class ReplicationJobs(BackupJobs):
    """Mixin: replication jobs."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.replication: dict[str, Job] = {}

    def _lab_replication_jobs(self) -> list[Route]:
        one = "/cluster/replication/{id}"
        return [
            ("GET", "/cluster/replication", self._replication_list),
            ("POST", "/cluster/replication", self._replication_create),
            ("GET", one, self._replication_read),
            ("PUT", one, self._replication_update),
            ("DELETE", one, self._replication_delete),
        ]

    def replication_changed(self) -> None:
        """Jobs have changed; `replicate.py` overrides this."""

    @staticmethod
    def _parse_id(name: str) -> tuple[int, int]:
        guest, _, number = name.partition("-")
        return int(guest), int(number)

    def replication_of(self, vmid: int) -> dict[str, Job]:
        return {name: job for name, job in self.replication.items() if job["guest"] == vmid}

    # ----------------------------------------------------------------- volumes

    def replicatable(self, vm: Vm, noerr: bool = False) -> list[str]:
        """qemu-server QemuConfig.pm get_replicatable_volumes: the volumes of the guest that are replicated."""
        found: dict[str, None] = {}
        configs = [vm.config, *vm.snapshots.values()]
        for config in configs:
            for key, text in config.items():
                unused = key.startswith("unused")
                if not unused and not values_of.DRIVE_KEY.match(key):
                    continue
                volume, props = values_of.split_drive(str(text))
                if values_of.is_cdrom(volume, props) or (
                    not unused and props.get("replicate", "1") in ("0", "no", "off")
                ):
                    continue
                if self._replicates(vm.vmid, volume, noerr):
                    found[volume] = None
        return sorted(found)

    def _replicates(self, vmid: int, volume: str, noerr: bool) -> bool:
        if volume.startswith("/"):
            if noerr:
                return False
            raise die(f"unable to replicate local file/device '{volume}'")
        sid, name = values_of.volume_ref(volume)
        if sid is None:
            return False
        store = self.need_storage(sid)
        if store.get("shared"):
            return False
        vtype, owner, _fmt = self._parse_volname(store, name)
        if owner != vmid:
            return False
        if vtype != "images" or store["type"] != "zfspool":
            # PVE/Storage/ZFSPoolPlugin.pm alone has the feature `replicate`
            if noerr:
                return False
            what = f"missing replicate feature on volume '{volume}'"
            raise die(what if vtype == "images" else f"unable to replicate volume '{volume}', type '{vtype}'")
        return True

    def check_drive_replicates(self, vmid: int, value: str) -> None:
        """qemu-server API2/Qemu.pm $check_replication: a guest with jobs takes no drive that they cannot copy."""
        volume, props = values_of.split_drive(value)
        if (
            not volume
            or values_of.is_cdrom(volume, props)
            or props.get("replicate", "1") in ("0", "no", "off")
        ):
            return
        if not self.replication_of(int(vmid)):
            return
        new = values_of.NEW_DISK.match(volume)
        sid = new[1] if new else values_of.volume_ref(volume)[0]
        if sid is None:
            raise die("cannot add non-managed/pass-through volume to a replicated VM")
        store = self.need_storage(sid)
        if values_of.is_cloudinit_drive(value) or store["type"] == "zfspool" or store.get("shared"):
            return
        raise die("cannot add non-replicatable volume to a replicated VM")

    # --------------------------------------------------------------------- API

    def _replication_digest(self) -> str:
        return sha1(sorted(self.replication.items()))

    def _job_view(self, name: str) -> Job:
        guest, number = self._parse_id(name)
        return {**self.replication[name], "id": name, "type": "local", "guest": guest, "jobnum": number}

    async def _replication_list(self, v: Values, user: str) -> Any:
        return [
            self._job_view(name)
            for name, job in sorted(self.replication.items())
            if self.allowed(user, f"/vms/{job['guest']}", "VM.Audit")
        ]

    async def _replication_read(self, v: Values, user: str) -> Any:
        name = v["id"]
        if name not in self.replication:
            raise die(f"no such replication job '{name}'")
        if not self.allowed(user, f"/vms/{self.replication[name]['guest']}", "VM.Audit"):
            raise PveError(403, "Permission check failed")
        return {**self._job_view(name), "digest": self._replication_digest()}

    async def _replication_create(self, v: Values, user: str) -> None:
        guest, number = self._parse_id(v["id"])
        name = f"{guest}-{number}"
        self.require(user, f"/vms/{guest}", "VM.Replicate")
        vm = self.vm(guest)
        if vm is None:
            raise die(f"Guest '{guest}' does not exist.")
        if v["target"] not in self.nodes:
            raise die(f"Target '{v['target']}' does not exist.")
        if v.get("source") not in (None, vm.node):
            raise die(f"Source '{v['source']}' does not match current node of guest '{guest}' ({vm.node})")
        if v["target"] == vm.node:
            raise die("Source and target must not be identical")
        if not self.replicatable(vm):
            raise die("No replicatable volumes found")
        async with self.cfs_lock(LOCK):
            if name in self.replication:
                raise die(f"replication job '{name}' already exists")
            given = check_config(OPTIONS, {"source": vm.node, **v}, ("type", "id"), create=True)
            self._one_per_target(guest, given["target"])
            self.replication[name] = {**given, "guest": guest}
        self.replication_changed()

    def _one_per_target(self, guest: int, target: str) -> None:
        """write_config: one job per guest and target."""
        if any(job["target"] == target for job in self.replication_of(guest).values()):
            raise die(f"replication job for guest '{guest}' to target 'local/{target}' already exists")

    async def _replication_update(self, v: Values, user: str) -> None:
        name = v["id"]
        self.require(user, f"/vms/{self._parse_id(name)[0]}", "VM.Replicate")
        async with self.cfs_lock(LOCK):
            check_digest(self._replication_digest(), v.get("digest"))
            if name not in self.replication:
                raise die(f"no such job '{name}'")
            changed = dict(self.replication[name])
            changed.update(check_config(OPTIONS, v, ("id",), create=False))
            delete_options(OPTIONS, changed, split_list(v.get("delete")))
            self.replication[name] = changed
        self.replication_changed()

    async def _replication_delete(self, v: Values, user: str) -> None:
        """Only marked: the next run takes the volumes away and then the job."""
        name = v["id"]
        self.require(user, f"/vms/{self._parse_id(name)[0]}", "VM.Replicate")
        async with self.cfs_lock(LOCK):
            if v.get("force"):
                if v.get("keep"):
                    raise param_error(keep="conflicts with parameter 'force'")
                self.replication.pop(name, None)
            elif name not in self.replication:
                raise die(f"no such job '{name}'")
            else:
                self.replication[name]["remove_job"] = "local" if v.get("keep") else "full"
        self.replication_changed()

    def check_no_replication(self, vmid: int) -> None:
        """ReplicationConfig.pm check_for_existing_jobs."""
        for name in self.replication_of(vmid):
            raise die(f"There is a replication job '{name}' for guest '{vmid}' - Please remove that first.")

    def purge_from_replication(self, vmid: int) -> None:
        """ReplicationConfig.pm remove_vmid_jobs: the replicas on other nodes stay."""
        for name in self.replication_of(vmid):
            del self.replication[name]
        self.store.mark("replication")

    def switch_replication(self, vmid: int, old_target: str, new_target: str) -> None:
        """ReplicationConfig.pm switch_replication_job_target: the guest is on `old_target` now."""
        for job in self.replication_of(vmid).values():
            if job["target"] == old_target:
                job["target"] = new_target
            job["source"] = old_target
        self.store.mark("replication")
