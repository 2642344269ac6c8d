# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares new inputs with the (refreshed) state, property by property. Knows definitions, no resource, no I/O.

A top-level property counts when the program sets it, or did so last time; what PVE fills in beside them is no
difference. A nested object counts whole: what stands in it and not in the program is a difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from .definition import Field, Many, Shape
from .wire import UNKNOWN, Values, has_unknown


class How(Enum):
    """What happens to a property."""

    ADD = "add"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Difference:
    """One property that differs; whether it makes the object anew; whether only the inputs tell of it."""

    path: str
    how: How
    replaces: bool = False
    inputs_only: bool = False


def compare(fields: tuple[Field, ...], news: Values, olds: Values, old_inputs: Values) -> list[Difference]:
    """All differences of a resource's inputs."""
    out: list[Difference] = []
    for field in fields:
        if field.server or field.create_only:
            continue
        from_inputs = field.write_only or field.setting
        before = old_inputs if from_inputs else olds
        if field.name not in news and (field.free or field.name not in old_inputs):
            continue
        out.extend(
            _field(
                field,
                field.name,
                news.get(field.name),
                before.get(field.name),
                old_inputs.get(field.name),
                field.replaces,
                from_inputs,
            )
        )
    return out


def _field(
    field: Field, path: str, new: Any, old: Any, old_input: Any, replaces: bool, from_inputs: bool
) -> list[Difference]:
    if field.setting and old is None:
        old = field.default
    if new is None and old is None:
        return []
    if new is UNKNOWN:
        return [Difference(path, How.UPDATE, replaces, from_inputs)]
    if new is None:
        return [Difference(path, How.DELETE, replaces, from_inputs)]
    if old is None:
        if field.many is not Many.ONE and not new:
            return []
        return [Difference(path, How.ADD, replaces, from_inputs)]
    if isinstance(field.kind, Shape):
        if field.many is Many.ONE:
            return _nested(field.kind, path, new, old, old_input or {}, replaces, from_inputs)
        return _list(field.kind, path, new, old, old_input or [], replaces, from_inputs)
    if has_unknown(new) or not same(new, old):
        return [Difference(path, How.UPDATE, replaces, from_inputs)]
    return []


def same(new: Any, old: Any) -> bool:
    """Equality in which true is not 1."""
    if isinstance(new, bool) != isinstance(old, bool):
        return False
    return bool(new == old)


def _nested(
    shape: Shape, path: str, new: Values, old: Values, old_input: Values, replaces: bool, from_inputs: bool
) -> list[Difference]:
    out: list[Difference] = []
    for field in shape.fields:
        if field.server or field.create_only:
            continue
        only = from_inputs or field.write_only
        before = (old_input if field.write_only else old).get(field.name)
        out.extend(
            _field(
                field,
                f"{path}.{field.name}",
                new.get(field.name),
                before,
                old_input.get(field.name),
                replaces or field.replaces,
                only,
            )
        )
    return out


def _list(
    shape: Shape,
    path: str,
    new: list[Any],
    old: list[Any],
    old_input: list[Any],
    replaces: bool,
    from_inputs: bool,
) -> list[Difference]:
    key = shape.key
    if key is None or any(item is UNKNOWN or item.get(key) is UNKNOWN for item in new):
        changed = has_unknown(new) or not same(new, old)
        return [Difference(path, How.UPDATE, replaces, from_inputs)] if changed else []
    before = {item.get(key): item for item in old}
    inputs = {item.get(key): item for item in old_input}
    wanted = {item[key] for item in new}
    out: list[Difference] = []
    for index, item in enumerate(new):
        here = f"{path}[{index}]"
        if item[key] not in before:
            out.append(Difference(here, How.ADD, replaces, from_inputs))
        else:
            out.extend(
                _nested(
                    shape, here, item, before[item[key]], inputs.get(item[key]) or {}, replaces, from_inputs
                )
            )
    for index, item in enumerate(old):
        if item.get(key) not in wanted:
            out.append(Difference(f"{path}[{index}]", How.DELETE, replaces, from_inputs))
    if shape.ordered and not out and [item[key] for item in new] != [item.get(key) for item in old]:
        out.append(Difference(path, How.UPDATE, replaces, from_inputs))
    return out


def carry(fields: tuple[Field, ...], live: Values, known: Values) -> Values:
    """The live values, with what PVE cannot tell (write-only, create-only, settings) as last known."""
    out = dict(live)
    for field in fields:
        if field.server or known.get(field.name) is None:
            continue
        if field.create_only or field.write_only or field.setting:
            out.setdefault(field.name, known[field.name])
        elif known[field.name] == []:
            out.setdefault(field.name, [])
        elif isinstance(field.kind, Shape) and out.get(field.name) is not None:
            shape, have, had = field.kind, out[field.name], known[field.name]
            if field.many is Many.ONE:
                out[field.name] = carry(shape.fields, have, had)
            elif shape.key:
                before = {item.get(shape.key): item for item in had if isinstance(item, dict)}
                out[field.name] = [
                    carry(shape.fields, item, before.get(item.get(shape.key), {})) for item in have
                ]
    return out
