# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/cluster/ha/rules`: on which nodes resources are to be, and which of them together or apart.

Follows pve-ha-manager `PVE/API2/HA/Rules.pm`. As in PVE 9.0 a rule shows only what was set.
"""

from __future__ import annotations

import copy
from typing import Any

from fakepve.model import PveError
from fakepve.routing import check_digest, split_list

from scripts.lab.cluster.base import Route, Values, die, param_error, sha1
from scripts.lab.cluster.ha_config import LOCK, HaConfig
from scripts.lab.cluster.ha_rules_check import Rule, check_feasibility
from scripts.lab.cluster.section import check_config, delete_options, options

RULE_OPTIONS = {
    "node-affinity": options("resources! nodes! strict affinity disable comment"),
    "resource-affinity": options("resources! affinity! disable comment"),
}


class HaRules(HaConfig):
    """Mixin: the rules of HA."""

    def _lab_ha_rules(self) -> list[Route]:
        rules, rule = "/cluster/ha/rules", "/cluster/ha/rules/{rule}"
        return [
            ("GET", rules, self._rules_list),
            ("POST", rules, self._rule_create),
            ("GET", rule, self._rule_read),
            ("PUT", rule, self._rule_update),
            ("DELETE", rule, self._rule_delete),
        ]

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
