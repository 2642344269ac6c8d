# SPDX-License-Identifier: GPL-3.0-or-later
"""Ledger texts → books. Each file begins with ``schema 1``; then a line per act (``model.ledger.Act``).

Comments and blank lines are not known, since a union merge would move them about. ``site_role.ledger`` has
``primary EPOCH CLUSTER`` lines. A file in which every line has the form of its kind is read in columns by one
pattern; only where it does not hold, each line is asked what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from network_plan.model.finding import Finding, Place, Severity
from network_plan.model.ledger import RESIZES, SCHEMA, Act, Book, Entry, Kind, Ledger, RoleEntry
from network_plan.parse.utf8 import no_utf8
from network_plan.parse.values import KEY, VALUES, problem_of, wrong_blocks

ROLE_FILE = "site_role.ledger"
_HEAD = f"schema {SCHEMA}"
_MARKERS = ("<<<<<<<", "=======", "|||||||", ">>>>>>>")
_MANY = 20
"""So many wrong lines of one file are told, each with its place."""
_KEEP_BOTH = "remove the markers and keep the lines of both sides (the union merge does that)"
_RESTORE = "restore the line from git"
_EPOCH = re.compile(r"[1-9][0-9]{0,8}")
_KEY = re.compile(KEY)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")

_WHOLE = {kind: re.compile(rf"{_HEAD}\n(?:allot {KEY} {value}\n)*+") for kind, value in VALUES.items()}
"""What a file looks like that needs no second look; possessive, so that nothing is kept to go back to."""

_DAYS = {
    Act.ALLOT: (False, False),
    Act.RESERVE: (False, False),
    Act.RELEASE: (False, True),
    Act.RECLAIM: (True, True),
    Act.GROW: (False, False),
    Act.SPLIT: (True, True),
    Act.VOID: (False, False),
}
"""Act → whether it must, and whether it may have a day."""


def _problem(place: Place, what: str, cure: str) -> Finding:
    return Finding(severity=Severity.ERROR, rule="ledger/form", what=what, cure=cure, place=place)


def _form(act: Act) -> str:
    must, may = _DAYS[act]
    return f"{act.value} KEY VALUE" + (" DAY" if must else " [DAY]" if may else "")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _entry(kind: Kind, owner: str, line: str, place: Place) -> Entry | Finding:
    if unseen := _UNSEEN.search(line):
        at = Place(file=place.file, line=place.line, column=unseen.start() + 1)
        return _problem(at, f"a character that can't be seen (U+{ord(unseen[0]):04X})", _RESTORE)
    words = line.split(" ")
    act = next((act for act in Act if act.value == words[0]), None)
    if act is None or (act in RESIZES and kind not in (Kind.PREFIX, Kind.PREFIX6)):
        cure = "a line reads 'allot KEY VALUE'; restore it from git"
        if len(words) > 1 and words[0].isalpha():
            cure += ", or update Awan"
        return _problem(place, f"{line!r} is no ledger line", cure)
    must, may = _DAYS[act]
    if len(words) not in {4 if must else 3, 4 if may else 3}:
        cure = f"a line reads {_form(act)!r}; restore it from git"
        return _problem(place, f"{line!r} is no ledger line", cure)
    if not _KEY.fullmatch(words[1]):
        return _problem(place, f"{words[1]!r} is no key", _RESTORE)
    what = problem_of(kind, words[2])
    if what is not None:
        return _problem(place, what, _RESTORE)
    day = _day(words[3]) if len(words) == 4 else None
    if len(words) == 4 and day is None:
        return _problem(place, f"{words[3]!r} is no day", "write it as YYYY-MM-DD")
    return Entry(kind=kind, owner=owner, act=act, key=words[1], value=words[2], day=day, place=place)


def _role(line: str, place: Place) -> RoleEntry | Finding:
    words = line.split(" ")
    if len(words) != 3 or words[0] != "primary" or not _EPOCH.fullmatch(words[1]):
        return _problem(place, f"{line!r} is no site role", "a line reads 'primary EPOCH CLUSTER'")
    return RoleEntry(epoch=int(words[1]), primary=words[2], place=place)


def _body(name: str, text: str, findings: list[Finding]) -> Iterator[tuple[int, str]]:
    """The lines that should hold entries, one by one; what is wrong with the file as a whole goes to ``findings``.

    The caller stops where enough is wrong: a file of fifty megabytes that is no ledger is not taken apart.
    """
    if foreign := no_utf8(text):
        row, column, byte = foreign
        place = Place(file=name, line=row, column=column)
        findings.append(_problem(place, f"byte 0x{byte:02x} is no UTF-8", "restore the file from git"))
        return
    head, _, _ = text[: len(_HEAD) + 20].partition("\n")
    first = Place(file=name, line=1)
    if head.startswith(_MARKERS):
        findings.append(_problem(first, "a merge marker", _KEEP_BOTH))
        return
    if text and not text.endswith("\n"):
        place = Place(file=name, line=text.count("\n") + 1)
        findings.append(_problem(place, "the last line is cut off", "restore the file from git"))
    if head != _HEAD:
        cure = f"this version reads '{_HEAD}'; restore the file from git or update Awan"
        findings.append(_problem(first, f"{head!r} is no known schema", cure))
        return
    start, number = len(_HEAD) + 1, 1
    while (end := text.find("\n", start)) >= 0:
        line = text[start:end]
        start, number = end + 1, number + 1
        if line.startswith(_MARKERS):
            findings.append(_problem(Place(file=name, line=number), "a merge marker", _KEEP_BOTH))
        elif line != _HEAD:  # a union merge of two new files may leave the schema line twice
            yield number, line
        if len(findings) >= _MANY:
            findings.append(_no_further(name, number))
            return


def _no_further(name: str, number: int) -> Finding:
    """A file that is no ledger at all is not told line by line."""
    what = f"{_MANY} lines can't be read; what comes after is not read"
    return _problem(Place(file=name, line=number), what, "restore the file from git")


def _columns(kind: Kind, owner: str, name: str, text: str) -> Book | None:
    """A file of ``allot`` lines of the right form and nothing else, the ordinary case; else ``None``."""
    if _WHOLE[kind].fullmatch(text) is None:
        return None
    words = text.split()
    keys, values = words[3::3], words[4::3]
    if wrong_blocks(kind, values):
        return None
    return Book(kind=kind, owner=owner, keys=keys, values=values, numbers=range(2, len(keys) + 2), shown=name)


def _by_line(kind: Kind, owner: str, name: str, text: str) -> tuple[Book, list[Finding]]:
    findings: list[Finding] = []
    keys: list[str] = []
    values: list[str] = []
    numbers: list[int] = []
    others: list[Entry] = []
    places: list[int] = []
    plain = re.compile(rf"allot ({KEY}) ({VALUES[kind]})") if kind not in _BLOCKS else None
    for number, line in _body(name, text, findings):
        match = plain.fullmatch(line) if plain else None
        if match is not None:
            keys.append(match[1])
            values.append(match[2])
            numbers.append(number)
            continue
        found = _entry(kind, owner, line, Place(file=name, line=number))
        if isinstance(found, Finding):
            findings.append(found)
        elif found.act is Act.ALLOT:
            keys.append(found.key)
            values.append(found.value)
            numbers.append(number)
        else:
            others.append(found)
            places.append(number)
    return Book(
        kind=kind,
        owner=owner,
        keys=keys,
        values=values,
        numbers=numbers,
        others=tuple(others),
        places=places,
        shown=name,
    ), findings


_BLOCKS = (Kind.PREFIX, Kind.PREFIX6)


def _roles(name: str, text: str) -> tuple[Sequence[RoleEntry], list[Finding]]:
    findings: list[Finding] = []
    roles = []
    for number, line in _body(name, text, findings):
        found = _role(line, Place(file=name, line=number))
        if isinstance(found, Finding):
            findings.append(found)
        else:
            roles.append(found)
    return roles, findings


def parse_ledger(texts: Mapping[str, str], shown: str) -> tuple[Ledger, list[Finding]]:
    """Parse all ledger files.

    Args:
        texts: file name relative to the ledger's folder → text.
        shown: the folder as it appears in messages.

    Returns:
        What could be read, and a finding for each line that could not.
    """
    books: list[Book] = []
    roles: tuple[RoleEntry, ...] = ()
    findings: list[Finding] = []
    kinds = {kind.value: kind for kind in Kind}
    for file in sorted(texts):
        name = f"{shown}/{file}"
        folder, _, owner = file.removesuffix(".ledger").rpartition("/")
        if not file.endswith(".ledger") or (file != ROLE_FILE and folder not in kinds):
            findings.append(_problem(Place(file=name), "no ledger file has this name", "remove or rename it"))
            continue
        if file == ROLE_FILE:
            found, problems = _roles(name, texts[file])
            roles = tuple(found)
            findings += problems
            continue
        book = _columns(kinds[folder], owner, name, texts[file])
        if book is None:
            book, problems = _by_line(kinds[folder], owner, name, texts[file])
            findings += problems
        books.append(book)
    return Ledger(books=tuple(books), roles=roles), findings
