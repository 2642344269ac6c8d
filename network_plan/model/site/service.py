# SPDX-License-Identifier: GPL-3.0-or-later
"""``services.yml``: what the internet sees, who goes out, and which exceptions still run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from annotated_types import MinLen
from pydantic import Field

from network_plan.model.site.base import (
    FORBID,
    Address4,
    Day,
    Id,
    Positive,
    Schema,
    ServiceWord,
    Source,
    TargetWord,
    Text,
    VmWord,
    Words,
)
from network_plan.model.site.tenant import Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A VM's services on a public address (destination NAT at the gateway).

    Attributes:
        vm: ``tenant/vm``.
        ports: services of the VM that are open to the whole internet.
        why: what it is open for, for people.
        holder: the tenant that holds the public address; the operator unless an exception says otherwise.
        exception: id of the exception (GW-3) under which an SKPD still holds an address of its own.
        address: fixes the public address; else the ledger allots one.
    """

    __pydantic_config__: ClassVar = FORBID
    vm: VmWord
    ports: Annotated[tuple[ServiceWord, ...], MinLen(1)]
    why: Text
    source: Source
    holder: Id | None = None
    exception: Id | None = None
    address: Address4 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """Who may go out to the internet, behind which public address (source NAT).

    Attributes:
        from_: who may: ``offices``, ``office:rsud``, ``vm:rsud/simrs``, as in a flow.
        why: what it is open for, for people.
        ports: services; empty means every TCP and UDP port and ICMP echo.
        address: fixes the public address; else the ledger allots one.
    """

    __pydantic_config__: ClassVar = FORBID
    from_: Annotated[Words, Field(alias="from")]
    why: Text
    source: Source
    ports: tuple[ServiceWord, ...] = ()
    address: Address4 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedException:
    """An agreed, dated breach of a rule that must be brought home (GW-3).

    Attributes:
        tenant: whose exception it is.
        kind: what it holds that only the operator should: a public address, or bandwidth of its own.
        until: the last day on which it holds.
        reason: why it was agreed.
    """

    __pydantic_config__: ClassVar = FORBID
    tenant: Id
    kind: Literal["public_address", "own_bandwidth"]
    until: Day
    reason: Text
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosting:
    """Central web hosting: the main site and a subdomain per SKPD (Perbup 253/2019 table 4.3).

    Attributes:
        publication: id of the publication at whose address all these names answer.
    """

    __pydantic_config__: ClassVar = FORBID
    publication: Id
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Sanction:
    """A tenant or VM that broke the usage policy is slowed or blocked for a time (GW-4).

    Attributes:
        target: a tenant's id or ``tenant/vm``.
        measure: ``slow`` to ``rate_kbit``, or ``block``.
        until: the last day on which it holds.
        reason: what was broken.
        rate_kbit: what is left of its bandwidth, kbit/s; with ``slow`` only.
    """

    __pydantic_config__: ClassVar = FORBID
    target: TargetWord
    measure: Literal["slow", "block"]
    until: Day
    reason: Text
    source: Source
    rate_kbit: Positive | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A list of names that the resolver does not resolve (GW-6); the names stand in ``blocked/<id>.txt``, one a line.

    Attributes:
        title: what the list holds, for people.
        reason: why these names are not resolved.
        source: who keeps the list, and of which day it is.
    """

    __pydantic_config__: ClassVar = FORBID
    title: Text
    reason: Text
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The whole file.

    Attributes:
        publish: what the internet sees.
        egress: who goes out to the internet, and behind which address.
        exceptions: agreed breaches of GW-3, each until a day.
        flows: flows for the whole regency, owned by the operator.
        hosting: the central web hosting.
        sanctions: who is slowed or blocked for a time.
        blocked: lists of names that are not resolved.
    """

    __pydantic_config__: ClassVar = FORBID
    schema: Schema
    publish: Mapping[Id, Publication] = field(default_factory=dict)
    egress: Mapping[Id, Egress] = field(default_factory=dict)
    exceptions: Mapping[Id, DatedException] = field(default_factory=dict)
    flows: Mapping[Id, Flow] = field(default_factory=dict)
    hosting: Hosting | None = None
    sanctions: Mapping[Id, Sanction] = field(default_factory=dict)
    blocked: Mapping[Id, Blocked] = field(default_factory=dict)
