# SPDX-License-Identifier: GPL-3.0-or-later
"""Decided networks, public addresses and names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Literal

IpNetwork = IPv4Network | IPv6Network
IpAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One layer-2 network with its prefixes.

    Attributes:
        key: ``tenant/name``, e.g. ``dukcapil/servers`` or ``dukcapil/office-main``.
        role: ``management``, ``servers``, ``dmz`` or ``office``.
        vlan: IEEE 802.1Q id.
        vnet: id of the SDN vnet in PVE, at most 8 characters.
        prefixes: IPv4 first, then IPv6 where the site has it.
        gateways: the gateway's address in each prefix, in the same order.
        clusters: the clusters whose SDN carries it as a vnet; empty for offices.
        transport: for offices, how they reach the gateway (NET-2).
        rate_kbit: for offices, what their line gives, where it was measured.
        switch: for offices, the name of their distribution switch (NET-1).
    """

    key: str
    tenant: str
    name: str
    title: str
    role: str
    vlan: int
    vnet: str
    prefixes: tuple[IpNetwork, ...]
    gateways: tuple[IpAddress, ...]
    clusters: tuple[str, ...]
    site: str
    transport: str | None
    rate_kbit: int | None
    switch: str | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAddress:
    """One of the public addresses in use.

    Attributes:
        holder: the tenant that holds it.
        use: ``publish`` (destination NAT) or ``egress`` (source NAT).
        exception: id of the dated exception under which an SKPD holds it (GW-3).
    """

    address: IPv4Address
    name: str
    holder: str
    use: Literal["publish", "egress"]
    exception: str | None
    until: date | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One DNS name and its addresses; ``view`` is ``internal`` or ``public``."""

    fqdn: str
    addresses: tuple[IpAddress, ...]
    view: Literal["internal", "public"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A block kept for networks that are counted but not named yet: ``count`` of prefix length ``length`` each."""

    key: str
    title: str
    role: str
    prefix: IPv4Network
    count: int
    length: int
    transport: str
    source: str
