# SPDX-License-Identifier: GPL-3.0-or-later
"""What a word of ``awan show`` names in the Plan, and everything that belongs to it. Prints nothing."""

from __future__ import annotations

import difflib
from ipaddress import ip_address
from typing import Any

from network_plan.model.flow import Endpoint
from network_plan.model.plan import Plan
from scripts.awan.problem import Problem


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
    if not nodes:
        return {}
    return {"hosts": nodes, "guests": [guest for guest in plan.guests if guest.node == word]}


def _address(plan: Plan, word: str) -> dict[str, list[Any]]:
    try:
        address = ip_address(word)
    except ValueError:
        return {}
    return {
        "networks": [n for n in plan.networks if any(address in prefix for prefix in n.prefixes)],
        "guests": [g for g in plan.guests if any(a.ip == address for nic in g.nics for a in nic.addresses)],
        "hosts": [node for cluster in plan.clusters for node in cluster.nodes if address in node.addresses],
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
    for look in (_address, _guest, _tenant, _host):
        found = {kind: objects for kind, objects in look(plan, word).items() if objects}
        if found:
            return found
    known = [t.key for t in plan.tenants] + [g.key for g in plan.guests]
    known += [node.name for cluster in plan.clusters for node in cluster.nodes]
    near = difflib.get_close_matches(word, known, n=1)
    hint = (
        f"did you mean {near[0]!r}?"
        if near
        else "name a tenant, a host, a VM (tenant/vm, VMID) or an address"
    )
    raise Problem(f"{word!r} is nothing in the Plan; {hint}")
