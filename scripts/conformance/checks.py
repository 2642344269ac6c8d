# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks: each a sentence about Proxmox VE that the provider would be wrong without.

They write only objects of their own name; none touches the network's configuration, a disk, or anybody's VM.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pve_provider import mark
from pve_provider.client import retry
from pve_provider.errors import ApiError
from scripts.conformance.ground import Differs, Ground

MARK = mark.Mark("urn:pulumi:dc::awan::pve:index:Vm::conformance", "00112233445566ff")


def _need(holds: object, otherwise: str) -> None:
    if not holds:
        raise Differs(otherwise)


def _known(error: ApiError, recognised: Callable[[ApiError], bool]) -> None:
    _need(
        recognised(error),
        f"the refusal has words that the provider does not know: {error.status} {error.words}",
    )


def check_version(ground: Ground) -> None:
    """The API is that of Proxmox VE 9."""
    version = str(ground.api.get("/version").get("version", ""))
    _need(version.startswith("9."), f"version {version}")


def check_name_and_quorum(ground: Ground) -> None:
    """A cluster says its name, whether it has quorum, and which nodes are online."""
    rows = ground.api.get("/cluster/status")
    cluster = [row for row in rows if row["type"] == "cluster"]
    _need(
        len(cluster) == 1 and cluster[0].get("name"),
        "no row of type cluster with a name (a node without a cluster?)",
    )
    _need(cluster[0].get("quorate") in (0, 1), f"quorate is {cluster[0].get('quorate')!r}")
    _need(any(row["type"] == "node" and row.get("online") for row in rows), "no node is online")


def check_permissions(ground: Ground) -> None:
    """A token sees what it may do, path by path."""
    found = ground.api.get("/access/permissions")
    _need(found and all(isinstance(rights, dict) for rights in found.values()), f"{found!r}")


def check_pool(ground: Ground) -> None:
    """A pool keeps its comment with our mark; a second one of the name, and a lost one, are refused in known words."""
    comment = mark.join("made to be removed", MARK, lines=False)
    ground.api.post("/pools", poolid=ground.name, comment=comment)
    ground.remove_later("/pools", poolid=ground.name)
    listed = {pool["poolid"]: pool for pool in ground.api.get("/pools")}
    _need(
        mark.split(listed[ground.name].get("comment"))[1] == MARK,
        f"comment {listed[ground.name].get('comment')!r}",
    )
    _known(ground.refusal(lambda: ground.api.post("/pools", poolid=ground.name)), retry.EXISTS)
    absent = f"{ground.name}x"
    _known(ground.refusal(lambda: ground.api.delete("/pools", retry.ONCE, poolid=absent)), retry.GONE)


def check_group_and_acl(ground: Ground) -> None:
    """A group gets a role on a pool's path, and the list shows exactly that."""
    ground.api.post("/access/groups", groupid=ground.name)
    ground.remove_later(f"/access/groups/{ground.name}")
    _known(ground.refusal(lambda: ground.api.post("/access/groups", groupid=ground.name)), retry.EXISTS)
    path = f"/pool/{ground.name}"
    ground.api.put("/access/acl", path=path, groups=ground.name, roles="PVEAuditor", propagate=1)
    rows = [row for row in ground.api.get("/access/acl") if row["path"] == path]
    _need(
        [(row["type"], row["ugid"], row["roleid"]) for row in rows] == [("group", ground.name, "PVEAuditor")],
        f"{rows}",
    )
    ground.api.put("/access/acl", path=path, groups=ground.name, roles="PVEAuditor", delete=1)
    _need(
        not [row for row in ground.api.get("/access/acl") if row["path"] == path], "the entry is still there"
    )


