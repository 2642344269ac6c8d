# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters, their hosts and the range of VMIDs."""

from __future__ import annotations

from network_plan.model.site.network import Role
from network_plan.parse.references.check import Check

_FIRST_VMID = 100
_LAST_VMID = 999_999_999
"""PVE's own limits (pve-common, schema of ``pve-vmid``)."""


def check_clusters(check: Check) -> None:
    """The words that name clusters, and what each cluster says of itself."""
    site = check.site
    clusters = site.clusters.clusters
    check.known("cluster", site.clusters.default_cluster, clusters, "clusters", "default_cluster")
    check.known("cluster", site.networks.gateway.cluster, clusters, "networks", "gateway", "cluster")
    _recovery(check)
    first, last = site.clusters.vmids
    if not _FIRST_VMID <= first <= last <= _LAST_VMID:
        cure = f"write [first, last], from {_FIRST_VMID} to {_LAST_VMID}"
        check.fail("site/vmids", f"[{first}, {last}] is no range of VMIDs", cure, "clusters", "vmids")
    _hosts(check)
    for name, cluster in clusters.items():
        path = ("clusters", "clusters", name, "network")
        if not check.known("network", cluster.network, check.networks, *path):
            continue
        network = check.networks[cluster.network]
        if network.role is not Role.MANAGEMENT:
            what = f"{cluster.network} is no management network"
            check.fail("site/network", what, "name one that is", *path)
        elif network.cluster != name and network.cluster in clusters:
            what = f"{cluster.network} lies in {network.cluster}"
            check.fail("site/network", what, f"name a management network with 'cluster: {name}'", *path)


def _recovery(check: Check) -> None:
    """The recovery cluster is another one; a line and twins need one."""
    recovery = check.site.dr
    if recovery.cluster is None:
        if recovery.tunnel is not None:
            what = "a line between two places is declared, and no recovery cluster"
            check.fail("site/cluster", what, "name the cluster at the other place", "dr", "tunnel")
        for priority, tier in recovery.tiers.items():
            if tier.twin:
                what = f"VMs of priority {priority} have a twin, and no recovery cluster is declared"
                cure = "name the recovery cluster as 'cluster', or write 'twin: false'"
                check.fail("site/cluster", what, cure, "dr", "tiers", str(priority), "twin")
        return
    if check.known("cluster", recovery.cluster, check.site.clusters.clusters, "dr", "cluster") and (
        recovery.cluster == check.site.clusters.default_cluster
    ):
        what = f"the recovery cluster {recovery.cluster!r} is the default cluster itself"
        check.fail("site/cluster", what, "name the cluster at the other place", "dr", "cluster")
    if recovery.tunnel is None:
        what = f"there is no line to the recovery cluster {recovery.cluster}"
        check.fail("site/cluster", what, "declare the line as 'tunnel'", "dr", "cluster")


def _hosts(check: Check) -> None:
    """Host names are unique in a site; a host keeps some of its memory for VMs."""
    gateway = check.site.networks.gateway.name
    seen: dict[str, str] = {gateway: "networks.yml as the gateway"}
    for name, cluster in check.site.clusters.clusters.items():
        for index, group in enumerate(cluster.hosts):
            path = ("clusters", "clusters", name, "hosts", index)
            if group.reserve_mib >= group.memory_mib:
                cure = "reserve less than the memory"
                check.fail("site/reserve", "nothing is left for VMs", cure, *path, "reserve_mib")
            for place, host in enumerate(group.names):
                if host in seen:
                    what = f"host {host!r} stands in {seen[host]} already"
                    check.fail(
                        "site/duplicate", what, "host names are unique in a site", *path, "names", place
                    )
                seen.setdefault(host, f"cluster {name}")
