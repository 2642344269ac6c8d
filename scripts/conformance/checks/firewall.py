# SPDX-License-Identifier: GPL-3.0-or-later
"""Aliases, ipsets and security groups of the cluster, and options. Whether the firewall is on is never touched."""

from __future__ import annotations

from typing import Any

from pve_provider.client import retry
from scripts.conformance.check import check, equal, expect, part, recognised, refused
from scripts.conformance.client import segment
from scripts.conformance.target import MARK, PREFIX, Target

BASE = "/cluster/firewall"
ALIASES, IPSETS, GROUPS = f"{BASE}/aliases", f"{BASE}/ipset", f"{BASE}/groups"
ALIAS, IPSET, GROUP = f"{PREFIX}-alias", f"{PREFIX}-set", f"{PREFIX}-grp"
COMMENT = f"office: 100% {MARK}"
NET = "192.0.2.0/24"


def row(t: Target, path: str, key: str, value: str) -> dict[str, Any]:
    """The row of a list with this key; empty if there is none."""
    rows: list[dict[str, Any]] = t.api.get(path)
    return next((one for one in rows if str(one.get(key)).lower() == value.lower()), {})


def alias(t: Target) -> None:
    if not row(t, ALIASES, "name", ALIAS):
        t.api.post(ALIASES, name=ALIAS, cidr=NET, comment=COMMENT)


def ipset(t: Target) -> str:
    """Our set; its path."""
    if not row(t, IPSETS, "name", IPSET):
        t.api.post(IPSETS, name=IPSET, comment=COMMENT)
    return f"{IPSETS}/{IPSET}"


def group(t: Target) -> str:
    """Our group; its path."""
    if not row(t, GROUPS, "group", GROUP):
        t.api.post(GROUPS, group=GROUP, comment=COMMENT)
    return f"{GROUPS}/{GROUP}"


@check("alias.reads_back")
def alias_reads_back(t: Target) -> str:
    """An alias reads back with its network and its comment, the mark in it."""
    alias(t)
    return equal(part(row(t, ALIASES, "name", ALIAS), "cidr", "comment"), {"cidr": NET, "comment": COMMENT})


@check("alias.put")
def alias_put(t: Target) -> str:
    """PUT with cidr and comment changes an alias under its name."""
    alias(t)
    t.api.put(f"{ALIASES}/{ALIAS}", cidr="192.0.2.128/25", comment="other")
    seen = part(row(t, ALIASES, "name", ALIAS), "cidr", "comment")
    t.api.put(f"{ALIASES}/{ALIAS}", cidr=NET, comment=COMMENT)
    return equal(seen, {"cidr": "192.0.2.128/25", "comment": "other"})


@check("alias.host")
def alias_host(t: Target) -> str:
    """A single address reads back without a prefix length."""
    alias(t)
    t.api.put(f"{ALIASES}/{ALIAS}", cidr="192.0.2.7")
    seen = row(t, ALIASES, "name", ALIAS).get("cidr")
    t.api.put(f"{ALIASES}/{ALIAS}", cidr=NET, comment=COMMENT)
    return equal(seen, "192.0.2.7")


@check("alias.exists")
def alias_exists(t: Target) -> str:
    """Making an alias twice is refused in words that mean: exists."""
    alias(t)
    error = refused(lambda: t.api.post(ALIASES, name=ALIAS, cidr=NET))
    return recognised(error, retry.EXISTS, "exists already")


@check("ipset.reads_back")
def ipset_reads_back(t: Target) -> str:
    """A set reads back with its comment, the mark in it."""
    ipset(t)
    return equal(row(t, IPSETS, "name", IPSET).get("comment"), COMMENT)


@check("ipset.exists")
def ipset_exists(t: Target) -> str:
    """Making a set twice is refused in words that mean: exists."""
    ipset(t)
    return recognised(refused(lambda: t.api.post(IPSETS, name=IPSET)), retry.EXISTS, "exists already")


