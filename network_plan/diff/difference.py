# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole comparison as one value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from network_plan.diff.cost import Cost, cost
from network_plan.diff.packets import Passage, compare_packets
from network_plan.diff.side import Side
from network_plan.diff.things import Taken, Thing, taken, things
from network_plan.model.finding import Finding
from network_plan.model.plan import Plan

SCHEMA = 1
"""Of the JSON; a later one is another number."""

_DAYS = re.compile(r", in \d+ days?(?=:|;|,|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    found: tuple[Finding, ...]
    gone: tuple[Finding, ...]
    reworded: tuple[tuple[Finding, Finding], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Something dated whose last day lies between the two days.

    Attributes:
        noun: exception, flow or sanction.
        key: which one.
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
        schema: number of this form.
        regency: its name, of the new side.
        old, new: the two sides by name.
        since: the day on which the old side is judged.
        today: the day on which the new side is judged.
        allowed, denied: packets that are let in newly, and no longer; together all of them, and no other.
        redirected: packets that are let in as before, and go elsewhere now.
        moved: things at another place or with another number; there should be none.
        taken: numbers that changed hands; there should be none.
        things: what came, went and changed, ``moved`` things among them.
        idle: rules of the gateway that let nothing through any more.
        busy: those that let something through again.
        ended: what ran out between the two days.
        found: findings of a check that are new.
        gone: those that are no longer.
        reworded: findings about the same thing that now say something else, before and after.
        cost: what it takes, and what is left.
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
    reworded: tuple[tuple[Finding, Finding], ...]
    cost: Cost
    ledger_lines: int

    @property
    def differs(self) -> bool:
        """Whether anything does."""
        packets = self.allowed or self.denied or self.redirected
        return bool(packets or self.things or self.ended or self.found or self.gone or self.reworded)


def compare(old: Side, new: Side) -> Difference:
    """What lies between two sides, each judged on its own day. Pure; equal input gives equal values in equal order."""
    packets = compare_packets(old, new)
    found = things(old.plan, new.plan)
    ended = tuple(_ended(new.plan, old.today, new.today))
    before, after = packets.idle
    said = _findings(old.findings, new.findings)
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
        idle=tuple(sorted(after - before - {item.key for item in ended})),
        busy=tuple(sorted(before - after - _dropped(old.plan, new.plan))),
        ended=ended,
        found=said.found,
        gone=said.gone,
        reworded=said.reworded,
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


def _dropped(old: Plan, new: Plan) -> set[str]:
    """Rules that are not there any more, and so do nothing again."""
    keys = [
        {rule.key for rule in gateway.forward}
        | {rule.key for rule in gateway.input}
        | {r.key for r in gateway.dnat}
        for gateway in (old.gateways[0], new.gateways[0])
    ]
    return keys[0] - keys[1]


def _findings(old: tuple[Finding, ...], new: tuple[Finding, ...]) -> _Said:
    """Findings of one side alone. Neither where they stand nor how many days are left is a difference."""
    found, gone = _only(new, old), _only(old, new)
    alone = [_about_one_thing(items) for items in (gone, found)]
    about = [key for key in alone[1] if key in alone[0]]
    reworded = tuple((alone[0][key], alone[1][key]) for key in about)
    paired = {id(item) for pair in reworded for item in pair}
    return _Said(
        found=tuple(item for item in found if id(item) not in paired),
        gone=tuple(item for item in gone if id(item) not in paired),
        reworded=reworded,
    )


def _about_one_thing(findings: tuple[Finding, ...]) -> dict[tuple[object, ...], Finding]:
    """By rule and key path, where a rule says one thing only of that path."""
    counts = Counter((item.severity, item.rule, item.path) for item in findings)
    found = {(item.severity, item.rule, item.path): item for item in findings if item.path}
    return {key: item for key, item in found.items() if counts[key] == 1}


def _only(one: tuple[Finding, ...], other: tuple[Finding, ...]) -> tuple[Finding, ...]:
    said = {_identity(finding) for finding in other}
    return tuple(finding for finding in one if _identity(finding) not in said)


def _identity(finding: Finding) -> tuple[str, str, str]:
    return finding.severity.value, finding.rule, _DAYS.sub("", finding.what)
