# SPDX-License-Identifier: GPL-3.0-or-later
"""DR-2: replication and backups keep what the recovery targets promise (Perbup 253/2019 table 3.10)."""

from __future__ import annotations

import re
from datetime import date

from network_plan.model.dr import Tier
from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.policy.say import error, warning

DAY = 24 * 60
_DAILY = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]")
_HOURS = re.compile(r"\*/([1-9]|1[0-9]|2[0-3]):[0-5][0-9]")
_MINUTES = re.compile(r"\*/([1-9]|[1-5][0-9])")


def interval_minutes(schedule: str) -> int | None:
    """The longest time between two events of a calendar event, minutes.

    Returns:
        ``None`` for a schedule that is none of ``02:30`` (daily), ``*/4:00`` (hours), ``*/15`` (minutes).
    """
    if _DAILY.fullmatch(schedule):
        return DAY
    if match := _HOURS.fullmatch(schedule):
        return int(match[1]) * 60
    if match := _MINUTES.fullmatch(schedule):
        return int(match[1])
    return None


def check_dr2(plan: Plan, _today: date | None) -> list[Finding]:
    """DR-2: what a tier copies, it copies as often as its RPO says."""
    findings = []
    for tier in plan.tiers:
        if tier.ha_minutes is not None and tier.ha_minutes > tier.rpo_minutes:
            what = (
                f"tier {tier.priority} may lose {tier.ha_minutes} minutes when a host fails, "
                f"its RPO is {tier.rpo_minutes}"
            )
            cure = "copy more often with 'ha_minutes', or agree on another RPO"
            findings.append(error("DR-2", what, cure, "dr", "tiers", str(tier.priority), "ha_minutes"))
        findings += _copies(plan, tier) if tier.twin else _backup(tier)
    return findings


def _copies(plan: Plan, tier: Tier) -> list[Finding]:
    """A point's age counts from the start of its snapshot, so the next one must have come over within the RPO."""
    minutes = {task.interval_minutes for task in plan.replication if _tier(plan, task.guest) == tier.priority}
    return [
        error(
            "DR-2",
            f"twins of tier {tier.priority} are copied every {often} minutes, its RPO of {tier.rpo_minutes} "
            "leaves no time for the transfer",
            "agree on an RPO of 2 minutes or more",
            *("dr", "tiers", str(tier.priority), "rpo_minutes"),
        )
        for often in minutes
        if 2 * often > tier.rpo_minutes
    ]


def _tier(plan: Plan, guest: str) -> int:
    return next(item.tier for item in plan.guests if item.key == guest)


def _backup(tier: Tier) -> list[Finding]:
    """A tier without a twin comes back from its last backup."""
    path = ("dr", "tiers", str(tier.priority))
    if tier.backup is None:
        what = f"tier {tier.priority} has neither a twin nor backups: nothing of it comes back"
        return [error("DR-2", what, "give it a 'backup'", *path)]
    minutes = interval_minutes(tier.backup)
    if minutes is None:
        what = f"how often tier {tier.priority} is backed up can't be told from {tier.backup!r}"
        return [
            warning(
                "DR-2", what, "write it as 02:30 (daily), */4:00 (hours) or */15 (minutes)", *path, "backup"
            )
        ]
    if minutes > tier.rpo_minutes:
        what = (
            f"tier {tier.priority} comes back from a backup up to {minutes} minutes old, "
            f"its RPO is {tier.rpo_minutes}"
        )
        return [error("DR-2", what, "back up more often, or agree on another RPO", *path, "backup")]
    return []
