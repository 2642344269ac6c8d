# SPDX-License-Identifier: GPL-3.0-or-later
"""SEC-2: nobody gets more access than the task needs (Perbup 253/2019 §3.5)."""

from __future__ import annotations

from datetime import date

from network_plan.model.finding import Finding, Severity, flow_path
from network_plan.model.plan import Plan


def check_sec2(plan: Plan, _today: date | None) -> list[Finding]:
    """SEC-2: only a VM's own tenant, or the operator, may let others in to it; the gateway is the operator's."""
    findings = []
    for flow in plan.flows:
        if flow.kind != "flow" or flow.owner == plan.operator:
            continue
        owners = {network.partition("/")[0] for network in flow.target.networks}
        if flow.target.kind == "gateway":
            owners = {plan.operator}
        if owners - {flow.owner}:
            name = flow.key.partition("/")[2]
            findings.append(
                Finding(
                    severity=Severity.ERROR,
                    rule="SEC-2",
                    what=f"{flow.owner} declares the flow {name} into {flow.target.text}, which is not its own",
                    cure=f"write the flow into the file of {', '.join(sorted(owners))}",
                    path=flow_path(flow.key),
                )
            )
    return findings
