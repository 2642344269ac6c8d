# SPDX-License-Identifier: GPL-3.0-or-later
"""What a word of ``awan show`` names in the Plan, and everything that belongs to it. Prints and decides nothing."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from network_plan.capacity.line import kept_kbit, share_kbit
from network_plan.model.availability import BackupJob
from network_plan.model.flow import Endpoint
from network_plan.model.guest import Guest
from network_plan.model.network import Network
from network_plan.model.plan import Plan
from scripts.awan.problem import Problem

KINDS = "a tenant, a host, a VM (tenant/vm, VMID), an application, a network, a cluster, a public service or an address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bandwidth:
    """A tenant's part of the uplink, kbit/s (GW-4): shares are equal, ``sources`` are those of the figures."""

    share_kbit: int
    uplink_kbit: int
    replication_kbit: int
    tenants: int
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """How many persons of a technical post a tenant has, and the groups whose rights are theirs (ORG-1)."""

    post: str
    persons: int
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup job, and the cluster that runs it."""

    cluster: str
    job: BackupJob


def words(plan: Plan) -> list[str]:
    """The words of the Plan that name something: tenants, VMs, applications, networks, hosts and so on."""
    known = {tenant.key for tenant in plan.tenants} | {guest.key for guest in plan.guests}
    known |= {network.key for network in plan.networks} | {public.name for public in plan.public}
    known |= {gateway.host for gateway in plan.gateways} | {item.key for item in plan.applications}
    for cluster in plan.clusters:
        known |= {cluster.name, *(node.name for node in cluster.nodes)}
    return sorted(known)


def _bandwidth(plan: Plan) -> Bandwidth:
    return Bandwidth(
        share_kbit=share_kbit(plan),
        uplink_kbit=plan.facilities.uplink.rate_kbit,
        replication_kbit=kept_kbit(plan),
        tenants=len(plan.tenants),
        sources=(plan.facilities.uplink.source, *(tunnel.source for tunnel in plan.tunnels)),
    )


def _posts(plan: Plan, tenant: str) -> list[Posts]:
    groups = {
        group.name
        for cluster in plan.clusters
        for access in cluster.access
        if access.pool == tenant
        for group in access.groups
    }
    return [
        Posts(post=post, persons=persons, groups=tuple(sorted(groups & {f"{tenant}-{post}"})))
        for post, persons in plan.posts.items()
    ]


def _backups(plan: Plan, guests: list[Guest]) -> list[Backup]:
    """The jobs that take the disks of these VMs; a twin's disks are replication's."""
    pools = {(guest.cluster, guest.pool) for guest in guests if guest.disks}
    return [
        Backup(cluster=cluster.name, job=job)
        for cluster in plan.clusters
        for job in cluster.backups
        if (cluster.name, job.pool) in pools
    ]


def _tenant(plan: Plan, word: str) -> dict[str, list[Any]]:
    tenants = [tenant for tenant in plan.tenants if word in (tenant.key, tenant.name)]
    if not tenants:
        return {}
    key = tenants[0].key
    own: list[Network] = [network for network in plan.networks if network.tenant == key]
    return {
        "tenants": tenants,
        "offices": [network for network in own if network.role == "office"],
        "networks": [network for network in own if network.role != "office"],
        "applications": [item for item in plan.applications if item.owner == key],
        "guests": [guest for guest in plan.guests if guest.tenant == key],
        "bandwidth": [_bandwidth(plan)],
        "posts": _posts(plan, key),
        "public": [public for public in plan.public if public.holder == key],
        "exceptions": [item for item in plan.exceptions if item.tenant == key],
        "sanctions": [item for item in plan.sanctions if item.target.partition("/")[0] == key],
        "flows": [flow for flow in plan.flows if flow.owner == key],
    }


def _holds(end: Endpoint, vm: str, networks: set[str]) -> bool:
    """Whether an end of a flow is the VM, or a network that it stands in."""
    return end.vm == vm or (end.kind == "networks" and bool(networks & set(end.networks)))


def _guest(plan: Plan, word: str) -> dict[str, list[Any]]:
    guests = [g for g in plan.guests if word in (g.key, g.name, g.fqdn, str(g.vmid))]
    if not guests:
        return {}
    key = guests[0].key
    networks = {nic.network for guest in guests for nic in guest.nics}
    addresses = {address.ip for guest in guests for nic in guest.nics for address in nic.addresses}
    published = {
        rule.key.partition("/")[2]
        for gateway in plan.gateways
        for rule in gateway.dnat
        if rule.target in addresses
    }
    return {
        "guests": guests,
        "applications": [item for item in plan.applications if key in item.vms],
        "tiers": [tier for tier in plan.tiers if tier.priority == guests[0].tier],
        "replication": [task for task in plan.replication if task.guest == key],
        "backups": _backups(plan, guests),
        "sanctions": [item for item in plan.sanctions if item.target == key],
        "networks": [network for network in plan.networks if network.key in networks],
        "public": [public for public in plan.public if public.use == "publish" and public.name in published],
        "flows": [
            flow
            for flow in plan.flows
            if any(_holds(end, key, networks) for end in (flow.target, *flow.sources))
        ],
    }


def _application(plan: Plan, word: str) -> dict[str, list[Any]]:
    found = [item for item in plan.applications if word in (item.key, item.title)]
    vms = {vm for item in found for vm in item.vms}
    return {
        "applications": found,
        "guests": [guest for guest in plan.guests if guest.key in vms],
        "tiers": [tier for tier in plan.tiers if any(tier.priority == item.priority for item in found)],
        "flows": [flow for flow in plan.flows if flow.target.vm in vms],
    }


def _host(plan: Plan, word: str) -> dict[str, list[Any]]:
    nodes = [node for cluster in plan.clusters for node in cluster.nodes if node.name == word]
    if nodes:
        return {"hosts": nodes, "guests": [guest for guest in plan.guests if guest.node == word]}
    gateways = [gateway for gateway in plan.gateways if gateway.host == word]
    return {
        "gateways": gateways,
        "gateway": [interface for gateway in gateways for interface in gateway.interfaces],
    }


def _cluster(plan: Plan, word: str) -> dict[str, list[Any]]:
    clusters = [cluster for cluster in plan.clusters if cluster.name == word]
    return {
        "clusters": clusters,
        "hosts": [node for cluster in clusters for node in cluster.nodes],
        "guests": [guest for guest in plan.guests if guest.cluster == word],
    }


def _network(plan: Plan, word: str) -> dict[str, list[Any]]:
    networks = [n for n in plan.networks if word in (n.key, n.vnet, *map(str, n.prefixes))]
    keys = {network.key for network in networks}
    return {
        "networks": networks,
        "guests": [g for g in plan.guests if any(nic.network in keys for nic in g.nics)],
        "gateway": [i for gateway in plan.gateways for i in gateway.interfaces if i.network in keys],
        "flows": [
            flow for flow in plan.flows if any(_holds(end, "", keys) for end in (flow.target, *flow.sources))
        ],
    }


def _public(plan: Plan, word: str) -> dict[str, list[Any]]:
    public = [item for item in plan.public if item.name == word]
    addresses = {item.address for item in public}
    return {
        "public": public,
        "names": [n for n in plan.names if n.fqdn == word or addresses & set(n.addresses)],
        "flows": [flow for flow in plan.flows if public and flow.key == f"publish/{word}"],
    }


def _address(plan: Plan, word: str) -> dict[str, list[Any]]:
    try:
        address = ip_address(word)
    except ValueError:
        return {}
    used = {f"{public.use}/{public.name}" for public in plan.public if public.address == address}
    return {
        "hosts": [node for cluster in plan.clusters for node in cluster.nodes if address in node.addresses],
        "networks": [n for n in plan.networks if any(address in prefix for prefix in n.prefixes)],
        "guests": [g for g in plan.guests if any(a.ip == address for nic in g.nics for a in nic.addresses)],
        "public": [public for public in plan.public if public.address == address],
        "reservations": [block for block in plan.reservations if address in block.prefix],
        "gateway": [
            interface
            for gateway in plan.gateways
            for interface in gateway.interfaces
            if any(a.ip == address for a in interface.addresses)
        ],
        "names": [name for name in plan.names if address in name.addresses],
        "flows": [flow for flow in plan.flows if flow.kind != "flow" and flow.key in used],
    }


def find(plan: Plan, word: str) -> dict[str, list[Any]]:
    """Everything that a word names, kind → objects; the first kind that knows it decides."""
    for look in (_address, _guest, _tenant, _host, _cluster, _network, _public, _application):
        found = {kind: objects for kind, objects in look(plan, word).items() if objects}
        if found:
            return found
    known = words(plan)
    near = [full for full in known if full.partition("/")[2] == word.rpartition(":")[2] != ""]
    near += difflib.get_close_matches(word, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"name {KINDS}"
    raise Problem(f"{word!r} is nothing in the Plan; {hint}")
