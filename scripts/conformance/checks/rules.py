# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules as a list with positions and a digest: in a security group and in a VM, and a VM's own options and ipsets."""

from __future__ import annotations

from typing import Any

from scripts.conformance.check import check, equal, expect, part, refused
from scripts.conformance.checks.firewall import group
from scripts.conformance.client import segment
from scripts.conformance.target import Target

COMMENT = "[web/443:in] who asks: the offices, 100%"


def _filled(t: Target) -> str:
    """Our group with three rules, the last posted first; its path."""
    path = group(t)
    for rule in reversed(t.api.get(path)):
        t.api.delete(f"{path}/{rule['pos']}")
    for port in ("3", "2", "1"):
        t.api.post(path, type="in", action="ACCEPT", proto="tcp", dport=port, enable=1)
    return path


def _ports(t: Target, path: str) -> list[str | None]:
    return [rule.get("dport") for rule in t.api.get(path)]


@check("rules.new_is_first")
def first(t: Target) -> str:
    """A rule posted without a position stands first."""
    return equal(_ports(t, _filled(t)), ["1", "2", "3"])


@check("rules.types")
def types(t: Target) -> str:
    """Positions and enable are integers, ports are texts, every row has the list's digest."""
    rows = t.api.get(_filled(t))
    equal([row["pos"] for row in rows], [0, 1, 2])
    expect(
        len({row.get("digest") for row in rows} - {None}) == 1,
        "one digest",
        [row.get("digest") for row in rows],
    )
    return equal(part(rows[0], "enable", "dport", "proto"), {"enable": 1, "dport": "1", "proto": "tcp"})


@check("rules.comment")
def comment(t: Target) -> str:
    """A rule's comment reads back as it was, brackets, colons and percent in it."""
    path = _filled(t)
    t.api.put(f"{path}/0", comment=COMMENT)
    return equal(t.api.get(path)[0].get("comment"), COMMENT)


@check("rules.put_delete")
def put_delete(t: Target) -> str:
    """PUT with delete takes options out of a rule."""
    path = _filled(t)
    t.api.put(f"{path}/0", comment="x", delete="dport")
    return equal(part(t.api.get(path)[0], "comment", "dport"), {"comment": "x", "dport": None})


@check("rules.moveto")
def moveto(t: Target) -> str:
    """moveto=N puts a rule before what stood at N."""
    path = _filled(t)
    t.api.put(f"{path}/0", moveto=2)
    seen = _ports(t, path)
    t.api.put(f"{path}/2", moveto=0)
    return equal([seen, _ports(t, path)], [["2", "1", "3"], ["3", "2", "1"]])


@check("rules.moveto_end")
def moveto_end(t: Target) -> str:
    """moveto=length puts a rule last."""
    path = _filled(t)
    t.api.put(f"{path}/0", moveto=3)
    return equal(_ports(t, path), ["2", "3", "1"])


@check("rules.digest")
def digest(t: Target) -> str:
    """A write with an older digest is refused with 'detected modified configuration', and nothing is written."""
    path = _filled(t)
    old = t.api.get(path)[0]["digest"]
    t.api.post(path, type="in", action="DROP", enable=1)
    calls = (
        lambda: t.api.put(f"{path}/0", digest=old, comment="x"),
        lambda: t.api.put(f"{path}/0", digest=old, moveto=2),
        lambda: t.api.delete(f"{path}/0", digest=old),
    )
    errors = [refused(call) for call in calls]
    wrong = [error.words for error in errors if not error.says("detected modified configuration")]
    expect(not wrong, "'detected modified configuration'", wrong)
    equal(_ports(t, path), [None, "1", "2", "3"])
    return f"{errors[0].status} {errors[0].words}"


@check("rules.icmp_type")
def icmp(t: Target) -> str:
    """icmp-type reads back under its own name."""
    path = _filled(t)
    t.api.post(path, type="in", action="ACCEPT", proto="icmp", enable=0, **{"icmp-type": "echo-request"})
    seen = part(t.api.get(path)[0], "icmp-type", "enable")
    return equal(seen, {"icmp-type": "echo-request", "enable": 0})


def _clean_vm(t: Target) -> str:
    """The firewall of our VM without rules and sets; its path."""
    vm = t.vm()
    for rule in reversed(vm.get("/firewall/rules")):
        vm.delete(f"/firewall/rules/{rule['pos']}")
    for ipset in vm.get("/firewall/ipset"):
        for member in vm.get(f"/firewall/ipset/{ipset['name']}"):
            vm.delete(f"/firewall/ipset/{ipset['name']}/{segment(member['cidr'])}")
        vm.delete(f"/firewall/ipset/{ipset['name']}")
    return f"{vm.path}/firewall"


@check("vm_firewall.options")
def options(t: Target) -> str:
    """A VM's firewall options read back, switches as integers; delete takes one out."""
    path = _clean_vm(t)
    given: dict[str, Any] = {"ipfilter": 1, "macfilter": 1, "dhcp": 0, "ndp": 1, "radv": 0}
    t.vm().put("/firewall/options", policy_in="DROP", policy_out="ACCEPT", **given)
    seen = t.api.get(f"{path}/options")
    want = {**given, "policy_in": "DROP", "policy_out": "ACCEPT"}
    equal(part(seen, *want), want)
    t.vm().put("/firewall/options", delete="policy_in,ipfilter")
    left = t.api.get(f"{path}/options")
    expect("policy_in" not in left, "no policy_in after delete", left)
    return repr(part(seen, *want))


@check("vm_firewall.ipfilter")
def ipfilter(t: Target) -> str:
    """A VM has its own sets; ipfilter-net0 is one, with addresses of both families."""
    path = _clean_vm(t)
    t.vm().post("/firewall/ipset", name="ipfilter-net0", comment="its addresses")
    for address in ("192.0.2.9", "2001:db8::9"):
        t.vm().post("/firewall/ipset/ipfilter-net0", cidr=address)
    names = [one["name"] for one in t.api.get(f"{path}/ipset")]
    members = sorted(one["cidr"] for one in t.api.get(f"{path}/ipset/ipfilter-net0"))
    return equal([names, members], [["ipfilter-net0"], ["192.0.2.9", "2001:db8::9"]])


@check("vm_firewall.rules")
def vm_rules(t: Target) -> str:
    """A VM's rules stand like a group's: new ones first; a rule may name a security group."""
    path = _clean_vm(t)
    name = group(t).rpartition("/")[2]
    t.vm().post("/firewall/rules", type="group", action=name, enable=1)
    t.vm().post("/firewall/rules", type="in", action="DROP", source="192.0.2.0/24,198.51.100.7", enable=1)
    seen = [part(one, "type", "action", "source") for one in t.api.get(f"{path}/rules")]
    _clean_vm(t)
    want = [
        {"type": "in", "action": "DROP", "source": "192.0.2.0/24,198.51.100.7"},
        {"type": "group", "action": name, "source": None},
    ]
    return equal(seen, want)
