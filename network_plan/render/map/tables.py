# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists below the picture: one row an object, each column with the order in which it is sorted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_interface

from network_plan.model.plan import Plan
from network_plan.render.map.facts import joined, services_words
from network_plan.render.map.top import gib

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """A row; ``id`` is the object that a click selects, empty where it is not in the drawing."""

    id: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One list with its columns."""

    id: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[TableRow, ...]

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Each head with the style of its column: numbers stand at the right."""
        return tuple(
            (head, "number" if self._is_number(place) else "") for place, head in enumerate(self.heads)
        )

    def _is_number(self, column: int) -> bool:
        texts = [row.cells[column] for row in self.rows if row.cells[column]]
        return bool(texts) and all(re.fullmatch(r"\d+(\.\d+)?", text) for text in texts)

    @property
    def orders(self) -> tuple[tuple[int, ...], ...]:
        """For each column the numbers of the rows as it sorts them."""
        rows = range(len(self.rows))
        keys = [[_order(row.cells[place]) for row in self.rows] for place, _ in enumerate(self.heads)]
        return tuple(tuple(sorted(rows, key=column.__getitem__)) for column in keys)


def _order(text: str) -> str:
    """Text whose plain comparison puts 9 before 10 and 10.2.0.0 before 10.10.0.0."""
    first = text.split(", ", maxsplit=1)[0]
    if "." in first or ":" in first:
        try:
            return f"{int(ip_interface(first).ip):039d}"
        except ValueError:
            pass
    return _NUMBER.sub(lambda match: match[0].zfill(12), text.casefold())


def _row(identity: str, *values: object) -> TableRow:
    return TableRow(id=identity, cells=tuple("" if value is None else str(value) for value in values))


def _tenants(plan: Plan) -> Table:
    rows = []
    for tenant in plan.tenants:
        networks = sum(network.tenant == tenant.key for network in plan.networks)
        vms = sum(guest.tenant == tenant.key and not guest.twin for guest in plan.guests)
        part = "operator" if tenant.operator else "tenant"
        rows.append(
            _row(
                f"tenant:{tenant.key}",
                tenant.name,
                tenant.key,
                tenant.kind,
                tenant.type,
                part,
                networks,
                vms,
                tenant.source,
            )
        )
    heads = ("Name", "Key", "Kind", "Type", "Part", "Networks", "VMs", "Source")
    return Table(id="tenants", title="Tenants", heads=heads, rows=tuple(rows))


def _networks(plan: Plan) -> Table:
    rows = [
        _row(
            f"network:{n.key}", n.key, n.title, n.role, n.vlan, n.vnet, joined(n.prefixes), joined(n.gateways), n.site,
            n.transport, joined(n.clusters), n.source,
        )
        for n in plan.networks
    ]  # fmt: skip
    heads = (
        "Network",
        "Title",
        "Role",
        "VLAN",
        "Vnet",
        "Prefix",
        "Gateway",
        "Site",
        "Transport",
        "Clusters",
        "Source",
    )
    return Table(id="networks", title="Networks", heads=heads, rows=tuple(rows))


def _guests(plan: Plan) -> Table:
    rows = [
        _row(
            f"vm:{g.cluster}/{g.vmid}", g.key, g.title, g.vmid, g.cluster, g.node,
            joined(address.ip for nic in g.nics for address in nic.addresses), joined(nic.mac for nic in g.nics),
            g.fqdn, g.cores, gib(g.memory_mib), sum(disk.size_gib for disk in g.disks) or None, g.tier,
            ("twin, " if g.twin else "") + ("running" if g.running else "stopped"), joined(g.serves), g.source,
        )
        for g in plan.guests
    ]  # fmt: skip
    heads = ("VM", "Title", "VMID", "Cluster", "Host", "Address", "MAC", "DNS name", "Cores", "GiB", "Disk GiB",
             "Priority", "State", "Serves", "Source")  # fmt: skip
    return Table(id="vms", title="VMs", heads=heads, rows=tuple(rows))


