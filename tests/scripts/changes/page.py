# SPDX-License-Identifier: GPL-3.0-or-later
"""``docs/reference/changes.md``: the small changes with what they wrote and what the previews said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.scripts.changes.cases import Case
from tests.scripts.changes.conftest import Lines

HEAD = """\
<!-- Written by `AWAN_GOLDEN=write pytest tests/scripts/changes`; do not edit. -->

# Small changes, and what each touches

Made one by one in a copy of `inventory/`, with `awan allot` and `awan check` after each, and previewed with
`pulumi preview` against two lab clusters that hold the whole regency. *same* resources are left out: what is not listed is
not touched. A test makes them again and compares.

"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one change did: file → lines, stack → operations."""

    case: Case
    lines: Mapping[str, Lines]
    operations: Mapping[str, Sequence[str]]


def _count(seen: Seen, part: str) -> str:
    chosen = [lines for name, lines in seen.lines.items() if (".ledger" in name) == (part == "ledger")]
    added = sum(len(lines.added) for lines in chosen)
    removed = sum(len(lines.removed) for lines in chosen)
    return " ".join(f"{sign}{number}" for sign, number in (("+", added), ("-", removed)) if number) or "none"


def _operations(names: Sequence[str]) -> str:
    counted = Counter(name.partition(" ")[0] for name in names)
    return ", ".join(f"{number} {op}" for op, number in sorted(counted.items())) or "nothing"


def section(seen: Seen) -> str:
    """A change with its lines and its operations."""
    parts = [f"## {seen.case.title}", ""]
    if seen.case.note:
        parts += [seen.case.note, ""]
    parts.append("```diff")
    for name, lines in seen.lines.items():
        parts.append(f"# inventory/{name}")
        parts += [f"-{line}" for line in lines.removed] + [f"+{line}" for line in lines.added]
    parts += ["```", ""]
    for stack, names in seen.operations.items():
        if names:
            parts += [f"- `{stack}`: " + ", ".join(f"`{name}`" for name in names)]
        else:
            parts += [f"- `{stack}`: nothing"]
    return "\n".join(parts)


def row(seen: Seen) -> str:
    """A change in the table."""
    cells = [seen.case.title, _count(seen, "site"), _count(seen, "ledger")]
    return f"| {' | '.join([*cells, *map(_operations, seen.operations.values())])} |"


def page(seen: Sequence[Seen]) -> str:
    """The whole page."""
    stacks = list(seen[0].operations)
    head = f"| change | site lines | ledger lines | {' | '.join(stacks)} |"
    rows = [head, f"| --- | --- | --- |{' --- |' * len(stacks)}", *map(row, seen)]
    return HEAD + "\n".join(rows) + "\n\n" + "\n\n".join(map(section, seen)) + "\n"