def check_alias_and_digest(ground: Ground) -> None:
    """Whoever changes an alias by an old digest is refused, so two people never overwrite each other."""
    path = "/cluster/firewall/aliases"
    ground.api.post(path, name=ground.name, cidr="192.0.2.0/24")
    ground.remove_later(f"{path}/{ground.name}")
    digest = next(row for row in ground.api.get(path) if row["name"] == ground.name).get("digest")
    _need(digest, "the list of aliases has no digest")
    ground.api.put(f"{path}/{ground.name}", cidr="198.51.100.0/24", digest=digest)
    stale = ground.refusal(
        lambda: ground.api.put(f"{path}/{ground.name}", cidr="203.0.113.0/24", digest=digest)
    )
    _known(stale, retry.says("detected modified configuration"))


def check_ipset(ground: Ground) -> None:
    """An IP set keeps its members one by one, in both families."""
    path = f"/cluster/firewall/ipset/{ground.name}"
    ground.api.post("/cluster/firewall/ipset", name=ground.name)
    ground.remove_later(path)
    members = ("192.0.2.7", "198.51.100.0/24", "2001:db8:1::/64")
    for cidr in members:
        ground.api.post(path, cidr=cidr)
        ground.remove_later(f"{path}/{cidr.replace('/', '%2F')}")
    _need({row["cidr"] for row in ground.api.get(path)} == set(members), f"{ground.api.get(path)}")
    _known(ground.refusal(lambda: ground.api.post(path, cidr=members[0])), retry.EXISTS)


def check_rules(ground: Ground) -> None:
    """A new rule comes first, keeps its comment, and positions count from 0 without gaps."""
    name = ground.name[-14:]  # PVE: a group's name has at most 18 letters
    path = f"/cluster/firewall/groups/{name}"
    ground.api.post("/cluster/firewall/groups", group=name)
    ground.remove_later(path)
    for key in ("later", "first"):
        ground.api.post(
            path, type="in", action="ACCEPT", proto="tcp", dport="443", enable=1, comment=f"[{key}] why"
        )
    rules: list[dict[str, Any]] = ground.api.get(path)
    for _ in rules:
        ground.remove_later(f"{path}/0")
    told = [(rule["pos"], str(rule.get("comment", "")).strip()) for rule in rules]
    _need(told == [(0, "[first] why"), (1, "[later] why")], f"{told}")
    _need(all(rule.get("digest") for rule in rules), "the list has no digest")


def check_vm(ground: Ground) -> None:
    """A VM is made by a task, keeps our mark as its description's last line, and its number is taken from then on."""
    resources = ground.api.get("/cluster/resources")
    node = next(row["node"] for row in resources if row["type"] == "node" and row.get("status") == "online")
    taken = [int(row["vmid"]) for row in resources if "vmid" in row]
    vmid = max([900_000, *taken]) + 1
    path = f"/nodes/{node}/qemu"
    description = mark.join("made to be removed", MARK, lines=True)
    given = {"vmid": vmid, "name": ground.name, "memory": 64, "description": description, "pool": ground.name}
    answer = ground.api.post(path, **given)
    ground.remove_later(f"{path}/{vmid}", purge=1)
    ground.task(answer, "create")
    config = ground.api.get(f"{path}/{vmid}/config")
    _need(mark.split(config.get("description"))[1] == MARK, f"description {config.get('description')!r}")
    _need(config.get("digest"), "the configuration has no digest")
    members = ground.api.get("/pools", poolid=ground.name)[0].get("members", [])
    _need(vmid in [member.get("vmid") for member in members], "the VM is not in its pool")
    _known(ground.refusal(lambda: ground.api.post(path, **given)), retry.EXISTS)
    _known(ground.refusal(lambda: ground.api.get(f"{path}/{vmid + 1}/config")), retry.GONE)


CHECKS: tuple[Callable[[Ground], None], ...] = (
    check_version,
    check_name_and_quorum,
    check_permissions,
    check_pool,
    check_group_and_acl,
    check_alias_and_digest,
    check_ipset,
    check_rules,
    check_vm,
)
