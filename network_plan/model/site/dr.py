# SPDX-License-Identifier: GPL-3.0-or-later
"""``dr.yml``: recovery tiers and the tunnel between the two sites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le
from pydantic import Strict, StringConstraints

from network_plan.model.site.base import FORBID, Flag, Id, Positive, Prefix4, Schema, Source, Text, TierKey

Calendar = Annotated[str, StringConstraints(pattern=r"^[a-z0-9*/:., -]+$", max_length=64)]
"""A calendar event as PVE and systemd write it: ``02:30``, ``*/4:00``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """When backups are made, and how many are kept.

    Attributes:
        schedule: when, as a calendar event: ``02:30``, ``*/4:00``.
        keep_daily: how many days' last backups stay.
        keep_weekly: how many weeks' last backups stay.
    """

    __pydantic_config__: ClassVar = FORBID
    schedule: Calendar
    keep_daily: Positive
    keep_weekly: Positive
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Targets of one priority, in minutes.

    Attributes:
        rpo_minutes: how old the data may be after a disaster.
        rto_minutes: how long the service may be away.
        twin: whether the VM has a stopped twin in the recovery cluster.
        backup: when backups are made.
        ha_minutes: every how many minutes its disks are copied to the host that takes over (HA); null is no HA.
    """

    __pydantic_config__: ClassVar = FORBID
    rpo_minutes: Positive
    rto_minutes: Positive
    twin: Flag
    source: Source
    backup: Backup | None = None
    ha_minutes: Annotated[int, Strict(), Ge(1), Le(59)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """The protected line between DC and DRC; its rate in kbit/s is kept for replication.

    Attributes:
        kind: ``wireguard`` over the internet, or a ``leased`` line.
        prefix: the addresses of its two ends, out of the management pool.
        rate_kbit: what is kept for replication, kbit/s.
    """

    __pydantic_config__: ClassVar = FORBID
    kind: Literal["wireguard", "leased"]
    prefix: Prefix4
    rate_kbit: Positive
    source: Source


class RiskKind(str, Enum):
    """What a risk study must look at (Perbup 253/2019 §4.6.3 (8c))."""

    FIRE = "fire"
    FLOOD = "flood"
    EPIDEMIC = "epidemic"
    MAIN_CABLE = "main_cable"
    OTHER = "other"


Level = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """One risk of the study behind the recovery plan (DR-6).

    Attributes:
        kind: one of those that a study must look at, or ``other``.
        title: what may happen.
        likelihood: how likely it is.
        impact: how much it would do.
        mitigation: what is done against it.
    """

    __pydantic_config__: ClassVar = FORBID
    kind: RiskKind
    title: Text
    likelihood: Level
    impact: Level
    mitigation: Text
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Why the recovery center stands where it stands (DR-1, Perbup 253/2019 §4.6.3 (10)).

    Attributes:
        distance: how far from the data center, and why that is enough.
        cost: what it costs.
        service_level: what is promised there.
    """

    __pydantic_config__: ClassVar = FORBID
    distance: Text
    cost: Text
    service_level: Text
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class DisasterRecovery:
    """The whole file; ``tiers`` is keyed by the priority of table 4.3 (``"1"``, ``"2"``, ``"3"``).

    Attributes:
        cluster: the recovery cluster; null where there is none yet.
        tiers: recovery targets by priority.
        tunnel: the line between the two places; null where there is one place only.
        risks: the risk study behind the plan (DR-6).
        place: why the recovery center stands where it stands (DR-1).
        shifts: shift → the post that responds in it (DR-6); posts, never names of people.
    """

    __pydantic_config__: ClassVar = FORBID
    schema: Schema
    tiers: Mapping[TierKey, Tier]
    cluster: Id | None = None
    tunnel: Tunnel | None = None
    risks: Mapping[Id, Risk] = field(default_factory=dict)
    place: Place | None = None
    shifts: Mapping[Id, Text] = field(default_factory=dict)

    @property
    def blocks(self) -> tuple[Prefix4, ...]:
        """What the line between the places has of the management pool, so that no network gets it."""
        return () if self.tunnel is None else (self.tunnel.prefix,)
