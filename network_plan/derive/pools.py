# SPDX-License-Identifier: GPL-3.0-or-later
"""Words for every network of some roles mean the pools that those are allotted from: on both walls the same.

So a new network changes no set. What of a pool is allotted to nobody can't be a source: the gateway lets each of its
interfaces send from its own network's prefix only, and no interface has it.
"""

from __future__ import annotations

from network_plan.model.network import IpNetwork
from network_plan.model.site import Networks
from network_plan.model.site.network import Role

_ROLES = {"offices": (Role.OFFICE,), "servers": (Role.SERVERS, Role.DMZ)}


def pools_of(text: str, declared: Networks) -> tuple[IpNetwork, ...]:
    """The pools of both families behind a word that means every network of its roles; none behind other words."""
    roles = [role for role in _ROLES.get(text, ()) if role in declared.pools]
    four: list[IpNetwork] = [declared.pools[role].prefix for role in roles]
    six = [declared.ipv6.pool(role) for role in roles] if declared.ipv6 is not None else []
    return (*four, *six)
