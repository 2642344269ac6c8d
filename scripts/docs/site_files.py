# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of the site files, from the types that check them (``network_plan.model.site``)."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Any

from annotated_types import Ge, Le, MinLen
from pydantic import StringConstraints
from pydantic.fields import FieldInfo

from network_plan.model.site import Tenant, base, cluster, endpoint
from network_plan.parse.site import FILES
from scripts.docs.words import attributes, description, table

_NAMED: tuple[tuple[Any, str], ...] = (
    (base.Id, "id"),
    (base.Text, "text"),
    (base.Source, "source"),
    (base.Positive, "whole number from 1 on"),
    (base.Flag, "true or false"),
    (base.Vlan, "VLAN id, 2 to 4094"),
    (base.Words, "list of endpoints"),
    (base.EndpointWord, "endpoint"),
    (base.ServiceWord, "service"),
    (base.VmWord, "`tenant/vm`"),
    (base.TargetWord, "tenant, or `tenant/vm`"),
    (base.Day, "day (2027-06-30)"),
    (base.Schema, "1"),
    (base.TierKey, "priority (1, 2, 3)"),
    (base.InterfaceName, "interface"),
    (cluster.VolumeId, "volume (storage:path)"),
    (base.Address4, "IPv4 address"),
    (base.Interface4, "IPv4 address with prefix length"),
    (base.Prefix4, "IPv4 prefix"),
    (base.Address6, "IPv6 address"),
    (base.Interface6, "IPv6 address with prefix length"),
    (base.Prefix6, "IPv6 prefix"),
)
_PLAIN = {
    str: "text",
    int: "whole number",
    bool: "true or false",
    IPv4Address: "IPv4 address",
    IPv4Interface: "IPv4 address with prefix length",
    IPv4Network: "IPv4 prefix",
    IPv6Address: "IPv6 address",
    IPv6Interface: "IPv6 address with prefix length",
    IPv6Network: "IPv6 prefix",
}
_INTRODUCTION = f"""# Keys of the site files

A site is the folder `inventory/site/`: {", ".join(f"`{name}.yml`" for name in FILES)},
and one `tenants/<id>.yml` per agency. Unknown keys are errors. `awan check` says where and what to write instead.

- **id**: a lower-case DNS label of at most 30 characters: a-z, 0-9 and `-`, beginning with a letter.
- **text**: one printable line, at most 300 characters.
- **source**: where a figure comes from: it begins with `Perbup`, `Perda`, `Perpres`, `RFC` or `http`, or is
  `assumption: why`.
- **service**: `tcp/443`, `udp/53`, `tcp/8000-8010` or `icmp`.

Editors with a YAML language server know these keys: [schema/](schema/README.md).

## Endpoints

The words for the two ends of a flow:

"""


def _named(hint: Any) -> str | None:
    return next((name for known, name in _NAMED if hint == known), None)


def _between(extras: tuple[Any, ...]) -> str:
    low = next((extra.ge for extra in extras if isinstance(extra, Ge)), None)
    high = next((extra.le for extra in extras if isinstance(extra, Le)), None)
    return f" from {low} to {high}" if low is not None and high is not None else ""


def words(hint: Any) -> str:
    """A type as people read it."""
    if name := _named(hint):
        return name
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        known = words(args[0])
        if any(isinstance(extra, StringConstraints) and extra.pattern for extra in args[1:]):
            return f"{known} of a fixed form"
        some = "at least one: " if any(isinstance(extra, MinLen) for extra in args[1:]) else ""
        return f"{some}{known}{_between(args[1:])}"
    if origin in (typing.Union, types.UnionType):
        return " or ".join(words(arg) for arg in args if arg is not type(None))
    if origin is typing.Literal:
        return " or ".join(f"`{arg}`" for arg in args)
    if origin is tuple:
        return f"list of {words(args[0])}" if args[-1] is Ellipsis else f"[{', '.join(map(words, args))}]"
    if origin is not None and issubclass(origin, Mapping):
        return f"{words(args[0])} → {words(args[1])}"
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return " or ".join(f"`{item.value}`" for item in hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    raise TypeError(f"{hint} has no words yet; add it in {__file__}")


def _inner(hint: Any) -> Iterator[type]:
    """The dataclasses that a type holds."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        yield hint
    for arg in typing.get_args(hint):
        yield from _inner(arg)


def _default(item: dataclasses.Field[Any]) -> str:
    if item.default is not dataclasses.MISSING:
        value = item.default.value if isinstance(item.default, Enum) else item.default
        if value in (None, ()):
            return ""
        return f"`{str(value).lower() if isinstance(value, bool) else value}`"
    return "required" if item.default_factory is dataclasses.MISSING else ""


def _section(kind: type, title: str, level: str) -> str:
    hints = typing.get_type_hints(kind, include_extras=True)
    said = attributes(kind.__doc__)
    rows = []
    for item in dataclasses.fields(kind):
        hint = hints[item.name]
        alias = [extra.alias for extra in typing.get_args(hint)[1:] if isinstance(extra, FieldInfo)]
        name = next(filter(None, alias), item.name)
        rows.append((f"`{name}`", words(hint), _default(item), said.get(item.name) or meaning(hint)))
    return f"{level} {title}\n\n{description(kind.__doc__)}\n\n" + table(("key", "what", "default", ""), rows)


def meaning(hint: Any) -> str:
    """What the type of a key says of itself; a key of such a type needs no sentence of its own."""
    extras = typing.get_args(hint)[1:] if typing.get_origin(hint) is typing.Annotated else ()
    return next(
        (extra.description for extra in extras if isinstance(extra, FieldInfo) and extra.description), ""
    )


def collect(kind: type, found: dict[type, None]) -> None:
    """Add the dataclasses that a file's own class is made of, at any depth."""
    for hint in typing.get_type_hints(kind, include_extras=True).values():
        for inner in _inner(hint):
            if inner not in found:
                found[inner] = None
                collect(inner, found)


def _endpoints() -> str:
    lines = (endpoint.__doc__ or "").splitlines()
    marks = [index for index, line in enumerate(lines) if line.startswith("====")]
    rows = [line.split(None, 1) for line in lines[marks[0] + 1 : marks[1]]]
    return table(("endpoint", "means"), [(word.replace("``", "`"), meaning) for word, meaning in rows])


def page() -> str:
    """The whole page: every file, then the parts that they are made of."""
    roots = {**{f"{name}.yml": kind for name, kind in FILES.items()}, "tenants/<id>.yml": Tenant}
    parts: dict[type, None] = {}
    for kind in roots.values():
        collect(kind, parts)
    text = _INTRODUCTION + _endpoints() + "\n"
    text += "\n".join(_section(kind, f"`{name}`", "##") for name, kind in roots.items())
    text += "\n## Parts\n\n"
    return text + "\n".join(
        _section(kind, kind.__name__, "###") for kind in sorted(parts, key=lambda k: k.__name__)
    )
