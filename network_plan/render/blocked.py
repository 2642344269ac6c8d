# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of bad names as response-policy zones for the resolver (GW-6): the name and all below it do not exist.

A zone a list, so that the resolver's log names the list that a name was on.
"""

from __future__ import annotations

from network_plan.model.blocked import BlockedList
from network_plan.model.plan import Plan

SUFFIX = "blocked"
"""The last label of such a zone's name; nobody outside this resolver ever asks for it."""


def zone_name(item: BlockedList) -> str:
    """The name of a list's zone; its file is named after it."""
    return f"{item.key}.{SUFFIX}"


def render_blocked(plan: Plan) -> dict[str, str]:
    """Zone name → text (draft-vixie-dnsop-dns-rpz: ``CNAME .`` answers that there is no such name)."""
    found = {}
    for item in plan.blocked:
        head = (
            f"; The list {item.key} of {plan.domain}, rendered from the Plan. Edit the site files, not this file.\n"
            f"$ORIGIN {zone_name(item)}.\n$TTL 300\n"
            f"@ IN SOA localhost. hostmaster.{plan.domain}. {plan.serial} 3600 900 1209600 300\n@ IN NS localhost.\n"
        )
        lines = [f"{name} CNAME .\n*.{name} CNAME .\n" for name in item.names.all]
        found[zone_name(item)] = head + "".join(lines)
    return found
