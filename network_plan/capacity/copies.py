# SPDX-License-Identifier: GPL-3.0-or-later
"""The copies to the recovery cluster: what may change in an interval, and how long the first of all takes (DR-2)."""

from __future__ import annotations

from dataclasses import dataclass

from network_plan.capacity.assume import Assumed
from network_plan.capacity.figure import GIB, Answer, Figure, Fits, Input, Purchase, group, up
from network_plan.capacity.line import kept_kbit
from network_plan.capacity.load import disk_gib
from network_plan.model.dr import Tier
from network_plan.model.plan import Plan

PAYLOAD_PERCENT = {"wireguard": 92, "leased": 97}
"""Data in what the line carries: 1,380 of 1,500 bytes by WireGuard (packets of 1,420, headers of 40), else 1,460."""

_KIB = 1000
_MB = 10**6
DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """What the line must carry for one priority in each interval.

    Attributes:
        vms, planned: how many VMs are copied, and how many more once all that is planned is there.
        disk_gib: of all of them together.
        interval_minutes, rpo_minutes: between two snapshots; the age that is promised.
        changed_bytes: what changes of it in one interval, in the busiest hours.
        admits_bytes: what the line carries in the time that there is.
    """

    priority: int
    vms: int
    planned: int
    disk_gib: int
    interval_minutes: int
    rpo_minutes: int
    changed_bytes: int
    admits_bytes: int


