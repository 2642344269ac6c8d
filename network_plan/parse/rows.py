# SPDX-License-Identifier: GPL-3.0-or-later
"""A table of what exists today (CSV: ``key``, ``kind``, ``value``) → rows for the ledger, every error with its line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from network_plan.model.finding import Finding, Place, Severity
from network_plan.model.ledger import Kind
from network_plan.model.row import Row
from network_plan.parse.utf8 import no_utf8
from network_plan.parse.values import KEY, problem_of

COLUMNS = ("key", "kind", "value")
_KINDS = {kind.value: kind for kind in Kind}
_KEY = re.compile(KEY)
_SHARED = (Kind.NODE, Kind.REPLICA)


def _problem(place: Place, what: str, cure: str) -> Finding:
    return Finding(severity=Severity.ERROR, rule="ledger/import", what=what, cure=cure, place=place)


def _row(cells: Sequence[str], columns: Sequence[int], place: Place) -> Row | Finding:
    key, name, value = (cells[column].strip() for column in columns)
    kind = _KINDS.get(name)
    if kind is None:
        return _problem(place, f"there is no kind {name!r}", f"write one of {', '.join(_KINDS)}")
    if not _KEY.fullmatch(key):
        return _problem(
            place, f"{key!r} is no key", "write it as 'awan allot --dry-run' does: dinas/app/net0"
        )
    what = problem_of(kind, value)
    if what is not None:
        return _problem(place, what, "write the value as it is used today")
    return Row(kind=kind, key=key, value=value, place=place)


def parse_rows(text: str, shown: str) -> tuple[list[Row], list[Finding]]:
    """Parse a table.

    Args:
        text: with a line of column names first; commas or semicolons between; further columns are for people.
        shown: the file as messages name it.

    Returns:
        What could be read, and a finding for each line that could not.
    """
    if foreign := no_utf8(text):
        line, column, byte = foreign
        place = Place(file=shown, line=line, column=column)
        return [], [_problem(place, f"byte 0x{byte:02x} is no UTF-8", "save the table as UTF-8")]
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=";" if ";" in first and "," not in first else ",",
        strict=True,
    )
    rows: list[Row] = []
    findings: list[Finding] = []
    seen: dict[tuple[Kind, str, str], Place] = {}
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in COLUMNS if name not in names]
        if missing:
            what = f"the table has no column {missing[0]!r}"
            cure = f"begin it with a line of names: {','.join(COLUMNS)}"
            return [], [_problem(Place(file=shown, line=1), what, cure)]
        columns = [names.index(name) for name in COLUMNS]
        for cells in reader:
            place = Place(file=shown, line=reader.line_num)
            if not any(cells):
                continue
            if len(cells) != len(names):
                what = f"the line has {len(cells)} columns, the first one has {len(names)}"
                findings.append(_problem(place, what, "write one value for each column"))
                continue
            found = _row(cells, columns, place)
            if isinstance(found, Finding):
                findings.append(found)
                continue
            told = [(found.kind, "key", found.key)]
            told += [] if found.kind in _SHARED else [(found.kind, "value", found.value)]
            earlier = next((seen[one] for one in told if one in seen), None)
            if earlier is not None:
                what = f"{found.kind.value} {found.value} of {found.key}: line {earlier.line} says otherwise"
                findings.append(_problem(place, what, "keep the line that is true"))
                continue
            seen.update(dict.fromkeys(told, place))
            rows.append(found)
    except csv.Error as error:
        place = Place(file=shown, line=reader.line_num)
        findings.append(_problem(place, f"the table can't be read: {error}", "save it as CSV again"))
    return rows, findings
