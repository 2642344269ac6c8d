# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole comparison as one value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from network_plan.diff.cost import Cost, cost
from network_plan.diff.packets import Passage, compare_packets, idle_rules
from network_plan.diff.side import Side
from network_plan.diff.things import Taken, Thing, taken, things
from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.reach import Permits

SCHEMA = 1
"""Of the JSON; a later one is another number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Something dated whose last day lies between the two days.

    Attributes:
        noun, key: what it is.
        until: its last day.
        why: as declared.
    """

    noun: str
    key: str
    until: date
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a change does.

    Attributes:
        old, new: the two sides by name; ``since`` and ``today`` are their days.
        allowed, denied: packets that are let in newly, and no longer; together all of them, and no other.
        redirected: packets that are let in as before, and go elsewhere now.
        moved: things at another place or with another number (there should be none), and numbers that changed hands.
        things: what came, went and changed, ``moved`` things among them.
        idle, busy: rules of the gateway that let nothing through any more, or do again.
        ended: what ran out between the two days.
        found, gone: findings of a check that are new, and that are no longer.
        ledger_lines: how many more lines the ledger has.
    """

    schema: int
    regency: str
    old: str
    new: str
    since: date
    today: date
    allowed: tuple[Passage, ...]
    denied: tuple[Passage, ...]
    redirected: tuple[Passage, ...]
    moved: tuple[Thing, ...]
    taken: tuple[Taken, ...]
    things: tuple[Thing, ...]
    idle: tuple[str, ...]
    busy: tuple[str, ...]
    ended: tuple[Ended, ...]
    found: tuple[Finding, ...]
    gone: tuple[Finding, ...]
    cost: Cost
    ledger_lines: int

    @property
    def differs(self) -> bool:
        """Whether anything does."""
        packets = self.allowed or self.denied or self.redirected
        return bool(packets or self.things or self.ended or self.found or self.gone)


def compare(old: Side, new: Side) -> Difference:
    """What lies between two sides, each judged on its own day. Pure; equal input gives equal values in equal order."""
    packets = compare_packets(old, new)
    found = things(old.plan, new.plan)
    idle = [frozenset(idle_rules(side.plan, Permits(side.plan, side.today))) for side in (old, new)]
    return Difference(
        schema=SCHEMA,
        regency=new.plan.regency,
        old=old.label,
        new=new.label,
        since=old.today,
        today=new.today,
        allowed=packets.passages["allowed"],
        denied=packets.passages["denied"],
        redirected=packets.passages["redirected"],
        moved=tuple(thing for thing in found if thing.moved),
        taken=taken(old.plan, new.plan),
        things=found,
        idle=tuple(sorted(idle[1] - idle[0])),
        busy=tuple(sorted(idle[0] - idle[1])),
        ended=tuple(_ended(new.plan, old.today, new.today)),
        found=_only(new.findings, old.findings),
        gone=_only(old.findings, new.findings),
        cost=cost(old, new),
        ledger_lines=new.plan.serial - old.plan.serial,
    )


def _ended(plan: Plan, since: date, today: date) -> Iterator[Ended]:
    dated = [
        *(("exception", item.key, item.until, item.reason) for item in plan.exceptions),
        *(("flow", item.key, item.until, item.why) for item in plan.flows),
        *(("sanction", item.key, item.until, item.reason) for item in plan.sanctions),
    ]
    for noun, key, until, why in sorted(dated, key=lambda item: (item[2] or date.max, item[0], item[1])):
        if until is not None and since <= until < today:
            yield Ended(noun=noun, key=key, until=until, why=why)


def _only(one: tuple[Finding, ...], other: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Findings of one side alone; where they stand is no difference, since lines above move it."""
    said = {(finding.severity, finding.rule, finding.what) for finding in other}
    return tuple(finding for finding in one if (finding.severity, finding.rule, finding.what) not in said)
