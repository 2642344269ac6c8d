# SPDX-License-Identifier: GPL-3.0-or-later
"""The Plan taken apart into things with a key: each value of it is in one section, and in one only.

Compares nothing. A new part of the Plan is one line here; a test counts that none is left out.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from network_plan.model.flow import Endpoint, Flow
from network_plan.model.guest import Guest
from network_plan.model.network import Network, PublicAddress
from network_plan.model.plan import Plan

Items = Iterator[tuple[str, object]]


def _nothing(_: Any) -> str:
    return ""


def _itself(item: Any) -> object:
    return item


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Things of one kind.

    Attributes:
        noun: what one of them is called.
        items: them by key.
        without: fields of them that are other sections' things.
        moves: paths that name where a thing is or by which number it is known; they are never to change by themselves.
        derived: paths that follow from other things, which are named too.
        brief: what is said of one that came or went.
        compiled: whether all of it follows from other things that are named, as rules from flows.
        view: a thing as it is compared, where people write it otherwise; nothing of it is left out.
    """

    noun: str
    items: Callable[[Plan], Items]
    without: frozenset[str] = frozenset()
    moves: re.Pattern[str] | None = None
    derived: re.Pattern[str] | None = None
    brief: Callable[[Any], str] = _nothing
    compiled: bool = False
    view: Callable[[Any], object] = _itself


def _by(field: str, name: str = "key") -> Callable[[Plan], Items]:
    return lambda plan: ((str(getattr(item, name)), item) for item in getattr(plan, field))


def _of_clusters(field: str, *names: str) -> Callable[[Plan], Items]:
    return lambda plan: (
        (f"{'/'.join(str(getattr(item, name)) for name in names)} in {cluster.name}", item)
        for cluster in plan.clusters
        for item in getattr(cluster, field)
    )


def _firewall(field: str, name: str) -> Callable[[Plan], Items]:
    return lambda plan: (
        (f"{getattr(item, name)} in {cluster.name}", item)
        for cluster in plan.clusters
        for item in getattr(cluster.firewall, field)
    )


def _guests(plan: Plan) -> Items:
    return ((f"{guest.key} in {guest.cluster}", guest) for guest in plan.guests)


def _guest_rules(plan: Plan) -> Items:
    for guest in plan.guests:
        for rule in guest.firewall.rules:
            yield f"{rule.key} at {guest.key} in {guest.cluster}", rule


def _guest_firewalls(plan: Plan) -> Items:
    return ((f"{guest.key} in {guest.cluster}", guest.firewall) for guest in plan.guests)


def _firewalls(plan: Plan) -> Items:
    return ((cluster.name, cluster.firewall) for cluster in plan.clusters)


def _at_gateway(field: str) -> Callable[[Plan], Items]:
    return lambda plan: (
        (f"{item.key} at {gateway.host}", item)
        for gateway in plan.gateways
        for item in getattr(gateway, field)
    )


def _names(plan: Plan) -> Items:
    return ((f"{name.fqdn} ({name.view})", name) for name in plan.names)


def _whole(plan: Plan) -> Items:
    yield plan.regency, plan


def _regency(plan: Plan) -> object:
    fields = (field.name for field in dataclasses.fields(plan))
    return {name: getattr(plan, name) for name in fields if name not in LISTED}


def _of_guest(guest: Guest) -> str:
    addresses = ", ".join(str(item.ip) for nic in guest.nics for item in nic.addresses)
    disk = sum(item.size_gib for item in guest.disks)
    cores = "1 core" if guest.cores == 1 else f"{guest.cores} cores"
    kind = "a stopped twin" if guest.twin else f"{disk} GiB"
    return f"VMID {guest.vmid}, {addresses}, on {guest.node}: {cores}, {guest.memory_mib} MiB, {kind}"


def _of_network(network: Network) -> str:
    return f"{network.role}, VLAN {network.vlan}, {', '.join(map(str, network.prefixes))}"


def _of_flow(flow: Flow) -> str:
    until = f", until {flow.until}" if flow.until else ""
    sources = ", ".join(end.text for end in flow.sources)
    return f"{sources} to {flow.target.text}, {', '.join(map(str, flow.services)) or 'everything'}{until}: {flow.why}"


def _flow(flow: Flow) -> object:
    """The words of its ends, and apart from them what they mean."""
    written = {field.name: getattr(flow, field.name) for field in dataclasses.fields(flow)}
    sources, target = written.pop("sources"), written.pop("target")
    ends = {"from": [end.text for end in sources], "to": target.text}
    return {**written, **ends, "resolved": {end.text: _meaning(end) for end in (*sources, target)}}


def _meaning(end: Endpoint) -> object:
    return {"kind": end.kind, "prefixes": end.prefixes, "networks": end.networks, "vm": end.vm}


