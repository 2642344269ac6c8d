# SPDX-License-Identifier: GPL-3.0-or-later
"""Each network has a VLAN of its own on the gateway's one trunk: whether there are as many as networks."""

from __future__ import annotations

from collections import Counter

from network_plan.model.site.network import Transport
from network_plan.parse.references.check import Check

TRUNK = 4093
"""VLAN ids 2 to 4094: 12 bits, of which 0 and 4095 are reserved (IEEE 802.1Q-2022 §9.6, table 9-2); 1 stays unused."""

_BY_TRUNK = (Transport.FIBRE, Transport.WIRELESS)


def check_vlans(check: Check) -> None:
    """As many VLANs in each pool as networks are declared in it, and no more in all than one trunk carries.

    What is reserved counts for the trunk where it comes in by own fibre or radio; a third party's line ends elsewhere.
    """
    site = check.site
    declared = Counter(network.role for network in check.networks.values())
    reserved = sum(item.count for item in site.networks.reservations.values() if item.transport in _BY_TRUNK)
    wanted = declared.total() + reserved
    if wanted > TRUNK:
        told = (
            f"{declared.total()} networks and {reserved} reserved ones" if reserved else f"{wanted} networks"
        )
        check.fail(
            "site/vlans",
            f"{told} want a VLAN each, one trunk carries {TRUNK} (IEEE 802.1Q, ids 2 to 4094)",
            "carry them as VXLAN (24 bits) or QinQ (a service tag for each area) behind switches that do, and "
            "declare one network for each tag; or give each part a cluster, a gateway and a site folder of its own",
            "networks",
            "pools",
        )
        return
    for role, pool in site.networks.pools.items():
        room = pool.vlans.last - pool.vlans.first + 1
        if 0 < room < declared[role]:
            check.fail(
                "site/vlans",
                f"{declared[role]} networks of role {role.value} want a VLAN each, the range has {room}",
                "widen it into ids that no other role has; what is allotted stays where it is",
                *("networks", "pools", role.value, "vlans"),
            )
