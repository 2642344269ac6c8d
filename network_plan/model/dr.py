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
    """Recovery targets of one priority, in minutes."""

    priority: int
    rpo_minutes: int
    rto_minutes: int
    twin: bool
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """The protected line between two sites; ``rate_kbit`` is kept for replication."""

    key: str
    kind: str
    ends: tuple[tuple[str, IPv4Interface], ...]
    rate_kbit: int
    source: str