def rate_bytes(plan: Plan) -> int:
    """Bytes of data that the tunnels' kept rate carries in a second."""
    return sum(tunnel.rate_kbit * _KIB * PAYLOAD_PERCENT[tunnel.kind] // 100 // 8 for tunnel in plan.tunnels)


def cycles(plan: Plan, assumed: Assumed) -> tuple[Cycle, ...]:
    """One for each priority that is copied over the line, with all that is planned of it."""
    sizes = {guest.key: disk_gib(guest) for guest in plan.guests if not guest.twin}
    tiers = {guest.key: guest.tier for guest in plan.guests}
    found = []
    for tier in plan.tiers:
        tasks = [task for task in plan.replication if tiers[task.guest] == tier.priority]
        planned = [
            item
            for item in plan.applications
            if tier.twin
            and item.state == "planned"
            and item.priority == tier.priority
            and item.disk_gib is not None
        ]
        if not tasks:
            continue
        size = sum(sizes[task.guest] for task in tasks) + sum(item.disk_gib or 0 for item in planned)
        interval = min(task.interval_minutes for task in tasks)
        found.append(
            Cycle(
                priority=tier.priority,
                vms=len(tasks),
                planned=len(planned),
                disk_gib=size,
                interval_minutes=interval,
                rpo_minutes=tier.rpo_minutes,
                changed_bytes=_changed(size, interval, assumed),
                admits_bytes=rate_bytes(plan) * 60 * _minutes(tier, interval),
            )
        )
    return tuple(found)


def _minutes(tier: Tier, interval: int) -> int:
    """The time in which a copy must have come over: before the next one begins, and within the RPO."""
    return max(0, min(interval, tier.rpo_minutes - interval))


def _changed(size: int, minutes: int, assumed: Assumed) -> int:
    return up(size * GIB * assumed.value("change_percent") * minutes, 100 * assumed.value("busy_hours") * 60)


def copies(plan: Plan, assumed: Assumed) -> Answer:
    """Whether the kept rate carries what changes, and how the first copies get there."""
    found = cycles(plan, assumed)
    if not found:
        return Answer(
            key="copies",
            title="Does the line carry the copies?",
            rules=("DR-2",),
            fits=Fits.YES,
            says="nothing is copied over the line"
            if plan.tunnels
            else "there is no recovery center to copy to",
        )
    busy = _percent(found)
    fits = busy <= 100
    figures = [_cycle(plan, item, assumed) for item in found]
    size = sum(item.disk_gib for item in found)
    figures += [_seed(plan, size), _carried(size, assumed)]
    over, by_hand = figures[-2].value, figures[-1].value
    says = f"what changes takes {busy} % of the rate that is kept; the first copies take {_time(over)} over the line"
    if over > DAY_S:
        says += f", {_time(by_hand)} of copying on a drive that is carried there"
    rest = [tier.priority for tier in plan.tiers if not tier.twin]
    if rest:
        says += f"; priority {' and '.join(map(str, rest))}: nothing is copied there"
    return Answer(
        key="copies",
        title="Does the line carry the copies?",
        rules=("DR-2",),
        fits=Fits.YES if fits else Fits.NO,
        says=says,
        figures=tuple(figures),
        buy=() if fits else (_line(plan, found),),
    )


def _percent(found: tuple[Cycle, ...]) -> int:
    """How much of the kept rate all priorities take together in the busiest hours, percent, rounded up.

    A priority without any time for its transfer takes more than all of it.
    """
    return sum(
        up(item.changed_bytes * 100, item.admits_bytes) if item.admits_bytes else 101 for item in found
    )


def _line(plan: Plan, found: tuple[Cycle, ...]) -> Purchase:
    kept = kept_kbit(plan)
    rate = up(kept * _percent(found), 100)
    return Purchase(
        cluster="",
        what=f"a line on which {group(rate)} kbit/s can be kept for replication",
        because=f"what changes takes {_percent(found)} % of the {group(kept)} kbit/s that are kept",
        declare=f"dr.yml: tunnel.rate_kbit: {rate}; facilities.yml: uplink.rate_kbit: "
        f"{plan.facilities.uplink.rate_kbit + rate - kept}",
    )


def _kept(plan: Plan) -> tuple[Input, ...]:
    return tuple(
        Input(
            name=f"tunnel {tunnel.key}, of which {PAYLOAD_PERCENT[tunnel.kind]} % is data",
            value=f"{group(tunnel.rate_kbit)} kbit/s",
            source=tunnel.source,
        )
        for tunnel in plan.tunnels
    )


def _cycle(plan: Plan, item: Cycle, assumed: Assumed) -> Figure:
    tier = next(tier for tier in plan.tiers if tier.priority == item.priority)
    minutes = _minutes(tier, item.interval_minutes)
    rate = rate_bytes(plan)
    change, hours = assumed.value("change_percent"), assumed.value("busy_hours")
    return Figure(
        name=f"priority {item.priority}: may change in one interval",
        value=item.admits_bytes // _MB,
        unit="MB",
        formula=f"{group(rate // 1000)} kB/s × {minutes} min (before the next copy begins, and within the RPO of "
        f"{item.rpo_minutes} min) = {group(item.admits_bytes // _MB)} MB; of {group(item.disk_gib)} GiB "
        f"({item.vms} VMs and {item.planned} planned) {change} % change in {hours} hours, "
        f"{group(up(item.changed_bytes, _MB))} MB in {item.interval_minutes} min",
        inputs=(
            *_kept(plan),
            Input(
                name=f"RPO of priority {item.priority}", value=f"{item.rpo_minutes} min", source=tier.source
            ),
            assumed.input("change_percent"),
            assumed.input("busy_hours"),
        ),
    )


def _seed(plan: Plan, size: int) -> Figure:
    rate = max(1, rate_bytes(plan))
    seconds = up(size * GIB, rate)
    return Figure(
        name="the first copies over the line",
        value=seconds,
        unit="s",
        formula=f"{group(size)} GiB / {group(rate // 1000)} kB/s = {_time(seconds)}, disks taken as full",
        inputs=_kept(plan),
    )


def _carried(size: int, assumed: Assumed) -> Figure:
    speed = assumed.value("copy_mb_s")
    seconds = up(2 * size * GIB, speed * _MB)
    return Figure(
        name="the first copies on a drive",
        value=seconds,
        unit="s",
        formula=f"2 × {group(size)} GiB (onto the drive, and off it) / {speed} MB/s = {_time(seconds)}, and the way",
        inputs=(assumed.input("copy_mb_s"),),
    )


def _time(seconds: int) -> str:
    """``1.6 days``, ``3.2 hours``, ``12 minutes``."""
    for unit, name in ((DAY_S, "days"), (3600, "hours")):
        if seconds >= unit:
            tenths = up(seconds * 10, unit)
            return f"{tenths // 10}.{tenths % 10} {name}"
    return f"{up(seconds, 60)} minutes"
