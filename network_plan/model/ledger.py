# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: everything that was ever allotted, one line each, never edited.

Reading and writing its files is in ``network_plan.files`` and ``network_plan.parse.ledger``;
deciding new lines is in ``network_plan.allocate``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from functools import cached_property
from ipaddress import ip_network
from itertools import repeat
from operator import itemgetter
from typing import Any

from network_plan.model.finding import Place

SCHEMA = 1


class Kind(str, Enum):
    """What a line allots; the folder of its file."""

    PREFIX = "prefix"
    PREFIX6 = "prefix6"
    VLAN = "vlan"
    VNET = "vnet"
    VMID = "vmid"
    MAC = "mac"
    ADDRESS = "address"
    PUBLIC = "public"
    NODE = "node"
    REPLICA = "replica"


class Act(str, Enum):
    """What a line does. An older version of Awan knows the first two, and refuses the others by their line.

    ``allot KEY VALUE`` gives a value to a key that a site file declares; ``reserve`` to one that none does.
    ``release KEY VALUE [DAY]`` takes it back: it rests until that day, without a day for good.
    ``reclaim KEY VALUE DAY`` makes a rested value free again; DAY is when that was decided.
    ``grow KEY VALUE`` makes a prefix larger in place, ``split KEY VALUE DAY`` smaller: the rest of it rests.
    ``void KEY VALUE`` says that an allotment never counted, since another key has the value.
    """

    ALLOT = "allot"
    RELEASE = "release"
    RESERVE = "reserve"
    RECLAIM = "reclaim"
    GROW = "grow"
    SPLIT = "split"
    VOID = "void"


