# SPDX-License-Identifier: GPL-3.0-or-later
"""Tenants and their VMs: who operates, which size, where a VM stands."""

from __future__ import annotations

import re

from network_plan.model.finding import type_path
from network_plan.model.site import Vm
from network_plan.model.site.base import ID
from network_plan.parse.references.check import Check

_ID = re.compile(ID.removeprefix("^").removesuffix("$"))
RESERVED = frozenset({"egress", "gateway", "host", "node", "publish", "regency", "reserved"})
"""Words that begin keys of flows, ledger lines or DNS names which are no tenant's."""


def check_tenants(check: Check) -> None:
    """Every tenant's id, and every word of its VMs and networks."""
    site = check.site
    check.known("tenant", site.regency.operator, site.tenants, "regency", "operator")
    for tenant_id, tenant in site.tenants.items():
        path = ("tenants", tenant_id)
        if not _ID.fullmatch(tenant_id):
            cure = "name the file in a-z, 0-9 and '-', beginning with a letter, 30 at most"
            check.fail("site/id", f"{tenant_id!r} can't name a tenant", cure, *path)
        elif tenant_id in RESERVED:
            cure = f"choose another; taken: {', '.join(sorted(RESERVED))}"
            check.fail("site/id", f"{tenant_id!r} is a word of the plan's own", cure, *path)
        for name, extra in tenant.networks.items():
            where = (*path, "networks", name)
            if name.startswith("office-"):
                what = f"{name!r} would be taken for an office"
                check.fail("site/id", what, "declare it under 'offices', or rename it", *where)
            if extra.cluster is not None:
                check.known("cluster", extra.cluster, site.clusters.clusters, *where, "cluster")
        for name, vm in tenant.vms.items():
            _vm(check, tenant_id, vm, (*path, "vms", name))


def _vm(check: Check, tenant: str, vm: Vm, path: type_path) -> None:
    site = check.site
    clusters = site.clusters.clusters
    check.known("size", vm.size, site.clusters.sizes, *path, "size")
    check.services(vm.serves, *path, "serves")
    if vm.priority not in site.dr.tiers and not check.was_lost(str(vm.priority)):
        check.fail("site/tier", f"dr.yml has no tier {vm.priority}", "add it there", *path, "priority")
    if vm.cluster is not None and not check.known("cluster", vm.cluster, clusters, *path, "cluster"):
        return
    cluster = vm.cluster or site.clusters.default_cluster
    if vm.node is not None and cluster in clusters:
        hosts = [host for group in clusters[cluster].hosts for host in group.names]
        check.known("host", vm.node, hosts, *path, "node")
    names = {"servers", *site.tenants[tenant].networks}
    if not check.known("network", vm.network, names, *path, "network"):
        return
    network = check.networks[f"{tenant}/{vm.network}"]
    if network.cluster != cluster:
        what = f"the VM is made in {cluster}, its network {network.key} lies in {network.cluster}"
        cure = f"give it a network with 'cluster: {cluster}' of its own, or leave 'cluster' out"
        check.fail("site/network", what, cure, *path, "cluster" if vm.cluster else "network")
