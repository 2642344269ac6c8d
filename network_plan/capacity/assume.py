# SPDX-License-Identifier: GPL-3.0-or-later
"""What capacity takes for granted: what ``sizing`` of ``facilities.yml`` says, else the value here with its reason."""

from __future__ import annotations

from collections.abc import Mapping

from network_plan.capacity.figure import Input
from network_plan.model.plan import Plan

_ZFS = (
    "https://docs.oracle.com/en/operating-systems/solaris/oracle-solaris/11.4/manage-zfs/"
    "storage-pool-practices-performance.html (ZFS is to be watched above 80 %)"
)

DEFAULTS: Mapping[str, tuple[int, str, str, str]] = {
    "memory_module_mib": (
        8192,
        "MiB",
        "one memory module",
        "assumption: the smallest registered module sold for servers",
    ),
    "drive_gib": (
        894,
        "GiB",
        "usable space of one pair of drives",
        "assumption: two mirrored drives of 960 GB, the smallest sold for servers",
    ),
    "vcpus_per_core": (
        4,
        "virtual cores",
        "virtual cores a core of a host carries",
        "assumption: servers are about 10 % used (Perbup 253/2019 §4.6.4), so four on one leave it 40 % used",
    ),
    "disk_full_percent": (
        80,
        "%",
        "how full a host's disks may be",
        _ZFS,
    ),
    "backup_percent": (
        25,
        "%",
        "one backup, of the disk that it is made of",
        "assumption: disks are half full, and zstd halves what is in them",
    ),
    "change_percent": (
        5,
        "%",
        "what changes of a disk in a day",
        "assumption: registers change little; measure it with 'zfs send -nv' between two snapshots a day apart",
    ),
    "busy_hours": (
        8,
        "hours",
        "the hours in which it changes",
        "assumption: all change falls into office hours",
    ),
    "copy_mb_s": (150, "MB/s", "copying onto one drive to be carried", "assumption: a hard disk on USB 3"),
}
"""Key of ``sizing`` → value, unit, what it is, why."""


class Assumed:
    """The numbers by their key, and as inputs of a formula."""

    def __init__(self, plan: Plan) -> None:
        self._sizing = plan.facilities.sizing

    def value(self, key: str) -> int:
        declared = getattr(self._sizing, key) if self._sizing else None
        return DEFAULTS[key][0] if declared is None else declared

    def input(self, key: str) -> Input:
        """The number with its source."""
        default, unit, name, why = DEFAULTS[key]
        declared = getattr(self._sizing, key) if self._sizing else None
        if self._sizing is None or declared is None:
            return Input(name=name, value=f"{default} {unit}", source=why)
        return Input(name=name, value=f"{declared} {unit}", source=self._sizing.source)
