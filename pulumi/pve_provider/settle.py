# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings many SDN deletes into few applies: the last of those under way applies for all. Knows no PVE path.

A delete that waits returns only when an apply that began after it has ended, and fails if that apply failed. A delete
that does not wait (a subnet: its vnet usually goes next) leaves the apply to whoever follows within the window, or to
a timer, or to `flush` at the end of the run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WINDOW = 0.3
LEAVE_WINDOW = 2.0


class Settle:
    """Counts deletes under way and applies once when they have come to rest."""

    def __init__(self, apply: Callable[[], None]) -> None:
        self._apply = apply
        self._condition = threading.Condition()
        self._active = 0
        self._asked = 0
        self._applied = 0
        self._failures: dict[int, BaseException] = {}
        self._applying = False
        self._timer: threading.Timer | None = None

    @contextmanager
    def deleting(self, *, wait: bool) -> Iterator[None]:
        """Around one delete."""
        with self._condition:
            self._active += 1
            self._cancel_timer()
        done = False
        try:
            yield
            done = True
        finally:
            with self._condition:
                self._active -= 1
                if done:
                    self._asked += 1
                mine = self._asked
                self._condition.notify_all()
        if wait:
            self._settle(mine)
        else:
            self._leave()

    def flush(self) -> None:
        """Apply what is still left, at the end of the run."""
        with self._condition:
            self._cancel_timer()
            mine = self._asked
        if self.pending():
            self._settle(mine, window=0.0)

    def pending(self) -> bool:
        """Whether deletes wait for an apply."""
        with self._condition:
            return self._applied < self._asked

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _leave(self) -> None:
        with self._condition:
            self._cancel_timer()
            self._timer = threading.Timer(LEAVE_WINDOW, self.flush)
            self._timer.daemon = True
            self._timer.start()

    def _settle(self, mine: int, window: float = WINDOW) -> None:
        """Return when an apply that covers delete number `mine` has ended."""
        while True:
            with self._condition:
                if self._applied >= mine:
                    failure = self._failures.get(self._applied)
                    break
                if self._applying or self._active:
                    self._condition.wait()
                    continue
                seen = self._asked
                if window:
                    self._condition.wait(window)
                if self._moved(seen):
                    continue
                self._applying = True
            self._run(seen)
        if failure is not None:
            raise failure

    def _moved(self, seen: int) -> bool:
        """Whether someone else deleted, applies, or is about to, since we looked."""
        return self._applying or self._active > 0 or self._asked != seen or self._applied >= seen

    def _run(self, covered: int) -> None:
        error: BaseException | None = None
        try:
            self._apply()
        except Exception as raised:  # noqa: BLE001 - handed to every delete that waits for this apply
            error = raised
        with self._condition:
            self._applying = False
            self._applied = covered
            if error is not None:
                self._failures[covered] = error
            self._condition.notify_all()
