# SPDX-License-Identifier: GPL-3.0-or-later
"""``dr.yml``: recovery tiers and the tunnel between the two sites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from network_plan.model.site.base import FORBID, Flag, Id, Positive, Prefix4, Schema, Source, TierKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Targets of one priority, in minutes.

    Attributes:
        twin: whether the VM has a stopped twin in the recovery cluster.
    """

    __pydantic_config__: ClassVar = FORBID
    rpo_minutes: Positive
    rto_minutes: Positive
    twin: Flag
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """The protected line between DC and DRC; its rate in kbit/s is kept for replication."""

    __pydantic_config__: ClassVar = FORBID
    kind: Literal["wireguard", "leased"]
    prefix: Prefix4
    rate_kbit: Positive
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class DisasterRecovery:
    """The whole file; ``tiers`` is keyed by the priority of table 4.3 (``"1"``, ``"2"``, ``"3"``)."""

    __pydantic_config__: ClassVar = FORBID
    schema: Schema
    cluster: Id
    tiers: Mapping[TierKey, Tier]
    tunnel: Tunnel
