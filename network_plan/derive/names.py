# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS names: inside, every VM, host and network gateway; outside, only what is published."""

from __future__ import annotations

from collections.abc import Sequence

from network_plan.model.gateway import Gateway
from network_plan.model.guest import Guest
from network_plan.model.network import Name, PublicAddress
from network_plan.model.node import Cluster


def derive_names(
    domain: str,
    clusters: Sequence[Cluster],
    guests: Sequence[Guest],
    gateways: Sequence[Gateway],
    public: Sequence[PublicAddress],
) -> tuple[Name, ...]:
    """Every name, sorted. A VM and its twin share one name, since they share their addresses."""
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
    return tuple(found[key] for key in sorted(found))
