# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs and their twins in the recovery cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_interface

from network_plan.derive.addresses import vm_addresses
from network_plan.derive.availability import derive_ha
from network_plan.derive.firewall import FlowsTo, derive_guest_firewall
from network_plan.model.dr import SiteRole
from network_plan.model.flow import Flow
from network_plan.model.guest import Disk, Guest, Nic
from network_plan.model.ledger import Kind
from network_plan.model.network import Network
from network_plan.model.service import Service
from network_plan.model.site import Site
from network_plan.model.site.expand import DeclaredVm, declared_vms


def _nic(vm: DeclaredVm, live: Mapping[tuple[Kind, str], str], network: Network) -> Nic:
    addresses = vm_addresses(vm.key, live, network)
    return Nic(
        slot="net0",
        mac=live[Kind.MAC, f"{vm.key}/net0"],
        network=network.key,
        vnet=network.vnet,
        addresses=tuple(
            ip_interface(f"{address}/{prefix.prefixlen}")
            for address, prefix in zip(addresses, network.prefixes, strict=True)
        ),
        gateways=network.gateways,
    )


def _runs(site: Site, vm: DeclaredVm, cluster: str, role: SiteRole) -> bool:
    """In the primary cluster everything runs; in the recovery cluster also what is at home there."""
    return cluster == role.primary or (cluster == vm.cluster == site.dr.cluster)


def _guest(
    site: Site,
    live: Mapping[tuple[Kind, str], str],
    vm: DeclaredVm,
    cluster_id: str,
    network: Network,
    flows: FlowsTo,
    role: SiteRole,
) -> Guest:
    twin = cluster_id != vm.cluster
    cluster = site.clusters.clusters[cluster_id]
    disk = Disk(slot="scsi0", storage=cluster.vm_storage, size_gib=vm.disk_gib, import_from=cluster.image)
    nic = _nic(vm, live, network)
    pinned = vm.vm.node if not twin else None
    node = pinned or live[Kind.NODE, f"{vm.key}@{cluster_id}"]
    running = _runs(site, vm, cluster_id, role)
    return Guest(
        key=vm.key,
        name=f"{vm.tenant}-{vm.name}",
        title=vm.vm.title or vm.name,
        tenant=vm.tenant,
        cluster=cluster_id,
        vmid=int(live[Kind.VMID, vm.key]),
        node=node,
        pool=vm.tenant,
        fqdn=f"{vm.name}.{vm.tenant}.{site.regency.domain}",
        cores=vm.cores,
        memory_mib=vm.memory_mib,
        disks=() if twin else (disk,),
        nics=(nic,),
        nameservers=network.gateways,
        tags=tuple(sorted({"awan", vm.tenant, f"tier{vm.vm.priority}"} | ({"twin"} if twin else set()))),
        serves=tuple(sorted(set(map(Service.parse, vm.vm.serves)))),
        running=running,
        twin=twin,
        protect=vm.vm.protect,
        tier=vm.vm.priority,
        applications=vm.vm.applications,
        ha=derive_ha(site, live, vm, cluster_id, node, running=running),
        firewall=derive_guest_firewall(vm.key, nic, flows),
        source=vm.vm.source,
    )


def derive_guests(
    site: Site,
    live: Mapping[tuple[Kind, str], str],
    networks: Sequence[Network],
    flows: Sequence[Flow],
    role: SiteRole,
) -> tuple[Guest, ...]:
    """Every VM and twin, sorted by cluster and key.

    A twin has no disks here: replication brings them, and they are not Pulumi's to touch.
    """
    by_key = {network.key: network for network in networks}
    flows_to = FlowsTo(flows)
    found = [
        _guest(site, live, vm, cluster, by_key[vm.network], flows_to, role)
        for vm in declared_vms(site)
        for cluster in filter(None, (vm.cluster, vm.twin))
    ]
    return tuple(sorted(found, key=lambda guest: (guest.cluster, guest.key)))
