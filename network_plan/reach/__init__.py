# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches what: packets followed through both walls of the Plan, exactly and for all of them.

Judged from what was compiled, the rules of the gateway and of Proxmox VE, and not from flows. ``judge`` follows one
packet; ``Asked`` answers people's questions about sets of packets; ``Permits`` holds everything that is let in.
"""

from __future__ import annotations

from network_plan.reach.ask import Answer, Asked, Reply
from network_plan.reach.judge import Judge, judge
from network_plan.reach.packet import INTERNET, Packet, Step, Verdict
from network_plan.reach.permits import Permits
from network_plan.reach.rows import Row
from network_plan.reach.shadow import Shadowed, shadowed
from network_plan.reach.trip import Way
from network_plan.reach.words import ReachError

__all__ = [
    "INTERNET",
    "Answer",
    "Asked",
    "Judge",
    "Packet",
    "Permits",
    "ReachError",
    "Reply",
    "Row",
    "Shadowed",
    "Step",
    "Verdict",
    "Way",
    "judge",
    "shadowed",
]
