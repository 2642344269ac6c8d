# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lab disks go to the recovery center, and a round of it; the copying stands in ``scripts.lab.replica``."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from network_plan.model.plan import Plan
from scripts.lab.replica import rounds


class ReplicateError(Exception):
    """Nothing can be replicated; the text says why."""


def tasks(plan: Plan, only: Collection[str] = ()) -> list[rounds.Task]:
    """A task per VM with a twin; ``only`` names some of them by key.

    Raises:
        ReplicateError: a name is no such VM, or no VM has a copy elsewhere.
    """
    if not plan.replication:
        raise ReplicateError("nothing is copied: no VM has a twin in a recovery center that stands by")
    known = {
        task.guest: rounds.Task(
            key=task.guest, vmid=task.vmid, source=task.source, target=task.target, keep=task.keep
        )
        for task in plan.replication
    }
    unknown = sorted(set(only) - set(known))
    if unknown:
        raise ReplicateError(
            f"{', '.join(unknown)}: no VM with a twin; those that have one: {', '.join(known)}"
        )
    return [task for key, task in known.items() if not only or key in only]


def rate_kbit(plan: Plan) -> int:
    """What the line between the sites keeps for replication."""
    return sum(tunnel.rate_kbit for tunnel in plan.tunnels)


def replicate(
    plan: Plan, lab_dir: Path, say: Callable[[str], None], only: Collection[str] = ()
) -> list[rounds.Result]:
    """One round over every VM with a twin (or ``only`` some), at the line's rate.

    Raises:
        ReplicateError: nothing can be replicated.
        scripts.lab.replica.rounds.RoundError: the round broke off.
    """
    return rounds.Round(tasks(plan, only), rate_kbit(plan), lab_dir).wait(say)
