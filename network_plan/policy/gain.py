# SPDX-License-Identifier: GPL-3.0-or-later
"""CLD-6: consolidation shows its gain (Perbup 253/2019 §4.6.4)."""

from __future__ import annotations

from datetime import date

from network_plan.capacity.gain import gain_of
from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.policy.say import warning


def check_cld6(plan: Plan, _today: date | None) -> list[Finding]:
    """CLD-6: the servers that the agencies run today are counted, and the cloud has fewer."""
    found = gain_of(plan)
    if not found.counted:
        what = (
            "the servers that the agencies run today are not counted, so the gain of consolidation is shown by the "
            "print's rule alone: one server an application"
        )
        return [warning("CLD-6", what, "count them, and declare 'sizing' with 'servers_today'", "facilities")]
    if found.saved <= 0:
        what = f"the clusters have {found.after} hosts for what {found.before} servers do today: nothing is gained"
        return [warning("CLD-6", what, "take in more of the agencies' servers", "facilities", "sizing")]
    return []
