# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for PVE's tasks: asked soon, then in growing pauses; their end is read, never assumed."""

from __future__ import annotations

import time
from typing import Any

from ..errors import Stopped, TaskFailed
from . import retry
from .api import Api, segment
from .stop import Stop

TASK_SECONDS = 3600.0
FIRST_LOOK = 0.1
"""Seconds until a task is first asked for: no task is done at once, and a look too early is a request for nothing."""


def is_task(answer: Any) -> bool:
    """Whether an answer names a task."""
    return isinstance(answer, str) and answer.startswith("UPID:")


def kind(answer: Any) -> str:
    """The kind of task that an answer names, e.g. qmstart; nothing if it names none."""
    return str(answer).split(":")[5] if is_task(answer) else ""


def wait(api: Api, stop: Stop, answer: Any, what: str, seconds: float = TASK_SECONDS) -> None:
    """Wait until the task of this answer has ended well; an answer that names no task is done already."""
    if not is_task(answer):
        return
    node = answer.split(":")[1]
    deadline = time.monotonic() + seconds
    stop.pause(FIRST_LOOK)
    for pause in retry.pauses(first=0.2, most=2.0):
        status = api.get(f"/nodes/{segment(node)}/tasks/{segment(answer)}/status")
        if status.get("status") == "stopped":
            end = str(status.get("exitstatus", ""))
            if end == "OK" or end.startswith("WARNINGS"):
                return
            raise TaskFailed(f"{what}: {end or 'the task ended without a status'}")
        if time.monotonic() > deadline:
            raise TaskFailed(f"{what}: task {answer} still runs after {seconds:.0f} s; look at it on {node}")
        if stop.is_set():
            raise Stopped(
                f"{what}: stopped waiting; the task goes on by itself, the next run takes up from there"
            )
        stop.pause(pause)