def _hosts(plan: Plan) -> Table:
    rows = []
    for cluster in plan.clusters:
        for node in cluster.nodes:
            here = [guest for guest in plan.guests_of(cluster.name) if guest.node == node.name]
            rows.append(
                _row(
                    f"host:{cluster.name}/{node.name}", node.name, cluster.name, joined(node.addresses), node.cores,
                    gib(node.memory_mib), gib(node.free_mib), gib(sum(g.memory_mib for g in here if g.running)),
                    gib(sum(g.memory_mib for g in here if not g.running)), node.disk_gib, node.source,
                )
            )  # fmt: skip
    heads = (
        "Host",
        "Cluster",
        "Address",
        "Cores",
        "Memory GiB",
        "For VMs GiB",
        "Running GiB",
        "Stopped GiB",
        "Disk GiB",
        "Source",
    )
    return Table(id="hosts", title="Hosts", heads=heads, rows=tuple(rows))


def _public(plan: Plan) -> Table:
    gateway = plan.gateways[0]
    rows = []
    for public in plan.public:
        inward = [f"{joined(d.services)} to {d.target}" for d in gateway.dnat if d.public == public.address]
        outward = [f"from {joined(s.sources)}" for s in gateway.snat if s.public == public.address]
        rows.append(
            _row(
                f"public:{public.address}", public.address, public.name, public.holder, public.use,
                joined(inward + outward), public.exception, public.until, public.source,
            )
        )  # fmt: skip
    heads = ("Address", "Name", "Holder", "Use", "Translation", "Dated exception", "Until", "Source")
    return Table(id="public", title="Public addresses", heads=heads, rows=tuple(rows))


def _flows(plan: Plan) -> Table:
    rows = [
        _row(
            f"flow:{f.key}", f.key, f.kind, joined(source.text for source in f.sources), f.target.text,
            services_words(f), f.why, f.owner, f.until,
        )
        for f in plan.flows
    ]  # fmt: skip
    heads = ("Rule", "Kind", "From", "To", "Ports", "Why", "Owner", "Until")
    return Table(id="flows", title="Flows", heads=heads, rows=tuple(rows))


def _applications(plan: Plan) -> Table:
    rows = [
        _row(
            f"application:{a.key}", a.title, a.key, a.owner, a.kind, a.state, a.priority, a.hosting.replace("_", " "),
            joined(a.vms), gib(a.memory_mib) if a.memory_mib else None, a.source,
        )
        for a in plan.applications
    ]  # fmt: skip
    heads = ("Application", "Key", "Owner", "Kind", "State", "Priority", "Hosted", "VMs", "GiB", "Source")
    return Table(id="applications", title="Applications", heads=heads, rows=tuple(rows))


def _names(plan: Plan) -> Table:
    holders: dict[str, str] = {}
    for cluster in plan.clusters:
        for node in cluster.nodes:
            holders.update((str(address), f"host:{cluster.name}/{node.name}") for address in node.addresses)
    for guest in sorted(plan.guests, key=lambda guest: guest.running):
        for nic in guest.nics:
            holders.update((str(address.ip), f"vm:{guest.cluster}/{guest.vmid}") for address in nic.addresses)
    holders.update((str(public.address), f"public:{public.address}") for public in plan.public)
    holders.update((str(gateway.management), f"gateway:{gateway.host}") for gateway in plan.gateways)
    rows = [
        _row(
            holders.get(str(name.addresses[0]), "") if name.addresses else "",
            name.fqdn,
            name.view,
            joined(name.addresses),
        )
        for name in plan.names
    ]
    return Table(id="names", title="Names", heads=("DNS name", "View", "Address"), rows=tuple(rows))


def tables(plan: Plan) -> tuple[Table, ...]:
    """All lists, in the order of their tabs."""
    return tuple(
        make(plan) for make in (_tenants, _networks, _guests, _applications, _hosts, _public, _flows, _names)
    )
