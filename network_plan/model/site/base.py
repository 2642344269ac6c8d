# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that every site file shares: source, id, schema number.

Constraints stand in the types; ``parse`` has pydantic check them and says where they fail.
"""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Ge, Le, MinLen
from pydantic import Strict, StringConstraints

SCHEMA = 1
"""The schema number that every site file of this version begins with."""

FORBID: Any = {"extra": "forbid", "populate_by_name": False}
"""Unknown keys are errors: a misspelt key that is silently ignored is a hole in a firewall."""

Id = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$")]
"""A DNS label of at most 30 characters, lower case (RFC 1035 §2.3.1), so that it can name a host."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""One printable line: it ends up in comments of rules and in pages."""

Source = Annotated[
    str,
    StringConstraints(
        min_length=9,
        max_length=400,
        pattern=r"^((Perbup|Perda|RFC|Perpres|https?)[^\x00-\x1f]+|assumption: [^\x00-\x1f]{8,})$",
    ),
]
"""Where a figure comes from: ``Perbup 253/2019 §4.6.11``, or ``assumption: why``."""

Positive = Annotated[int, Strict(), Ge(1)]
Flag = Annotated[bool, Strict()]
Vlan = Annotated[int, Strict(), Ge(2), Le(4094)]
"""An IEEE 802.1Q id; 1 is the switches' default and stays unused."""

Words = Annotated[tuple[str, ...], MinLen(1)]
