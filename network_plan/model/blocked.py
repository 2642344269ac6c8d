# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of names that the resolver does not resolve (GW-6)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


class Names:
    """Many names, told apart by their digest: a list of a hundred thousand does not travel as text of the Plan.

    Attributes:
        all: the names, sorted, each once, without their last dot.
    """

    __slots__ = ("_digest", "all")

    def __init__(self, names: frozenset[str]) -> None:
        self.all = tuple(sorted(names))
        self._digest = hashlib.sha256("\n".join(self.all).encode()).hexdigest()

    def __str__(self) -> str:
        """How many there are and their digest, which is all that the Plan's text says of them."""
        return f"{len(self.all)} names, sha256 {self._digest}"

    def __eq__(self, other: object) -> bool:
        """Equal where the names are."""
        return isinstance(other, Names) and self.all == other.all

    def __hash__(self) -> int:
        """Of the digest."""
        return hash(self._digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedList:
    """One list, why it is kept, and where it comes from; ``key`` names its response-policy zone."""

    key: str
    title: str
    reason: str
    names: Names
    source: str
