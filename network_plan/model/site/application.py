# SPDX-License-Identifier: GPL-3.0-or-later
"""``applications.yml``: the rows of the master plan's application table (Perbup 253/2019 table 4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le
from pydantic import Strict

from network_plan.model.site.base import FORBID, Flag, Id, Schema, Source, Text


class ApplicationKind(str, Enum):
    """What a row is: only the first two get VMs."""

    APPLICATION = "application"
    SERVICE = "service"
    POLICY = "policy"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One row.

    Attributes:
        title: as printed.
        theme: the heading that it stands under.
        state: ``exists`` (*ada*) or ``planned`` (*belum ada*).
        priority: 1 to 3, as printed; decides the recovery tier.
        kind: what the row is; only applications and services get VMs.
        owner: the tenant whose duty it is.
        owner_source: why that one.
        hosting: ``third_party`` where somebody else runs it today: it is to be brought home.
        middleware: other tenants' systems call it; it declares flows across tenants.
        size: of a planned one, the size class that capacity counts with.
        note: anything that readers should know.
    """

    __pydantic_config__: ClassVar = FORBID
    title: Text
    theme: Text
    state: Literal["exists", "planned"]
    priority: Annotated[int, Strict(), Ge(1), Le(3)]
    kind: ApplicationKind
    owner: Id
    owner_source: Source
    source: Source
    hosting: Literal["own", "third_party"] = "own"
    middleware: Flag = False
    size: Id | None = None
    note: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applications:
    """The whole file.

    Attributes:
        applications: every row of the table by an id of its own.
    """

    __pydantic_config__: ClassVar = FORBID
    schema: Schema
    applications: Mapping[Id, Application]
