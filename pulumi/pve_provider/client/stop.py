# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the run goes on: asked before each write. Set by Cancel, by a signal, or when the engine has died."""

from __future__ import annotations

import os
import threading

from ..errors import Stopped


class Stop:
    """Remembers why no further write may be made."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._reason = ""
        self._parent: int | None = None

    def watch_parent(self) -> None:
        """From now on the death of the process that started us ends the run."""
        self._parent = os.getppid()

    def orphaned(self) -> bool:
        """Whether the engine that started us is gone."""
        return self._parent is not None and os.getppid() != self._parent

    def set(self, reason: str) -> None:
        """Make no further write."""
        self._reason = self._reason or reason
        self._event.set()

    def finish(self) -> None:
        """Let the last writes of an ended run through: what it left half-applied. Not after the engine's death."""
        if not self.orphaned():
            self._reason = ""
            self._event.clear()

    def is_set(self) -> bool:
        """Whether the run is over."""
        if self.orphaned():
            self.set("the Pulumi engine has died")
        return self._event.is_set()

    def check(self) -> None:
        """Raise before a write when the run is over."""
        if self.is_set():
            raise Stopped(f"stopped before the next write: {self._reason}; run `pulumi up` again to go on")

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than the run lasts."""
        self._event.wait(seconds)
