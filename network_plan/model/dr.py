# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is primary, and what recovery must reach."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRole:
    """Which cluster is primary since which epoch; the epoch only grows."""

    epoch: int
    primary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Recovery targets of one priority, in minutes.

    Attributes:
        ha_minutes: every how many minutes its disks go to the host that takes over; ``None`` is no HA.
        backup: schedule of the backups, in words of a calendar event; ``None`` is none.
        backups_kept: how many of them stay.
    """

    priority: int
    rpo_minutes: int
    rto_minutes: int
    twin: bool
    ha_minutes: int | None
    backup: str | None
    backups_kept: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """The protected line between two sites; ``rate_kbit`` is kept for replication."""

    key: str
    kind: str
    ends: tuple[tuple[str, IPv4Interface], ...]
    rate_kbit: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """One risk of the study behind the recovery plan (DR-6; Perbup 253/2019 §4.6.3 (8c))."""

    key: str
    kind: str
    title: str
    likelihood: str
    impact: str
    mitigation: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPlace:
    """What the recovery center's place was weighed by (DR-1; Perbup 253/2019 §4.6.3 (10))."""

    distance: str
    cost: str
    service_level: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationTask:
    """The copying of one VM's disks from the primary cluster to its twin's.

    Attributes:
        guest: key of the VM and of its twin; ``vmid`` is the same in both clusters.
        source, target: the clusters; ``source_node`` and ``target_node`` the hosts where they were placed.
        slots: the disks, all of them in one snapshot.
        interval_minutes: from one snapshot's start to the next.
        keep: points that stay at the target, the newest included.
        rate_kbit: its share of the line while every host of the target pulls at once.
    """

    guest: str
    vmid: int
    source: str
    source_node: str
    target: str
    target_node: str
    slots: tuple[str, ...]
    interval_minutes: int
    keep: int
    rate_kbit: int
