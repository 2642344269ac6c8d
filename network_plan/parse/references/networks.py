# SPDX-License-Identifier: GPL-3.0-or-later
"""Every declared network has a pool, and room for what stands in it."""

from __future__ import annotations

from network_plan.model.site.network import FIRST_HOST
from network_plan.parse.references.check import Check


def check_networks(check: Check) -> None:
    """Pools and prefixes large enough for the hosts that are declared."""
    for network in check.networks.values():
        pool = check.site.networks.pools.get(network.role)
        if pool is None:
            if not check.was_lost(network.role.value):
                what = f"{network.key} has role {network.role.value}, which has no pool"
                check.fail("site/pool", what, "add the pool to networks.yml", *network.path)
            continue
        room = (1 << (32 - pool.length)) - 1 - FIRST_HOST
        if network.hosts > room:
            what = f"{network.key} needs {network.hosts} addresses, a /{pool.length} has room for {room}"
            check.fail("site/prefix", what, "split it, or let the pool cut larger networks", *network.path)