@check("ipset.rename_to_itself")
def ipset_rename(t: Target) -> str:
    """POST with rename to the set's own name changes its comment and keeps its members."""
    path = ipset(t)
    _member(t, path)
    t.api.post(IPSETS, name=IPSET, rename=IPSET, comment="other")
    seen = [row(t, IPSETS, "name", IPSET).get("comment"), [one["cidr"] for one in t.api.get(path)]]
    t.api.post(IPSETS, name=IPSET, rename=IPSET, comment=COMMENT)
    return equal(seen, ["other", [NET]])


def _member(t: Target, path: str) -> None:
    if not t.api.get(path):
        t.api.post(path, cidr=NET, comment="all", nomatch=1)


@check("ipset.member")
def member(t: Target) -> str:
    """A member reads back with comment and nomatch."""
    path = ipset(t)
    _member(t, path)
    seen = part(t.api.get(path)[0], "cidr", "comment", "nomatch")
    expect(str(seen["nomatch"]) == "1", "nomatch 1", seen)
    return equal({**seen, "nomatch": 1}, {"cidr": NET, "comment": "all", "nomatch": 1})


@check("ipset.member_put")
def member_put(t: Target) -> str:
    """PUT on a member, its slash quoted, changes the comment."""
    path = ipset(t)
    _member(t, path)
    t.api.put(f"{path}/{segment(NET)}", comment="some", nomatch=1)
    return equal(t.api.get(path)[0].get("comment"), "some")


@check("ipset.member_exists")
def member_exists(t: Target) -> str:
    """Adding a member twice is refused in words that mean: exists."""
    path = ipset(t)
    _member(t, path)
    return recognised(refused(lambda: t.api.post(path, cidr=NET)), retry.EXISTS, "exists already")


@check("ipset.not_empty")
def not_empty(t: Target) -> str:
    """A set with members is not deleted."""
    path = ipset(t)
    _member(t, path)
    error = refused(lambda: t.api.delete(path))
    expect(row(t, IPSETS, "name", IPSET) != {}, "the set still there", "gone")
    return f"{error.status} {error.words}"


@check("ipset.delete")
def ipset_delete(t: Target) -> str:
    """An empty set is deleted, member by member before."""
    path = ipset(t)
    _member(t, path)
    t.api.delete(f"{path}/{segment(NET)}")
    t.api.delete(path)
    return equal(row(t, IPSETS, "name", IPSET), {})


@check("security_group.reads_back")
def group_reads_back(t: Target) -> str:
    """A security group reads back with its comment, the mark in it."""
    group(t)
    return equal(row(t, GROUPS, "group", GROUP).get("comment"), COMMENT)


@check("security_group.exists")
def group_exists(t: Target) -> str:
    """Making a security group twice is refused in words that mean: exists."""
    group(t)
    return recognised(refused(lambda: t.api.post(GROUPS, group=GROUP)), retry.EXISTS, "exists already")


@check("security_group.rename_to_itself")
def group_rename(t: Target) -> str:
    """POST with rename to the group's own name changes its comment and keeps its rules."""
    path = group(t)
    t.api.post(path, type="in", action="ACCEPT", enable=1)
    t.api.post(GROUPS, group=GROUP, rename=GROUP, comment="other")
    seen = [row(t, GROUPS, "group", GROUP).get("comment"), len(t.api.get(path))]
    t.api.post(GROUPS, group=GROUP, rename=GROUP, comment=COMMENT)
    t.api.delete(f"{path}/0")
    return equal(seen, ["other", 1])


@check("security_group.not_empty")
def group_not_empty(t: Target) -> str:
    """A group with rules is not deleted."""
    path = group(t)
    t.api.post(path, type="in", action="ACCEPT", enable=1)
    error = refused(lambda: t.api.delete(path))
    t.api.delete(f"{path}/0")
    return f"{error.status} {error.words}"


@check("firewall.options")
def options(t: Target) -> str:
    """The cluster's firewall options are an object; enable, where it is set, is an integer."""
    found = t.api.get(f"{BASE}/options")
    expect(isinstance(found, dict), "an object", found)
    expect(type(found.get("enable", 0)) is int, "an integer", found.get("enable"))
    return repr(part(found, "enable", "policy_in", "policy_out"))
