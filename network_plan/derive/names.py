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


def _hosted(
    site: Site, guests: Sequence[Guest], public: Sequence[PublicAddress]
) -> Iterator[tuple[str, Literal["internal", "public"], IpAddress]]:
    """The main site and a subdomain per SKPD at the one proxy: its own address inside, its public one outside."""
    hosting = site.services.hosting
    if hosting is None:
        return
    domain = site.regency.domain
    labels = [key for key, tenant in sorted(site.tenants.items()) if tenant.subdomain]
    fqdns = [domain, f"www.{domain}", *(f"{label}.{domain}" for label in labels)]
    vm = site.services.publish[hosting.publication].vm
    inside = next(guest for guest in guests if guest.key == vm).nics[0].addresses[0].ip
    outside = next(
        item.address for item in public if (item.use, item.name) == ("publish", hosting.publication)
    )
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
        add(Name(fqdn=f"{gateway.host}.node.{domain}", addresses=(gateway.management,), view="internal"))
    for item in public:
        if item.use == "publish":
            for view in ("internal", "public"):
                add(Name(fqdn=f"{item.name}.{domain}", addresses=(item.address,), view=view))
    for fqdn, view, address in _hosted(site, guests, public):
        add(Name(fqdn=fqdn, addresses=(address,), view=view))
    return tuple(found[key] for key in sorted(found))
