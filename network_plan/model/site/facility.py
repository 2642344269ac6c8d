# SPDX-License-Identifier: GPL-3.0-or-later
"""``facilities.yml``: what is bought, what feeds and watches it, and what was promised about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, ClassVar

from annotated_types import Ge, Le
from pydantic import Strict

from network_plan.model.site.base import FORBID, Flag, Id, Positive, Schema, Source, Text

Count = Annotated[int, Strict(), Ge(0)]
Percent = Annotated[int, Strict(), Ge(1), Le(100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One line of what the master plan says is needed (Perbup 253/2019 §4.6.11).

    Attributes:
        title: what is needed.
        quantity, unit: ``10`` ``servers``, ``50`` ``Mbit/s``.
    """

    __pydantic_config__: ClassVar = FORBID
    title: Text
    quantity: Positive
    unit: Text
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """The power of one cluster's room (Perbup 253/2019 §4.6.3 (5)).

    Attributes:
        supply_w: what the mains can give, watts.
        peak_w: projected peak of everything in the room, watts.
        ups_va: the UPS, volt-ampere.
        power_factor_percent: watts per volt-ampere of the UPS, in percent.
        average_w: average load on the UPS, watts.
        standby_hours: how long the standby supply lasts.
        reports: whether the UPS reports its state and alarms.
    """

    __pydantic_config__: ClassVar = FORBID
    supply_w: Positive
    peak_w: Positive
    ups_va: Positive
    power_factor_percent: Percent
    average_w: Positive
    standby_hours: Count
    reports: Flag
    source: Source


class RoomKind(str, Enum):
    """The rooms that need sensors (Perbup 253/2019 §4.6.3 (8))."""

    COMPUTER = "computer"
    TELECOM = "telecom"
    ELECTRICAL = "electrical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room and its sensors (ENV-1); ``cluster`` says at which site.

    Attributes:
        title: what people call it.
        cluster: the cluster whose hosts stand in it.
        kind: what the room is built for.
        temperature_sensors: how many sensors of temperature it has.
        humidity_sensors: how many sensors of humidity it has.
        racks: how many racks stand in it.
    """

    __pydantic_config__: ClassVar = FORBID
    title: Text
    cluster: Id
    kind: RoomKind
    temperature_sensors: Count
    humidity_sensors: Count
    source: Source
    racks: Count = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """The line to the internet, kbit/s.

    Attributes:
        rate_kbit: what it gives, kbit/s.
    """

    __pydantic_config__: ClassVar = FORBID
    rate_kbit: Positive
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """What was promised to the agencies: availability in hundredths of a percent (9950 is 99.5 %).

    Attributes:
        title: what is promised.
        availability_bp: availability in hundredths of a percent.
    """

    __pydantic_config__: ClassVar = FORBID
    title: Text
    availability_bp: Annotated[int, Strict(), Ge(1), Le(10000)]
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """What ``awan capacity`` reckons with; what is left out has a value of its own there, with its reason.

    Attributes:
        servers_today: how many physical servers the agencies run today, counted (CLD-6).
        memory_module_mib: one memory module as it is sold, MiB.
        drive_gib: usable space that one purchase of drives (a mirrored pair) adds to a host, GiB.
        vcpus_per_core: virtual cores that a core of a host carries.
        disk_full_percent: how full a host's disks may be.
        backup_percent: size of one backup, in percent of the disk.
        change_percent: what changes of a disk in a day, in percent.
        busy_hours: the hours of a day in which it changes.
        copy_mb_s: speed of copying onto a drive that is carried to the recovery center, MB/s.
    """

    __pydantic_config__: ClassVar = FORBID
    source: Source
    servers_today: Count | None = None
    memory_module_mib: Positive | None = None
    drive_gib: Positive | None = None
    vcpus_per_core: Positive | None = None
    disk_full_percent: Percent | None = None
    backup_percent: Percent | None = None
    change_percent: Percent | None = None
    busy_hours: Annotated[int, Strict(), Ge(1), Le(24)] | None = None
    copy_mb_s: Positive | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facilities:
    """The whole file; ``power`` is keyed by cluster.

    Attributes:
        uplink: the line to the internet.
        needs: what the master plan says is needed.
        power: cluster → what feeds its hosts (PWR-1).
        rooms: the rooms that hosts stand in (ENV-1).
        service_levels: what is promised to the agencies.
        sizing: what needs are reckoned with.
    """

    __pydantic_config__: ClassVar = FORBID
    schema: Schema
    uplink: Uplink
    needs: Mapping[Id, Need] = field(default_factory=dict)
    power: Mapping[Id, Power] = field(default_factory=dict)
    rooms: Mapping[Id, Room] = field(default_factory=dict)
    service_levels: Mapping[Id, ServiceLevel] = field(default_factory=dict)
    sizing: Sizing | None = None
