# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's decided rules: the first wall, where networks meet (GW-1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface
from typing import Literal

from network_plan.model.network import IpAddress, IpNetwork
from network_plan.model.service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One interface: ``wan0``, or ``lan<vlan>`` towards a network."""

    name: str
    kind: Literal["wan", "lan"]
    vlan: int | None
    network: str | None
    addresses: tuple[IPv4Interface | IPv6Interface, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardRule:
    """Packets that may pass from one network to another; replies follow by state.

    Attributes:
        key: the flow's key, e.g. ``dukcapil/office-to-siak``.
        sources, destinations: of both address families, IPv4 first; a packet is of one.
        from_internet: comes in by the WAN; over IPv4 only what a :class:`DestinationNat` has translated, over IPv6 as
            it is.
        from_internet, to_internet: the side lies beyond the WAN; its tuple is then empty.
        services: empty means all TCP, UDP and ICMP echo.
        until: last day (inclusive, in the regency's time zone); the gateway itself ends it.
    """

    key: str
    sources: tuple[IpNetwork, ...]
    destinations: tuple[IpNetwork, ...]
    services: tuple[Service, ...]
    from_internet: bool
    to_internet: bool
    until: date | None
    why: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRule:
    """Packets that may reach the gateway itself; ``until`` as in :class:`ForwardRule`."""

    key: str
    sources: tuple[IpNetwork, ...]
    services: tuple[Service, ...]
    why: str
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationNat:
    """Public address and services → VM. There is none for IPv6: a VM is reached at its own address."""

    key: str
    public: IPv4Address
    target: IPv4Address
    services: tuple[Service, ...]
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNat:
    """Sources that leave by the WAN behind one public address. Over IPv6 they leave as they are."""

    key: str
    sources: tuple[IPv4Network, ...]
    public: IPv4Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A sanction that blocks (GW-4): nothing is forwarded from or to these, established or not, until its day is over.

    Attributes:
        key: ``sanction/<its key>``.
        prefixes: all networks of a tenant, or the addresses of a VM, of both families.
        until: last day (inclusive, in the regency's time zone); the gateway itself ends it.
    """

    key: str
    prefixes: tuple[IpNetwork, ...]
    until: date
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The one door, finished.

    Attributes:
        host: the machine's name, e.g. ``gw1``.
        management: its address in the management network, where Ansible reaches it.
        trunk: parent of the VLAN interfaces in real life.
        internal: every prefix that is or may become one behind it; such a source coming in by the WAN is forged.
        isp, isp6: the provider's end of the link, the default route of each family; no IPv6 without ``isp6``.
        blocked: comes before everything else that is forwarded.
        listen: addresses on which its resolver answers.
        resolvers: upstream DNS servers.
    """

    host: str
    site: str
    management: IpAddress
    interfaces: tuple[Interface, ...]
    trunk: str
    isp: IPv4Address
    isp6: IPv6Address | None
    internal: tuple[IpNetwork, ...]
    public: IPv4Network
    delivery: str
    blocked: tuple[Block, ...]
    forward: tuple[ForwardRule, ...]
    input: tuple[InputRule, ...]
    dnat: tuple[DestinationNat, ...]
    snat: tuple[SourceNat, ...]
    listen: tuple[IpAddress, ...]
    resolvers: tuple[IpAddress, ...]
