# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses for the devices of the offices: Kea (DHCPv4) and radvd (IPv6 by router advertisement) at the gateway.

Servers are not served: a VM's address is fixed by the ledger. An option is offered only where the gateway's rules
let the office use what it names. Kea listens on raw sockets, so its packets need no rule.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from network_plan.model.gateway import Gateway
from network_plan.model.network import IpAddress, IpNetwork, Network
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.model.site.network import FIRST_HOST
from network_plan.render.template import print_template

LEASE_SECONDS = 8 * 3600
"""How long an address is lent (assumption: a working day, so that a visitor's is free by the next morning)."""
_DNS = Service(proto="udp", first=53, last=53)
_NTP = Service(proto="udp", first=123, last=123)


def _offices(plan: Plan, gateway: Gateway) -> Iterator[tuple[str, Network]]:
    """The gateway's interfaces towards offices, in the order of their VLANs."""
    networks = {network.key: network for network in plan.networks}
    for interface in gateway.interfaces:
        network = networks.get(interface.network or "")
        if network is not None and network.role == "office":
            yield interface.name, network


def _may_use(gateway: Gateway, prefix: IpNetwork, service: Service) -> bool:
    """Whether the gateway lets a network use a service of its own, today and later."""
    return any(
        rule.until is None
        and any(item.covers(service) for item in rule.services)
        and any(
            int(source.network_address) <= int(prefix.network_address)
            and int(prefix.broadcast_address) <= int(source.broadcast_address)
            for source in rule.sources
            if source.version == prefix.version
        )
        for rule in gateway.input
    )


def ranges(prefix: IPv4Network, taken: Sequence[IpAddress]) -> list[tuple[IPv4Address, IPv4Address]]:
    """The addresses that may be lent, without the network's own first ten, its last one, and those taken."""
    first, last = int(prefix.network_address) + FIRST_HOST, int(prefix.broadcast_address) - 1
    found = []
    for stop in sorted({int(address) for address in taken if address in prefix} | {last + 1}):
        if first < stop:
            found.append((IPv4Address(first), IPv4Address(stop - 1)))
        first = max(first, stop + 1)
    return found


def _subnet(
    plan: Plan, gateway: Gateway, name: str, network: Network, taken: Sequence[IpAddress]
) -> dict[str, Any]:
    prefix = next(prefix for prefix in network.prefixes if isinstance(prefix, IPv4Network))
    router = str(next(address for address in network.gateways if address.version == 4))
    options = [{"name": "routers", "data": router}, {"name": "domain-name", "data": plan.domain}]
    if _may_use(gateway, prefix, _DNS):
        options.append({"name": "domain-name-servers", "data": router})
    if _may_use(gateway, prefix, _NTP):
        options.append({"name": "ntp-servers", "data": router})
    return {
        # The VLAN's number comes from the ledger and never moves, so leases stay with their subnet.
        "id": network.vlan,
        "subnet": str(prefix),
        "interface": name,
        "pools": [{"pool": f"{first} - {last}"} for first, last in ranges(prefix, taken)],
        "option-data": options,
        "user-context": {"network": network.key},
    }


def render_kea(plan: Plan, gateway: Gateway) -> str:
    """``/etc/kea/kea-dhcp4.conf`` of one gateway, plain JSON."""
    taken: dict[str, list[IpAddress]] = {}
    for guest in plan.guests:
        for nic in guest.nics:
            taken.setdefault(nic.network, []).extend(address.ip for address in nic.addresses)
    offices = list(_offices(plan, gateway))
    conf = {
        "Dhcp4": {
            "authoritative": True,
            "interfaces-config": {
                "interfaces": [name for name, _ in offices],
                "dhcp-socket-type": "raw",
                # One office's link that is not there yet leaves the others their server.
                "service-sockets-require-all": False,
            },
            "lease-database": {"type": "memfile", "persist": True, "lfc-interval": 3600},
            "valid-lifetime": LEASE_SECONDS,
            "renew-timer": LEASE_SECONDS // 2,
            "rebind-timer": LEASE_SECONDS * 7 // 8,
            "subnet4": [
                _subnet(plan, gateway, name, network, taken.get(network.key, ())) for name, network in offices
            ],
            "loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output-options": [{"output": "stdout"}]}],
        }
    }
    return json.dumps(conf, indent=2) + "\n"


def render_radvd(plan: Plan, gateway: Gateway) -> str | None:
    """``/etc/radvd.conf`` of one gateway; none where no office has IPv6."""
    offices = [
        {
            "interface": name,
            "network": network.key,
            "prefix": str(prefix),
            "resolver": str(address) if _may_use(gateway, prefix, _DNS) else None,
        }
        for name, network in _offices(plan, gateway)
        for prefix, address in zip(network.prefixes, network.gateways, strict=True)
        if prefix.version == 6
    ]
    return print_template("radvd.conf.j2", {"domain": plan.domain, "offices": offices}) if offices else None


def render_dhcp(plan: Plan) -> dict[str, str]:
    """File name → text, for each gateway."""
    files = {}
    for gateway in plan.gateways:
        files[f"{gateway.host}.kea-dhcp4.conf"] = render_kea(plan, gateway)
        if (radvd := render_radvd(plan, gateway)) is not None:
            files[f"{gateway.host}.radvd.conf"] = radvd
    return files
