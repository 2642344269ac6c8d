# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses of VMs and hosts in each family: IPv4 from the ledger, IPv6 from the numbers that it gave already.

A VM's interface identifier is its VMID, a host's its number in the IPv4 network, both in decimal digits, so that people
read them: no line of the ledger is needed, and none can move.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address

from network_plan.model.ledger import Kind
from network_plan.model.network import IpAddress, IpNetwork, Network

Live = Mapping[tuple[Kind, str], str]

_HOSTS = 0xF << 48
"""Hosts stand in ``f::``: no VMID begins with a letter. Neither range is of those reserved (RFC 5453)."""


def _digits(number: int) -> int:
    """A number whose hexadecimal digits are the decimal ones of another: 123456 → 0x123456."""
    return int(str(number), 16)


def _inside(prefix: IpNetwork, four: IPv4Address, identifier: int) -> IpAddress:
    """The address in a prefix: the ledger's, or the identifier behind an IPv6 prefix."""
    return four if isinstance(prefix, IPv4Network) else IPv6Address(int(prefix.network_address) | identifier)


def vm_addresses(vm: str, live: Live, network: Network) -> tuple[IpAddress, ...]:
    """A VM's addresses in the order of its network's prefixes: VMID 123456 has ``::12:3456``."""
    four = IPv4Address(live[Kind.ADDRESS, f"{vm}/net0"])
    identifier = _digits(int(live[Kind.VMID, vm]))
    return tuple(_inside(prefix, four, identifier) for prefix in network.prefixes)


def host_addresses(host: str, live: Live, network: Network) -> tuple[IpAddress, ...]:
    """A host's addresses in the order of its network's prefixes: the tenth of 10.16.0.0/24 has ``f::10``."""
    four = IPv4Address(live[Kind.ADDRESS, f"host/{host}"])
    identifier = _HOSTS | _digits(int(four) - int(network.prefixes[0].network_address))
    return tuple(_inside(prefix, four, identifier) for prefix in network.prefixes)
