# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which backups of a guest go when only some are kept. No state, no API.

Follows pve-storage `PVE/Storage.pm` prune_mark_backup_group: newest first, per rule the newest of each period, and no
period twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

_PERIODS: tuple[tuple[str, str], ...] = (
    ("keep-hourly", "%H/%d/%m/%Y"),
    ("keep-daily", "%d/%m/%Y"),
    ("keep-weekly", "%V/%G"),
    ("keep-monthly", "%m/%Y"),
    ("keep-yearly", "%Y"),
)


def to_prune(backups: dict[str, int], keep: dict[str, Any]) -> list[str]:
    """`backups` is id -> Unix time, `keep` as parsed from prune-backups; the ids that go, oldest first."""
    newest = sorted(backups, key=lambda volid: (-backups[volid], volid))
    marks: dict[str, bool] = {}  # id -> is it kept

    def mark(count: int, period_of: Callable[[str], str]) -> None:
        before = {period_of(volid) for volid, kept in marks.items() if kept}
        found: set[str] = set()
        for volid in newest:
            period = period_of(volid)
            if volid in marks or period in before:
                continue
            if period in found:
                marks[volid] = False
                continue
            if len(found) >= count:
                break
            found.add(period)
            marks[volid] = True

    counts = {option: int(keep.get(option) or 0) for option in ("keep-last", *(o for o, _ in _PERIODS))}
    if not any(counts.values()):
        return []
    if counts["keep-last"]:
        mark(counts["keep-last"], lambda volid: volid)
    for option, form in _PERIODS:
        if counts[option]:
            mark(counts[option], lambda volid, form=form: time.strftime(form, time.gmtime(backups[volid])))  # type: ignore[misc]
    return [volid for volid in reversed(newest) if not marks.get(volid)]
