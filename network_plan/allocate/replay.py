# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the ledger holds together: nothing given twice, nothing reused that rests, each act possible.

What was edited or lost since an earlier version is told by ``network_plan.allocate.history``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from ipaddress import ip_network
from itertools import chain, pairwise
from operator import itemgetter
from typing import Any

from network_plan.allocate.sequence import check_acts
from network_plan.model.finding import Finding, Place, Severity
from network_plan.model.ledger import (
    ENDS,
    FREES,
    GIVES,
    RESIZES,
    Act,
    Book,
    Entry,
    Kind,
    Ledger,
    occupied,
)

SHARED = frozenset({Kind.NODE, Kind.REPLICA})
"""Kinds whose value may stand at many keys."""

BLOCKS = (Kind.PREFIX, Kind.PREFIX6)

ANEW = "run 'awan allot', which allots anew what is not on main yet"


def problem(rule: str, what: str, cure: str, place: Place | None) -> Finding:
    """An error of the ledger."""
    return Finding(severity=Severity.ERROR, rule=rule, what=what, cure=cure, place=place)


def _more_than_once(columns: Iterable[Iterable[str]]) -> frozenset[str]:
    """What stands more than once in all columns together; cheap where nothing does."""
    lists = [list(column) for column in columns]
    seen: set[str] = set()
    seen.update(*lists)
    if len(seen) == sum(map(len, lists)):
        return frozenset()
    return frozenset(word for word, number in Counter(chain(*lists)).items() if number > 1)


def _columns(ledger: Ledger, kind: Kind, *, keys: bool) -> list[Iterable[str]]:
    """All keys, or all values, that the lines of a kind give."""
    books = ledger.of_kind(kind)
    others = [entry for book in books for entry in book.others if entry.act is Act.RESERVE]
    reserved = [entry.key if keys else entry.value for entry in others]
    return [*(book.keys if keys else book.values for book in books), reserved]


def taken(ledger: Ledger, kind: Kind) -> list[tuple[Entry, Entry]]:
    """Lines that give a value which another line holds, or which rests: each with that other line.

    The other one comes first among those that were released, then in the order of files and lines.
    """
    if kind in SHARED:
        return []
    twice = _more_than_once(_columns(ledger, kind, keys=False))
    if not twice:
        return []
    gives: dict[str, list[Entry]] = {}
    freed: Counter[tuple[str, str]] = Counter()
    ended: set[tuple[str, str]] = set()
    for book in ledger.of_kind(kind):
        for entry in book.with_values(twice):
            gives.setdefault(entry.value, []).append(entry)
        for entry in book.others:
            freed[entry.key, entry.value] += entry.act in FREES
            if entry.act is Act.RELEASE:
                ended.add((entry.key, entry.value))
    found = []
    for lines in gives.values():
        counting = []
        for entry in lines:
            if freed[entry.key, entry.value] > 0:
                freed[entry.key, entry.value] -= 1
            else:
                counting.append(entry)
        counting.sort(key=lambda entry: (entry.key, entry.value) not in ended)
        found += [
            (entry, counting[0]) for entry in counting[1:] if not _same_line(ledger, entry, counting[0])
        ]
    return found


def _same_line(ledger: Ledger, entry: Entry, other: Entry) -> bool:
    """Whether it is one line written twice, which ``twice`` tells."""
    return entry.key == other.key and (entry.kind, entry.key) not in ledger.histories


def twice(ledger: Ledger, kind: Kind) -> list[tuple[Entry, Entry]]:
    """Lines that give a key a second value while it has one: each with the first line."""
    keys = _more_than_once(_columns(ledger, kind, keys=True))
    found = []
    for lines in ledger.history((kind, key) for key in keys).values():
        if any(entry.act in RESIZES for entry in lines):
            continue
        left = Counter(entry.value for entry in lines if entry.act in ENDS)
        live = []
        for entry in lines:
            if entry.act in GIVES and left[entry.value] > 0:
                left[entry.value] -= 1
            elif entry.act in GIVES:
                live.append(entry)
        found += [(entry, live[0]) for entry in live[1:]]
    return found


def _span(block: str) -> tuple[int, int]:
    """First and last address of a block as numbers."""
    if ":" not in block:
        address, _, length = block.partition("/")
        a, b, c, d = address.split(".")
        first = int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)
        return first, first | (0xFFFFFFFF >> int(length))
    net = ip_network(block)
    return int(net.network_address), int(net.broadcast_address)


