# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/cluster/backup`: backup jobs and the guests that they take in. Running a backup stands in `vzdump.py`.

Follows pve-manager `PVE/API2/Backup.pm` and `PVE/VZDump.pm` verify_vzdump_parameters. As in PVE a job may name guests
that there are not, and a storage that cannot take backups: that fails when it runs.
"""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

from fakepve import schema as pve_schema
from fakepve.model import PveError
from fakepve.routing import split_list

from scripts.lab.cluster import qemu_values as values_of
from scripts.lab.cluster.base import Route, Values, Vm, die, param_error, stringify
from scripts.lab.cluster.formats import PROPERTY_STRINGS, check_prune, parse_property_string
from scripts.lab.cluster.schedule import parse
from scripts.lab.cluster.storage_config import StorageConfig

Job = dict[str, Any]
# PVE/API2/Backup.pm: what only the login root@pam may set
_ROOT_ONLY = ("tmpdir", "dumpdir", "script")
_NOTES = re.compile(r"\\(.)|\{\{(.*?)\}\}")
_NOTES_VARIABLES = ("cluster", "guestname", "node", "vmid")


class BackupJobs(StorageConfig):
    """Mixin: backup jobs; the order is that of the file."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.backup_jobs: dict[str, Job] = {}

    def _lab_backup_jobs(self) -> list[Route]:
        one = "/cluster/backup/{id}"
        return [
            ("GET", "/cluster/backup", self._backup_list),
            ("POST", "/cluster/backup", self._backup_create),
            ("GET", one, self._backup_read),
            ("PUT", one, self._backup_update),
            ("DELETE", one, self._backup_delete),
            ("GET", one + "/included_volumes", self._backup_volumes),
            ("GET", "/cluster/backup-info", self._backup_info),
            ("GET", "/cluster/backup-info/not-backed-up", self._not_backed_up),
        ]

    # ------------------------------------------------------------------ checks

    def _check_job_permissions(self, user: str, given: Values, pool: str | None) -> None:
        """assert_param_permission_common and what create and update add to it."""
        if user != "root@pam":
            for key in _ROOT_ONLY:
                if given.get(key) is not None:
                    raise param_error(**{key: "Only root may set this option."})
            if given.get("fleecing"):
                storage = parse_property_string(given["fleecing"], PROPERTY_STRINGS["fleecing"]).get(
                    "storage"
                )
                if storage:
                    self.require(user, f"/storage/{storage}", "Datastore.AllocateSpace")
        if given.get("prune-backups"):
            check_prune(given["prune-backups"])
        if pool:
            if pool not in self.pools:
                # RPCEnvironment.pm check_pool_exist
                raise PveError(403, f"Permission check failed (pool '{pool}' does not exist)")
            self.require(user, f"/pool/{pool}", "VM.Backup")

    @staticmethod
    def set_schedule(given: Values, required: bool) -> None:
        """$schedule_param_check: `starttime` and `dow` become a calendar event."""
        start, dow = given.pop("starttime", None), given.pop("dow", None)
        if given.get("schedule") is not None:
            if start is not None:
                raise param_error(starttime="'starttime' and 'schedule' cannot both be set")
        elif start is not None:
            days = ",".join(split_list(dow))
            given["schedule"] = f"{days} {start}" if days else start
        elif required:
            raise param_error(schedule="neither 'starttime' nor 'schedule' were set")

    @staticmethod
    def verify_vzdump(given: Values, complete: bool) -> None:
        """PVE/VZDump.pm verify_vzdump_parameters."""
        for key in ("all", "exclude", "pool"):
            if given.get(key) and given.get("vmid"):
                raise param_error(**{key: "option conflicts with option 'vmid'"})
        for key, schema in PROPERTY_STRINGS.items():
            if isinstance(given.get(key), str):
                given[key] = parse_property_string(given[key], schema)
        keep = given.get("prune-backups")
        if keep is not None and not any(int(n) for n in keep.values()):
            given["prune-backups"] = {"keep-all": 1}
        if given.get("notes-template"):
            BackupJobs._verify_notes(given["notes-template"])
        if given.get("exclude") is not None and not given.get("pool"):
            given["all"] = 1
        if complete and not any(given.get(key) for key in ("all", "stop", "pool", "vmid")):
            raise param_error(vmid="property is missing")

    @staticmethod
    def _verify_notes(template: str) -> None:
        """PVE/VZDump.pm $verify_notes_template."""
        if "\n" in template:
            raise param_error(**{"notes-template": "contains a line feed"})
        problems = []
        for escaped, variable in _NOTES.findall(template):
            if escaped and escaped not in "n\\":
                problems.append(f"unexpected escape sequence '\\{escaped}'")
            elif variable and variable not in _NOTES_VARIABLES:
                problems.append(f"unexpected variable '{variable}'")
        if problems:
            raise param_error(**{"notes-template": ", ".join(problems)})

    # --------------------------------------------------------------------- API

    @staticmethod
    def _no_job(name: str) -> PveError:
        return param_error(id=f"No such job '{name}'")

    def _job_shown(self, name: str, listed: bool) -> Job:
        shown = {**self.backup_jobs[name], "id": name, "type": "vzdump"}
        if listed:
            upcoming = parse(shown["schedule"]).next_after(time.time())
            if upcoming is not None:
                shown["next-run"] = upcoming
        return shown

    async def _backup_list(self, v: Values, user: str) -> Any:
        return [self._job_shown(name, listed=True) for name in self.backup_jobs]

    async def _backup_read(self, v: Values, user: str) -> Any:
        if v["id"] not in self.backup_jobs:
            raise self._no_job(v["id"])
        return self._job_shown(v["id"], listed=False)

    async def _backup_create(self, v: Values, user: str) -> None:
        given = {k: x for k, x in v.items() if x is not None}
        self._check_job_permissions(user, given, given.get("pool"))
        if user != "root@pam":
            # assert_param_permission_create: backups go to `local` where no storage is named
            self.require(user, f"/storage/{given.get('storage', 'local')}", "Datastore.AllocateSpace")
        self.set_schedule(given, required=True)
        given.setdefault("enabled", 1)
        name = given.pop("id", None) or f"backup-{uuid.uuid4().hex[:8]}-{uuid.uuid4().hex[:4]}"
        async with self.cfs_lock("file-jobs_cfg"):
            if name in self.backup_jobs:
                raise die(f"Job '{name}' already exists")
            with _as_text():
                self.verify_vzdump(given, complete=True)
            self.backup_jobs[name] = given

    async def _backup_update(self, v: Values, user: str) -> None:
        name = v["id"]
        given = {k: x for k, x in v.items() if x is not None and k not in ("id", "delete")}
        gone = split_list(v.get("delete"))
        if not given and not gone:
            raise die("no options specified")
        self._check_job_permissions(user, given, given.get("pool"))
        self.set_schedule(given, required=False)
        async with self.cfs_lock("file-jobs_cfg"):
            if name not in self.backup_jobs:
                raise die("no such vzdump job")
            if user != "root@pam":
                # assert_param_permission_update
                target = given.get("storage") or ("local" if "storage" in gone else None)
                if target:
                    self.require(user, f"/storage/{target}", "Datastore.AllocateSpace")
            with _as_text():
                self.backup_jobs[name] = self._changed(dict(self.backup_jobs[name]), given, gone)

    def _changed(self, job: Job, given: Job, gone: list[str]) -> Job:
        known = pve_schema.load().paths["/cluster/backup"]["POST"]["parameters"]["properties"]
        kept = ("id", "schedule", "starttime", "dow", "enabled")
        for key in gone:
            if key not in known or key in kept:
                raise param_error(delete=f"unknown option '{key}'")
            job.pop(key, None)
        job.update(given)
        if job.get("exclude") is not None and job.get("pool") is None:
            job["all"] = 1
        # what is chosen now replaces what was chosen before
        if given.get("vmid") is not None:
            drop: tuple[str, ...] = ("all", "exclude", "pool")
        elif given.get("all"):
            drop = ("vmid", "pool")
        elif job.get("pool"):
            drop = ("vmid", "all", "exclude")
        else:
            drop = ()
        for key in drop:
            job.pop(key, None)
        self.verify_vzdump(job, complete=True)
        return job

    async def _backup_delete(self, v: Values, user: str) -> None:
        async with self.cfs_lock("file-jobs_cfg"):
            with _as_text():
                if v["id"] not in self.backup_jobs:
                    raise self._no_job(v["id"])
                del self.backup_jobs[v["id"]]

    def purge_from_backups(self, vmid: int) -> None:
        """pve-guest-common VZDump/Plugin.pm remove_vmid_from_backup_jobs: a job of this guest alone goes away."""
        for name, job in list(self.backup_jobs.items()):
            for key in ("vmid", "exclude"):
                if job.get(key) is None:
                    continue
                left = [item for item in split_list(job[key]) if item != str(vmid)]
                if left:
                    job[key] = ",".join(left)
                elif key == "vmid":
                    del self.backup_jobs[name]
                else:
                    del job[key]
                break
        self.store.mark("backupjobs")

    # ---------------------------------------------------------------- included

    def included_guests(self, job: Job) -> list[int]:
        """PVE/VZDump.pm get_included_guests: also ids that no guest has, when the job names them."""
        if job.get("pool"):
            ids = sorted(self.pools.get(job["pool"], ()))
        elif job.get("vmid"):
            ids = [int(item) for item in split_list(job["vmid"])]
        elif job.get("all"):
            excluded = {int(item) for item in split_list(job.get("exclude"))}
            ids = sorted(vm.vmid for vm in self.vms if vm.vmid not in excluded)
        else:
            ids = []
        nodes = {vm.vmid: vm.node for vm in self.vms}
        return [i for i in ids if not job.get("node") or nodes.get(i, job["node"]) == job["node"]]

    @staticmethod
    def backup_volumes(vm: Vm) -> list[tuple[str, str, bool, str]]:
        """qemu-server QemuConfig.pm get_backup_volumes: (drive, volume, included, why)."""
        out = []
        for key, volume, props in values_of.drives_of(vm.config, skip_cdrom=True):
            included = props.get("backup", "1") not in ("0", "no", "off")
            reason = "backup=" + ("yes" if included else "no")
            if key.startswith("efidisk") and vm.config.get("bios") != "ovmf":
                included, reason = False, "efidisk but no OMVF BIOS"
            out.append((key, volume, included, reason))
        return out

    async def _backup_volumes(self, v: Values, user: str) -> Any:
        if v["id"] not in self.backup_jobs:
            raise self._no_job(v["id"])
        children: list[dict[str, Any]] = []
        guests = {vm.vmid: vm for vm in self.vms}
        for vmid in self.included_guests(self.backup_jobs[v["id"]]):
            if not self.allowed(user, f"/vms/{vmid}", "VM.Audit"):
                continue
            if vmid not in guests:
                children.append({"id": vmid, "type": "unknown", "leaf": 1})
                continue
            volumes = [
                {"id": f"{vmid}:{key}", "name": volume, "included": int(yes), "reason": why, "leaf": 1}
                for key, volume, yes, why in self.backup_volumes(guests[vmid])
            ]
            children.append(
                {
                    "id": vmid,
                    "type": "qemu",
                    "name": guests[vmid].config.get("name"),
                    "children": volumes,
                    "leaf": int(not volumes),
                }
            )
        return {"children": children}

    async def _backup_info(self, v: Values, user: str) -> Any:
        return [{"subdir": "not-backed-up"}]

    async def _not_backed_up(self, v: Values, user: str) -> Any:
        """PVE/API2/Cluster/BackupInfo.pm: the guests that no job takes in."""
        taken = {vmid for job in self.backup_jobs.values() for vmid in self.included_guests(job)}
        return [
            {"vmid": vm.vmid, "type": "qemu", "name": vm.name}
            for vm in sorted(self.vms, key=lambda vm: vm.vmid)
            if vm.vmid not in taken and self.allowed(user, f"/vms/{vm.vmid}", "VM.Audit")
        ]


class _as_text:  # noqa: N801  # used like a function
    """`die "$@"` after cfs_lock_file: an exception with parameters comes out as plain text, status 500."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, PveError):
            raise die(stringify(error)) from error
