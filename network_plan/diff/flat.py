# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the Plan as lines: a path, and a text. What two values differ in is what their lines differ in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from network_plan.model.text import Json, plain

_NAMES = ("key", "name", "slot", "id", "text", "fqdn", "vnet", "pool", "user")
"""What an item of a list is known by: the first of these that it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One plain value, or a list of plain values."""

    path: str
    texts: tuple[str, ...]
    is_list: bool = False

    def __str__(self) -> str:
        """As people read it."""
        return ", ".join(self.texts) or "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value before and after; ``None`` where there is none.

    Attributes:
        path: the field, with dots.
        old, new: as people read them; of two lists only what the other lacks.
        derived: whether it follows from other things that are named.
    """

    path: str
    old: str | None
    new: str | None
    derived: bool = False


def leaves(value: object, without: frozenset[str] = frozenset()) -> Mapping[str, Leaf]:
    """Every plain value in a value of the model by its path; top-level fields of ``without`` are left out."""
    data = plain(value)
    if isinstance(data, Mapping):
        data = {key: item for key, item in data.items() if key not in without}
    return {leaf.path: leaf for leaf in _leaves(data, "")}


def _leaves(data: Json, path: str) -> Iterator[Leaf]:
    if isinstance(data, Mapping):
        for key, item in data.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(data, list) and any(isinstance(item, (list, Mapping)) for item in data):
        for name, item in _named(data):
            yield from _leaves(item, f"{path}.{name}")
    elif isinstance(data, list):
        yield Leaf(path=path, texts=tuple(map(_text, data)), is_list=True)
    else:
        yield Leaf(path=path, texts=(_text(data),))


def _named(items: list[Json]) -> Iterator[tuple[str, Json]]:
    """Items by name, by number where they have none or share one."""
    names = [_name(item) for item in items]
    for index, (name, item) in enumerate(zip(names, items, strict=True)):
        yield (name if name and names.count(name) == 1 else str(index)), item


def _name(item: Json) -> str:
    if not isinstance(item, Mapping):
        return ""
    return next((str(item[word]) for word in _NAMES if isinstance(item.get(word), str)), "")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def changes(old: Mapping[str, Leaf], new: Mapping[str, Leaf]) -> tuple[Change, ...]:
    """What differs, by path."""
    return tuple(
        _change(path, old.get(path), new.get(path))
        for path in sorted({*old, *new})
        if old.get(path) != new.get(path)
    )


def _change(path: str, old: Leaf | None, new: Leaf | None) -> Change:
    if old and new and old.is_list and new.is_list and {*old.texts} != {*new.texts}:
        gone = [text for text in old.texts if text not in {*new.texts}]
        come = [text for text in new.texts if text not in {*old.texts}]
        return Change(path=path, old=", ".join(gone) or None, new=", ".join(come) or None)
    return Change(path=path, old=None if old is None else str(old), new=None if new is None else str(new))