def overlaps(ledger: Ledger, kind: Kind) -> list[tuple[Entry, Entry]]:
    """Prefixes that overlap one of another key which has it or lets it rest: each with that one's line."""
    held = ledger.held(kind)
    resized = ledger.resized(kind)
    rows: list[tuple[int, int, str, Entry | tuple[Book, int]]] = [
        (*_span(part), lines[-1].key, lines[-1]) for lines in resized.values() for part in occupied(lines)
    ]
    for book in ledger.of_kind(kind):
        for row, (key, value) in enumerate(zip(book.keys, book.values, strict=True)):
            if value in held and key not in resized:
                rows.append((*_span(value), key, (book, row)))
        for entry in book.others:
            if entry.act is Act.RESERVE and entry.value in held and entry.key not in resized:
                rows.append((*_span(entry.value), entry.key, entry))
    rows.sort(key=itemgetter(0, 1))
    found = []
    widest: tuple[int, int, str, Entry | tuple[Book, int]] | None = None
    for block in rows:
        if widest is not None and block[0] <= widest[1] and block[2] != widest[2] and block[:2] != widest[:2]:
            found.append((_line(block[3]), _line(widest[3])))
        if widest is None or block[1] > widest[1]:
            widest = block
    return found


def _line(where: Entry | tuple[Book, int]) -> Entry:
    if isinstance(where, Entry):
        return where
    book, row = where
    return book.allot(row)


def _voids(ledger: Ledger, kind: Kind) -> list[Finding]:
    """A line is void only where another key has its value; else it would end a value's rest before its day."""
    books = ledger.of_kind(kind)
    voids = [entry for book in books for entry in book.others if entry.act is Act.VOID]
    alone = []
    for entry in voids:
        if kind in BLOCKS:
            block: Any = ip_network(entry.value)
            gives = (e for book in books for e in book.entries() if e.act in GIVES)
            others = [e for e in gives if e.key != entry.key and block.overlaps(ip_network(e.value))]
        else:
            same = (e for book in books for e in book.with_values(frozenset([entry.value])))
            others = [e for e in same if e.key != entry.key]
        if not others:
            alone.append(entry)
    return [
        problem(
            "ledger/void",
            f"{kind.value} {entry.value} was given to {entry.key} alone",
            "release it instead",
            entry.place,
        )
        for entry in alone
    ]


def _values(ledger: Ledger) -> list[Finding]:
    findings = []
    for kind in Kind:
        for entry, other in taken(ledger, kind):
            what = (
                f"{kind.value} {entry.value} of {entry.key} was given to {other.key} before ({other.place})"
            )
            findings.append(problem("ledger/taken", what, ANEW, entry.place))
        for entry, other in twice(ledger, kind):
            what = f"{entry.key} has {kind.value} {other.value} already ({other.place})"
            findings.append(problem("ledger/twice", what, ANEW, entry.place))
        findings += _voids(ledger, kind)
    for kind in BLOCKS:
        for entry, other in overlaps(ledger, kind):
            what = f"{entry.key} {entry.value} overlaps {other.key} {other.value} ({other.place})"
            findings.append(problem("ledger/overlap", what, ANEW, entry.place))
    return findings


def check_ledger(
    ledger: Ledger, clusters: frozenset[str] | None, shown: str, today: date | None = None
) -> list[Finding]:
    """Everything that can't be true of a ledger.

    Args:
        ledger: as parsed.
        clusters: the site's clusters, of which one must be primary; ``None`` where they can't be read.
        shown: the ledger's folder as it appears in messages.
        today: the day that no reclaim may lie behind; ``None`` judges none.
    """
    findings = _values(ledger)
    for (kind, _), lines in sorted(ledger.histories.items()):
        findings += check_acts(kind, lines, today)
    if not ledger.roles:
        cure = "write two lines into it: 'schema 1' and 'primary 1 CLUSTER'"
        file = f"{shown}/site_role.ledger"
        findings.append(problem("ledger/role", "there is no primary", cure, Place(file=file)))
    for earlier, later in pairwise(ledger.roles):
        if later.epoch <= earlier.epoch:
            what = f"epoch {later.epoch} does not follow epoch {earlier.epoch}"
            findings.append(problem("ledger/role", what, "an epoch only grows", later.place))
    for role in ledger.roles:
        if clusters is not None and role.primary not in clusters:
            what = f"there is no cluster {role.primary!r}"
            findings.append(problem("ledger/role", what, f"known: {', '.join(sorted(clusters))}", role.place))
    return findings
