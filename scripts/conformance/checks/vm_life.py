# SPDX-License-Identifier: GPL-3.0-or-later
"""A VM's larger turns: moved to another node, made a template, cloned, destroyed with everything that names it."""

from __future__ import annotations

from pve_provider.client import retry
from pve_provider.errors import ApiError
from scripts.conformance.check import LeftOut, check, equal, expect, recognised, refused
from scripts.conformance.target import MARK, PREFIX, Target, Vm


@check("migrate.offline")
def migrate(t: Target) -> str:
    """Migrating a stopped VM is a task; then the list shows the other node, and the old one knows it no more."""
    if not t.other_node:
        raise LeftOut("the cluster has one node that is up")
    vm = Vm(t, t.free_vmid(), t.node)
    t.done(vm.create(name=f"{PREFIX}-move", memory=128, scsi0=f"{t.storage}:1"))
    t.done(vm.post("/migrate", target=t.other_node))
    seen = t.guests()[vm.vmid]["node"]
    old = refused(lambda: t.api.get(f"{vm.path}/status/current"))
    vm.node = t.other_node
    t.done(vm.delete(purge=1))
    equal(seen, t.other_node)
    return recognised(old, retry.GONE, "is gone")


def _template(t: Target) -> Vm:
    """A template with one disk, made once."""
    if "template" not in t.made:
        vm = Vm(t, t.free_vmid(), t.node)
        t.done(vm.create(name=f"{PREFIX}-tpl", memory=128, scsi0=f"{t.storage}:1"))
        t.done(vm.post("/template"))
        t.made["template"] = vm
    return t.made["template"]


@check("template.made")
def template(t: Target) -> str:
    """Making a template is a task; then template is 1 in the configuration, and within a minute in the list."""
    vm = _template(t)
    return equal([str(vm.value("template")), t.listed(vm.vmid, template=1).get("template")], ["1", 1])


@check("template.twice")
def template_twice(t: Target) -> str:
    """A template is not made a template again, in words that say so."""
    vm = _template(t)
    try:
        words = t.wait(vm.post("/template"))
    except ApiError as error:
        words = error.words
    expect("convert a template to a template" in words, "'convert a template to a template'", words)
    return words


@check("clone.full")
def clone(t: Target) -> str:
    """A full clone is a task; it has the description that was given, and a MAC and volume of its own."""
    vm = _template(t)
    copy = Vm(t, t.free_vmid(), t.node)
    text = f"a clone\n{MARK}"
    given = {
        "newid": copy.vmid,
        "name": f"{PREFIX}-copy",
        "full": 1,
        "storage": t.storage,
        "description": text,
    }
    t.done(vm.post("/clone", **given))
    seen = [str(copy.value("description")).rstrip("\n"), copy.value("template")]
    other = copy.value("scsi0") != vm.value("scsi0")
    t.done(copy.delete(purge=1))
    expect(other, "a volume of its own", "the template's")
    return equal(seen, [text, None])


@check("delete.purge")
def delete(t: Target) -> str:
    """Destroying is a task; then the VM and its firewall are gone, and so it is said."""
    vm = Vm(t, t.free_vmid(), t.node)
    t.done(vm.create(name=f"{PREFIX}-gone", memory=128, scsi0=f"{t.storage}:1"))
    vm.post("/firewall/rules", type="in", action="DROP", enable=1)
    t.done(vm.delete(purge=1))
    expect(vm.vmid not in t.guests(), "no row in the cluster's list", vm.vmid)
    return recognised(refused(lambda: vm.get("/config")), retry.GONE, "is gone")


@check("delete.forgets_the_firewall")
def forgets(t: Target) -> str:
    """A VM made anew under a number that was destroyed has no rules."""
    vm = Vm(t, t.free_vmid(), t.node)
    for _ in range(2):
        t.done(vm.create(name=f"{PREFIX}-anew", memory=128))
        rules = vm.get("/firewall/rules")
        vm.post("/firewall/rules", type="in", action="DROP", enable=1)
        t.done(vm.delete(purge=1))
    return equal(rules, [])
