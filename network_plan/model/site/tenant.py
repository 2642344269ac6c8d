# SPDX-License-Identifier: GPL-3.0-or-later
"""``tenants/<id>.yml``: one agency (SKPD), its offices, VMs and the flows to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le
from pydantic import Field, Strict

from network_plan.model.site.base import (
    FORBID,
    Day,
    EndpointWord,
    Flag,
    Id,
    Positive,
    Schema,
    ServiceWord,
    Source,
    Text,
    Words,
)
from network_plan.model.site.network import Role, Transport


class TenantKind(str, Enum):
    """The kinds of agency of Perbup 253/2019 §2.2.2."""

    SEKRETARIAT = "sekretariat"
    INSPEKTORAT = "inspektorat"
    DINAS = "dinas"
    BADAN = "badan"
    KECAMATAN = "kecamatan"
    RSUD = "rsud"


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A place with a distribution switch; neighbours on it count as one LAN (NET-1).

    Attributes:
        title: what people call it.
        transport: how it reaches the gateway (NET-2).
        hosts: how many devices need an address.
        rate_kbit: what the line gives, kbit/s, where it was measured (a cellular one must be: §4.6.2 (3)).
    """

    __pydantic_config__: ClassVar = FORBID
    title: Text
    transport: Transport
    hosts: Positive
    source: Source
    rate_kbit: Positive | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraNetwork:
    """A network beside the tenant's ``servers`` and its offices.

    Attributes:
        role: what it is for; the pool that it is allotted from.
        title: what people call it.
        cluster: the cluster whose site it lies in; null means the default cluster's.
    """

    __pydantic_config__: ClassVar = FORBID
    role: Role
    title: Text
    source: Source
    cluster: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vm:
    """One virtual machine.

    Attributes:
        size: a class of ``clusters.yml``; cores, memory_mib and disk_gib override one figure each.
        serves: what it listens on (``tcp/443``); reach from elsewhere needs a flow all the same.
        title: what it is for.
        applications: ids of ``applications.yml`` that it carries.
        priority: 1-3 (Perbup 253/2019 table 4.3); decides the recovery tier.
        network: name of the tenant's network it stands in.
        cluster: where it stands; null means the default cluster.
        node: pins the VM to a host; else the ledger's first placement holds.
        cores: virtual cores, in place of the size's.
        memory_mib: memory in MiB, in place of the size's.
        disk_gib: disk in GiB, in place of the size's.
        protect: PVE's own protection flag: it can't be removed while true.
    """

    __pydantic_config__: ClassVar = FORBID
    size: Id
    serves: tuple[ServiceWord, ...]
    source: Source
    title: Text | None = None
    applications: tuple[Id, ...] = ()
    priority: Annotated[int, Strict(), Ge(1), Le(3)] = 2
    network: Id = "servers"
    cluster: Id | None = None
    node: Id | None = None
    cores: Positive | None = None
    memory_mib: Positive | None = None
    disk_gib: Positive | None = None
    protect: Flag = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Who may reach what, why, and until when.

    Attributes:
        from_: who may: ``office:rsud``, ``vm:setda/lpse``, ``offices`` and the other words for an end.
        to: one end: ``vm:siak`` of the same tenant, ``network:rsud/servers``, ``gateway``.
        why: what it is open for, for people.
        ports: services; empty means every service that the VM at ``to`` serves.
        until: the last day on which it holds.
    """

    __pydantic_config__: ClassVar = FORBID
    from_: Annotated[Words, Field(alias="from")]
    to: EndpointWord
    why: Text
    ports: tuple[ServiceWord, ...] = ()
    until: Day | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """The whole file; its name without ``.yml`` is the tenant's id.

    Attributes:
        name: the agency's official name.
        kind: the kind of agency.
        type: the size class of the agency, A or B (Perbup 253/2019 §2.2.2).
        duty: the affairs of government that it has.
        subdomain: whether its pages stand on the central hosting under its own name.
        offices: its places, each with one distribution switch (NET-1).
        networks: networks beside ``servers`` and the offices.
        vms: its virtual machines.
        flows: who may reach what is its own.
    """

    __pydantic_config__: ClassVar = FORBID
    schema: Schema
    name: Text
    kind: TenantKind
    source: Source
    type: Literal["A", "B"] | None = None
    duty: Text | None = None
    subdomain: Flag = True
    offices: Mapping[Id, Office] = field(default_factory=dict)
    networks: Mapping[Id, ExtraNetwork] = field(default_factory=dict)
    vms: Mapping[Id, Vm] = field(default_factory=dict)
    flows: Mapping[Id, Flow] = field(default_factory=dict)
