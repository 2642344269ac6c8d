# SPDX-License-Identifier: GPL-3.0-or-later
"""What a resource must know how to do, and the little that all of them share. No call to PVE stands here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .mark import Mark
from .wire import Values

if TYPE_CHECKING:
    from .run import Run


@dataclass(slots=True)
class Making:
    """One Create or Update under way: who it is for, and what is certain so far (kept if it breaks off)."""

    urn: str
    mark: Mark
    id: str = ""
    state: Values | None = None
    """Set as soon as the object exists: what the state must keep although the rest failed."""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Change:
    """What an Update goes from and to."""

    news: Values
    olds: Values
    old_inputs: Values

    @property
    def dropped(self) -> set[str]:
        """Properties that the program no longer sets."""
        return set(self.old_inputs) - set(self.news)


class Handler:
    """Base of all handlers. Values have the schema's names; PVE's names stand only in the handlers."""

    def check(self, news: Values) -> dict[str, str]:
        """Errors beyond the types: property → what is wrong and what to write instead."""
        return {}

    def guard(self, news: Values, olds: Values) -> None:
        """Refuse a change before anything is written, in the preview too."""

    def needs_update(self, news: Values, olds: Values) -> dict[str, str]:
        """Output properties that ask for an update although no input differs: property → reason."""
        return {}

    def identify(self, news: Values) -> str:
        """The id of the object with these inputs."""
        raise NotImplementedError

    def create(self, run: Run, news: Values, making: Making) -> Values:
        """Make the object (or adopt our own) and return its state."""
        raise NotImplementedError

    def read(self, run: Run, ident: str, known: Values) -> Values | None:
        """The live object's state, None if it is gone. `known` is what the program or the last state says."""
        raise NotImplementedError

    def update(self, run: Run, ident: str, change: Change, making: Making) -> Values:
        """Bring the live object to the new inputs and return its state."""
        raise NotImplementedError

    def delete(self, run: Run, ident: str, state: Values) -> None:
        """Remove the object, if it still is the one of this state."""
        raise NotImplementedError
