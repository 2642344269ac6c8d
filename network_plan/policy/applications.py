# SPDX-License-Identifier: GPL-3.0-or-later
"""APP-1: the rows of table 4.3 and the VMs that carry them (Perbup 253/2019 §4.5). Room for them is in ``planned``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from network_plan.model.application import Application
from network_plan.model.finding import Finding
from network_plan.model.guest import Guest
from network_plan.model.plan import Plan
from network_plan.policy.say import error, warning

NO_VM = ("policy", "external")
"""Kinds of row that are no software of the regency's: they get no VM."""


def check_app1(plan: Plan, _today: date | None) -> list[Finding]:
    """APP-1: what exists has a VM of its owner's with its priority, what is no application has none."""
    guests = {guest.key: guest for guest in plan.guests}
    findings = []
    for item in plan.applications:
        findings += _carried(item, guests) if item.kind not in NO_VM else _nothing(item)
        if item.middleware and item.vms and not _called(plan, item):
            what = f"{item.key} is middleware, and no VM of another tenant may call it"
            cure = f"declare a flow from such a VM to one of {', '.join(item.vms)}"
            findings.append(error("APP-1", what, cure, *_path(item)))
    return findings


def _path(item: Application) -> tuple[str, str, str]:
    return ("applications", "applications", item.key)


def _nothing(item: Application) -> list[Finding]:
    if not item.vms:
        return []
    what = f"{item.key} is of kind {item.kind} and has VMs: {', '.join(item.vms)}"
    return [error("APP-1", what, "take it out of their 'applications', or correct its kind", *_path(item))]


def _carried(item: Application, guests: Mapping[str, Guest]) -> list[Finding]:
    findings = []
    if item.state == "exists" and not item.vms:
        what = f"{item.key} ({item.title}) exists and no VM carries it"
        findings.append(error("APP-1", what, "name it under 'applications' of its VM", *_path(item)))
    if item.vms and item.owner not in {vm.partition("/")[0] for vm in item.vms}:
        what = f"{item.key} is the duty of {item.owner}, its VMs are others': {', '.join(item.vms)}"
        findings.append(
            error("APP-1", what, "let a VM of its owner carry it, or correct the owner", *_path(item))
        )
    for key in item.vms:
        tenant, _, name = key.partition("/")
        tier = guests[key].tier
        if tier > item.priority:
            what = f"{key} has priority {tier}, {item.key} on it has priority {item.priority}"
            cure = f"set 'priority: {item.priority}' on the VM"
            findings.append(error("APP-1", what, cure, "tenants", tenant, "vms", name))
    if item.hosting == "third_party":
        what = f"{item.key} ({item.title}) is hosted by a third party today"
        cure = "move it to its VM, then remove 'hosting'" if item.vms else "give it a VM and move it there"
        findings.append(warning("APP-1", what, cure, *_path(item), "hosting"))
    return findings


def _called(plan: Plan, item: Application) -> bool:
    """Whether a VM of another tenant than the one called may reach one of its VMs."""
    return any(
        flow.target.vm in item.vms
        and any(source.vm and source.vm.partition("/")[0] != item.owner for source in flow.sources)
        for flow in plan.flows
    )
