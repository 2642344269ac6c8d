# SPDX-License-Identifier: GPL-3.0-or-later
"""After a killed run: release the lock of a dead process of this host, go on, clear what still pends.

A lock is a claim by user, host and pid. Only this host can know whether its own pid lives; any other
lock is left alone.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from scripts.process import TICKS, start_time
from scripts.stack.engine import EngineError, Lock, Outcome, Stack, StackLocked

ROUNDS = 3
"""How often the preview may still show something before a person must look."""

Say = Callable[[str], None]


def _boot() -> float:
    """When this machine started, in seconds since 1970."""
    lines = Path("/proc/stat").read_text(encoding="utf-8").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("btime "))


def is_dead(lock: Lock, host: str | None = None) -> bool:
    """Whether a lock's process is surely gone: ours, and no such pid, or a younger process has it now."""
    if lock.host != (host or socket.gethostname()):
        return False
    started = start_time(lock.pid)
    if started is None:
        return True
    since = datetime.fromisoformat(lock.since).timestamp()
    return _boot() + int(started) / TICKS > since + 2


def _release(stack: Stack, locked: StackLocked, say: Say) -> None:
    alive = [lock for lock in locked.locks if not is_dead(lock)]
    if not locked.locks:
        raise locked
    if alive:
        who = ", ".join(map(str, alive))
        raise EngineError(
            f"stack {stack.name} is locked by {who}: that run lives, or only its own host can tell; wait for it, run "
            "'awan recover' there, or, if that host is gone for good, 'pulumi cancel'. Nothing was touched"
        )
    for lock in locked.locks:
        say(f"the lock of pid {lock.pid} (since {lock.since}) is a dead run's; released")
    stack.cancel()


def _up(stack: Stack, say: Say) -> Outcome:
    for attempt in range(ROUNDS):
        try:
            return stack.up(progress=say)
        except StackLocked as locked:
            if attempt == ROUNDS - 1:
                raise
            _release(stack, locked, say)
            time.sleep(0.2)
    raise EngineError("unreachable")  # the loop returns or raises


def recover(stack: Stack, say: Say) -> Outcome:
    """Bring a stack back to an empty preview.

    Returns:
        What the first ``up`` did: objects that a dead run had made are adopted, not made again.

    Raises:
        StackLocked: a run is alive, or its host is another: nothing was touched.
        EngineError: the preview is still not empty after three rounds; the text says what remains.
    """
    first = _up(stack, say)
    for _ in range(ROUNDS):
        if stack.pending():
            say("clearing pending operations")
            stack.refresh("--clear-pending-creates")
        outcome = stack.preview()
        if not outcome.changed and not stack.pending():
            return first
        _up(stack, say)
    raise EngineError(
        f"stack {stack.name}: the preview still shows {stack.preview()}; look at 'pulumi preview --diff'"
    )
