# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches what: the first packet of a flow, followed through both walls of the Plan.

Judged on prefixes, from the same compiled rules that the gateway and Proxmox VE get. ``yes`` means that
every address of the source may open the flow (its replies follow by state); a source of which only a
part may is answered ``no``, and the step says so.
"""

from __future__ import annotations

from datetime import date

from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.reach.answer import Answer, ReachError, Step
from network_plan.reach.judge import Judge, judge
from network_plan.reach.packet import INTERNET, Packet, Verdict
from network_plan.reach.permits import Permits
from network_plan.reach.side import each_guest, sides
from network_plan.reach.trip import Way
from network_plan.reach.walk import Walk

__all__ = [
    "INTERNET",
    "Answer",
    "Judge",
    "Packet",
    "Permits",
    "ReachError",
    "Step",
    "Verdict",
    "Way",
    "judge",
    "reach",
]


def _service(text: str) -> Service:
    """``tcp/443``, ``443/tcp`` or ``icmp``."""
    port, _, proto = text.partition("/")
    try:
        return Service.parse(f"{proto}/{port}" if port[:1].isdigit() else text)
    except ValueError as error:
        raise ReachError(str(error)) from error


def reach(plan: Plan, source: str, target: str, service: str, today: date | None = None) -> Answer:
    """Whether ``source`` may open ``service`` to ``target``, and by which path.

    Args:
        plan: the Plan.
        source, target: an address, a prefix, ``tenant/vm``, ``tenant/network``, ``office:TENANT``,
            a DNS name, the name of a public service, or ``internet``.
        service: ``tcp/443`` (or ``443/tcp``), ``icmp``.
        today: the day asked about; ``None`` takes dated flows as running.

    Returns:
        The answer for all of the source and all of the target: the first refusal where there is one.

    Raises:
        ReachError: a word means nothing here.
    """
    wanted = _service(service)
    answers = [
        Walk(plan, one, other, wanted, today).answer()
        for one in sides(plan, source)
        for word in sides(plan, target)
        for other in each_guest(plan, word)
    ]
    return next((answer for answer in answers if not answer.reachable), answers[0])
