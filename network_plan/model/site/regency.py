# SPDX-License-Identifier: GPL-3.0-or-later
"""``regency.yml``: who this is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le
from pydantic import Strict, StringConstraints

from network_plan.model.site.base import FORBID, Id, Source, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Regency:
    """The regency itself.

    Attributes:
        schema: number of the site files' schema.
        domain: DNS zone under which tenants and VMs are named.
        operator: the tenant that runs the cloud (Diskominfo; Perbup 253/2019 table 4.2).
        utc_offset_hours: hours before UTC, in which the days of dated flows end (WIB: 7, no summer time).
        source: where name and operator come from.
    """

    __pydantic_config__: ClassVar = FORBID
    schema: Literal[1]
    name: Text
    domain: Annotated[str, StringConstraints(pattern=r"^([a-z0-9-]{1,63}\.)+[a-z]{2,63}$")]
    domain_source: Source
    operator: Id
    utc_offset_hours: Annotated[int, Strict(), Ge(-12), Le(14)]
    source: Source
