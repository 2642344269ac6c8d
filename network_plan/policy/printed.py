# SPDX-License-Identifier: GPL-3.0-or-later
"""CLD-5: the shared pool is no larger than what the master plan printed (Perbup 253/2019 §4.6.11)."""

from __future__ import annotations

from datetime import date

from network_plan.capacity.printed import BYTES, all_nodes, printed
from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.policy.say import error


def check_printed(plan: Plan, _today: date | None) -> list[Finding]:
    """CLD-5: servers, memory and storage of all clusters together stay within the printed figures."""
    findings = []
    for item in printed(plan, all_nodes(plan)):
        path = ("facilities", "needs", item.key)
        if item.most is None:
            what = f"the need {item.key} is counted in {item.need.unit!r}, which no host is"
            findings.append(error("CLD-5", what, f"write one of {', '.join(BYTES)}", *path, "unit"))
        elif item.have > item.most:
            if item.key == "servers":
                what = f"the clusters have {item.text} hosts, {item.need.quantity} servers are printed"
            else:
                printed_text = f"{item.need.quantity} {item.need.unit} are printed"
                what = f"the hosts have {item.text} of {item.key} together, {printed_text}"
            cure = "declare less, or say with its source that more was bought"
            findings.append(error("CLD-5", what, cure, *path))
    return findings
