# SPDX-License-Identifier: GPL-3.0-or-later
"""Small parts of Markdown, and docstrings taken apart. Nothing here knows what is described."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence

_ROLE = re.compile(r":\w+:`~?\.?([^`]+)`")
_ATTRIBUTE = re.compile(r"^    (\w+(?:, \w+)*): (.+)$")


def cell(text: str) -> str:
    """A text that stays in its table cell; code in one pair of backticks."""
    return _ROLE.sub(r"`\1`", text).replace("``", "`").replace("|", "\\|").replace("\n", " ").strip()


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    lines += [f"| {' | '.join(map(cell, row))} |" for row in rows]
    return "\n".join(lines) + "\n"


def description(doc: str | None) -> str:
    """A docstring without its sections."""
    text = inspect.cleandoc(doc or "")
    kept = re.split(r"\n\n(?:Attributes|Args|Returns|Raises):\n", text)[0]
    return _ROLE.sub(r"`\1`", kept).replace("``", "`")


def attributes(doc: str | None) -> dict[str, str]:
    """Name → sentence, from a docstring's section ``Attributes``."""
    text = inspect.cleandoc(doc or "")
    _, _, section = text.partition("\nAttributes:\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if match := _ATTRIBUTE.match(line):
            names = match[1].split(", ")
            found.update(dict.fromkeys(names, match[2]))
        elif line.startswith("     ") and names:
            for name in names:
                found[name] += " " + line.strip()
        elif line.strip():
            break
    return found
