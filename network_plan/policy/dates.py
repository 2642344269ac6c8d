# SPDX-License-Identifier: GPL-3.0-or-later
"""GW-3: what was agreed until a day ends on that day (Perbup 253/2019 §3.2.3)."""

from __future__ import annotations

from datetime import date, timedelta

from network_plan.model.finding import Finding, Severity, flow_path
from network_plan.model.plan import Plan

WARN_AHEAD = timedelta(days=365)
"""How long before its end an exception is called running out (assumption: one budget year)."""


def check_gw3(plan: Plan, today: date | None) -> list[Finding]:
    """GW-3: today's exceptions are brought home: each warns until its day and fails after it.

    A dated flow fails after its day too: the gateway has ended it, but Proxmox VE knows no dates, and
    the rule at the VM stands until the flow is removed.
    """
    if today is None:
        return []
    return [*_exceptions(plan, today), *_flows(plan, today)]


def _exceptions(plan: Plan, today: date) -> list[Finding]:
    findings = []
    for item in plan.exceptions:
        ended = item.until < today
        if ended:
            what = f"the exception {item.key} of {item.tenant} ended on {item.until}"
            cure = "remove what it allowed, or agree on a new day"
        else:
            soon = "soon " if item.until - today <= WARN_AHEAD else ""
            left = (item.until - today).days
            what = (
                f"the exception {item.key} of {item.tenant} {soon}ends on {item.until}, "
                f"in {left} days: {item.reason}"
            )
            cure = "bring it home before that day"
        findings.append(
            Finding(
                severity=Severity.ERROR if ended else Severity.WARNING,
                rule="GW-3",
                what=what,
                cure=cure,
                path=("services", "exceptions", item.key, "until"),
            )
        )
    return findings


def _flows(plan: Plan, today: date) -> list[Finding]:
    return [
        Finding(
            severity=Severity.ERROR,
            rule="GW-3",
            what=f"the flow {flow.key} ended on {flow.until}, its rule at the VM still stands",
            cure="remove the flow, or agree on a new day",
            path=(*flow_path(flow.key), "until"),
        )
        for flow in plan.flows
        if flow.kind == "flow" and flow.until is not None and flow.until < today
    ]
