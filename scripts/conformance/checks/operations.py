# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, tokens, storages, the cluster's options and backup jobs: what reads back, and in which words PVE refuses.

The storage is disabled and the job too, so that no node makes a folder and nothing is backed up.
"""

from __future__ import annotations

from typing import Any

from pve_provider.client import retry
from pve_provider.errors import ApiError
from scripts.conformance.check import LeftOut, check, equal, expect, kinds, part, recognised, refused
from scripts.conformance.checks.access import COMMENT, POOL, ensure, pool, row
from scripts.conformance.target import MARK, PREFIX, Target

USER = f"{PREFIX}@pve"
STORAGE, JOB = PREFIX, f"{PREFIX}-job"
LINE = f"why: ünï {MARK}"
BWLIMIT = "move=987654"
"""A limit that nobody would set, so that a later run knows it for ours."""
ABSENT = f"{PREFIX}-absent"


def user(t: Target) -> dict[str, Any]:
    found = row(t, "/access/users", userid=USER)
    if found is None:
        t.api.post("/access/users", userid=USER, comment=COMMENT, enable=1)
    users = t.api.get("/access/users", full=1)
    return next((one for one in users if one.get("userid") == USER), {})


def token(t: Target) -> dict[str, Any]:
    """The answer that made it; a token that is there is made anew."""
    if user(t).get("tokens"):
        t.api.delete(f"/access/users/{USER}/token/{PREFIX}")
    made: dict[str, Any] = t.api.post(
        f"/access/users/{USER}/token/{PREFIX}", privsep=1, expire=0, comment=COMMENT
    )
    return made


def storage(t: Target) -> dict[str, Any]:
    if row(t, "/storage", storage=STORAGE) is None:
        given = {"type": "dir", "path": f"/srv/{PREFIX}", "content": "iso,backup", "disable": 1}
        t.api.post("/storage", storage=STORAGE, nodes=t.node, **given)
    return row(t, "/storage", storage=STORAGE) or {}


def job(t: Target) -> dict[str, Any]:
    pool(t)
    keep = {"prune-backups": "keep-weekly=4,keep-daily=7"}
    given = {"pool": POOL, "storage": t.storage, "schedule": "01:30", "enabled": 0, "comment": LINE}
    return ensure(t, "/cluster/backup", "id", JOB, **given, **keep)


@check("user.reads_back")
def user_reads_back(t: Target) -> str:
    """GET /access/users with full=1 shows comment (with its lines) and enable."""
    found = user(t)
    kinds(found, enable=int)
    return equal(found.get("comment"), COMMENT)


@check("user.exists")
def user_exists(t: Target) -> str:
    """A taken name of a user is refused in words that the provider knows."""
    user(t)
    return recognised(
        refused(lambda: t.api.post("/access/users", userid=USER)), retry.EXISTS, "exists already"
    )


@check("user.gone")
def user_gone(t: Target) -> str:
    """Deleting a user that is not there is harmless, or refused in words that the provider knows."""
    try:
        t.api.delete(f"/access/users/{ABSENT}@pve")
    except ApiError as refusal:
        return recognised(refusal, retry.GONE, "not there")
    return "done"


@check("token.value_once")
def token_value(t: Target) -> str:
    """The answer that makes a token has its value and whole name; the list of users shows the token without it."""
    made = token(t)
    kinds(made, value=str)
    equal(made.get("full-tokenid"), f"{USER}!{PREFIX}")
    (listed,) = user(t)["tokens"]
    expect("value" not in listed, "no value in the list", listed)
    equal(listed.get("comment"), COMMENT)
    return str(part(listed, "tokenid", "privsep", "expire"))


@check("token.opens")
def token_opens(t: Target) -> str:
    """A new token is accepted at once, and no more once it is deleted."""
    other = t.client.with_token(f"{USER}!{PREFIX}={token(t)['value']}")
    other.get("/version")
    t.api.delete(f"/access/users/{USER}/token/{PREFIX}")
    error = refused(lambda: other.get("/version"))
    expect(error.status == 401, "401", f"{error.status} {error.words}")
    return f"{error.status} {error.words}"


@check("token.exists")
def token_exists(t: Target) -> str:
    """A taken name of a token is refused in words that the provider knows."""
    token(t)
    error = refused(lambda: t.api.post(f"/access/users/{USER}/token/{PREFIX}"))
    return recognised(error, retry.EXISTS, "exists already")


@check("token.gone")
def token_gone(t: Target) -> str:
    """Deleting a token that is not there is refused in words that the provider knows."""
    user(t)
    error = refused(lambda: t.api.delete(f"/access/users/{USER}/token/{ABSENT}"))
    return recognised(error, retry.GONE, "not there")


@check("storage.reads_back")
def storage_reads_back(t: Target) -> str:
    """GET /storage shows type, path, and content and nodes as texts with commas."""
    found = storage(t)
    equal(sorted(str(found.get("content")).split(",")), ["backup", "iso"])
    return equal(
        part(found, "type", "path", "nodes"), {"type": "dir", "path": f"/srv/{PREFIX}", "nodes": t.node}
    )


@check("storage.put_and_clear")
def storage_put(t: Target) -> str:
    """PUT changes a storage; `delete` sets an option back."""
    storage(t)
    t.api.put(f"/storage/{STORAGE}", **{"content": "backup", "prune-backups": "keep-last=3"})
    equal(
        part(row(t, "/storage", storage=STORAGE) or {}, "content", "prune-backups"),
        {"content": "backup", "prune-backups": "keep-last=3"},
    )
    t.api.put(f"/storage/{STORAGE}", delete="prune-backups")
    seen = row(t, "/storage", storage=STORAGE) or {}
    expect("prune-backups" not in seen, "no prune-backups", seen)
    return "changed, cleared"


@check("storage.exists")
def storage_exists(t: Target) -> str:
    """A taken name of a storage is refused in words that the provider knows."""
    storage(t)
    error = refused(lambda: t.api.post("/storage", storage=STORAGE, type="dir", path="/srv/other"))
    return recognised(error, retry.EXISTS, "exists already")


@check("storage.gone")
def storage_gone(t: Target) -> str:
    """Deleting a storage that is not there is refused in words that the provider knows."""
    return recognised(refused(lambda: t.api.delete(f"/storage/{ABSENT}")), retry.GONE, "not there")


def clear_limits(t: Target) -> bool:
    """Take our own limit back, which only a killed run leaves; whether there was one."""
    limits = t.api.get("/cluster/options").get("bwlimit")
    text = (
        ",".join(f"{name}={value}" for name, value in limits.items()) if isinstance(limits, dict) else limits
    )
    if text != BWLIMIT:
        return False
    t.api.put("/cluster/options", delete="bwlimit")
    return True


@check("options.put_and_clear")
def options(t: Target) -> str:
    """PUT /cluster/options sets an option, which GET shows taken apart or as text; `delete` sets it back."""
    before = t.api.get("/cluster/options")
    if before.get("bwlimit"):
        raise LeftOut("the cluster has limits of its own (bwlimit)")
    t.api.put("/cluster/options", bwlimit=BWLIMIT)
    seen = t.api.get("/cluster/options").get("bwlimit")
    t.api.put("/cluster/options", delete="bwlimit")
    text = ",".join(f"{name}={value}" for name, value in seen.items()) if isinstance(seen, dict) else seen
    equal(text, BWLIMIT)
    equal(t.api.get("/cluster/options"), before)
    return repr(seen)


@check("backup.reads_back")
def backup_reads_back(t: Target) -> str:
    """GET /cluster/backup shows pool, storage, schedule and comment; what is kept as an object or a text."""
    found = job(t)
    equal(
        part(found, "pool", "storage", "schedule", "comment"),
        {"pool": POOL, "storage": t.storage, "schedule": "01:30", "comment": LINE},
    )
    keeps = found.get("prune-backups")
    parts = keeps if isinstance(keeps, dict) else dict(one.split("=") for one in str(keeps).split(","))
    equal({name: int(value) for name, value in parts.items()}, {"keep-daily": 7, "keep-weekly": 4})
    return repr(keeps)


@check("backup.put_and_clear")
def backup_put(t: Target) -> str:
    """PUT changes a job; `delete` takes an option out, so that a job changes from a pool to guests."""
    job(t)
    t.api.put(f"/cluster/backup/{JOB}", vmid="9099", delete="pool")
    seen = row(t, "/cluster/backup", id=JOB) or {}
    equal(part(seen, "pool", "vmid"), {"pool": None, "vmid": "9099"})
    t.api.put(f"/cluster/backup/{JOB}", pool=POOL, delete="vmid")
    return "pool, guests, pool"


@check("backup.exists")
def backup_exists(t: Target) -> str:
    """A taken name of a job is refused in words that the provider knows."""
    job(t)
    given = {"id": JOB, "vmid": "9099", "storage": t.storage, "schedule": "01:30", "enabled": 0}
    return recognised(refused(lambda: t.api.post("/cluster/backup", **given)), retry.EXISTS, "exists already")


@check("backup.gone")
def backup_gone(t: Target) -> str:
    """Deleting a job that is not there is refused in words that the provider knows."""
    error = refused(lambda: t.api.delete(f"/cluster/backup/{ABSENT}"))
    return recognised(error, retry.FORGET.done, "not there")
