# SPDX-License-Identifier: GPL-3.0-or-later
"""The Plan: one frozen value with everything decided. Equal input gives equal bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from network_plan.model.application import Application
from network_plan.model.blocked import BlockedList
from network_plan.model.dr import RecoveryPlace, ReplicationTask, Risk, SiteRole, Tier, Tunnel
from network_plan.model.flow import Flow
from network_plan.model.gateway import Gateway
from network_plan.model.guest import Guest
from network_plan.model.network import Name, Network, PublicAddress, Reservation
from network_plan.model.node import Cluster
from network_plan.model.site.facility import Facilities
from network_plan.model.tenant import Tenant
from network_plan.model.text import json_pieces

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedException:
    """A dated exception that still runs (GW-3)."""

    key: str
    tenant: str
    kind: str
    until: date
    reason: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sanction:
    """A tenant or VM that is slowed or blocked for a time, and why (GW-4).

    Attributes:
        target: a tenant's key or a VM's.
        measure: ``slow`` (to ``rate_kbit``) or ``block``.
        until: the last day on which it holds.
    """

    key: str
    target: str
    measure: str
    rate_kbit: int | None
    until: date
    reason: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything decided, each tuple sorted by its key.

    ``guests`` is sorted by cluster and key and holds a VM and its twin as two guests. ``serial`` is the
    number of ledger lines ever written: it only grows, and so serves as the SOA serial (RFC 1035 §3.3.13).

    Attributes:
        posts: technical post → how many persons of it each SKPD has (ORG-1).
        shifts: shift → the post that responds in it (DR-6).
        facilities: as declared: nothing about them is left to decide.
    """

    schema: int
    serial: int
    regency: str
    domain: str
    operator: str
    utc_offset_hours: int
    role: SiteRole
    tenants: tuple[Tenant, ...]
    networks: tuple[Network, ...]
    clusters: tuple[Cluster, ...]
    guests: tuple[Guest, ...]
    public: tuple[PublicAddress, ...]
    gateways: tuple[Gateway, ...]
    flows: tuple[Flow, ...]
    exceptions: tuple[DatedException, ...]
    names: tuple[Name, ...]
    tiers: tuple[Tier, ...]
    tunnels: tuple[Tunnel, ...]
    replication: tuple[ReplicationTask, ...]
    applications: tuple[Application, ...]
    reservations: tuple[Reservation, ...]
    sanctions: tuple[Sanction, ...]
    blocked: tuple[BlockedList, ...]
    posts: Mapping[str, int]
    risks: tuple[Risk, ...]
    recovery_place: RecoveryPlace | None
    shifts: Mapping[str, str]
    facilities: Facilities

    def cluster(self, name: str) -> Cluster:
        """The cluster of that name; KeyError names the known ones."""
        for cluster in self.clusters:
            if cluster.name == name:
                return cluster
        known = ", ".join(c.name for c in self.clusters)
        raise KeyError(f"the Plan has no cluster {name!r}; it has {known}")

    def guests_of(self, cluster: str) -> tuple[Guest, ...]:
        """The guests of one cluster."""
        return tuple(guest for guest in self.guests if guest.cluster == cluster)

    def network(self, key: str) -> Network:
        """The network of that key; KeyError where there is none."""
        for network in self.networks:
            if network.key == key:
                return network
        raise KeyError(f"the Plan has no network {key!r}")

    def to_json(self) -> str:
        """The Plan as text, one value a line, keys sorted, ending in a newline."""
        return "".join(json_pieces(self))
