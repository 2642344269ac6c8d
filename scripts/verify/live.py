# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of a live cluster that the Plan speaks of, read through its API (``pvesh get`` would show the same)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pve_provider.client.api import Api, segment

Row = dict[str, Any]

READERS = 4
"""Requests at once: PVE answers with three workers, more would only queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveGuest:
    """One VM: its line in ``/cluster/resources``, its power, its configuration and its firewall."""

    resource: Row
    status: str
    config: Row
    options: Row
    rules: tuple[Row, ...]
    ipsets: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """One cluster as its API answers."""

    pools: dict[str, Row]
    roles: dict[str, Row]
    groups: dict[str, Row]
    acl: tuple[Row, ...]
    zones: dict[str, Row]
    zone_states: dict[tuple[str, str], str]
    """By zone and node. An apply ends well even where a node could not follow; only the node itself says so."""
    vnets: dict[str, Row]
    subnets: dict[str, Row]
    options: Row
    aliases: dict[str, Row]
    ipsets: dict[str, tuple[str, ...]]
    security_groups: dict[str, tuple[Row, ...]]
    storages: dict[str, Row]
    cluster_options: Row
    users: dict[str, Row]
    """With their tokens."""
    backups: dict[str, Row]
    ha_resources: dict[str, Row]
    ha_rules: dict[str, Row]
    ha_states: dict[str, str]
    """What the HA manager says of each guest."""
    replications: dict[str, Row]
    guests: dict[int, LiveGuest]
    unread: dict[int, str]
    """VMs whose node does not answer, with its name: nothing but their place is known."""


def _by(rows: list[Row], key: str) -> dict[str, Row]:
    return {str(row[key]): row for row in rows}


def _configured(rows: list[Row], key: str) -> dict[str, Row]:
    """SDN objects as they are configured; ``state`` tells where that is not what runs."""
    return _by([{**row, **(row.get("pending") or {})} for row in rows], key)


def _cidrs(rows: list[Row]) -> tuple[str, ...]:
    return tuple(sorted(str(row["cidr"]) + (" nomatch" if row.get("nomatch") else "") for row in rows))


def _in_order(rows: list[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: int(row.get("pos", 0))))


def _guest(api: Api, resource: Row) -> LiveGuest:
    """The power is asked of the node: the cluster's list says what pvestatd told up to ten seconds ago."""
    base = f"/nodes/{segment(resource['node'])}/qemu/{resource['vmid']}"
    sets = [str(row["name"]) for row in api.get(f"{base}/firewall/ipset")]
    return LiveGuest(
        resource=resource,
        status=str(api.get(f"{base}/status/current").get("status")),
        config=api.get(f"{base}/config"),
        options=api.get(f"{base}/firewall/options"),
        rules=_in_order(api.get(f"{base}/firewall/rules")),
        ipsets={name: _cidrs(api.get(f"{base}/firewall/ipset/{segment(name)}")) for name in sets},
    )


def read_live(api: Api) -> Live:
    """Read a whole cluster.

    Raises:
        pve_provider.errors.*: the cluster does not answer, or refuses.
    """
    listed = [row for row in api.get("/cluster/resources", type="vm") if row.get("type") == "qemu"]
    nodes = {row["name"]: row["online"] for row in api.get("/cluster/status") if row["type"] == "node"}
    up = [name for name, online in sorted(nodes.items()) if online]
    down = set(nodes) - set(up)
    machines = [row for row in listed if row["node"] not in down]
    vnets = _configured(api.get("/cluster/sdn/vnets", pending=True), "vnet")
    with ThreadPoolExecutor(READERS) as pool:
        guests = list(pool.map(lambda row: _guest(api, row), machines))
        of_node = list(pool.map(lambda node: api.get(f"/nodes/{segment(node)}/sdn/zones"), up))
        of_vnet = pool.map(lambda vnet: api.get(f"/cluster/sdn/vnets/{segment(vnet)}/subnets"), vnets)
        subnets = [row for rows in of_vnet for row in rows]
        set_names = [str(row["name"]) for row in api.get("/cluster/firewall/ipset")]
        sets = list(pool.map(lambda n: _cidrs(api.get(f"/cluster/firewall/ipset/{segment(n)}")), set_names))
        group_names = [str(row["group"]) for row in api.get("/cluster/firewall/groups")]
        groups = list(
            pool.map(lambda n: _in_order(api.get(f"/cluster/firewall/groups/{segment(n)}")), group_names)
        )
    return Live(
        pools=_by(api.get("/pools"), "poolid"),
        roles=_by(api.get("/access/roles"), "roleid"),
        groups=_by(api.get("/access/groups"), "groupid"),
        acl=tuple(api.get("/access/acl")),
        zones=_configured(api.get("/cluster/sdn/zones", pending=True), "zone"),
        zone_states={
            (str(row["zone"]), node): str(row["status"])
            for node, rows in zip(up, of_node, strict=True)
            for row in rows
        },
        vnets=vnets,
        subnets={f"{row['vnet']}/{row['cidr']}": row for row in subnets},
        options=api.get("/cluster/firewall/options"),
        aliases=_by(api.get("/cluster/firewall/aliases"), "name"),
        ipsets=dict(zip(set_names, sets, strict=True)),
        security_groups=dict(zip(group_names, groups, strict=True)),
        storages=_by(api.get("/storage"), "storage"),
        cluster_options=api.get("/cluster/options"),
        users=_by(api.get("/access/users", full=True), "userid"),
        backups=_by(api.get("/cluster/backup"), "id"),
        ha_resources=_by(api.get("/cluster/ha/resources"), "sid"),
        ha_rules=_by(api.get("/cluster/ha/rules"), "rule"),
        ha_states={
            str(row["sid"]): str(row.get("state", ""))
            for row in api.get("/cluster/ha/status/current")
            if row.get("type") == "service"
        },
        replications=_by(api.get("/cluster/replication"), "id"),
        guests={int(guest.resource["vmid"]): guest for guest in guests},
        unread={int(row["vmid"]): str(row["node"]) for row in listed if row["node"] in down},
    )
