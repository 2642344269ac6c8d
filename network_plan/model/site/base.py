# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that every site file shares: source, id, day, address, schema number.

Constraints stand in the types; ``parse`` has pydantic check them and says where they fail.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, MinLen
from pydantic import BeforeValidator, Field, Strict, StringConstraints, WithJsonSchema

SCHEMA = 1
"""The schema number that every site file of this version begins with."""

FORBID: Any = {"extra": "forbid", "populate_by_name": False}
"""Unknown keys are errors: a misspelt key that is silently ignored is a hole in a firewall."""

ID = r"^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$"
Id = Annotated[str, StringConstraints(pattern=ID)]
"""A DNS label of at most 30 characters, lower case (RFC 1035 §2.3.1), so that it can name a host."""

INTERFACE = r"^[a-z][a-z0-9._-]{0,14}$"
InterfaceName = Annotated[str, StringConstraints(pattern=INTERFACE)]
"""A network interface: the kernel takes 15 characters (IFNAMSIZ)."""

PRINTABLE = r"[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]"
"""No control or format character and no line separator: none can end a line or turn its direction."""

TEXT = rf"^{PRINTABLE}+$"
Text = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=TEXT)]
"""One printable line: it ends up in comments of rules and in pages."""

SOURCE = rf"^((Perbup|Perda|RFC|Perpres|https?){PRINTABLE}+|assumption: {PRINTABLE}{{8,}})$"
Source = Annotated[
    str,
    StringConstraints(min_length=9, max_length=400, pattern=SOURCE),
    Field(description="where it comes from: ``Perbup 253/2019 §4.6.11``, or ``assumption: why``."),
]
"""Where a figure comes from: ``Perbup 253/2019 §4.6.11``, or ``assumption: why``."""

Positive = Annotated[int, Strict(), Ge(1)]
Flag = Annotated[bool, Strict()]
Vlan = Annotated[int, Strict(), Ge(2), Le(4094)]
"""An IEEE 802.1Q id; 1 is the switches' default and stays unused."""


def _word(pattern: str, *examples: str) -> Any:
    """Text whose form editors know and offer; ``parse.references`` says what is wrong with it."""
    return WithJsonSchema(
        {"type": "string", "pattern": pattern, **({"examples": examples} if examples else {})}
    )


_LABEL = "[a-z][a-z0-9-]*"
ServiceWord = Annotated[
    str, _word("^((tcp|udp)/[0-9]{1,5}(-[0-9]{1,5})?|icmp)$", "tcp/443", "udp/53", "icmp")
]
"""``tcp/443``, ``udp/5000-5010`` or ``icmp`` (``model.service``)."""

EndpointWord = Annotated[
    str,
    _word(
        f"^(internet|offices|servers|management|gateway|office:{_LABEL}(/{_LABEL})?"
        f"|network:{_LABEL}/{_LABEL}|vm:({_LABEL}/)?{_LABEL})$",
        *("offices", "servers", "management", "internet", "gateway"),
        *("office:tenant", "network:tenant/name", "vm:name", "vm:tenant/name"),
    ),
]
"""One end of a flow (``model.site.endpoint``)."""

VmWord = Annotated[str, _word(f"^{_LABEL}/{_LABEL}$")]
NetworkWord = Annotated[str, _word(f"^{_LABEL}/{_LABEL}$")]
TargetWord = Annotated[str, _word(f"^{_LABEL}(/{_LABEL})?$")]
"""A tenant, or a VM as ``tenant/vm``."""

Words = Annotated[tuple[EndpointWord, ...], MinLen(1)]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _text(value: object) -> object:
    """Python would take the number 10 for the address 0.0.0.10."""
    if not isinstance(value, str):
        raise ValueError("write it as text")  # noqa: TRY004 - pydantic reports ValueErrors only
    return value


def _day(value: object) -> object:
    """A day has no hours: nobody could say from whose midnight they are counted."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError("write a day as 2027-06-30")


def _whole(value: object) -> object:
    """``true`` and ``1.0`` equal 1 in Python, and are neither a schema nor a priority."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("write a whole number")  # noqa: TRY004 - pydantic reports ValueErrors only
    return value


def _priority(value: object) -> object:
    """The key of a tier; ``01`` would be the same tier as ``1`` and silently replace it."""
    if value not in ("1", "2", "3"):
        raise ValueError("a priority is 1, 2 or 3")
    return value


_LENGTH4 = _word(r"^[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9.]{1,15})?$")
_LENGTH6 = _word(r"^[0-9A-Fa-f:.]+(%[^/]+)?(/[0-9]{1,3})?$")

Schema = Annotated[
    Literal[1], BeforeValidator(_whole), Field(description="number of the site files' schema.")
]
Day = Annotated[date, BeforeValidator(_day)]
TierKey = Annotated[
    int, BeforeValidator(_priority), WithJsonSchema({"type": "string", "enum": ["1", "2", "3"]})
]
Address4 = Annotated[IPv4Address, BeforeValidator(_text)]
Interface4 = Annotated[IPv4Interface, BeforeValidator(_text), _LENGTH4]
Prefix4 = Annotated[IPv4Network, BeforeValidator(_text), _LENGTH4]
Address6 = Annotated[IPv6Address, BeforeValidator(_text)]
Interface6 = Annotated[IPv6Interface, BeforeValidator(_text), _LENGTH6]
Prefix6 = Annotated[IPv6Network, BeforeValidator(_text), _LENGTH6]
