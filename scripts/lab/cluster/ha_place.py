# SPDX-License-Identifier: AGPL-3.0-or-later
"""On which node a resource belongs, by the HA rules. No state, no API.

Follows pve-ha-manager `PVE/HA/Manager.pm` select_service_node with the basic scheduler, `PVE/HA/Rules/NodeAffinity.pm`
get_node_affinity and `PVE/HA/Rules/ResourceAffinity.pm`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from scripts.lab.cluster.ha_rules_check import Rules, active, check_feasibility, joined


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What there is to choose from: the rules that can hold, all nodes, those online, where each resource is."""

    rules: Rules
    nodes: tuple[str, ...]
    online: frozenset[str]
    where: dict[str, str]
    failed: dict[str, frozenset[str]] = field(default_factory=dict)


def feasible(rules: Rules, nodes: tuple[str, ...]) -> Rules:
    """Rules.pm transform: rules that cannot hold are as if they were not there."""
    errors = check_feasibility(rules, list(nodes))
    return {name: rule for name, rule in rules.items() if name not in errors}


def node_affinity(view: View, sid: str) -> tuple[set[str], set[str]]:
    """The online nodes that a resource may be on, and those of them that it is to be on."""
    rules = view.rules
    together = next((r for r, _ in joined(active(rules, "resource-affinity", "positive")) if sid in r), {sid})
    rule = next(
        (r for r in active(rules, "node-affinity").values() if together & set(r["resources"])),
        None,
    )
    if rule is None:
        return set(view.online), set(view.online)
    priorities = dict(rule["nodes"])
    if rule.get("affinity") == "negative":
        priorities = {node: 0 for node in view.nodes if node not in rule["nodes"]}
    if not rule.get("strict"):
        priorities = {**dict.fromkeys(view.nodes, -1), **priorities}
    allowed = {node: p for node, p in priorities.items() if node in view.online}
    best = max(allowed.values(), default=0)
    return set(allowed), {node for node, p in allowed.items() if p == best}


def resource_affinity(view: View, sid: str) -> tuple[set[str], set[str]]:
    """The nodes where its companions are, and those where the ones are that it must not be with."""
    rules = view.rules
    companions = next(
        (r for r, _ in joined(active(rules, "resource-affinity", "positive")) if sid in r), {sid}
    )
    strangers = {
        other
        for rule in active(rules, "resource-affinity", "negative").values()
        if companions & set(rule["resources"])
        for other in rule["resources"]
        if other not in companions
    }
    near = {view.where[other] for other in companions if other != sid and other in view.where}
    far = {view.where[other] for other in strangers if other in view.where}
    return near & view.online, far & view.online


def blocking(view: View, sid: str, node: str) -> list[str]:
    """The resources that must not be with this one and are on that node."""
    rules = view.rules
    return sorted(
        other
        for rule in active(rules, "resource-affinity", "negative").values()
        if sid in rule["resources"]
        for other in rule["resources"]
        if other != sid and view.where.get(other) == node
    )


def companions(view: View, sid: str) -> list[str]:
    """The resources that go with this one."""
    rules = view.rules
    group = next((r for r, _ in joined(active(rules, "resource-affinity", "positive")) if sid in r), {sid})
    return sorted(group - {sid})


def select_node(view: View, sid: str, *, failback: bool = True, try_next: bool = False) -> str | None:
    """The node for a resource, or None when there is none that it may be on."""
    current = view.where.get(sid, "")
    allowed, preferred = node_affinity(view, sid)
    near, far = resource_affinity(view, sid)
    if not preferred:
        return None
    if not try_next and not failback and current in allowed - far:
        return current
    choice = preferred - far or allowed - far
    if near & choice:
        choice &= near
    failed = view.failed.get(sid, frozenset())
    if try_next:
        choice = (choice or allowed - far) - failed or (allowed - far) - failed
    elif current in choice:
        return current
    if not choice:
        return None
    load = {node: sum(place == node for place in view.where.values()) for node in choice}
    return min(choice, key=lambda node: (load[node], node))
