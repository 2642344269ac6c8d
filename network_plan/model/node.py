# SPDX-License-Identifier: GPL-3.0-or-later
"""Decided clusters and their hosts."""

from __future__ import annotations

from dataclasses import dataclass

from network_plan.model.availability import BackupJob, Storage, Token
from network_plan.model.firewall import ClusterFirewall
from network_plan.model.network import IpAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One host: memory in MiB (``reserve_mib`` of it kept from VMs), disk in GiB."""

    name: str
    cores: int
    memory_mib: int
    reserve_mib: int
    disk_gib: int
    addresses: tuple[IpAddress, ...]
    source: str

    @property
    def free_mib(self) -> int:
        """Memory that VMs may have, MiB."""
        return self.memory_mib - self.reserve_mib


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessGroup:
    """The people of one post, and the role that they have on their tenant's pool."""

    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A tenant's share of a cluster: its pool, and a group for each technical post (ORG-1, SEC-2)."""

    pool: str
    groups: tuple[AccessGroup, ...]
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRole:
    """A PVE role and its privileges."""

    name: str
    privileges: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vnet:
    """One SDN vnet and its subnets as ``(cidr, gateway)``."""

    vnet: str
    tag: int
    alias: str
    subnets: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One Proxmox VE cluster, with everything that is cluster-wide.

    Attributes:
        options: datacenter options (``/cluster/options``) that the Plan decides, as sorted pairs of PVE's own text.
    """

    name: str
    title: str
    nodes: tuple[Node, ...]
    spare_hosts: int
    vm_storage: str
    image: str
    zone: str
    bridge: str
    network: str
    vnets: tuple[Vnet, ...]
    roles: tuple[AccessRole, ...]
    access: tuple[Access, ...]
    firewall: ClusterFirewall
    storages: tuple[Storage, ...]
    backups: tuple[BackupJob, ...]
    tokens: tuple[Token, ...]
    options: tuple[tuple[str, str], ...]
    source: str
    first_purchase: str | None
