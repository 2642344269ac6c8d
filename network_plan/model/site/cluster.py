# SPDX-License-Identifier: GPL-3.0-or-later
"""``clusters.yml``: hosts, storage and VM sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Le
from pydantic import Strict, StringConstraints

from network_plan.model.site.base import (
    FORBID,
    Id,
    InterfaceName,
    NetworkWord,
    Positive,
    Schema,
    Source,
    Text,
)

MAC_PREFIX = r"^[0-9a-f][02468ace]:[0-9a-f]{2}:[0-9a-f]{2}$"
"""Half a MAC; an odd first octet would be a multicast address (IEEE 802)."""

VolumeId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._-]*:[A-Za-z0-9._/-]+$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostGroup:
    """Hosts of one make.

    Attributes:
        names: host names, unique in the site.
        cores: threads a host offers to VMs.
        memory_mib: installed memory of one host, MiB.
        reserve_mib: memory of one host that the hypervisor and ZFS keep, MiB.
        disk_gib: usable local disk of one host, GiB.
    """

    __pydantic_config__: ClassVar = FORBID
    names: tuple[Id, ...]
    cores: Positive
    memory_mib: Positive
    reserve_mib: Positive
    disk_gib: Positive
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupStorage:
    """A folder on each host that takes vzdump's files; the installer knows nothing of it, so the stack makes it.

    Attributes:
        storage: its id in Proxmox VE.
        path: the folder, the same on each host.
        machine: what other machine the folder is mounted from, at another place than the hosts; without it the
            files lie on each host's own disk.
    """

    __pydantic_config__: ClassVar = FORBID
    storage: Id
    path: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._/-]+$")]
    source: Source
    machine: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One Proxmox VE cluster.

    Attributes:
        title: what people call it.
        hosts: its hosts, a group for each make.
        spare_hosts: how many hosts may fail while every running VM still has memory (CLD-2).
        vm_storage: storage id of the VM disks (local ZFS on each host).
        image: volume id of the cloud image that new VMs are made from.
        bridge: the bridge that carries the VLANs of the SDN zone.
        network: key of the management network of the hosts, ``tenant/network``.
        first_purchase: what is still to be bought before it stands; without it, it stands.
        backup: where backups go; without it none are made here.
    """

    __pydantic_config__: ClassVar = FORBID
    title: Text
    hosts: tuple[HostGroup, ...]
    spare_hosts: Annotated[int, Strict(), Ge(0), Le(3)]
    vm_storage: Id
    image: VolumeId
    bridge: InterfaceName
    network: NetworkWord
    source: Source
    first_purchase: Text | None = None
    backup: BackupStorage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A VM size class; memory in MiB, disk in GiB.

    Attributes:
        cores: virtual cores.
        memory_mib: memory, MiB.
        disk_gib: disk, GiB.
    """

    __pydantic_config__: ClassVar = FORBID
    cores: Positive
    memory_mib: Positive
    disk_gib: Positive
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """The whole file.

    Attributes:
        clusters: every Proxmox VE cluster by its name, which is also its stack's.
        sizes: the size classes that a VM may name.
        default_cluster: where a VM stands that names no cluster.
        vmids: the first and the last VMID that may be allotted (PVE: from 100 on).
        mac_prefix: the first half of every VM's MAC address.
        ids_source: where the two ranges come from.
    """

    __pydantic_config__: ClassVar = FORBID
    schema: Schema
    clusters: Mapping[Id, Cluster]
    sizes: Mapping[Id, Size]
    default_cluster: Id
    vmids: tuple[Positive, Positive]
    mac_prefix: Annotated[str, StringConstraints(pattern=MAC_PREFIX)]
    ids_source: Source
