# SPDX-License-Identifier: GPL-3.0-or-later
"""What the declarations amount to, before anything is allotted: the networks and VMs they ask for.

Both the allotment and the derivation start from these lists, so they are made in one place.
"""

from __future__ import annotations

from dataclasses import dataclass

from network_plan.model.finding import type_path
from network_plan.model.site.network import Role
from network_plan.model.site.site import Site
from network_plan.model.site.tenant import Vm


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredNetwork:
    """A network that somebody asks for; ``path`` is where it is declared.

    Attributes:
        cluster: the cluster in whose site it lies.
        hosts: how many addresses it must hold beside the gateway's.
    """

    key: str
    tenant: str
    name: str
    title: str
    role: Role
    cluster: str
    transport: str | None
    hosts: int
    rate_kbit: int | None = None
    source: str
    path: type_path


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredVm:
    """A VM with its size worked out; ``twin`` names the cluster of its twin, if it has one."""

    key: str
    tenant: str
    name: str
    vm: Vm
    cluster: str
    twin: str | None
    network: str
    cores: int
    memory_mib: int
    disk_gib: int
    path: type_path


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredHost:
    """A host of a cluster; ``network`` is the management network it stands in."""

    name: str
    cluster: str
    network: str
    path: type_path


def declared_networks(site: Site) -> tuple[DeclaredNetwork, ...]:
    """Every network, sorted by key: ``servers`` where a VM stands in it, offices, extra ones."""
    default = site.clusters.default_cluster
    found: list[DeclaredNetwork] = []
    for tenant_id, tenant in site.tenants.items():
        base = ("tenants", tenant_id)
        servers = [vm for _, vm in sorted(tenant.vms.items()) if vm.network == "servers"]
        if servers and "servers" not in tenant.networks:
            found.append(
                DeclaredNetwork(
                    key=f"{tenant_id}/servers",
                    tenant=tenant_id,
                    name="servers",
                    title=f"servers of {tenant.name}",
                    role=Role.SERVERS,
                    cluster=servers[0].cluster or default,
                    transport=None,
                    hosts=len(servers),
                    source=tenant.source,
                    path=(*base, "vms"),
                )
            )
        for name, extra in tenant.networks.items():
            found.append(
                DeclaredNetwork(
                    key=f"{tenant_id}/{name}",
                    tenant=tenant_id,
                    name=name,
                    title=extra.title,
                    role=extra.role,
                    cluster=extra.cluster or default,
                    transport=None,
                    hosts=sum(vm.network == name for vm in tenant.vms.values()),
                    source=extra.source,
                    path=(*base, "networks", name),
                )
            )
        for name, office in tenant.offices.items():
            found.append(
                DeclaredNetwork(
                    key=f"{tenant_id}/office-{name}",
                    tenant=tenant_id,
                    name=f"office-{name}",
                    title=office.title,
                    role=Role.OFFICE,
                    cluster=default,
                    transport=office.transport.value,
                    hosts=office.hosts,
                    rate_kbit=office.rate_kbit,
                    source=office.source,
                    path=(*base, "offices", name),
                )
            )
    return tuple(sorted(found, key=lambda network: network.key))


def declared_vms(site: Site) -> tuple[DeclaredVm, ...]:
    """Every VM, sorted by key. The site's references must hold (``parse.references``)."""
    found = []
    for tenant_id, tenant in site.tenants.items():
        for name, vm in tenant.vms.items():
            size = site.clusters.sizes[vm.size]
            cluster = vm.cluster or site.clusters.default_cluster
            has_twin = site.dr.cluster not in (None, cluster) and site.dr.tiers[vm.priority].twin
            found.append(
                DeclaredVm(
                    key=f"{tenant_id}/{name}",
                    tenant=tenant_id,
                    name=name,
                    vm=vm,
                    cluster=cluster,
                    twin=site.dr.cluster if has_twin else None,
                    network=f"{tenant_id}/{vm.network}",
                    cores=vm.cores or size.cores,
                    memory_mib=vm.memory_mib or size.memory_mib,
                    disk_gib=vm.disk_gib or size.disk_gib,
                    path=("tenants", tenant_id, "vms", name),
                )
            )
    return tuple(sorted(found, key=lambda vm: vm.key))


def has_replica(site: Site, vm: DeclaredVm) -> bool:
    """Whether another host of the VM's cluster holds a copy of its disks, so that HA can start it there."""
    cluster = site.clusters.clusters[vm.cluster]
    hosts = sum(len(group.names) for group in cluster.hosts)
    return site.dr.tiers[vm.vm.priority].ha_minutes is not None and cluster.spare_hosts > 0 and hosts > 1


def declared_hosts(site: Site) -> tuple[DeclaredHost, ...]:
    """Every host, in the order of cluster and then of the file, which is the order of the racks."""
    return tuple(
        DeclaredHost(
            name=name,
            cluster=cluster_id,
            network=cluster.network,
            path=("clusters", "clusters", cluster_id, "hosts", index, "names"),
        )
        for cluster_id, cluster in sorted(site.clusters.clusters.items())
        for index, group in enumerate(cluster.hosts)
        for name in group.names
    )
