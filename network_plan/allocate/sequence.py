# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the lines of one key can follow each other: what was never given can't be released, and so on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from ipaddress import ip_network
from itertools import zip_longest
from typing import Any, TypeVar

from network_plan.model.finding import Finding, Severity
from network_plan.model.ledger import ENDS, GIVES, RESIZES, Act, Entry, Kind

Day = TypeVar("Day")


def _wrong(rule: str, what: str, cure: str, entry: Entry) -> Finding:
    return Finding(severity=Severity.ERROR, rule=rule, what=what, cure=cure, place=entry.place)


def check_acts(kind: Kind, lines: Sequence[Entry], today: date | None) -> list[Finding]:
    """What can't be true of one key's lines.

    Args:
        kind: of all of them.
        lines: all lines of one key, in their order.
        today: the day behind which no decision lies; ``None`` judges none.
    """
    found = [
        _wrong(
            "ledger/day", f"{entry.line!r} was decided on a day to come", "write the day it is done on", entry
        )
        for entry in lines
        if entry.act is Act.RECLAIM and today is not None and entry.day is not None and entry.day > today
    ]
    if any(entry.act in RESIZES for entry in lines):
        return found + _in_order(kind, lines)
    return found + _counted(kind, lines)


def _counted(kind: Kind, lines: Sequence[Entry]) -> list[Finding]:
    """By numbers, since a union merge does not keep the order of lines."""
    found = []
    given = Counter(entry.value for entry in lines if entry.act in GIVES)
    ended: Counter[str] = Counter()
    for entry in lines:
        if entry.act not in ENDS:
            continue
        ended[entry.value] += 1
        if not given[entry.value]:
            what = f"{entry.key} never had {kind.value} {entry.value}"
            found.append(_wrong("ledger/release", what, "release what was allotted", entry))
        elif ended[entry.value] > given[entry.value]:
            what = f"{kind.value} {entry.value} of {entry.key} was released already"
            found.append(_wrong("ledger/release", what, "keep the line that is on main", entry))
    for value in {entry.value: None for entry in lines if entry.act is Act.RECLAIM}:
        rests = sorted(
            entry.day or date.max for entry in lines if entry.act is Act.RELEASE and entry.value == value
        )
        reclaims = sorted(
            (entry for entry in lines if entry.act is Act.RECLAIM and entry.value == value),
            key=lambda entry: entry.day or date.max,
        )
        for entry, rest in zip_longest(reclaims, rests):
            if entry is not None:
                found += _reclaim(kind, entry, rest)
    return found


def _reclaim(kind: Kind, entry: Entry, rest: date | None) -> list[Finding]:
    """A value is free again only after it rested. ``rest`` is its last day, ``None`` where it does not rest."""
    value = f"{kind.value} {entry.value} of {entry.key}"
    if rest is None:
        what, cure = f"{value} was not released", "release it first"
    elif rest == date.max:
        what, cure = f"{value} was released without a day", "it rests for good; remove the line"
    elif entry.day is not None and entry.day <= rest:
        what, cure = f"{value} rests until {rest}", "reclaim it after that day"
    else:
        return []
    return [_wrong("ledger/reclaim", what, cure, entry)]


def _in_order(kind: Kind, lines: Sequence[Entry]) -> list[Finding]:
    """One after the other, where a prefix grew or was split. Its first address stays: the gateway has the next."""
    found = []
    have: Any = None
    rests: list[tuple[Any, date]] = []
    for entry in lines:
        block: Any = ip_network(entry.value)
        if entry.act is Act.RECLAIM:
            days = [day for rest, day in rests if block.subnet_of(rest)]
            found += _reclaim(kind, entry, max(days, default=None))
            rests = _less(rests, block)
        elif entry.act in ENDS:
            if block != have:
                what = f"{entry.key} has {kind.value} {have}, not {entry.value}"
                found.append(_wrong("ledger/release", what, "release what it has", entry))
            have = None
            rests.append((block, entry.day or date.max))
        elif entry.act in GIVES:
            if have is not None:
                what = f"{entry.key} has {kind.value} {have} already"
                found.append(_wrong("ledger/twice", what, "keep the line that is on main", entry))
            have = block
        else:
            if not _fits(entry.act, have, block):
                what = f"{entry.key} can't {entry.act.value} from {have or 'nothing'} to {entry.value}"
                cure = "its first address must stay what it is; remove the line"
                found.append(_wrong("ledger/size", what, cure, entry))
            elif entry.act is Act.SPLIT:
                rests += [(rest, entry.day or date.max) for rest in have.address_exclude(block)]
            have = block
    return found


def _fits(act: Act, have: Any, block: Any) -> bool:
    """Whether a block may become this one in place."""
    if have is None or have == block or have.network_address != block.network_address:
        return False
    return (block.prefixlen < have.prefixlen) is (act is Act.GROW)


def _less(rests: list[tuple[Any, Day]], block: Any) -> list[tuple[Any, Day]]:
    """What rests without a block that was reclaimed."""
    return [
        (part, day)
        for rest, day in rests
        for part in (rest.address_exclude(block) if block.subnet_of(rest) else (rest,))
    ]


def rests_of(lines: Sequence[Entry]) -> list[tuple[str, date | None]]:
    """The values of one key that rest, each with its last day, ``None`` where it rests for good."""
    if not any(entry.act in RESIZES for entry in lines):
        rests: dict[str, list[date]] = {}
        for entry in lines:
            if entry.act is Act.RELEASE:
                rests.setdefault(entry.value, []).append(entry.day or date.max)
        back = Counter(entry.value for entry in lines if entry.act is Act.RECLAIM)
        return [
            (value, None if day == date.max else day)
            for value, days in rests.items()
            for day in sorted(days)[back[value] :]
        ]
    have: Any = None
    left: list[tuple[Any, date | None]] = []
    for entry in lines:
        block: Any = ip_network(entry.value)
        if entry.act is Act.RECLAIM:
            left = _less(left, block)
        elif entry.act is Act.SPLIT and _fits(entry.act, have, block):
            left += [(rest, entry.day) for rest in have.address_exclude(block)]
        elif entry.act is Act.RELEASE:
            left.append((block, entry.day))
        elif entry.act is Act.GROW:
            left = [(rest, day) for rest, day in left if not rest.subnet_of(block)]
        have = block
    return [(str(rest), day) for rest, day in left]
