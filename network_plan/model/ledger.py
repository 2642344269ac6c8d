# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: everything that was ever allotted, one line each, never edited.

Reading and writing its files is in ``network_plan.files`` and ``network_plan.parse.ledger``;
deciding new lines is in ``network_plan.allocate``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from network_plan.model.finding import Place

SCHEMA = 1


class Kind(str, Enum):
    """What a line allots; the folder of its file."""

    PREFIX = "prefix"
    PREFIX6 = "prefix6"
    VLAN = "vlan"
    VNET = "vnet"
    VMID = "vmid"
    MAC = "mac"
    ADDRESS = "address"
    PUBLIC = "public"
    NODE = "node"
    REPLICA = "replica"


class Act(str, Enum):
    """``allot`` gives a value to a key, ``release`` sends it into quarantine for good."""

    ALLOT = "allot"
    RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line: ``allot dukcapil/siak 101`` in ``vmid/dukcapil.ledger``."""

    kind: Kind
    owner: str
    act: Act
    key: str
    value: str
    place: Place | None = field(default=None, compare=False)

    @property
    def file(self) -> str:
        """The file of this entry, relative to the ledger's folder."""
        return f"{self.kind.value}/{self.owner}.ledger"

    @property
    def line(self) -> str:
        """The line as it stands in the file."""
        return f"{self.act.value} {self.key} {self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleEntry:
    """One line of ``site_role.ledger``: which site is primary since which epoch."""

    epoch: int
    primary: str
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All entries, sorted by file and position, and the views that the other steps need."""

    entries: tuple[Entry, ...] = ()
    roles: tuple[RoleEntry, ...] = ()

    def live(self) -> Mapping[tuple[Kind, str], str]:
        """Kind and key → value, of what is allotted and not released.

        An allotment whose release has been written is gone, wherever the two lines stand: a union
        merge does not keep the order of lines.
        """
        released = {(e.kind, e.key, e.value) for e in self.entries if e.act is Act.RELEASE}
        return {
            (e.kind, e.key): e.value
            for e in self.entries
            if e.act is Act.ALLOT and (e.kind, e.key, e.value) not in released
        }

    def used(self, kind: Kind) -> frozenset[str]:
        """Every value of a kind that was ever allotted; released ones rest in quarantine."""
        return frozenset(e.value for e in self.entries if e.kind is kind)
