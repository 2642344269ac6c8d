# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks and normalises inputs by their definitions. All errors at once, each with its property. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from .definition import Field, Kind, Many, Resource, Shape
from .wire import UNKNOWN, Values

Failures = list[tuple[str, str]]

_PYTHON: dict[Kind, tuple[type, ...]] = {
    Kind.STRING: (str,),
    Kind.INT: (int,),
    Kind.NUMBER: (int, float),
    Kind.BOOL: (bool,),
}


def natural(text: str) -> list[tuple[int, str]]:
    """A sort key by which scsi2 stands before scsi10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text) if part]


def check(resource: Resource, news: Values) -> tuple[Values, Failures]:
    """The inputs in their one form, and everything that is wrong with them."""
    failures: Failures = []
    values = _object(resource.inputs, news, "", failures)
    if not failures:
        failures.extend(resource.handler.check(values).items())
    return values, failures


def _object(fields: Iterable[Field], given: Values, prefix: str, failures: Failures) -> Values:
    fields = tuple(fields)
    names = {field.name for field in fields}
    for name in given:
        if name not in names and not name.startswith("__"):
            near = get_close_matches(name, names, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(sorted(names))}"
            failures.append((f"{prefix}{name}", f"is not a property here{hint}"))
    out: Values = {}
    for field in fields:
        value = given.get(field.name)
        if value is None:
            value = field.default
        if value is None:
            if field.required:
                failures.append(
                    (f"{prefix}{field.name}", f"is missing; write {field.doc[0].lower()}{field.doc[1:]}")
                )
            continue
        out[field.name] = _value(field, value, f"{prefix}{field.name}", failures)
    return out


def _value(field: Field, value: Any, path: str, failures: Failures) -> Any:
    if value is UNKNOWN:
        return UNKNOWN
    if field.many is Many.ONE:
        return _one(field, value, path, failures)
    if not isinstance(value, list | tuple):
        failures.append((path, "is not a list; write a list"))
        return []
    items = [_one(field, item, f"{path}[{index}]", failures) for index, item in enumerate(value)]
    if field.many is Many.SET and all(isinstance(item, str) for item in items):
        return sorted(set(items))
    if isinstance(field.kind, Shape) and field.kind.key:
        return _keyed(field.kind, items, path, failures)
    return items


def _keyed(shape: Shape, items: list[Any], path: str, failures: Failures) -> list[Any]:
    key = shape.key or ""
    seen: set[Any] = set()
    for index, item in enumerate(items):
        ident = item.get(key) if isinstance(item, dict) else UNKNOWN
        if ident is UNKNOWN or ident is None:
            continue
        if ident in seen:
            failures.append((f"{path}[{index}].{key}", f"{ident!r} stands here twice; each {key} once"))
        seen.add(ident)
    known = all(isinstance(item, dict) and isinstance(item.get(key), str) for item in items)
    return items if shape.ordered or not known else sorted(items, key=lambda item: natural(item[key]))


def _one(field: Field, value: Any, path: str, failures: Failures) -> Any:
    if value is UNKNOWN:
        return UNKNOWN
    if isinstance(field.kind, Shape):
        if not isinstance(value, dict):
            failures.append((path, f"is not an object; write the properties of a {field.kind.name}"))
            return {}
        return _object(field.kind.fields, value, f"{path}.", failures)
    allowed = _PYTHON[field.kind]
    if not isinstance(value, allowed) or (isinstance(value, bool) and field.kind is not Kind.BOOL):
        failures.append(
            (path, f"is {type(value).__name__} {value!r}; write a value of type {field.kind.value}")
        )
        return value
    if field.normal is not None:
        try:
            value = field.normal(value)
        except ValueError as error:
            failures.append((path, str(error)))
            return value
    if field.choices and value not in field.choices:
        failures.append((path, f"is {value!r}; write one of {', '.join(field.choices)}"))
    if field.pattern and isinstance(value, str) and not re.fullmatch(field.pattern, value):
        failures.append((path, f"is {value!r}; write what matches {field.pattern}"))
    return value
