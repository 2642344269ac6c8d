# SPDX-License-Identifier: GPL-3.0-or-later
"""SEC-2: nobody gets more access than the task needs (Perbup 253/2019 §3.5)."""

from __future__ import annotations

from datetime import date

from network_plan.model.finding import Finding, flow_path
from network_plan.model.flow import Endpoint, Flow
from network_plan.model.plan import Plan
from network_plan.policy.say import error

_EVERYBODY = ("offices", "servers")
"""Words for networks of every tenant, those to come too."""


def check_sec2(plan: Plan, _today: date | None) -> list[Finding]:
    """SEC-2: who comes from elsewhere is let in by the file of the tenant whose VM it is, and by no other.

    The operator, which runs every VM, may let itself in, and each tenant to its own. Whoever else is to come stands
    in the owner's file, with the owner's reason; the gateway is the operator's.
    """
    return [
        error("SEC-2", what, cure, *flow_path(flow.key))
        for flow in plan.flows
        if flow.kind == "flow" and (said := _judge(flow, plan.operator))
        for what, cure in [said]
    ]


def _judge(flow: Flow, operator: str) -> tuple[str, str] | None:
    owners = {operator} if flow.target.kind == "gateway" else _tenants(flow.target)
    foreign = owners - {flow.owner}
    if not foreign:
        return None
    name = flow.key.partition("/")[2]
    cure = f"write the flow into the file of {', '.join(sorted(foreign))}"
    if flow.owner != operator:
        return f"{flow.owner} declares the flow {name} into {flow.target.text}, which is not its own", cure
    at_home = {operator, *owners} if len(owners) == 1 else {operator}
    brought = [s.text for s in flow.sources if s.text in _EVERYBODY or not _tenants(s) <= at_home]
    if not brought:
        return None
    return (
        f"the operator's flow {name} lets {', '.join(brought)} into {flow.target.text}, its owner does not",
        cure,
    )


def _tenants(endpoint: Endpoint) -> set[str]:
    """The tenants whose networks an end lies in."""
    return {network.partition("/")[0] for network in endpoint.networks}
