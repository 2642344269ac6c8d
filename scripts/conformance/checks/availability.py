# SPDX-License-Identifier: GPL-3.0-or-later
"""HA and replication of a VM of ours. HA's own power is tried last and puts the VM truly under the manager."""

from __future__ import annotations

import time
from typing import Any

from pve_provider.client import retry, task
from scripts.conformance.check import Differs, LeftOut, check, equal, expect, part, recognised, refused
from scripts.conformance.checks.access import row
from scripts.conformance.target import MARK, PREFIX, Target

RULE = f"{PREFIX}-rule"
LINE = f"why {MARK}"
RESOURCES, RULES, JOBS = "/cluster/ha/resources", "/cluster/ha/rules", "/cluster/replication"
HA_SECONDS = 180.0
REMOVE_SECONDS = 180.0
NEVER = "*-01-01 00:00"


def sid(t: Target) -> str:
    return f"vm:{t.vm().vmid}"


def managed(t: Target) -> dict[str, Any]:
    """Our VM, known to HA and left alone by it."""
    if row(t, RESOURCES, sid=sid(t)) is None:
        t.api.post(RESOURCES, sid=sid(t), state="ignored", max_restart=2, comment=LINE)
    return row(t, RESOURCES, sid=sid(t)) or {}


def ruled(t: Target) -> dict[str, Any]:
    managed(t)
    if row(t, RULES, rule=RULE) is None:
        nodes = f"{_other(t)}:1,{t.node}:2"
        given = {"type": "node-affinity", "resources": sid(t), "nodes": nodes, "strict": 1, "comment": LINE}
        t.api.post(RULES, rule=RULE, **given)
    return row(t, RULES, rule=RULE) or {}


def replicated(t: Target) -> dict[str, Any]:
    ident = f"{t.vm().vmid}-0"
    if row(t, JOBS, id=ident) is None:
        given = {"type": "local", "target": _other(t), "schedule": NEVER, "rate": 10, "comment": LINE}
        t.api.post(JOBS, id=ident, **given)
    return row(t, JOBS, id=ident) or {}


def _other(t: Target) -> str:
    if not t.other_node:
        raise LeftOut("the cluster has one node that is up")
    return t.other_node


@check("ha.resource")
def resource(t: Target) -> str:
    """GET /cluster/ha/resources shows state, restarts and comment."""
    want = {"sid": sid(t), "state": "ignored", "comment": LINE}
    found = managed(t)
    equal(int(found.get("max_restart", 0)), 2)
    return equal(part(found, *want), want)


@check("ha.resource_put_and_clear")
def resource_put(t: Target) -> str:
    """PUT changes a resource; `delete` sets an option back."""
    managed(t)
    t.api.put(f"{RESOURCES}/{sid(t)}", state="ignored", max_relocate=3, delete="max_restart")
    seen = row(t, RESOURCES, sid=sid(t)) or {}
    expect(int(seen.get("max_restart", 1)) == 1, "max_restart as by default", seen)
    t.api.put(f"{RESOURCES}/{sid(t)}", max_restart=2)
    return equal(int(seen.get("max_relocate", 0)), 3)


@check("ha.resource_exists")
def resource_exists(t: Target) -> str:
    """A VM that is under HA is refused in words that the provider knows."""
    managed(t)
    error = refused(lambda: t.api.post(RESOURCES, sid=sid(t), state="ignored"))
    return recognised(error, retry.EXISTS, "exists already")


@check("ha.rule")
def rule(t: Target) -> str:
    """A rule's nodes read back with their priority, in order of name, its resources as a text."""
    nodes = ",".join(sorted((f"{_other(t)}:1", f"{t.node}:2")))
    want = {"type": "node-affinity", "nodes": nodes, "resources": sid(t), "comment": LINE}
    found = ruled(t)
    expect(str(found.get("strict")) == "1", "strict", found)
    return equal(part(found, *want), want)


@check("ha.rule_put")
def rule_put(t: Target) -> str:
    """PUT with the kind of rule changes it."""
    ruled(t)
    t.api.put(f"{RULES}/{RULE}", type="node-affinity", nodes=t.node, strict=0)
    seen = row(t, RULES, rule=RULE) or {}
    t.api.put(f"{RULES}/{RULE}", type="node-affinity", nodes=f"{_other(t)}:1,{t.node}:2", strict=1)
    return equal(seen.get("nodes"), t.node)


