# SPDX-License-Identifier: GPL-3.0-or-later
"""What `awan lab up --all` does about a stack that a killed run has left locked."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import pytest

from scripts.line.up import _up
from scripts.stack.engine import EngineError, Lock, Outcome, Stack, StackLocked


class Locked(Stack):
    """A stack that somebody holds until ``cancel``; nothing is run."""

    def __init__(self, lock: Lock) -> None:
        super().__init__("dc", {"PATH": ""})
        self._locks = [lock]

    def up(self, *_args: str, progress: Callable[[str], None] | None = None) -> Outcome:
        assert progress is not None
        if self._locks:
            raise StackLocked(self.name, tuple(self._locks))
        return Outcome(changes={"create": 3})

    def cancel(self) -> None:
        self._locks.clear()

    def pending(self) -> int:
        return 0

    def preview(self, *_args: str) -> Outcome:
        return Outcome(changes={"same": 3})


def _lock(pid: int) -> Lock:
    return Lock(user="root", host=socket.gethostname(), pid=pid, since="2999-01-01T00:00:00Z")


def test_after_a_killed_run_it_goes_on() -> None:
    said: list[str] = []
    assert _up(Locked(_lock(2**22 + 1)), said.append) == Outcome(changes={"create": 3})
    assert "is a dead run's; released" in said[0]


def test_a_living_run_is_left_alone() -> None:
    with pytest.raises(EngineError, match="Nothing was touched"):
        _up(Locked(_lock(os.getpid())), print)
