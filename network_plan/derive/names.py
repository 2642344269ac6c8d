# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS names: inside, every VM, host and network gateway; outside, only what is published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from network_plan.model.gateway import Gateway
from network_plan.model.guest import Guest
from network_plan.model.network import IpAddress, Name, PublicAddress
from network_plan.model.node import Cluster
from network_plan.model.site import Site

Addresses = tuple[IpAddress, ...]


def _own(guests: Sequence[Guest], vm: str) -> Addresses:
    """A VM's own addresses, IPv4 first."""
    guest = next(guest for guest in guests if guest.key == vm)
    return tuple(address.ip for nic in guest.nics for address in nic.addresses)


def _outside(guests: Sequence[Guest], vm: str, item: PublicAddress) -> Addresses:
    """Where the internet reaches a published VM: at its public address, and over IPv6 at its own."""
    return (item.address, *(address for address in _own(guests, vm) if address.version == 6))


def _hosted(
    site: Site, guests: Sequence[Guest], public: Sequence[PublicAddress]
) -> Iterator[tuple[str, Literal["internal", "public"], Addresses]]:
    """The main site and a subdomain per SKPD at the one proxy: its own addresses inside, its public ones outside."""
    hosting = site.services.hosting
    if hosting is None:
        return
    domain = site.regency.domain
    labels = [key for key, tenant in sorted(site.tenants.items()) if tenant.subdomain]
    fqdns = [domain, f"www.{domain}", *(f"{label}.{domain}" for label in labels)]
    vm = site.services.publish[hosting.publication].vm
    inside = _own(guests, vm)
    held = next(item for item in public if (item.use, item.name) == ("publish", hosting.publication))
    outside = _outside(guests, vm, held)
    for fqdn in fqdns:
        yield fqdn, "internal", inside
        yield fqdn, "public", outside


def derive_names(
    site: Site,
    clusters: Sequence[Cluster],
    guests: Sequence[Guest],
    gateways: Sequence[Gateway],
    public: Sequence[PublicAddress],
) -> tuple[Name, ...]:
    """Every name, sorted. A VM and its twin share one name, since they share their addresses."""
    domain = site.regency.domain
    found: dict[tuple[str, str], Name] = {}

    def add(name: Name) -> None:
        found[name.view, name.fqdn] = name

    for guest in guests:
        addresses = tuple(address.ip for nic in guest.nics for address in nic.addresses)
        add(Name(fqdn=guest.fqdn, addresses=addresses, view="internal"))
    for cluster in clusters:
        for node in cluster.nodes:
            add(Name(fqdn=f"{node.name}.node.{domain}", addresses=node.addresses, view="internal"))
    for gateway in gateways:
        own = next(
            addresses
            for interface in gateway.interfaces
            if gateway.management in (addresses := tuple(address.ip for address in interface.addresses))
        )
        add(Name(fqdn=f"{gateway.host}.node.{domain}", addresses=own, view="internal"))
    for item in public:
        if item.use == "publish":
            vm = site.services.publish[item.name].vm
            for view in ("internal", "public"):
                add(Name(fqdn=f"{item.name}.{domain}", addresses=_outside(guests, vm, item), view=view))
    for fqdn, view, addresses in _hosted(site, guests, public):
        add(Name(fqdn=fqdn, addresses=addresses, view=view))
    return tuple(found[key] for key in sorted(found))
