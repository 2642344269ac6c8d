# SPDX-License-Identifier: GPL-3.0-or-later
"""Every declared network has a pool. Whether its prefix has room is asked of the ledger."""

from __future__ import annotations

from network_plan.parse.references.check import Check


def check_networks(check: Check) -> None:
    """A pool for each role that is asked for."""
    for network in check.networks.values():
        pool = check.site.networks.pools.get(network.role)
        if pool is None and not check.was_lost(network.role.value):
            what = f"{network.key} has role {network.role.value}, which has no pool"
            check.fail("site/pool", what, "add the pool to networks.yml", *network.path)
