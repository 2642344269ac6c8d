# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/cluster/ha/resources` and `/cluster/ha/rules`: what is to be highly available, and where.

Follows pve-ha-manager `PVE/API2/HA/{Resources,Rules}.pm` and `PVE/HA/Config.pm`. Who acts
on it is the manager in `ha_manager.py`.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from fakepve.model import PveError
from fakepve.routing import check_digest, split_list

from scripts.lab.cluster.base import Route, Values, die, param_error, sha1
from scripts.lab.cluster.ha_rules_check import Rule, check_feasibility
from scripts.lab.cluster.replication_jobs import ReplicationJobs
from scripts.lab.cluster.section import check_config, delete_options, options

RESOURCE_OPTIONS = options("state group comment max_restart max_relocate failback auto-rebalance")
RULE_OPTIONS = {
    "node-affinity": options("resources! nodes! strict affinity disable comment"),
    "resource-affinity": options("resources! affinity! disable comment"),
}
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
        rules, rule = "/cluster/ha/rules", "/cluster/ha/rules/{rule}"
        return [
            ("GET", "/cluster/ha", self._ha_index),
            ("GET", resources, self._ha_list),
            ("POST", resources, self._ha_create),
            ("GET", resource, self._ha_read),
            ("PUT", resource, self._ha_update),
            ("DELETE", resource, self._ha_delete),
            ("GET", rules, self._rules_list),
            ("POST", rules, self._rule_create),
            ("GET", rule, self._rule_read),
            ("PUT", rule, self._rule_update),
            ("DELETE", rule, self._rule_delete),
        ]

    async def _ha_index(self, v: Values, user: str) -> Any:
        return [{"id": name} for name in ("status", "resources", "groups", "rules")]

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

    # ------------------------------------------------------------------- rules

    def _rules_digest(self) -> str:
        return sha1(list(self.ha_rules.items()))

    def _rule_view(self, name: str, errors: dict[str, Any], digest: str) -> dict[str, Any]:
        if name not in self.ha_rules:
            raise die(f"no such ha rule '{name}'")
        rule = self.ha_rules[name]
        shown = {
            **rule,
            "rule": name,
            "digest": digest,
            "order": list(self.ha_rules).index(name) + 1,
            "resources": ",".join(sorted(rule["resources"])),
        }
        if "nodes" in rule:
            shown["nodes"] = ",".join(
                f"{node}:{priority}" if priority else node for node, priority in sorted(rule["nodes"].items())
            )
        if name in errors:
            shown["errors"] = errors[name]
        return shown

    async def _rules_list(self, v: Values, user: str) -> Any:
        errors, digest = check_feasibility(self.ha_rules, list(self.nodes)), self._rules_digest()
        return [
            self._rule_view(name, errors, digest)
            for name, rule in self.ha_rules.items()
            if v.get("type") in (None, rule["type"])
            and (v.get("resource") is None or v["resource"] in rule["resources"])
        ]

    async def _rule_read(self, v: Values, user: str) -> Any:
        errors = check_feasibility(self.ha_rules, list(self.nodes))
        return self._rule_view(v["rule"], errors, self._rules_digest())

    @staticmethod
    def _rule_parameters(v: Values, create: bool) -> dict[str, Any]:
        """What the schema says per type, then the values as the file holds them."""
        known = RULE_OPTIONS[v["type"]]
        given = {
            k: x for k, x in v.items() if x is not None and k not in ("rule", "type", "digest", "delete")
        }
        wrong = {
            key: "property is not defined in schema and the schema does not allow additional properties"
            for key in given
            if key not in known
        }
        if create:
            wrong |= {
                key: "property is missing and it is not optional"
                for key, option in known.items()
                if not option.optional and key not in given
            }
        if wrong:
            raise param_error(**wrong)
        if "resources" in given:
            given["resources"] = sorted(set(split_list(given["resources"])))
        if "nodes" in given:
            pairs = [item.partition(":") for item in split_list(given["nodes"])]
            given["nodes"] = {node: int(priority or 0) for node, _, priority in pairs}
        return given

    def _check_ha_rule(self, name: str, rule: Rule, given: dict[str, Any]) -> None:
        """$assert_resources_are_configured, $assert_nodes_do_exist and $assert_feasibility."""
        unmanaged = [sid for sid in sorted(given.get("resources", ())) if sid not in self.ha_resources]
        if unmanaged:
            raise die(f"cannot use unmanaged resource(s) {', '.join(unmanaged)}.")
        unknown = [node for node in sorted(given.get("nodes", ())) if node not in self.nodes]
        if unknown:
            raise die(f"cannot use non-existant node(s) {', '.join(unknown)}.")
        errors = check_feasibility({**self.ha_rules, name: rule}, list(self.nodes)).get(name)
        if errors:
            raise PveError(
                400, f"Rule '{name}' is invalid.", {key: ", ".join(why) for key, why in errors.items()}
            )

    async def _rule_create(self, v: Values, user: str) -> None:
        self.need_quorum()
        name, given = v["rule"], self._rule_parameters(v, create=True)
        async with self.locked(LOCK, "create ha rule failed"):
            if name in self.ha_rules:
                raise die(f"HA rule '{name}' already defined")
            rule = {"type": v["type"], **given}
            self._check_ha_rule(name, rule, given)
            self.ha_rules[name] = rule
        self.ha_changed()

    async def _rule_update(self, v: Values, user: str) -> None:
        name, given = v["rule"], self._rule_parameters(v, create=False)
        async with self.locked(LOCK, "update HA rules failed"):
            check_digest(self._rules_digest(), v.get("digest"))
            if name not in self.ha_rules:
                raise die(f"HA rule '{name}' does not exist")
            rule = copy.deepcopy(self.ha_rules[name])
            known = RULE_OPTIONS[rule["type"]]
            check_config(known, given, (), create=False)
            delete_options(known, rule, split_list(v.get("delete")), given)
            rule.update(given)
            self._check_ha_rule(name, rule, given)
            self.ha_rules[name] = rule
        self.ha_changed()

    async def _rule_delete(self, v: Values, user: str) -> None:
        """No error for a rule that there is not (API2/HA/Rules.pm delete_rule)."""
        async with self.locked(LOCK, "delete ha rule failed"):
            self.ha_rules.pop(v["rule"], None)
        self.ha_changed()
