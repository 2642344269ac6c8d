# SPDX-License-Identifier: GPL-3.0-or-later
"""The ownership mark that the provider leaves in an object's comment. Where PVE keeps no comment there is none."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

_MARK = re.compile(r"(?:^|\s)awan: (urn:pulumi:.+) ([0-9a-f]{16})\s*\Z")


@dataclass(frozen=True, slots=True)
class Mark:
    """Who made an object (the URN), and which making it was (the incarnation, fresh with every Create)."""

    urn: str
    incarnation: str

    def __str__(self) -> str:
        return f"awan: {self.urn} {self.incarnation}"


def fresh(urn: str) -> Mark:
    """A mark with a new incarnation."""
    return Mark(urn, secrets.token_hex(8))


def join(text: str, mark: Mark | None, *, lines: bool) -> str:
    """The comment as PVE keeps it: the text, then the mark (on a line of its own where PVE keeps lines)."""
    if mark is None:
        return text
    return f"{text}{chr(10) if lines else ' '}{mark}" if text else str(mark)


def split(text: str | None) -> tuple[str, Mark | None]:
    """What people wrote, and the mark if there is one."""
    found = _MARK.search(text or "")
    if not found:
        return (text or "").rstrip("\n"), None
    return (text or "")[: found.start()].rstrip("\n"), Mark(found.group(1), found.group(2))
