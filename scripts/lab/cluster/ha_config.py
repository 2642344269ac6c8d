# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/cluster/ha/resources`: what is to be highly available, and what is asked of it.

Follows pve-ha-manager `PVE/API2/HA/{Resources,Groups}.pm` and `PVE/HA/Config.pm`. Where resources are to be stands in
`ha_rules.py`, who brings them there in `ha_manager.py`.
"""

from __future__ import annotations

import re
from typing import Any

from fakepve.routing import check_digest, split_list

from scripts.lab.cluster.base import Handler, Route, Values, die, sha1
from scripts.lab.cluster.ha_rules_check import Rule
from scripts.lab.cluster.replication_jobs import ReplicationJobs
from scripts.lab.cluster.section import check_config, delete_options, options

RESOURCE_OPTIONS = options("state group comment max_restart max_relocate failback auto-rebalance")
LOCK = "domain-ha"


class HaConfig(ReplicationJobs):
    """Mixin: the configuration of HA; rules in the order of the file."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.ha_resources: dict[str, dict[str, Any]] = {}
        # A rule's `resources` is a list of sids, its `nodes` a node -> priority.
        self.ha_rules: dict[str, Rule] = {}

    def _lab_ha_config(self) -> list[Route]:
        resources, resource = "/cluster/ha/resources", "/cluster/ha/resources/{sid}"
        groups, group = "/cluster/ha/groups", "/cluster/ha/groups/{group}"
        gone = (
            ("GET", groups, "index groups"),
            ("POST", groups, "create group"),
            ("GET", group, "read group"),
            ("PUT", group, "update group"),
            ("DELETE", group, "delete group"),
        )
        return [
            *((method, path, self._no_groups(what)) for method, path, what in gone),
            ("GET", "/cluster/ha", self._ha_index),
            ("GET", resources, self._ha_list),
            ("POST", resources, self._ha_create),
            ("GET", resource, self._ha_read),
            ("PUT", resource, self._ha_update),
            ("DELETE", resource, self._ha_delete),
        ]

    async def _ha_index(self, v: Values, user: str) -> Any:
        return [{"id": name} for name in ("status", "resources", "groups", "rules")]

    @staticmethod
    def _no_groups(what: str) -> Handler:
        """API2/HA/Groups.pm: a cluster that came up with PVE 9 never had groups."""

        async def call(_v: Values, _user: str) -> Any:
            raise die(f"cannot {what}: ha groups have been migrated to rules")

        return call

    def ha_changed(self) -> None:
        """The configuration has changed; `ha_manager.py` overrides this."""

    # --------------------------------------------------------------- resources

    def parse_sid(self, sid: str) -> tuple[str, str, str]:
        """Config.pm parse_sid: (`vm:100`, type, name) of an id or a bare VMID."""
        if sid.isdigit():
            if self.vm(int(sid)) is None:
                raise die(f"unable do detect SID from VMID - VM/CT {sid} does not exist")
            return f"vm:{sid}", "vm", sid
        kind, _, name = sid.partition(":")
        return sid, kind, name

    def ha_managed(self, vmid: int) -> bool:
        """Config.pm vm_is_ha_managed: a resource whose state is not `ignored`."""
        resource = self.ha_resources.get(f"vm:{vmid}")
        return resource is not None and resource.get("state") != "ignored"

    def _need_managed(self, sid: str) -> None:
        """Config.pm service_is_ha_managed."""
        resource = self.ha_resources.get(sid)
        if resource is None or resource.get("state") == "ignored":
            raise die(f"resource '{sid}' is not HA managed")

    def ha_state(self, sid: str) -> str | None:
        """The state that the manager has for a resource; `ha_manager.py` overrides this."""
        return None

    def listed_ha_state(self, sid: str) -> str | None:
        """pve-manager API2/Cluster.pm resources: the manager's state, or what is asked as long as there is none."""
        return self.ha_state(sid) or self.ha_resources.get(sid, {}).get("state")

    def ha_of(self, vmid: int) -> dict[str, Any]:
        """Config.pm get_service_status: what `status/current` says of HA."""
        if not self.ha_managed(vmid):
            return {"managed": 0}
        return {"managed": 1, "state": self.ha_state(f"vm:{vmid}"), "group": None}

    def check_service_state(self, sid: str, wanted: str | None = None) -> None:
        """API2/HA/Resources.pm check_service_state."""
        if sid in self.ha_resources and self.ha_state(sid) == "error" and wanted != "disabled":
            raise die(f"service '{sid}' in error state, must be disabled and fixed first")

    def _resource_view(self, sid: str) -> dict[str, Any]:
        if sid not in self.ha_resources:
            raise die(f"no such resource '{sid}'")
        return {
            **self.ha_resources[sid],
            "sid": sid,
            "type": sid.partition(":")[0],
            "digest": self._resources_digest(),
        }

    def _resources_digest(self) -> str:
        return sha1(sorted(self.ha_resources.items()))

    async def _ha_list(self, v: Values, user: str) -> Any:
        digest = self._resources_digest()
        return [
            {**resource, "sid": sid, "type": sid.partition(":")[0], "digest": digest}
            for sid, resource in self.ha_resources.items()
            if v.get("type") in (None, sid.partition(":")[0])
        ]

    async def _ha_read(self, v: Values, user: str) -> Any:
        return self._resource_view(self.parse_sid(v["sid"])[0])

    @staticmethod
    def _no_group(given: Values) -> None:
        if given.get("group") is not None:
            raise die("invalid parameter 'group': ha groups have been migrated to rules")

    async def _ha_create(self, v: Values, user: str) -> None:
        self.need_quorum()
        sid, kind, name = self.parse_sid(v["sid"])
        if v.get("type") not in (None, kind):
            raise die("types does not match")
        if kind not in ("vm", "ct"):
            raise die(f"unknown section type '{kind}'")  # SectionConfig.pm lookup
        if not re.fullmatch(r"[1-9][0-9]+", name):
            raise die("invalid VMID")
        if self.vm(int(name)) is None:
            raise die(f"resource '{sid}' does not exist in cluster")
        self._no_group(v)
        given = check_config(RESOURCE_OPTIONS, v, ("sid", "type"), create=True)
        async with self.locked(LOCK, "create resource failed"):
            if sid in self.ha_resources:
                raise die(f"resource ID '{sid}' already defined")
            self.ha_resources[sid] = given
        self.ha_changed()

    async def _ha_update(self, v: Values, user: str) -> None:
        sid, _kind, _name = self.parse_sid(v["sid"])
        self._no_group(v)
        self.check_service_state(sid, v.get("state"))
        async with self.locked(LOCK, "update resources config failed"):
            check_digest(self._resources_digest(), v.get("digest"))
            if sid not in self.ha_resources:
                raise die(f"no such resource '{sid}'")
            changed = dict(self.ha_resources[sid])
            changed.update(check_config(RESOURCE_OPTIONS, v, ("sid", "type"), create=False))
            delete_options(RESOURCE_OPTIONS, changed, split_list(v.get("delete")))
            self.ha_resources[sid] = changed
        self.ha_changed()

    async def _ha_delete(self, v: Values, user: str) -> None:
        sid, _kind, _name = self.parse_sid(v["sid"])
        if sid not in self.ha_resources:
            raise die(f"cannot delete service '{sid}', not HA managed!")
        async with self.locked(LOCK, "delete resource failed"):
            self.ha_resources.pop(sid, None)
            if v.get("purge", 1):
                self._purge_from_rules(sid)
        self.ha_changed()

    def _purge_from_rules(self, sid: str) -> None:
        """The resource goes out of the rules; a rule without any is deleted."""
        for name, rule in list(self.ha_rules.items()):
            if sid in rule["resources"]:
                rule["resources"].remove(sid)
                if not rule["resources"]:
                    del self.ha_rules[name]
        self.store.mark("ha")

    async def purge_from_ha(self, vmid: int) -> None:
        """Config.pm delete_service_from_config, for a guest that is destroyed with `purge`."""
        sid = f"vm:{vmid}"
        async with self.locked(LOCK, "delete resource failed"):
            self.ha_resources.pop(sid, None)
            self._purge_from_rules(sid)
        self.ha_changed()

    async def add_to_ha(self, vmid: int, state: str) -> None:
        """`ha-managed` of a new guest."""
        async with self.locked(LOCK, "create resource failed"):
            self.ha_resources[f"vm:{vmid}"] = {"state": state}
        self.store.mark("ha")
        self.ha_changed()

    async def request_ha_state(self, vmid: int, state: str) -> None:
        """`ha-manager set vm:<vmid> --state <state>`."""
        sid = f"vm:{vmid}"
        self.check_service_state(sid, state)
        async with self.locked(LOCK, "update resources config failed"):
            if sid not in self.ha_resources:
                raise die(f"no such resource '{sid}'")
            self.ha_resources[sid] = {**self.ha_resources[sid], "state": state}
        self.store.mark("ha")
        self.ha_changed()
