# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which HA rules contradict each other, in PVE's words. No API and no state here.

Follows pve-ha-manager `PVE/HA/Rules.pm`, `PVE/HA/Rules/{NodeAffinity,ResourceAffinity}.pm` register_check.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

Rule = dict[str, Any]
Rules = dict[str, Rule]
Errors = dict[str, dict[str, list[str]]]


def active(rules: Rules, kind: str, affinity: str | None = None) -> Rules:
    """The rules of a type that are not disabled."""
    return {
        name: rule
        for name, rule in rules.items()
        if rule["type"] == kind
        and not rule.get("disable")
        and affinity in (None, rule.get("affinity", "positive"))
    }


def joined(rules: Rules) -> list[tuple[set[str], list[str]]]:
    """Rules/Helpers.pm find_disjoint_rules_resource_sets: rules that share a resource, together."""
    groups: list[tuple[set[str], list[str]]] = []
    for name, rule in sorted(rules.items()):
        resources, names = set(rule["resources"]), [name]
        apart = []
        for group in groups:
            if group[0] & resources:
                resources |= group[0]
                names = [*group[1], *names]
            else:
                apart.append(group)
        groups = [*apart, (resources, names)]
    return groups


def check_feasibility(rules: Rules, nodes: list[str]) -> Errors:
    """Why each rule cannot hold, per option; a rule that can is not in it."""
    errors: Errors = {}

    def add(name: str, option: str, why: str) -> None:
        reasons = errors.setdefault(name, {}).setdefault(option, [])
        if why not in reasons:
            reasons.append(why)

    located = active(rules, "node-affinity")
    together = active(rules, "resource-affinity", "positive")
    apart = active(rules, "resource-affinity", "negative")
    _node_affinity(located, nodes, add)
    _resource_affinity(together, apart, nodes, add)
    _across(located, together, apart, add)
    return errors


def _node_affinity(located: Rules, nodes: list[str], add: Any) -> None:
    uses = Counter(sid for rule in located.values() for sid in set(rule["resources"]))
    for name, rule in sorted(located.items()):
        for sid in sorted(rule["resources"]):
            if uses[sid] > 1:
                add(name, "resources", f"resource '{sid}' is already used in another node affinity rule")
        if rule.get("affinity") == "negative":
            if len(rule["nodes"]) >= len(nodes):
                add(name, "nodes", "negative node affinity rule must not specify all cluster nodes")
            if any(rule["nodes"].values()):
                add(name, "nodes", "negative node affinity rule must not specify node priorities")


def _resource_affinity(together: Rules, apart: Rules, nodes: list[str], add: Any) -> None:
    for name, rule in sorted({**together, **apart}.items()):
        if len(rule["resources"]) < 2:  # one alone is near or far from nothing
            add(name, "resources", "rule is ineffective as there are less than two resources")
    for name, rule in sorted(apart.items()):
        if len(rule["resources"]) > len(nodes):
            add(name, "resources", "rule defines more resources than available nodes")
    for resources, names in joined(together):
        for negative, rule in sorted(apart.items()):
            if len(resources & set(rule["resources"])) < 2:
                continue
            why = "rule shares two or more resources with a {} resource affinity rule"
            add(negative, "resources", why.format("positive"))
            for name in names:
                add(name, "resources", why.format("negative"))


def _across(located: Rules, together: Rules, apart: Rules, add: Any) -> None:
    of_resource: dict[str, set[str]] = {}  # resource -> the node affinity rules with it
    for name, rule in located.items():
        for sid in rule["resources"]:
            of_resource.setdefault(sid, set()).add(name)

    def with_any(resources: Iterable[str]) -> list[str]:
        return sorted({name for sid in resources for name in of_resource.get(sid, ())})

    for name, rule in sorted({**together, **apart}.items()):
        paired = with_any(rule["resources"])
        if any(len(set(located[n]["nodes"].values())) > 1 for n in paired):
            add(name, "resources", "resources are in node affinity rules with multiple priorities")
            for n in paired:
                add(
                    n,
                    "resources",
                    "resources are in a resource affinity rule and cannot be in a node affinity rule with "
                    "multiple priorities",
                )
    for resources, names in joined(together):
        paired = with_any(resources)
        if len(paired) > 1:
            for name in names:
                add(name, "resources", "resources are in multiple node affinity rules")
            for n in paired:
                add(
                    n,
                    "resources",
                    "at least one resource is in a positive resource affinity rule and there are other resources "
                    "in at least one other node affinity rule already",
                )
    for name, rule in sorted(apart.items()):
        paired = with_any(rule["resources"])
        placed = {sid for sid in rule["resources"] if sid in of_resource}
        allowed = {node for n in paired for node in located[n]["nodes"]}
        if len(allowed) < len(placed):
            add(
                name,
                "resources",
                "two or more resources are restricted to less nodes than available to the resources",
            )
            for n in paired:
                add(
                    n,
                    "resources",
                    "at least one resource is in a negative resource affinity rule and this rule would restrict "
                    "these to less nodes than available to the resources",
                )
