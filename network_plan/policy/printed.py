# SPDX-License-Identifier: GPL-3.0-or-later
"""CLD-5: the shared pool is no larger than what the master plan printed (Perbup 253/2019 §4.6.11)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.policy.say import error

_MIB = 2**20
_GIB = 2**30
_BYTES: Mapping[str, int] = {"GB": 10**9, "TB": 10**12, "GiB": _GIB, "TiB": 2**40}
"""The print's Gb and Tb, read as decimal bytes: the smaller reading of the two."""


def check_printed(plan: Plan, _today: date | None) -> list[Finding]:
    """CLD-5: servers, memory and storage of all clusters together stay within the printed figures."""
    nodes = [node for cluster in plan.clusters for node in cluster.nodes]
    needs = plan.facilities.needs
    findings = []
    servers = needs.get("servers")
    if servers is not None and len(nodes) > servers.quantity:
        what = f"the clusters have {len(nodes)} hosts, {servers.quantity} servers are printed"
        findings.append(_over("servers", what))
    for key, size in (
        ("memory", sum(node.memory_mib for node in nodes) * _MIB),
        ("storage", sum(node.disk_gib for node in nodes) * _GIB),
    ):
        need = needs.get(key)
        if need is None:
            continue
        if need.unit not in _BYTES:
            what = f"the need {key} is counted in {need.unit!r}, which no host is"
            cure = f"write one of {', '.join(_BYTES)}"
            findings.append(error("CLD-5", what, cure, "facilities", "needs", key, "unit"))
        elif size > need.quantity * _BYTES[need.unit]:
            have = f"{size / _BYTES[need.unit]:.2f}"
            what = f"the hosts have {have} {need.unit} of {key} together, {need.quantity} {need.unit} are printed"
            findings.append(_over(key, what))
    return findings


def _over(key: str, what: str) -> Finding:
    cure = "declare less, or say with its source that more was bought"
    return error("CLD-5", what, cure, "facilities", "needs", key)
