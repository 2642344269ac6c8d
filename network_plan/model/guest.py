# SPDX-License-Identifier: GPL-3.0-or-later
"""A decided virtual machine (PVE's word: guest)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface

from network_plan.model.availability import HighAvailability
from network_plan.model.firewall import GuestFirewall
from network_plan.model.network import IpAddress
from network_plan.model.service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """One disk; ``import_from`` is the image volume that a new one is made from."""

    slot: str
    storage: str
    size_gib: int
    import_from: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nic:
    """One network card; ``addresses`` and ``gateways`` in the order of the network's prefixes."""

    slot: str
    mac: str
    network: str
    vnet: str
    addresses: tuple[IPv4Interface | IPv6Interface, ...]
    gateways: tuple[IpAddress, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """One VM in one cluster.

    Its identity is ``(cluster, vmid)``; node, pool and disk order are attributes (design, rule 1).

    Attributes:
        key: ``tenant/vm``; the same for a VM and its twin in the recovery cluster.
        node: where it is made; a live migration elsewhere is no difference.
        running: whether the site role wants it started here.
        twin: whether this is the stopped copy in the recovery cluster, whose disks replication brings.
        memory_mib, disks: MiB and GiB.
        tier: priority of table 4.3, the key of the recovery targets.
        applications: ids of the applications of table 4.3 that it carries.
        ha: ``None`` where no other host of the cluster takes it over.
    """

    key: str
    name: str
    title: str
    tenant: str
    cluster: str
    vmid: int
    node: str
    pool: str
    fqdn: str
    cores: int
    memory_mib: int
    disks: tuple[Disk, ...]
    nics: tuple[Nic, ...]
    nameservers: tuple[IpAddress, ...]
    tags: tuple[str, ...]
    serves: tuple[Service, ...]
    running: bool
    twin: bool
    protect: bool
    tier: int
    applications: tuple[str, ...]
    ha: HighAvailability | None
    firewall: GuestFirewall
    source: str
