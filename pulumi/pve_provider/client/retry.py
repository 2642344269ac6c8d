# SPDX-License-Identifier: GPL-3.0-or-later
"""Named retry policies: what may be tried again, for how long, and how "already done" is recognised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..errors import ApiError


def _never(_error: ApiError) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How one request behaves when it fails."""

    name: str
    again_when_lost: bool
    """Send it again when the answer was lost: only where twice is the same as once, or where `done` tells."""
    done: Callable[[ApiError], bool] = _never
    """PVE's refusal that means the request had been done before."""
    done_when_lost: Callable[[ApiError], bool] = _never
    """Likewise, but only if an earlier answer to it was lost."""
    lock_seconds: float = 120.0
    """How long to wait for someone else's lock."""
    attempts: int = 4
    """How often a lost or overloaded answer is tried."""


def says(*texts: str) -> Callable[[ApiError], bool]:
    """A check of PVE's words."""
    return lambda error: error.says(*texts)


GONE = says(
    "does not exist", "no such", "doesn't exist", "not exist", "not found", "unable to find configuration"
)
EXISTS = says("already exists", "already defined", "already used", "already exist")

READ = Policy(name="read", again_when_lost=True)
REPEATABLE = Policy(name="repeatable", again_when_lost=True)
"""A write that may be made twice: it sets a value, or its repetition is refused with words that we know."""
ADD = Policy(name="add", again_when_lost=True, done_when_lost=EXISTS)
"""A member added to something that is ours: it exists only if we added it a moment ago."""
JOIN_POOL = Policy(name="join pool", again_when_lost=True, done_when_lost=says("pool member"))
MIGRATE = Policy(name="migrate", again_when_lost=True, done_when_lost=GONE)
"""The VM is no longer where it was: an answer was lost, not the VM."""
TEMPLATE = Policy(
    name="template", again_when_lost=True, done_when_lost=says("convert a template to a template")
)
DELETE = Policy(name="delete", again_when_lost=True, done=GONE)
UNMANAGE = Policy(
    name="unmanage",
    again_when_lost=True,
    done=says("not ha managed", "no such resource", "unable to detect sid"),
)
"""Taken out of HA before, or the VM itself is gone."""
FORGET = Policy(
    name="forget",
    again_when_lost=True,
    done=says("no such job", "no such vzdump job", "parameter verification failed"),
)
"""A job that is gone: its id, all that was sent, is refused, and PVE's own reason does not come through its lock."""
ONCE = Policy(name="once", again_when_lost=False)
"""A write that counts positions: after a lost answer the caller must look."""

_LOCKED = (
    "got timeout",
    "got lock request timeout",
    "lock request timed out",
    "can't lock file",
    "can't acquire lock",
    "unable to acquire lock",
    "trying to acquire lock",
    "is locked",
    "error during cfs-locked",
    "cfs-lock",
)
_OVERLOADED = frozenset({502, 503, 504, 595, 599})


def speaks_of_lock(words: str) -> bool:
    """Whether PVE's words tell of a lock that someone else holds."""
    return any(text in words.lower() for text in _LOCKED)


def is_locked(error: ApiError) -> bool:
    """Whether someone else holds a lock that will be let go."""
    return error.status != 403 and speaks_of_lock(error.words)


def is_overloaded(error: ApiError) -> bool:
    """Whether the proxy answered in the API's place."""
    return error.status in _OVERLOADED


def pauses(first: float = 0.2, most: float = 5.0) -> Iterator[float]:
    """Growing pauses between attempts."""
    pause = first
    while True:
        yield pause
        pause = min(most, pause * 2)
