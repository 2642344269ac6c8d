# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change costs: memory, cores and disk without the spare hosts, what is left of the pools, what fits no longer.

How many objects Pulumi will touch is not told: only its engine knows, and a preview says it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from network_plan.allocate.use import Use
from network_plan.capacity.answers import capacity
from network_plan.capacity.assume import Assumed
from network_plan.capacity.load import loads
from network_plan.capacity.planned import limits
from network_plan.diff.side import Side
from network_plan.model.plan import Plan

UNITS = ("MiB of memory", "virtual cores", "GiB of disk")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One kind of thing that can run out, before and after.

    Attributes:
        name: where, and of what.
        used: before and after.
        left: before and after; of a cluster without its largest hosts, as many as may fail.
    """

    name: str
    used: tuple[int, int]
    left: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A question of capacity that is answered otherwise now.

    Attributes:
        title: the question.
        fits: yes, no or not known; before and after.
        says: the answer in one line, before and after.
    """

    title: str
    fits: tuple[str, str]
    says: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a change costs; empty where it costs nothing.

    Attributes:
        shares: of what is there on both sides, what is used otherwise now.
        verdicts: questions of capacity that are answered otherwise now.
    """

    shares: tuple[Share, ...]
    verdicts: tuple[Verdict, ...]


def cost(old: Side, new: Side) -> Cost:
    """What differs between two sides."""
    return Cost(
        shares=tuple(_shares(old, new)),
        verdicts=tuple(_verdicts(old.plan, new.plan)),
    )


def _shares(old: Side, new: Side) -> Iterator[Share]:
    before, after = _clusters(old.plan), _clusters(new.plan)
    before |= {_pool(use): (use.live, use.free) for use in old.pools}
    after |= {_pool(use): (use.live, use.free) for use in new.pools}
    for name in before:
        if name in after and before[name] != after[name]:
            (used, left), (uses, leaves) = before[name], after[name]
            yield Share(name=name, used=(used, uses), left=(left, leaves))


def _pool(use: Use) -> str:
    """``networks /24 in servers``, ``public addresses``."""
    kind, _, place = use.pool.partition(" ")
    if place:
        return f"{use.unit} in {place}"
    return "public addresses" if kind == "public" else use.unit


def _clusters(plan: Plan) -> dict[str, tuple[int, int]]:
    """What is used, and what is left of each cluster without its largest hosts, as many as may fail (CLD-2)."""
    assumed = Assumed(plan)
    offered = limits(assumed)
    found: dict[str, tuple[int, int]] = {}
    for cluster in plan.clusters:
        there = loads(plan, cluster, assumed)
        used = (
            sum(load.memory_mib for load in there),
            sum(load.cores for load in there),
            sum(load.stored_gib + (load.disk_gib if load.replica else 0) for load in there),
        )
        for place, unit in enumerate(UNITS):
            amounts = sorted(offered.of(node)[place] for node in cluster.nodes)
            kept = sum(amounts[: len(amounts) - cluster.spare_hosts])
            found[f"{unit} in {cluster.name}"] = used[place], kept - used[place]
    return found


def _verdicts(old: Plan, new: Plan) -> Iterator[Verdict]:
    before = {answer.key: answer for answer in capacity(old).answers}
    for answer in capacity(new).answers:
        one = before[answer.key]
        if (one.fits, one.says) != (answer.fits, answer.says):
            yield Verdict(
                title=answer.title, fits=(one.fits.value, answer.fits.value), says=(one.says, answer.says)
            )
