# SPDX-License-Identifier: GPL-3.0-or-later
"""What a word of ``awan show`` names in the Plan, and everything that belongs to it. Prints nothing."""

from __future__ import annotations

import difflib
from ipaddress import ip_address
from typing import Any

from network_plan.model.flow import Endpoint
from network_plan.model.plan import Plan
from scripts.awan.problem import Problem

KINDS = "a tenant, a host, a VM (tenant/vm, VMID), a network, a cluster, a public service or an address"


def words(plan: Plan) -> list[str]:
    """The words of the Plan that name something: tenants, VMs, networks, hosts, clusters, public services."""
    known = {tenant.key for tenant in plan.tenants} | {guest.key for guest in plan.guests}
    known |= {network.key for network in plan.networks} | {public.name for public in plan.public}
    known |= {gateway.host for gateway in plan.gateways}
    for cluster in plan.clusters:
        known |= {cluster.name, *(node.name for node in cluster.nodes)}
    return sorted(known)


def _tenant(plan: Plan, word: str) -> dict[str, list[Any]]:
    tenants = [tenant for tenant in plan.tenants if word in (tenant.key, tenant.name)]
    if not tenants:
        return {}
    key = tenants[0].key
    return {
        "tenants": tenants,
        "networks": [network for network in plan.networks if network.tenant == key],
        "guests": [guest for guest in plan.guests if guest.tenant == key],
        "public": [public for public in plan.public if public.holder == key],
        "exceptions": [item for item in plan.exceptions if item.tenant == key],
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
        "networks": [network for network in plan.networks if network.key in networks],
        "public": [public for public in plan.public if public.use == "publish" and public.name in published],
        "flows": [
            flow
            for flow in plan.flows
            if any(_holds(end, key, networks) for end in (flow.target, *flow.sources))
        ],
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
    return {
        "hosts": [node for cluster in plan.clusters for node in cluster.nodes if address in node.addresses],
        "networks": [n for n in plan.networks if any(address in prefix for prefix in n.prefixes)],
        "guests": [g for g in plan.guests if any(a.ip == address for nic in g.nics for a in nic.addresses)],
        "public": [public for public in plan.public if public.address == address],
        "gateway": [
            interface
            for gateway in plan.gateways
            for interface in gateway.interfaces
            if any(a.ip == address for a in interface.addresses)
        ],
        "names": [name for name in plan.names if address in name.addresses],
    }


def find(plan: Plan, word: str) -> dict[str, list[Any]]:
    """Everything that a word names, kind → objects; the first kind that knows it decides."""
    for look in (_address, _guest, _tenant, _host, _cluster, _network, _public):
        found = {kind: objects for kind, objects in look(plan, word).items() if objects}
        if found:
            return found
    known = words(plan)
    near = [full for full in known if full.partition("/")[2] == word.rpartition(":")[2] != ""]
    near += difflib.get_close_matches(word, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"name {KINDS}"
    raise Problem(f"{word!r} is nothing in the Plan; {hint}")