def _of_public(public: PublicAddress) -> str:
    return f"{public.address}, {public.use}, held by {public.holder}"


_CLUSTER = frozenset({"nodes", "vnets", "roles", "access", "firewall", "storages", "backups", "tokens"})
_FIREWALL = frozenset({"aliases", "ipsets", "groups", "rules"})
_GATEWAY = frozenset({"forward", "input", "dnat", "snat", "blocked"})

LISTED = frozenset(
    (
        *(
            "tenants",
            "networks",
            "clusters",
            "guests",
            "public",
            "gateways",
            "flows",
            "exceptions",
            "names",
            "tiers",
        ),
        *("tunnels", "replication", "applications", "reservations", "sanctions", "risks"),
    )
)
"""Fields of the Plan that have a section of their own; all others are the regency's."""

SECTIONS: tuple[Section, ...] = (
    Section(noun="tenant", items=_by("tenants"), brief=lambda item: str(item.name)),
    Section(
        noun="network",
        items=_by("networks"),
        moves=re.compile(r"prefixes|gateways|vlan|vnet|site"),
        brief=_of_network,
    ),
    Section(
        noun="VM",
        items=_guests,
        without=frozenset({"firewall"}),
        moves=re.compile(r"vmid|node|nics\..*|ha\.(home|replica)"),
        derived=re.compile(r"nameservers"),
        brief=_of_guest,
    ),
    Section(
        noun="public address", items=_by("public", "name"), moves=re.compile(r"address"), brief=_of_public
    ),
    Section(
        noun="flow",
        items=_by("flows"),
        derived=re.compile(r"resolved\..*"),
        brief=_of_flow,
        view=_flow,
    ),
    Section(noun="exception", items=_by("exceptions"), brief=lambda item: f"{item.kind} of {item.tenant}"),
    Section(noun="sanction", items=_by("sanctions"), brief=lambda item: f"{item.measure} {item.target}"),
    Section(
        noun="name",
        items=_names,
        moves=re.compile(r"addresses"),
        brief=lambda n: ", ".join(map(str, n.addresses)),
    ),
    Section(noun="host", items=_of_clusters("nodes", "name"), moves=re.compile(r"addresses")),
    Section(noun="cluster", items=_by("clusters", "name"), without=_CLUSTER),
    Section(
        noun="gateway",
        items=_by("gateways", "host"),
        without=_GATEWAY,
        derived=re.compile(r"interfaces\..*|listen"),
    ),
    Section(noun="recovery tier", items=_by("tiers", "priority")),
    Section(noun="tunnel", items=_by("tunnels"), moves=re.compile(r"ends\..*")),
    Section(noun="application", items=_by("applications"), brief=lambda item: str(item.title)),
    Section(
        noun="reservation",
        items=_by("reservations"),
        moves=re.compile(r"prefix"),
        brief=lambda item: str(item.prefix),
    ),
    Section(noun="risk", items=_by("risks"), brief=lambda item: str(item.title)),
    Section(
        noun="replication",
        compiled=True,
        items=_by("replication", "guest"),
        moves=re.compile(r"vmid|source_node|target_node"),
    ),
    Section(noun="backup job", compiled=True, items=_of_clusters("backups", "id")),
    Section(noun="storage", items=_of_clusters("storages", "name")),
    Section(noun="token", items=_of_clusters("tokens", "user", "token")),
    Section(noun="role", items=_of_clusters("roles", "name")),
    Section(noun="access", compiled=True, items=_of_clusters("access", "pool")),
    Section(noun="vnet", items=_of_clusters("vnets", "vnet"), compiled=True),
    Section(noun="regency", items=_whole, view=_regency, derived=re.compile(r"serial")),
    Section(noun="rule of forwarding", items=_at_gateway("forward"), compiled=True),
    Section(noun="rule of input", items=_at_gateway("input"), compiled=True),
    Section(noun="publication", items=_at_gateway("dnat"), compiled=True),
    Section(noun="way out", items=_at_gateway("snat"), compiled=True),
    Section(noun="block", items=_at_gateway("blocked"), compiled=True),
    Section(noun="firewall", items=_firewalls, without=_FIREWALL),
    Section(noun="alias", items=_firewall("aliases", "name"), compiled=True),
    Section(noun="ipset", items=_firewall("ipsets", "name"), compiled=True),
    Section(noun="security group", items=_firewall("groups", "name"), compiled=True),
    Section(noun="rule of hosts", items=_firewall("rules", "key"), compiled=True),
    Section(noun="firewall of a VM", items=_guest_firewalls, without=frozenset({"rules"}), compiled=True),
    Section(noun="rule of a VM", items=_guest_rules, compiled=True),
)
"""In the order in which people read them."""
