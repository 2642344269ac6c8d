# SPDX-License-Identifier: GPL-3.0-or-later
"""Pydantic's complaints as sentences: what is wrong, and what to write instead."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import re
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from network_plan.model.site.base import ID, INTERFACE, SOURCE, TEXT
from network_plan.model.site.cluster import MAC_PREFIX
from network_plan.model.site.regency import DOMAIN

UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
"""Pydantic's names for a key that a declaration does not have."""

_PATTERNS = {
    ID: ("site/id", "use a-z, 0-9 and '-', begin with a letter, 30 characters at most"),
    INTERFACE: ("site/type", "name an interface of at most 15 characters"),
    TEXT: ("site/text", "write one line without control characters"),
    SOURCE: (
        "site/source",
        "write the section of the master plan (Perbup 253/2019 §4.6.11) or 'assumption: why' in eight letters or more",
    ),
    MAC_PREFIX: ("site/type", "write three octets, the first one even, in lower case: '02:61:77'"),
    DOMAIN: ("site/type", "write a DNS zone: purwakarta.example"),
}

_ADDRESSES = {
    "ip_v4_network": "write an IPv4 network such as 10.0.0.0/24",
    "ip_v4_interface": "write an IPv4 address with its length, such as 198.51.100.2/30",
    "ip_v4_address": "write an IPv4 address such as 10.0.0.1",
    "ip_v6_network": "write an IPv6 network such as 2001:db8::/48",
    "ip_v6_interface": "write an IPv6 address with its length, such as 2001:db8::2/64",
    "ip_v6_address": "write an IPv6 address such as 2001:db8::1",
}

_TYPES = {
    "dataclass_type": "write keys and values below it",
    "dict_type": "write keys and values below it",
    "tuple_type": "write a list: [one, two]",
    "list_type": "write a list: [one, two]",
    "string_type": "write text, in quotes where it looks like a number or a yes",
    "int_type": "write a whole number, without quotes",
    "int_parsing": "write a whole number, without quotes",
    "int_from_float": "write a whole number, without quotes",
    "bool_type": "write true or false, without quotes",
    "bool_parsing": "write true or false, without quotes",
}


@functools.cache
def _fields(kind: type) -> dict[str, Any]:
    """Key as written in the file → type, of one dataclass."""
    hints = typing.get_type_hints(kind, include_extras=True)
    result: dict[str, Any] = {}
    for item in dataclasses.fields(kind):
        hint = hints[item.name]
        aliases = [extra.alias for extra in typing.get_args(hint)[1:] if isinstance(extra, FieldInfo)]
        result[next(filter(None, aliases), item.name)] = hint
    return result


def _is_mapping(kind: Any) -> bool:
    return typing.get_origin(kind) is Mapping


def keyed_by_name(kind: type, key: str) -> bool:
    """Whether a declaration's key holds things by their names (``vms``, ``flows``, ``sizes``)."""
    return _is_mapping(_fields(kind).get(key))


def _bare(kind: Any) -> Any:
    """A type without its constraints, and without the ``None`` of what may be left out."""
    if typing.get_origin(kind) is typing.Annotated:
        return _bare(typing.get_args(kind)[0])
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return _bare(next(arg for arg in typing.get_args(kind) if arg is not types.NoneType))
    return kind


def _known(kind: Any, path: Sequence[str | int]) -> list[str]:
    """The keys that may stand at ``path`` below ``kind``."""
    for step in path:
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            kind = _bare(_fields(kind)[str(step)])
        else:
            kind = _bare(typing.get_args(kind)[1 if _is_mapping(kind) else 0])
    return sorted(_fields(kind))


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a mapping"
    text = repr(value) if isinstance(value, (str, int, float, bool)) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _name(path: Sequence[str | int]) -> str:
    if not path:
        return "the file"
    last = path[-1]
    if isinstance(last, str):
        return repr(last)
    return f"item {last + 1} of {_name(path[:-1])}"


def _expected(error: ErrorDetails) -> list[str]:
    """The words that pydantic would have taken."""
    return re.findall(r"'([^']*)'", str(error["ctx"]["expected"]))


def _cure(error: ErrorDetails, path: Sequence[str | int]) -> str:
    """What to do about a complaint; pydantic's own words where it knows better than a table."""
    code = error["type"]
    if code == "string_type" and {"ports", "serves"} & set(path[-2:]):
        return "write protocol and port: tcp/443"
    if code in _TYPES or code in _ADDRESSES:
        return _TYPES.get(code) or _ADDRESSES[code]
    if code in ("enum", "literal_error"):
        near = difflib.get_close_matches(str(error["input"]).lower(), _expected(error), n=1)
        if near:
            return f"did you mean {near[0]!r}?"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("String ")
    return f"it {message}" if message.startswith("should") else message


def sentence(kind: type, error: ErrorDetails, path: Sequence[str | int]) -> tuple[str, str, str]:
    """Rule, what is wrong, what to write instead.

    Args:
        kind: the file's declaration.
        error: one of pydantic's errors.
        path: where it is, below the file.
    """
    name = _name(path)
    code = error["type"]
    if code in UNKNOWN:
        known = _known(kind, path[:-1])
        near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
        cure = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
        return "site/unknown-key", f"{name} is no known key", cure
    if code in ("missing", "missing_argument", "missing_keyword_only_argument"):
        return "site/missing", f"{name} is missing", "add it"
    if code == "string_pattern_mismatch" and error["ctx"]["pattern"] in _PATTERNS:
        rule, cure = _PATTERNS[error["ctx"]["pattern"]]
        is_key = rule == "site/id" and path and error["input"] == path[-1]
        return rule, f"{name} is no id" if is_key else f"{name} can't be {_shown(error['input'])}", cure
    if code == "string_too_short" and "source" in path[-1:]:
        rule, cure = _PATTERNS[SOURCE]
        return rule, f"{name} can't be {_shown(error['input'])}", cure
    if error["loc"][-1:] == ("[key]",):
        return "site/type", f"{name} is no known key", _cure(error, path)
    return "site/type", f"{name} can't be {_shown(error['input'])}", _cure(error, path)
