# SPDX-License-Identifier: GPL-3.0-or-later
"""Address blocks and VLAN ranges: none overlaps another, each can be cut as it says."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from itertools import combinations

from network_plan.model.finding import type_path
from network_plan.model.site.network import Role
from network_plan.parse.references.check import Check

_LARGEST_PUBLIC = 20
"""A /20 has 4,096 public addresses; more in one regency is a slip of the pen."""


def check_pools(check: Check) -> None:
    """Pools, the public block, the provider's link and the tunnel."""
    site = check.site
    for role, pool in site.networks.pools.items():
        path: type_path = ("networks", "pools", role.value)
        if pool.length < pool.prefix.prefixlen:
            what = f"networks of length {pool.length} can't come from {pool.prefix}"
            check.fail("site/prefix", what, f"write {pool.prefix.prefixlen} to 28", *path, "length")
        if pool.vlans.first > pool.vlans.last:
            check.fail("site/vlans", "the range is empty", "write the lower id first", *path, "vlans")
    _overlaps(check)
    _link(check)
    _tunnel(check)


def _overlaps(check: Check) -> None:
    networks = check.site.networks
    blocks: list[tuple[str, IPv4Network, type_path]] = []
    for role, pool in sorted(networks.pools.items()):
        path: type_path = ("networks", "pools", role.value)
        blocks.append((f"pool {role.value}", pool.prefix, (*path, "prefix")))
    blocks.append(("the public block", networks.public.prefix, ("networks", "public", "prefix")))
    blocks.append(("the gateway's link", networks.gateway.wan.network, ("networks", "gateway", "wan")))
    for (name_a, a, _), (name_b, b, path_b) in combinations(blocks, 2):
        if a.overlaps(b):
            what = f"{name_b} {b} overlaps {name_a} {a}"
            check.fail("site/overlap", what, "give each its own block", *path_b)
    for (role_a, one), (role_b, other) in combinations(sorted(networks.pools.items()), 2):
        if one.vlans.first <= other.vlans.last and other.vlans.first <= one.vlans.last:
            what = f"VLANs of {role_b.value} overlap those of {role_a.value}"
            where = ("networks", "pools", role_b.value, "vlans")
            check.fail("site/overlap", what, "give each its own range", *where)


def _link(check: Check) -> None:
    public = check.site.networks.public
    gateway = check.site.networks.gateway
    if gateway.isp not in gateway.wan.network or gateway.isp == gateway.wan.ip:
        what = f"the provider's address {gateway.isp} is not the other end of {gateway.wan}"
        check.fail("site/link", what, "write the two ends of one link", "networks", "gateway", "isp")
    if re.fullmatch(r"lan[0-9]+", gateway.wan_interface):
        what = f"{gateway.wan_interface!r} is the name of a network's own interface"
        cure = "call the provider's side otherwise: wan0"
        check.fail("site/link", what, cure, "networks", "gateway", "wan_interface")
    if public.prefix.prefixlen < _LARGEST_PUBLIC:
        what = f"{public.prefix} has {public.prefix.num_addresses} addresses"
        cure = f"write the block that the provider gave you, a /{_LARGEST_PUBLIC} at most"
        check.fail("site/public", what, cure, "networks", "public", "prefix")
    if public.delivery == "on_link" and public.isp is None:
        what = "with delivery on_link the provider has an address in the block"
        check.fail("site/public", what, "write it as 'isp'", "networks", "public", "delivery")


def _tunnel(check: Check) -> None:
    management = check.site.networks.pools.get(Role.MANAGEMENT)
    if management is None and not check.was_lost(Role.MANAGEMENT.value):
        cure = "add 'management' to it"
        check.fail("site/pool", "there is no management pool", cure, "networks", "pools")
    path = ("dr", "tunnel", "prefix")
    for prefix in check.site.dr.blocks:
        if prefix.prefixlen > 30:
            check.fail("site/prefix", f"{prefix} has no room for two ends", "write a /30", *path)
        if management is not None and not prefix.subnet_of(management.prefix):
            what = f"the tunnel's prefix {prefix} is not in the management pool {management.prefix}"
            check.fail("site/prefix", what, "take it from the end of that pool", *path)
