# SPDX-License-Identifier: GPL-3.0-or-later
"""``networks.yml``: the pools that prefixes come from, the public block, the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le
from pydantic import Strict

from network_plan.model.site.base import (
    FORBID,
    Address4,
    Address6,
    Id,
    Interface4,
    Interface6,
    InterfaceName,
    Prefix4,
    Prefix6,
    Schema,
    Source,
    Text,
    Vlan,
)

FIRST_HOST = 10
"""The first ten addresses of a network are its own, the gateway's and the operator's."""


class Role(str, Enum):
    """What a network is for; also the name of the pool it is allotted from (IPAM's word *role*).

    Their order is that of the quarters of an IPv6 block, and does not change.
    """

    MANAGEMENT = "management"
    SERVERS = "servers"
    DMZ = "dmz"
    OFFICE = "office"


class Transport(str, Enum):
    """How an office reaches the gateway (NET-2; Perbup 253/2019 §4.6.2)."""

    FIBRE = "fibre"
    WIRELESS = "wireless"
    LEASED = "leased"
    CELLULAR = "cellular"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """An inclusive range of VLAN ids.

    Attributes:
        first: the lowest id.
        last: the highest id.
    """

    __pydantic_config__: ClassVar = FORBID
    first: Vlan
    last: Vlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Where the networks of one role get their prefix and VLAN from.

    Attributes:
        prefix: the IPv4 block, private (RFC 1918): GW-2.
        length: prefix length of each network allotted from it.
        vlans: the VLAN ids of this role.
    """

    __pydantic_config__: ClassVar = FORBID
    prefix: Prefix4
    length: Annotated[int, Strict(), Ge(8), Le(28)]
    vlans: Range
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicBlock:
    """The public addresses (16: Perbup 253/2019 §4.6.11).

    Attributes:
        prefix: the block, as the provider gave it.
        delivery: ``routed`` (the whole block is routed to the gateway, every address is usable) or ``on_link``
            (network, broadcast and the provider's address are not).
        isp: with ``on_link``, the provider's address in the block.
    """

    __pydantic_config__: ClassVar = FORBID
    prefix: Prefix4
    delivery: Literal["routed", "on_link"]
    source: Source
    isp: Address4 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ipv6:
    """IPv6 beside IPv4: one block for the whole regency, of which every network gets a /64.

    Each role has a quarter of it (management, servers, dmz, office, in this order), so that a word for every
    network of a role is one prefix, and a new network changes no rule.

    Attributes:
        prefix: the block that the provider routes to the gateway: a /56 or larger (RFC 6177).
        wan: the gateway's own address on the provider's link.
        isp: the provider's address on that link, or its link-local one; the default route.
    """

    __pydantic_config__: ClassVar = FORBID
    prefix: Prefix6
    wan: Interface6
    isp: Address6
    source: Source

    def pool(self, role: Role) -> Prefix6:
        """The quarter that the networks of one role come from."""
        quarters = tuple(self.prefix.subnets(prefixlen_diff=2))
        return quarters[tuple(Role).index(role)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The one door (GW-1).

    Attributes:
        name: the machine's name.
        cluster: the cluster whose place it stands at.
        wan: the gateway's own address on the provider's link.
        isp: the provider's address on that link, the default route.
        wan_interface: the interface towards the provider.
        trunk: the parent interface of the VLANs in real life.
        resolvers: upstream DNS servers; empty means full recursion.
    """

    __pydantic_config__: ClassVar = FORBID
    name: Id
    cluster: Id
    wan: Interface4
    isp: Address4
    source: Source
    wan_interface: InterfaceName = "wan0"
    trunk: InterfaceName = "trunk0"
    resolvers: tuple[Address4, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Networks that are counted but not named yet: one block of the pool is kept for all of them.

    Attributes:
        title: what they will be.
        role: the pool that the block comes from.
        count: how many networks.
        length: prefix length of each.
        transport: how such places are reached (NET-2).
    """

    __pydantic_config__: ClassVar = FORBID
    title: Text
    role: Role
    count: Annotated[int, Strict(), Ge(1), Le(4096)]
    length: Annotated[int, Strict(), Ge(16), Le(30)]
    transport: Transport
    source: Source

    @property
    def block_length(self) -> int:
        """Prefix length of the smallest block that holds all of them."""
        return self.length - (self.count - 1).bit_length()


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """The whole file.

    Attributes:
        pools: role → where its networks come from.
        public: the addresses that the internet knows.
        gateway: the one door (GW-1).
        ipv6: absent keeps the site pure IPv4.
        reservations: blocks kept for networks that are counted but not named yet.
        note: anything that readers should know.
    """

    __pydantic_config__: ClassVar = FORBID
    schema: Schema
    pools: Mapping[Role, Pool]
    public: PublicBlock
    gateway: Gateway
    ipv6: Ipv6 | None = None
    reservations: Mapping[Id, Reservation] = field(default_factory=dict)
    note: Text | None = None
