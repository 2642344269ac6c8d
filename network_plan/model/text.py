# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the model as JSON text, written straight from the values: a province's Plan has millions of them.

The bytes are those of ``json.dumps(…, indent=1, sort_keys=True, ensure_ascii=False)``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import Enum
from functools import cache
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from json.encoder import encode_basestring
from typing import Any

from network_plan.model.blocked import Names
from network_plan.model.service import Service

Json = Mapping[str, "Json"] | list["Json"] | str | int | float | bool | None

_TEXT = (IPv4Address, IPv6Address, IPv4Interface, IPv6Interface, IPv4Network, IPv6Network, Service, Names)
_quoted: Callable[[str], str] = encode_basestring


def plain(value: object) -> Json:
    """Any value of the model as JSON's own types; addresses, dates and services as text."""
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, _TEXT):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no place in the Plan")


@cache
def _names(kind: Any) -> tuple[tuple[str, str], ...]:
    """The fields of a dataclass in the order of their names, each with its text as a key."""
    fields: tuple[dataclasses.Field[object], ...] = dataclasses.fields(kind)
    return tuple((name, f"{_quoted(name)}: ") for name in sorted(field.name for field in fields))


def _write(value: object, pad: str, put: Callable[[str], None]) -> None:
    """Put the pieces of one value; ``pad`` is the line break and indentation that it stands at."""
    if type(value) is str:
        put(_quoted(value))
    elif isinstance(value, (tuple, list)):
        _write_items([("", item) for item in value], "[]", pad, put)
    elif dataclasses.is_dataclass(value) and not isinstance(value, (type, Service)):
        items = [(text, getattr(value, name)) for name, text in _names(type(value))]
        _write_items(items, "{}", pad, put)
    elif isinstance(value, Mapping):
        named = sorted((str(key), item) for key, item in value.items())
        _write_items([(f"{_quoted(key)}: ", item) for key, item in named], "{}", pad, put)
    else:
        put(_scalar(plain(value)))


def _scalar(value: Json) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if value is None:
        return "null"
    return ("false", "true")[value] if isinstance(value, bool) else repr(value)


def _write_items(
    items: list[tuple[str, object]], brackets: str, pad: str, put: Callable[[str], None]
) -> None:
    if not items:
        put(brackets)
        return
    inner = f"{pad} "
    lead = f"{brackets[0]}{inner}"
    for text, item in items:
        put(lead + text)
        _write(item, inner, put)
        lead = f",{inner}"
    put(f"{pad}{brackets[1]}")


def json_pieces(value: object) -> Iterator[str]:
    """The text of a dataclass, a piece for each of its fields; they end in a newline.

    Raises:
        TypeError: it holds something that has no place in the Plan.
    """
    lead = "{\n "
    kind: Any = type(value)  # a class is hashable; mypy does not know it
    for name, text in _names(kind):
        pieces = [lead, text]
        _write(getattr(value, name), "\n ", pieces.append)
        yield "".join(pieces)
        lead = ",\n "
    yield "\n}\n"
