# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles, groups, pools and the access list: what reads back, how they are changed, in which words PVE refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pve_provider.client import retry
from scripts.conformance.check import check, equal, expect, part, recognised, refused
from scripts.conformance.target import MARK, PREFIX, Target

ROLE, GROUP, POOL = f"{PREFIX}-role", f"{PREFIX}-group", f"{PREFIX}-pool"
PRIVS = "VM.PowerMgmt,VM.Audit"
COMMENT = f"a tenant: ünï\nsecond line\n{MARK}"


def row(t: Target, path: str, **key: str) -> dict[str, Any] | None:
    """The row of a list with this key."""
    ((name, value),) = key.items()
    rows: list[dict[str, Any]] = t.api.get(path)
    return next((one for one in rows if one.get(name) == value), None)


def ensure(t: Target, path: str, name: str, value: str, **options: Any) -> dict[str, Any]:
    """The row, made if it is not there."""
    if row(t, path, **{name: value}) is None:
        t.api.post(path, **{name: value}, **options)
    found = row(t, path, **{name: value})
    expect(found is not None, f"{value} in GET {path}", "no such row")
    return found or {}


def role(t: Target) -> dict[str, Any]:
    return ensure(t, "/access/roles", "roleid", ROLE, privs=PRIVS)


def group(t: Target) -> dict[str, Any]:
    return ensure(t, "/access/groups", "groupid", GROUP, comment=COMMENT)


def pool(t: Target) -> dict[str, Any]:
    return ensure(t, "/pools", "poolid", POOL, comment=COMMENT)


@check("role.reads_back")
def role_reads_back(t: Target) -> str:
    """A role's privileges read back as one text with commas."""
    privs = role(t).get("privs")
    expect(isinstance(privs, str), "a text", privs)
    equal(sorted(str(privs).split(",")), sorted(PRIVS.split(",")))
    return str(privs)


@check("role.put_replaces")
def role_put(t: Target) -> str:
    """PUT sets a role's privileges, it does not add to them."""
    role(t)
    t.api.put(f"/access/roles/{ROLE}", privs="VM.Audit")
    seen = equal((row(t, "/access/roles", roleid=ROLE) or {}).get("privs"), "VM.Audit")
    t.api.put(f"/access/roles/{ROLE}", privs=PRIVS)
    return seen


@check("group.comment")
def group_comment(t: Target) -> str:
    """A group's comment keeps lines, accents, dollar and colons."""
    return equal(group(t).get("comment"), COMMENT)


@check("group.put_comment")
def group_put(t: Target) -> str:
    """PUT changes a group's comment."""
    group(t)
    t.api.put(f"/access/groups/{GROUP}", comment="other")
    seen = equal((row(t, "/access/groups", groupid=GROUP) or {}).get("comment"), "other")
    t.api.put(f"/access/groups/{GROUP}", comment=COMMENT)
    return seen


@check("pool.comment")
def pool_comment(t: Target) -> str:
    """A pool's comment keeps lines, accents, dollar and colons."""
    return equal(pool(t).get("comment"), COMMENT)


@check("pool.put_comment")
def pool_put(t: Target) -> str:
    """PUT /pools with poolid changes a pool's comment."""
    pool(t)
    t.api.put("/pools", poolid=POOL, comment="other")
    seen = equal((row(t, "/pools", poolid=POOL) or {}).get("comment"), "other")
    t.api.put("/pools", poolid=POOL, comment=COMMENT)
    return seen


@check("acl.reads_back")
def acl(t: Target) -> str:
    """PUT /access/acl makes an entry that reads back with propagate as 0 or 1; the same again is harmless."""
    role(t), group(t), pool(t)
    given = {"path": f"/pool/{POOL}", "roles": ROLE, "groups": GROUP}
    for _ in range(2):
        t.api.put("/access/acl", **given, propagate=1)
    found = [one for one in t.api.get("/access/acl") if one.get("ugid") == GROUP]
    want = {"path": f"/pool/{POOL}", "roleid": ROLE, "ugid": GROUP, "type": "group", "propagate": 1}
    return equal([part(one, *want) for one in found], [want])


@check("acl.delete")
def acl_delete(t: Target) -> str:
    """PUT /access/acl with delete=1 takes the entry away; the same again is harmless."""
    role(t), group(t), pool(t)
    given = {"path": f"/pool/{POOL}", "roles": ROLE, "groups": GROUP}
    t.api.put("/access/acl", **given, propagate=1)
    for _ in range(2):
        t.api.put("/access/acl", **given, propagate=1, delete=1)
    return equal([one for one in t.api.get("/access/acl") if one.get("ugid") == GROUP], [])


def _exists(t: Target, make: Callable[[Target], Any], call: Callable[[], Any]) -> str:
    make(t)
    return recognised(refused(call), retry.EXISTS, "exists already")


@check("role.exists")
def role_exists(t: Target) -> str:
    """Making a role twice is refused in words that mean: exists."""
    return _exists(t, role, lambda: t.api.post("/access/roles", roleid=ROLE, privs=PRIVS))


@check("group.exists")
def group_exists(t: Target) -> str:
    """Making a group twice is refused in words that mean: exists."""
    return _exists(t, group, lambda: t.api.post("/access/groups", groupid=GROUP))


@check("pool.exists")
def pool_exists(t: Target) -> str:
    """Making a pool twice is refused in words that mean: exists."""
    return _exists(t, pool, lambda: t.api.post("/pools", poolid=POOL))


def _gone(t: Target, make: Callable[[Target], Any], delete: Callable[[], Any]) -> str:
    make(t)
    delete()
    return recognised(refused(delete), retry.GONE, "is gone")


@check("role.gone")
def role_gone(t: Target) -> str:
    """Deleting a role works, and again is refused in words that mean: gone."""
    return _gone(t, role, lambda: t.api.delete(f"/access/roles/{ROLE}"))


@check("group.gone")
def group_gone(t: Target) -> str:
    """Deleting a group works, and again is refused in words that mean: gone."""
    return _gone(t, group, lambda: t.api.delete(f"/access/groups/{GROUP}"))


@check("pool.gone")
def pool_gone(t: Target) -> str:
    """DELETE /pools with poolid works, and again is refused in words that mean: gone."""
    return _gone(t, pool, lambda: t.api.delete("/pools", poolid=POOL))
