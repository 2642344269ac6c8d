# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of a VM under HA. Their end says only that the HA manager was asked; what the VM does comes later.

PVE answers a start, a stop and a migration of such a VM with a task whose kind begins with ``ha``. Then the VM itself
is watched until it is as wanted, wherever the manager runs it meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ...client import retry, task
from ...client.api import segment
from ...errors import ApiError, TaskFailed
from ...run import Run

HA_SECONDS = 300.0
"""The manager looks every ten seconds; an orderly shutdown takes its own time."""
STATUS = "/cluster/ha/status/current"
RULES = "/cluster/ha/rules"


def is_asked(answer: Any) -> bool:
    """Whether a task only asked the HA manager."""
    return task.kind(answer).startswith("ha")


def placed(run: Run, vmid: int) -> bool:
    """Whether a rule of HA says where the VM runs: moved against it, it would only be moved back."""
    return any(
        f"vm:{vmid}" in str(row.get("resources", "")).split(",")
        for row in run.lists.rows(RULES)
        if row.get("type") == "node-affinity" and str(row.get("disable", 0)) != "1"
    )


def act(
    run: Run, vmid: int, call: Callable[[], Any], what: str, *, running: bool, seconds: float = 0
) -> None:
    """Start, stop or shut down a VM; under HA, wait until it truly runs, or stands still.

    Args:
        seconds: how long the guest itself may take, beside what the manager needs.
    """
    answer = run.act(call, what)
    if is_asked(answer):
        _until(run, vmid, lambda: _runs(run, vmid) is running, what, HA_SECONDS + seconds)


def move(run: Run, vmid: int, target: str, call: Callable[[], Any], what: str) -> None:
    """Migrate a VM; under HA, wait until it lives there."""
    answer = run.act(call, what)
    if is_asked(answer):
        _until(run, vmid, lambda: _node(run, vmid) == target, what, task.TASK_SECONDS)


def _node(run: Run, vmid: int) -> str | None:
    """Where the VM lives now, by the cluster's list; not from memory, since the manager may have moved it."""
    run.place(vmid, None)
    row = run.guests().get(vmid)
    return str(row["node"]) if row else None


def _runs(run: Run, vmid: int) -> bool | None:
    """Whether it runs, by its node's own word; nothing while it is between two nodes."""
    node = run.node_of(vmid)
    if node is None:
        return False
    try:
        status = run.api.get(f"/nodes/{segment(node)}/qemu/{vmid}/status/current")
    except ApiError as error:
        if not retry.GONE(error) and error.status not in (595, 596, 599):
            raise
        run.place(vmid, None)
        return None
    return bool(status.get("status") == "running")


def _until(run: Run, vmid: int, reached: Callable[[], bool], what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    run.place(vmid, None)
    for pause in retry.pauses(first=0.2, most=3.0):
        if reached():
            return
        run.stop.check()
        if time.monotonic() > deadline:
            raise TaskFailed(
                f"{what}: the HA manager was asked and it has not come to pass after {seconds:.0f} s "
                f"({_state(run, vmid)}); see `ha-manager status`, then run again"
            )
        run.stop.pause(pause)


def _state(run: Run, vmid: int) -> str:
    """The manager's own word on the VM."""
    try:
        rows = run.api.get(STATUS)
    except ApiError as error:
        return str(error)
    row = next((row for row in rows if row.get("sid") == f"vm:{vmid}"), None)
    return "it does not know the VM" if row is None else str(row.get("status") or row.get("state"))
