# SPDX-License-Identifier: GPL-3.0-or-later
"""What the provider asks before its first write: release, name of the cluster, privileges, refusals of tokens."""

from __future__ import annotations

from pve_provider.errors import ApiError
from scripts.conformance.check import LeftOut, check, expect, kinds, refused
from scripts.conformance.target import PREFIX, Target

OLDEST = 9


@check("version")
def version(t: Target) -> str:
    """GET /version names release 9 or newer."""
    found = str(t.api.get("/version")["version"])
    expect(int(found.split(".", maxsplit=1)[0]) >= OLDEST, f"{OLDEST} or newer", found)
    return found


@check("status.cluster")
def cluster_name(t: Target) -> str:
    """GET /cluster/status has one row of type cluster with its name, and a row of type node per node."""
    rows = t.api.get("/cluster/status")
    names = [row.get("name") for row in rows if row.get("type") == "cluster"]
    expect(len(names) == 1 and isinstance(names[0], str), "one row of type cluster with a name", rows)
    nodes = [row for row in rows if row.get("type") == "node"]
    expect(any(row.get("name") == t.node for row in nodes), f"a row of type node named {t.node}", nodes)
    return f"{names[0]}: " + kinds(next(row for row in nodes if row["name"] == t.node), online=int)


@check("permissions.shape")
def permissions(t: Target) -> str:
    """GET /access/permissions is path → privilege → 0 or 1, an integer that tells whether it propagates."""
    granted = t.api.get("/access/permissions")
    expect(isinstance(granted, dict) and bool(granted), "an object with paths", granted)
    flags = {flag for privileges in granted.values() for flag in privileges.values()}
    expect(flags <= {0, 1} and all(type(flag) is int for flag in flags), "0 and 1", flags)
    return f"{len(granted)} paths"


@check("token.unknown")
def bad_token(t: Target) -> str:
    """A token with a wrong secret is answered 401."""
    name = t.client.token.partition("=")[0]
    error = refused(
        lambda: t.client.with_token(f"{name}=00000000-0000-0000-0000-000000000000").get("/version")
    )
    expect(error.status == 401, "401", f"{error.status} {error.words}")
    return f"401 {error.words}"


@check("token.without_privilege")
def no_privilege(t: Target) -> str:
    """A token without a privilege is answered 403 with 'Permission check failed'."""
    path = f"/access/users/{t.user}/token/{PREFIX}"
    try:
        made = t.api.post(path, privsep=1, comment="made by make conformance, safe to remove")
    except ApiError as refusal:
        if refusal.status != 403:
            raise
        raise LeftOut(f"the token may not make another token ({refusal.words})") from None
    try:
        other = t.client.with_token(f"{made['full-tokenid']}={made['value']}")
        error = refused(lambda: other.post("/pools", poolid=f"{PREFIX}-never"))
    finally:
        t.api.delete(path)
    seen = f"{error.status} {error.words}"
    expect(error.status == 403 and error.says("permission check failed"), "403 Permission check failed", seen)
    return seen


@check("parameter.unknown")
def unknown_parameter(t: Target) -> str:
    """An unknown parameter is answered 400, and the answer names it."""
    error = refused(lambda: t.api.post("/pools", poolid=f"{PREFIX}-never", awan_unknown="1"))
    seen = f"{error.status} {error.words}"
    expect(error.status == 400 and "awan_unknown" in error.fields, "400 with the parameter's name", seen)
    return seen


@check("path.unknown")
def unknown_node(t: Target) -> str:
    """A node that the cluster does not have is a refusal, not a hang."""
    error = refused(lambda: t.api.get(f"/nodes/{PREFIX}-none/qemu"))
    return f"{error.status} {error.words}"
