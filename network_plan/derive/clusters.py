# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters: hosts, SDN, access and the cluster-wide firewall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from network_plan.derive.addresses import host_addresses
from network_plan.derive.availability import TOOLS, derive_backups, derive_options, derive_storages
from network_plan.derive.firewall import derive_cluster_firewall
from network_plan.model.flow import Flow
from network_plan.model.guest import Guest
from network_plan.model.ledger import Kind
from network_plan.model.network import Network
from network_plan.model.node import Access, AccessGroup, AccessRole, Cluster, Node, Vnet
from network_plan.model.site import Site
from network_plan.model.site.regency import Post

ZONE = "awan"
"""Id of the one VLAN zone of each cluster (PVE allows 8 characters)."""

POSTS = {
    Post.NETWORK: AccessRole(name="AwanTenantNetwork", privileges=("Pool.Audit", "VM.Audit")),
    Post.SOFTWARE: AccessRole(
        name="AwanTenantSoftware",
        privileges=("Pool.Audit", "VM.Audit", "VM.Backup", "VM.Console", "VM.PowerMgmt", "VM.Snapshot"),
    ),
}
"""What an SKPD's own people may do with their own VMs, and no more (ORG-1, SEC-2): who watches over network and
security reads, who keeps the software starts, stops, saves and goes back (Perbup 253/2019 table 4.2, §4.4)."""


def _nodes(
    site: Site, live: Mapping[tuple[Kind, str], str], cluster_id: str, network: Network
) -> tuple[Node, ...]:
    return tuple(
        Node(
            name=name,
            cores=group.cores,
            memory_mib=group.memory_mib,
            reserve_mib=group.reserve_mib,
            disk_gib=group.disk_gib,
            addresses=host_addresses(name, live, network),
            source=group.source,
        )
        for group in site.clusters.clusters[cluster_id].hosts
        for name in group.names
    )


def _vnets(networks: Sequence[Network], cluster_id: str) -> tuple[Vnet, ...]:
    return tuple(
        Vnet(
            vnet=network.vnet,
            tag=network.vlan,
            alias=network.key.replace("/", " "),
            subnets=tuple(
                (str(prefix), str(gateway))
                for prefix, gateway in zip(network.prefixes, network.gateways, strict=True)
            ),
        )
        for network in sorted(networks, key=lambda network: network.vlan)
        if cluster_id in network.clusters
    )


def derive_clusters(
    site: Site,
    live: Mapping[tuple[Kind, str], str],
    networks: Sequence[Network],
    flows: Sequence[Flow],
    guests: Sequence[Guest],
) -> tuple[Cluster, ...]:
    """Every cluster, sorted by name.

    At home every tenant has a pool and its people their rights, so that a first VM only has to be written down (CLD-5);
    elsewhere only those that have a VM there.
    """
    by_key = {network.key: network for network in networks}
    found = []
    for cluster_id, cluster in sorted(site.clusters.clusters.items()):
        tenants = sorted({guest.tenant for guest in guests if guest.cluster == cluster_id})
        if cluster_id == site.clusters.default_cluster:
            tenants = sorted(site.tenants)
        access = tuple(
            Access(
                pool=tenant,
                groups=tuple(
                    AccessGroup(name=f"{tenant}-{post.value}", role=POSTS[post].name)
                    for post in sorted(site.regency.posts)
                ),
                comment=site.tenants[tenant].name,
            )
            for tenant in tenants
        )
        found.append(
            Cluster(
                name=cluster_id,
                title=cluster.title,
                nodes=_nodes(site, live, cluster_id, by_key[cluster.network]),
                spare_hosts=cluster.spare_hosts,
                vm_storage=cluster.vm_storage,
                image=cluster.image,
                zone=ZONE,
                bridge=cluster.bridge,
                network=cluster.network,
                vnets=_vnets(networks, cluster_id),
                roles=tuple(POSTS[post] for post in sorted(site.regency.posts)),
                access=access,
                firewall=derive_cluster_firewall(networks, flows, site.networks),
                storages=derive_storages(site, cluster_id),
                backups=derive_backups(site, cluster_id, guests),
                tokens=TOOLS,
                options=derive_options(site, cluster_id, networks),
                source=cluster.source,
                first_purchase=cluster.first_purchase,
            )
        )
    return tuple(found)
