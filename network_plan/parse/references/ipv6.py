# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 beside IPv4: the block is the provider's, large enough, and its link lies outside of it."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv6Address, IPv6Network

from network_plan.model.site import Ipv6
from network_plan.parse.references.check import Check

SMALLEST, LARGEST = 56, 20
"""A /56 has 256 networks, what an end site gets at least (RFC 6177 §2); more than a /20 is a slip of the pen."""

_GLOBAL = IPv6Network("2000::/3")
"""Global unicast, as far as IANA gives it out (RFC 4291 §2.4, RFC 3587)."""

_POINT_TO_POINT = 127
"""A link of two addresses has no subnet-router anycast (RFC 6164)."""


def check_ipv6(check: Check) -> None:
    """The block ``ipv6`` of ``networks.yml``, where there is one."""
    declared = check.site.networks.ipv6
    if declared is not None:
        _prefix(check, declared)
        _link(check, declared)


def _prefix(check: Check, declared: Ipv6) -> None:
    prefix, path = declared.prefix, ("networks", "ipv6", "prefix")
    if not prefix.subnet_of(_GLOBAL):
        what = f"{prefix} is no global unicast prefix, and nothing is translated for IPv6"
        check.fail("site/ipv6", what, f"write the block that the provider gave you, of {_GLOBAL}", *path)
    elif not LARGEST <= prefix.prefixlen <= SMALLEST:
        what = f"{prefix} is a /{prefix.prefixlen}"
        cure = f"write the block that the provider routes to the gateway, /{LARGEST} to /{SMALLEST}"
        check.fail("site/ipv6", what, cure, *path)
    else:
        _room(check, declared)


def _room(check: Check, declared: Ipv6) -> None:
    """Each role's quarter holds a /64 for every network of it, those included that are only counted so far."""
    wanted = Counter(network.role for network in check.networks.values())
    for item in check.site.networks.reservations.values():
        wanted[item.role] += item.count
    for role, count in sorted(wanted.items()):
        quarter = declared.pool(role)
        room = 1 << (64 - quarter.prefixlen)
        if count > room:
            what = f"{quarter} has {room} networks of /64 for role {role.value}, declared and reserved are {count}"
            cure = "ask the provider for a larger block (RFC 6177)"
            check.fail("site/ipv6", what, cure, "networks", "ipv6", "prefix")


def _link(check: Check, declared: Ipv6) -> None:
    wan, isp, path = declared.wan, declared.isp, ("networks", "ipv6")
    if wan.network.overlaps(declared.prefix):
        what = f"the gateway's link {wan} lies in {declared.prefix}, which is for the networks"
        check.fail("site/overlap", what, "write the link that the provider gave you beside it", *path, "wan")
    if not _host(wan.ip, wan.network):
        what = f"{wan} is no global address of a host"
        check.fail("site/link", what, "write the gateway's own address on the link", *path, "wan")
    if not isp.is_link_local and (isp not in wan.network or isp == wan.ip):
        what = f"the provider's address {isp} is not the other end of {wan}"
        cure = "write the two ends of one link, or the provider's link-local address"
        check.fail("site/link", what, cure, *path, "isp")


def _host(address: IPv6Address, network: IPv6Network) -> bool:
    """Global, and not the subnet-router anycast address of its link (RFC 4291 §2.6.1)."""
    first = network.prefixlen < _POINT_TO_POINT and address == network.network_address
    return address in _GLOBAL and not first
