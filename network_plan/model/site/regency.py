# SPDX-License-Identifier: GPL-3.0-or-later
"""``regency.yml``: who this is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, ClassVar

from annotated_types import Ge, Le
from pydantic import Strict, StringConstraints

from network_plan.model.site.base import FORBID, Id, Positive, Schema, Source, Text

DOMAIN = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$"
"""A zone with two labels or more; at most 150 characters, so that a VM's name stays under DNS's 253."""


class Post(str, Enum):
    """The technical posts of an SKPD (Perbup 253/2019 §4.4); posts, never names of people."""

    NETWORK = "network"
    SOFTWARE = "software"


@dataclass(frozen=True, slots=True, kw_only=True)
class Regency:
    """The regency itself.

    Attributes:
        schema: number of the site files' schema.
        name: the regency, as pages and titles say it.
        domain: DNS zone under which tenants and VMs are named.
        domain_source: where the zone comes from.
        operator: the tenant that runs the cloud (Diskominfo; Perbup 253/2019 table 4.2).
        utc_offset_hours: hours before UTC, in which the days of dated flows end (WIB: 7, no summer time).
        source: where name and operator come from.
        posts: post → how many persons of it each SKPD has for its own systems (ORG-1).
        posts_source: where they come from.
    """

    __pydantic_config__: ClassVar = FORBID
    schema: Schema
    name: Text
    domain: Annotated[str, StringConstraints(pattern=DOMAIN, max_length=150)]
    domain_source: Source
    operator: Id
    utc_offset_hours: Annotated[int, Strict(), Ge(-12), Le(14)]
    source: Source
    posts: Mapping[Post, Positive]
    posts_source: Source
