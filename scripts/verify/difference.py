# SPDX-License-Identifier: GPL-3.0-or-later
"""One difference between the Plan and what is live."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """``what`` differs at ``thing``: the Plan says ``planned``, live is ``live`` (empty where it is absent)."""

    where: str
    thing: str
    what: str
    planned: str
    live: str

    def __str__(self) -> str:
        """A sentence: ``lab-dc: VM 103 (dukcapil/siak): memory is 2048, the Plan says 4096``."""
        if not self.live:
            return f"{self.where}: {self.thing}: {self.what} is missing, the Plan says {self.planned}"
        if not self.planned:
            return f"{self.where}: {self.thing}: {self.what} {self.live} is not in the Plan"
        return f"{self.where}: {self.thing}: {self.what} is {self.live}, the Plan says {self.planned}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmanaged:
    """Something that the Plan does not know and that is left alone."""

    where: str
    thing: str


@dataclass(slots=True, kw_only=True)
class Report:
    """What a reading found; ``counts`` says how many objects of each kind were compared."""

    where: str
    counts: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    unmanaged: list[Unmanaged] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether live equals the Plan."""
        return not self.differences

    @property
    def counted(self) -> str:
        """``4 vnets, 5 VMs``."""
        return ", ".join(f"{number} {kind}" for kind, number in self.counts.items())

    def compare(self, thing: str, what: str, planned: object, live: object) -> None:
        """Note a difference unless the two texts are equal."""
        if str(planned) != str(live):
            self.differences.append(
                Difference(where=self.where, thing=thing, what=what, planned=str(planned), live=str(live))
            )

    def present(self, kind: str, planned: Iterable[str], live: Container[str]) -> list[str]:
        """Note each planned name that is not live; the others are returned."""
        there = []
        for name in planned:
            self.count(kind, 1)
            if name in live:
                there.append(name)
            else:
                self.compare(f"{kind} {name}", "the object", "that it exists", "")
        return there

    def count(self, kind: str, number: int) -> None:
        """Note how many objects of a kind were compared."""
        self.counts[kind] = self.counts.get(kind, 0) + number