GIVES = frozenset({Act.ALLOT, Act.RESERVE})
RESIZES = frozenset({Act.GROW, Act.SPLIT})
ENDS = frozenset({Act.RELEASE, Act.VOID})
FREES = frozenset({Act.RECLAIM, Act.VOID})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line: ``allot dukcapil/siak 101`` in ``vmid/dukcapil.ledger``."""

    kind: Kind
    owner: str
    act: Act
    key: str
    value: str
    day: date | None = None
    place: Place | None = field(default=None, compare=False)

    @property
    def file(self) -> str:
        """The file of this entry, relative to the ledger's folder."""
        return f"{self.kind.value}/{self.owner}.ledger"

    @property
    def line(self) -> str:
        """The line as it stands in the file."""
        text = f"{self.act.value} {self.key} {self.value}"
        return text if self.day is None else f"{text} {self.day}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleEntry:
    """One line of ``site_role.ledger``: which site is primary since which epoch."""

    epoch: int
    primary: str
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The lines of one file. ``allot`` lines stand in columns: a million objects would not fit into memory.

    Attributes:
        keys, values, numbers: of the ``allot`` lines, of equal length; numbers count lines from 1.
        others: every other line, with its place.
        places: where the others stand among the lines, as ``numbers`` does for the allotments.
        shown: the file as messages name it; ``None`` for lines that are in no file yet.
    """

    kind: Kind
    owner: str
    keys: Sequence[str]
    values: Sequence[str]
    numbers: Sequence[int]
    others: tuple[Entry, ...] = ()
    places: Sequence[int] = ()
    shown: str | None = None

    def __len__(self) -> int:
        """How many lines."""
        return len(self.keys) + len(self.others)

    def entries(self, keys: frozenset[str] | None = None) -> Iterator[Entry]:
        """Its lines in their order, all or those of some keys."""
        found = [
            (self.numbers[row], self.allot(row))
            for row, key in enumerate(self.keys)
            if keys is None or key in keys
        ]
        more = [
            (number, entry)
            for number, entry in zip(self.places, self.others, strict=True)
            if keys is None or entry.key in keys
        ]
        if more:
            found = sorted([*found, *more], key=itemgetter(0))
        return (entry for _, entry in found)

    def with_values(self, wanted: frozenset[str]) -> Iterator[Entry]:
        """Its ``allot`` and ``reserve`` lines that give one of these values."""
        for row, value in enumerate(self.values):
            if value in wanted:
                yield self.allot(row)
        yield from (entry for entry in self.others if entry.act is Act.RESERVE and entry.value in wanted)

    def allot(self, row: int) -> Entry:
        """One of its ``allot`` lines, by its place in the columns."""
        place = None if self.shown is None else Place(file=self.shown, line=self.numbers[row])
        return Entry(
            kind=self.kind,
            owner=self.owner,
            act=Act.ALLOT,
            key=self.keys[row],
            value=self.values[row],
            place=place,
        )


def books_of(entries: Iterable[Entry]) -> tuple[Book, ...]:
    """Entries that stand in no file yet, as a book for each file that they would go into."""
    files: dict[tuple[Kind, str], list[Entry]] = {}
    for entry in entries:
        files.setdefault((entry.kind, entry.owner), []).append(entry)
    books = []
    for (kind, owner), lines in files.items():
        gives = [(number, entry) for number, entry in enumerate(lines) if entry.act is Act.ALLOT]
        others = [(number, entry) for number, entry in enumerate(lines) if entry.act is not Act.ALLOT]
        books.append(
            Book(
                kind=kind,
                owner=owner,
                keys=tuple(entry.key for _, entry in gives),
                values=tuple(entry.value for _, entry in gives),
                numbers=tuple(number for number, _ in gives),
                others=tuple(entry for _, entry in others),
                places=tuple(number for number, _ in others),
            )
        )
    return tuple(books)


def present(lines: Sequence[Entry]) -> str | None:
    """What a key has after all its lines.

    An allotment whose release has been written is gone wherever the two lines stand, since a union merge
    does not keep the order of lines; only where a prefix changed its size does their order count.
    """
    if any(entry.act in RESIZES for entry in lines):
        value: str | None = None
        for entry in lines:
            if entry.act in GIVES or entry.act in RESIZES:
                value = entry.value
            elif entry.act in ENDS and entry.value == value:
                value = None
        return value
    count: Counter[str] = Counter()
    for entry in lines:
        count[entry.value] += (entry.act in GIVES) - (entry.act in ENDS)
    return next((entry.value for entry in reversed(lines) if count[entry.value] > 0), None)


@dataclass(frozen=True, kw_only=True)  # without slots: its views are worked out once
class Ledger:
    """All lines, by file and position, and the views that the other steps need."""

    books: tuple[Book, ...] = ()
    roles: tuple[RoleEntry, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[Entry], roles: Iterable[RoleEntry] = ()) -> Ledger:
        """A ledger of lines that stand in no file."""
        return cls(books=books_of(entries), roles=tuple(roles))

    def plus(self, entries: Iterable[Entry]) -> Ledger:
        """This ledger with lines appended."""
        return Ledger(books=(*self.books, *books_of(entries)), roles=self.roles)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every line as a value of its own; for a ledger of ordinary size."""
        return tuple(entry for book in self.books for entry in book.entries())

    @property
    def lines(self) -> int:
        """How many lines were ever written."""
        return sum(map(len, self.books)) + len(self.roles)

    def of_kind(self, kind: Kind) -> tuple[Book, ...]:
        """The books of one kind."""
        return tuple(book for book in self.books if book.kind is kind)

    @cached_property
    def histories(self) -> Mapping[tuple[Kind, str], Sequence[Entry]]:
        """All lines of each key that has more than allotments, in their order."""
        return self.history({(entry.kind, entry.key) for book in self.books for entry in book.others})

    def history(self, wanted: Iterable[tuple[Kind, str]]) -> dict[tuple[Kind, str], list[Entry]]:
        """All lines of some keys, in their order."""
        keys: dict[Kind, set[str]] = {}
        for kind, key in wanted:
            keys.setdefault(kind, set()).add(key)
        found: dict[tuple[Kind, str], list[Entry]] = {}
        for book in self.books:
            if book.kind in keys:
                for entry in book.entries(frozenset(keys[book.kind])):
                    found.setdefault((entry.kind, entry.key), []).append(entry)
        return found

    def live(self) -> Mapping[tuple[Kind, str], str]:
        """Kind and key → value, of what is given and not taken back."""
        return self._live

    @cached_property
    def _live(self) -> Mapping[tuple[Kind, str], str]:
        live: dict[tuple[Kind, str], str] = {}
        for book in self.books:
            live.update(zip(zip(repeat(book.kind), book.keys, strict=False), book.values, strict=True))
        for where, lines in self.histories.items():
            value = present(lines)
            if value is None:
                live.pop(where, None)
            else:
                live[where] = value
        return live

    def used(self, kind: Kind) -> frozenset[str]:
        """Every value of a kind that can't be allotted: what is held, and what rests.

        Of a prefix that was split, only the pieces that were not reclaimed.
        """
        return frozenset(self.held(kind))

    def resized(self, kind: Kind) -> Mapping[str, Sequence[Entry]]:
        """All lines of each key whose prefix grew or was split."""
        return {
            key: lines
            for (of, key), lines in self.histories.items()
            if of is kind and any(entry.act in RESIZES for entry in lines)
        }

    def held(self, kind: Kind) -> set[str]:
        """As :meth:`used`, as a set of one's own."""
        resized = self.resized(kind)
        held: set[str] = set()
        freed: Counter[str] = Counter()
        for book in self.of_kind(kind):
            if resized:
                held.update(v for k, v in zip(book.keys, book.values, strict=True) if k not in resized)
            else:
                held.update(book.values)
            for entry in book.others:
                if entry.key not in resized:
                    held.update([entry.value] if entry.act is Act.RESERVE else ())
                    freed.update([entry.value] if entry.act in FREES else ())
        if freed:
            given = Counter(
                entry.value for book in self.of_kind(kind) for entry in book.with_values(frozenset(freed))
            )
            held -= {value for value, number in freed.items() if given[value] <= number}
        for lines in resized.values():
            held |= occupied(lines)
        return held


def occupied(lines: Iterable[Entry]) -> set[str]:
    """The blocks that a key whose prefix changed keeps from others: all it ever had and that was not reclaimed."""
    held: set[Any] = set()
    for entry in lines:
        block: Any = ip_network(entry.value)
        if entry.act in GIVES or entry.act is Act.GROW:
            held = {other for other in held if not other.subnet_of(block)} | {block}
        elif entry.act in FREES:
            inside = {other for other in held if block.subnet_of(other)}
            held = {other for other in held - inside if not other.subnet_of(block)}
            held |= {part for other in inside for part in other.address_exclude(block)}
    return {str(block) for block in held}
