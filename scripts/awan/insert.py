# SPDX-License-Identifier: GPL-3.0-or-later
"""An entry put into the text of a YAML file; every other byte stays. Reads and writes no file.

The text is not loaded and dumped again: a library that keeps comments still re-wraps lines and moves blanks. Where
the new lines go is read from the marks of the composed nodes, and the result is loaded once to see that it says what
was meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date

import yaml

Value = str | int | date | Sequence[str]
Entry = Mapping[str, Value]

WIDTH = 220
"""Characters of a line, as `.yamllint` has them."""


_BREAK = re.compile(r"(?<=\n)|(?<=\r)(?!\n)|(?<=[\x85\u2028\u2029])")
"""Behind each end of a line, as YAML counts lines."""


class NoPlace(Exception):
    """The entry can't be put there; the text says why and what to do."""


def scalar(value: str | int | date) -> str:
    """A value as YAML writes it, also between braces: bare where it is read back as itself, else in double quotes."""
    if not isinstance(value, str):
        return str(value)
    try:
        bare = yaml.load(f"{{k: {value}}}", Loader=yaml.CSafeLoader) == {"k": value}
        bare = bare and yaml.load(f"k: {value}", Loader=yaml.CSafeLoader) == {"k": value}
    except (yaml.YAMLError, ValueError):
        bare = False
    return value if bare else json.dumps(value, ensure_ascii=not value.isprintable())


def _inline(value: Value) -> str:
    if isinstance(value, str | int | date):
        return scalar(value)
    return f"[{', '.join(map(scalar, value))}]"


def document(entry: Entry) -> str:
    """A whole new file."""
    return "".join(f"{key}: {_inline(value)}\n" for key, value in entry.items())


def _lines(name: str, entry: Entry, indent: str, *, flow: bool) -> list[str]:
    head = f"{indent}{scalar(name)}:"
    line = f"{head} {{{', '.join(f'{key}: {_inline(value)}' for key, value in entry.items())}}}"
    if flow and len(line) <= WIDTH:
        return [line]
    return [head, *(f"{indent}  {key}: {_inline(value)}" for key, value in entry.items())]


def _last_line(node: yaml.Node) -> int:
    """The line on which a node's last word stands; a block's own end mark lies behind comments and blank lines."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(node, yaml.MappingNode) else last)
    mark = node.end_mark
    at_next = mark.column == 0 and mark.line > node.start_mark.line
    return int(mark.line) - (1 if at_next else 0)


def insert(text: str, section: str, name: str, entry: Entry, order: Sequence[str]) -> tuple[str, list[str]]:
    """Put ``name: entry`` at the end of a section of a file.

    Args:
        text: the whole file, with the ends of line that it has.
        section: the key at the top of the file below which the entry goes; made where it is missing.
        name: the entry's key.
        entry: its keys and values, in the order in which they are to stand.
        order: the keys at the top of such a file in their usual order, for a section that is missing.

    Returns:
        The new text, and the lines that are new.

    Raises:
        NoPlace: the name stands there already, or the section is written so that nothing can be put into it.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise NoPlace(f"this is not YAML: {str(error).splitlines()[0]}; run 'awan check'") from error
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise NoPlace("the file has no keys at its top; run 'awan check'")
    parts = {key.value: (key, value) for key, value in root.value}
    lines = [line for line in _BREAK.split(text) if line]
    if section in parts:
        node = parts[section][1]
        if not isinstance(node, yaml.MappingNode) or node.flow_style or not node.value:
            raise NoPlace(f"{section!r} has braces around all of it; write its entries below each other")
        if any(key.value == name for key, _ in node.value):
            raise NoPlace(f"{section!r} has {name!r} already; choose another name, or edit the file")
        key, last = node.value[-1]
        flow = isinstance(last, yaml.MappingNode) and bool(last.flow_style)
        new = _lines(name, entry, " " * key.start_mark.column, flow=flow)
        at = _last_line(node) + 1
    else:
        new = [f"{section}:", *_lines(name, entry, "  ", flow=True)]
        before = set(order[: order.index(section)])
        earlier = [_last_line(value) for key, value in root.value if key.value in before]
        at = max(earlier, default=_last_line(root)) + 1
    if at == len(lines) and lines and not lines[-1].endswith("\n"):
        lines[-1] += end
    result = "".join([*lines[:at], *(line + end for line in new), *lines[at:]])
    _confirm(text, result, section, name, entry)
    return result, new


def _confirm(old: str, new: str, section: str, name: str, entry: Entry) -> None:
    """The new text says what the old one said, and the entry."""
    meant = yaml.load(old, Loader=yaml.CSafeLoader)
    plain = {key: list(v) if isinstance(v, tuple) else v for key, v in entry.items()}
    meant[section] = {**meant.get(section, {}), name: plain}
    try:
        said = yaml.load(new, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        said = None
    if said != meant:
        raise NoPlace(f"{section!r} is laid out so that no line can be put into it; edit the file by hand")
