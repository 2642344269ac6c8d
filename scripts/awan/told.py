# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ledger and git say of a thing that ``awan show`` found: each line, who wrote it, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from network_plan.allocate.declared import thing_of
from network_plan.files import read_texts, shown
from network_plan.parse.ledger import parse_ledger
from scripts.awan.git import ledger_written

_KEYS: Mapping[str, Callable[[Any], str]] = {
    "guests": lambda guest: guest.key,
    "hosts": lambda host: f"host/{host.name}",
    "public": lambda public: f"{public.use}/{public.name}",
    "reservations": lambda block: f"reserved/{block.key}",
    "networks": lambda network: network.key,
}
"""Kind of ``awan show`` → the thing whose keys the ledger has, the nearest to an address first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line of the ledger; the commit that brought it is not known outside git, and before the commit."""

    kind: str
    value: str
    line: str
    place: str
    day: date | None
    author: str | None
    commit: str | None


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True


def told(word: str, found: Mapping[str, list[Any]], ledger_dir: Path) -> list[Told]:
    """The lines of what was asked for; of a tenant or a cluster there are none."""
    first = next(iter(found), "")
    kind = next((kind for kind in _KEYS if kind in found), "") if _is_address(word) else first
    if kind not in _KEYS:
        return []
    things = {_KEYS[kind](item) for item in found[kind]}
    ledger, _ = parse_ledger(read_texts(ledger_dir, "ledger", missing_ok=True), shown(ledger_dir))
    lines = [
        entry
        for book in ledger.books
        if any(key.startswith(tuple(things)) for key in book.keys) or book.others
        for entry in book.entries()
        if thing_of(entry.kind, entry.key) in things
    ]
    written = ledger_written(ledger_dir, sorted({entry.file for entry in lines})) if lines else {}
    rows = []
    for entry in lines:
        by = written.get((entry.file, entry.line))
        rows.append(
            Told(
                kind=entry.kind.value,
                value=entry.value,
                line=entry.line,
                place=str(entry.place),
                day=None if by is None else by.day,
                author=None if by is None else by.author,
                commit=None if by is None else by.commit,
            )
        )
    return rows