@check("ha.rule_exists")
def rule_exists(t: Target) -> str:
    """A taken name of a rule is refused in words that the provider knows."""
    ruled(t)
    given = {"rule": RULE, "type": "node-affinity", "resources": sid(t), "nodes": t.node}
    return recognised(refused(lambda: t.api.post(RULES, **given)), retry.EXISTS, "exists already")


@check("ha.rule_needs_its_resources")
def rule_needs(t: Target) -> str:
    """A rule over a VM that HA does not know is refused: resources come first."""
    given = {"type": "node-affinity", "resources": f"vm:{t.last_vmid}", "nodes": t.node}
    error = refused(lambda: t.api.post(RULES, rule=f"{RULE}-none", **given))
    return f"{error.status} {error.words}"


@check("ha.gone")
def gone(t: Target) -> str:
    """Deleting what HA does not know: a rule is done, a resource is refused in words that the provider knows."""
    t.api.delete(f"{RULES}/{RULE}-none")
    error = refused(lambda: t.api.delete(f"{RESOURCES}/vm:{t.last_vmid}"))
    return recognised(error, retry.UNMANAGE.done, "not under HA")


@check("replication.reads_back")
def replication(t: Target) -> str:
    """GET /cluster/replication shows target, schedule and comment."""
    want = {"target": _other(t), "schedule": NEVER, "comment": LINE}
    found = replicated(t)
    equal(float(found.get("rate", 0)), 10.0)
    return equal(part(found, *want), want)


@check("replication.put_and_clear")
def replication_put(t: Target) -> str:
    """PUT changes a job; `delete` sets an option back."""
    replicated(t)
    ident = f"{t.vm().vmid}-0"
    t.api.put(f"{JOBS}/{ident}", disable=1, delete="rate")
    seen = row(t, JOBS, id=ident) or {}
    expect("rate" not in seen, "no rate", seen)
    t.api.put(f"{JOBS}/{ident}", disable=0, rate=10)
    return equal(str(seen.get("disable")), "1")


@check("replication.exists")
def replication_exists(t: Target) -> str:
    """A taken name of a job is refused in words that the provider knows."""
    replicated(t)
    given = {"id": f"{t.vm().vmid}-0", "type": "local", "target": _other(t)}
    return recognised(refused(lambda: t.api.post(JOBS, **given)), retry.EXISTS, "exists already")


@check("replication.goes_later")
def replication_goes(t: Target) -> str:
    """DELETE marks a job; the scheduler removes it within minutes, and from then on its name is not known."""
    replicated(t)
    ident = f"{t.vm().vmid}-0"
    t.api.delete(f"{JOBS}/{ident}")
    seen, deadline = row(t, JOBS, id=ident), time.monotonic() + REMOVE_SECONDS
    marked = None if seen is None else seen.get("remove_job")
    expect(marked in (None, "full"), "remove_job=full, or gone already", seen)
    while row(t, JOBS, id=ident) is not None:
        if time.monotonic() > deadline:
            raise Differs(f"a job that is gone within {REMOVE_SECONDS:.0f} s", "it is still there")
        time.sleep(0.2)
    return recognised(refused(lambda: t.api.delete(f"{JOBS}/{ident}")), retry.GONE, "not there")


@check("ha.power")
def power(t: Target) -> str:
    """Under HA a start and a shutdown are tasks whose kind begins with ha; the VM follows later."""
    vm = t.vm()
    vm.halt()
    managed(t)
    t.api.put(f"{RESOURCES}/{sid(t)}", state="stopped")
    try:
        kinds = []
        for call, status in (("start", "running"), ("shutdown", "stopped")):
            answer = vm.post(
                f"/status/{call}", **({"timeout": 1, "forceStop": 1} if call == "shutdown" else {})
            )
            kinds.append(task.kind(answer))
            t.done(answer)
            deadline = time.monotonic() + HA_SECONDS
            while vm.status() != status:
                if time.monotonic() > deadline:
                    raise Differs(
                        f"a VM that is {status} within {HA_SECONDS:.0f} s of {kinds[-1]}", vm.status()
                    )
                time.sleep(0.2)
    finally:
        t.api.delete(f"{RESOURCES}/{sid(t)}")
    return equal(kinds, ["hastart", "hastop"])
