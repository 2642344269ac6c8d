# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks and public addresses, with the numbers that the ledger gave them."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from network_plan.model.ledger import Kind
from network_plan.model.network import IpNetwork, Network, PublicAddress, Reservation
from network_plan.model.site import Site
from network_plan.model.site.expand import declared_networks, declared_vms
from network_plan.model.site.network import Role

Live = Mapping[tuple[Kind, str], str]


def derive_networks(site: Site, live: Live) -> tuple[Network, ...]:
    """Every network, sorted by key; the gateway's address is the first of each prefix."""
    carried: dict[str, set[str]] = {}
    for vm in declared_vms(site):
        carried.setdefault(vm.network, set()).update(filter(None, (vm.cluster, vm.twin)))
    found = []
    for network in declared_networks(site):
        prefixes: list[IpNetwork] = [IPv4Network(live[Kind.PREFIX, network.key])]
        if site.networks.ipv6 is not None:
            prefixes.append(IPv6Network(live[Kind.PREFIX6, network.key]))
        virtual = network.role in (Role.SERVERS, Role.DMZ)
        clusters = carried.get(network.key, set()) | ({network.cluster} if virtual else set())
        found.append(
            Network(
                key=network.key,
                tenant=network.tenant,
                name=network.name,
                title=network.title,
                role=network.role.value,
                vlan=int(live[Kind.VLAN, network.key]),
                vnet=live[Kind.VNET, network.key],
                prefixes=tuple(prefixes),
                gateways=tuple(prefix[1] for prefix in prefixes),
                clusters=tuple(sorted(clusters)),
                site=network.cluster,
                transport=network.transport,
                rate_kbit=network.rate_kbit,
                switch=f"sw-{network.tenant}-{network.name.removeprefix('office-')}"
                if network.role is Role.OFFICE
                else None,
                source=network.source,
            )
        )
    return tuple(found)


def derive_reservations(site: Site, live: Live) -> tuple[Reservation, ...]:
    """The blocks kept for what is only counted so far, sorted by key."""
    return tuple(
        Reservation(
            key=key,
            title=item.title,
            role=item.role.value,
            prefix=IPv4Network(live[Kind.PREFIX, f"reserved/{key}"]),
            count=item.count,
            length=item.length,
            transport=item.transport.value,
            source=item.source,
        )
        for key, item in sorted(site.networks.reservations.items())
    )


def derive_public(site: Site, live: Live) -> tuple[PublicAddress, ...]:
    """The public addresses in use, sorted by address."""
    operator = site.regency.operator
    found = []
    for name, item in site.services.publish.items():
        exception = site.services.exceptions[item.exception] if item.exception else None
        found.append(
            PublicAddress(
                address=IPv4Address(live[Kind.PUBLIC, f"publish/{name}"]),
                name=name,
                holder=item.holder or operator,
                use="publish",
                exception=item.exception,
                until=exception.until if exception else None,
                source=item.source,
            )
        )
    for name, egress in site.services.egress.items():
        found.append(
            PublicAddress(
                address=IPv4Address(live[Kind.PUBLIC, f"egress/{name}"]),
                name=name,
                holder=operator,
                use="egress",
                exception=None,
                until=None,
                source=egress.source,
            )
        )
    return tuple(sorted(found, key=lambda public: (int(public.address), public.name)))
