# SPDX-License-Identifier: GPL-3.0-or-later
"""One YAML text → plain data and the place of every key.

libyaml composes the nodes (they carry line and column); the values are made here, so that a key
given twice is an error and an alias, the stuff of YAML bombs, is refused.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any, ClassVar

import yaml

from network_plan.model.finding import Finding, Place, Severity, type_path
from network_plan.parse.utf8 import no_utf8

Data = dict[str, "Data"] | list["Data"] | str | int | float | bool | datetime.date | None

MAX_BYTES = 2_000_000
"""A site file is one screen; two megabytes are a mistake and are not read further."""
MAX_DEPTH = 20
_UNREADABLE = (ValueError, OverflowError, AttributeError, IndexError, KeyError)
"""What PyYAML's constructors raise for a value that does not fit the tag written before it."""


_STR = "tag:yaml.org,2002:str"


class _Loader(yaml.CSafeLoader):
    """libyaml's, which asks Python for the tag of each plain word: files say the same words over and over."""

    _tags: ClassVar[dict[str, str]] = {}

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: Any) -> str:
        if kind is not yaml.ScalarNode or value is None or not implicit[0]:
            return str(super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]
        tag = self._tags.get(value)
        if tag is None:
            tag = str(super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]
            self._tags[value] = tag
        return tag


@dataclass(slots=True)
class Positions:
    """Key path → file and mark, filled while documents are read; a place is made of those that are asked for."""

    marks: dict[type_path, tuple[str, yaml.Mark | None]] = field(default_factory=dict)

    def at(self, path: type_path) -> Place | None:
        """The place of exactly this path."""
        known = self.marks.get(path)
        if known is None:
            return None
        file, mark = known
        return Place(file=file) if mark is None else _place(file, mark)

    def of(self, path: type_path) -> Place | None:
        """The place of a path, or of its nearest known parent."""
        return next((place for end in range(len(path), 0, -1) if (place := self.at(path[:end]))), None)


def _place(file: str, mark: yaml.Mark) -> Place:
    return Place(file=file, line=mark.line + 1, column=mark.column + 1)


class _Reader:
    def __init__(self, file: str, base: type_path, positions: Positions) -> None:
        self.file = file
        self.positions = positions
        self.base = base
        self.findings: list[Finding] = []
        self._scalars = yaml.constructor.SafeConstructor()
        self._seen: set[int] = set()

    def fail(self, rule: str, what: str, cure: str, place: Place, path: type_path) -> None:
        self.findings.append(
            Finding(severity=Severity.ERROR, rule=rule, what=what, cure=cure, path=path, place=place)
        )

    def read(self, node: yaml.Node, path: type_path) -> Data:
        if len(path) - len(self.base) > MAX_DEPTH:
            place = _place(self.file, node.start_mark)
            self.fail(
                "site/depth", "the file is nested too deeply", "site files have few levels", place, path
            )
            return None
        if id(node) in self._seen:
            place = _place(self.file, node.start_mark)
            self.fail(
                "site/alias", "a YAML alias (*name)", "write the value out where it is used", place, path
            )
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            items: list[Data] = []
            for index, item in enumerate(node.value):
                self.positions.marks[(*path, index)] = (self.file, item.start_mark)
                items.append(self.read(item, (*path, index)))
            return items
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: type_path) -> Data:
        result: dict[str, Data] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                place = _place(self.file, key_node.start_mark)
                self.fail("site/key", "a key that is no word", "keys are plain words", place, path)
                continue
            key = key_node.value
            if key in result:
                place = _place(self.file, key_node.start_mark)
                first = self.positions.at((*path, key))
                self.fail(
                    "site/duplicate",
                    f"{key!r} stands here a second time (first at {first})",
                    "keep one of the two, or give the second a name of its own",
                    place,
                    (*path, key),
                )
                continue
            self.positions.marks[(*path, key)] = (self.file, key_node.start_mark)
            result[key] = self.read(value_node, (*path, key))
        return result

    def _scalar(self, node: yaml.Node, path: type_path) -> Data:
        if node.tag == _STR:
            return str(node.value)
        try:
            value: Data = self._scalars.construct_object(node)
        except (yaml.YAMLError, *_UNREADABLE) as error:
            reason = (
                str(error).splitlines()[0] if isinstance(error, (yaml.YAMLError, ValueError)) else node.tag
            )
            place = _place(self.file, node.start_mark)
            self.fail(
                "site/value", f"{node.value!r} can't be read: {reason}", "quote it if it is text", place, path
            )
            return None
        if value is not None and not isinstance(value, (str, int, float, bool, datetime.date)):
            place = _place(self.file, node.start_mark)
            self.fail("site/value", f"the YAML tag {node.tag!r}", "write plain text or a number", place, path)
            return None
        return value


def read_document(file: str, text: str, base: type_path, positions: Positions) -> tuple[Data, list[Finding]]:
    """Compose one YAML document.

    Args:
        file: name for messages.
        text: the whole file.
        base: key path under which its keys are recorded in ``positions``.
        positions: filled with the place of every key and item.

    Returns:
        The data (``None`` where nothing could be read) and the findings.
    """
    reader = _Reader(file, base, positions)
    positions.marks[base] = (file, None)
    if len(text) > MAX_BYTES:
        reader.fail("site/size", "the file is larger than 2 MB", "split it", Place(file=file), base)
        return None, reader.findings
    if foreign := no_utf8(text):
        line, column, byte = foreign
        place = Place(file=file, line=line, column=column)
        reader.fail("site/utf8", f"byte 0x{byte:02x} is no UTF-8", "save the file as UTF-8", place, base)
        return None, reader.findings
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = _place(file, mark) if mark else Place(file=file)
        reader.fail(
            "site/yaml", f"this is not YAML: {error.problem}", "mend the line or its indentation", place, base
        )
        return None, reader.findings
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0]
        cure = "remove that character, or write it as an escape in quotes"
        reader.fail("site/yaml", f"this is not YAML: {reason}", cure, Place(file=file), base)
        return None, reader.findings
    if node is None:
        reader.fail("site/empty", "the file is empty", "write its keys, or remove it", Place(file=file), base)
        return None, reader.findings
    return reader.read(node, base), reader.findings
