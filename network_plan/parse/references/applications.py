# SPDX-License-Identifier: GPL-3.0-or-later
"""Applications, hosting, sanctions, facilities and reservations: their words and sums."""

from __future__ import annotations

from network_plan.parse.references.check import Check


def check_applications(check: Check) -> None:
    """Owners, sizes, and the applications that VMs name."""
    site = check.site
    known = site.applications.applications
    for name, item in known.items():
        path = ("applications", "applications", name)
        check.known("tenant", item.owner, site.tenants, *path, "owner")
        if item.size is not None:
            check.known("size", item.size, site.clusters.sizes, *path, "size")
        if item.priority not in site.dr.tiers and not check.was_lost(str(item.priority)):
            check.fail("site/tier", f"dr.yml has no tier {item.priority}", "add it there", *path, "priority")
    for tenant_id, tenant in site.tenants.items():
        for vm_name, vm in tenant.vms.items():
            for index, word in enumerate(vm.applications):
                where = ("tenants", tenant_id, "vms", vm_name, "applications", index)
                check.known("application", word, known, *where)


def check_services(check: Check) -> None:
    """What hosting and sanctions name."""
    site = check.site
    hosting = site.services.hosting
    if hosting is not None:
        path = ("services", "hosting", "publication")
        check.known("publication", hosting.publication, site.services.publish, *path)
    for name, item in site.services.sanctions.items():
        where = ("services", "sanctions", name)
        if "/" in item.target:
            check.known("vm", item.target, check.vms, *where, "target")
        else:
            check.known("tenant", item.target, site.tenants, *where, "target")
        if (item.measure == "slow") is not (item.rate_kbit is not None):
            cure = "write rate_kbit with 'slow', and only there"
            check.fail("site/sanction", f"{item.measure!r} and its rate do not fit", cure, *where, "measure")


def check_facilities(check: Check) -> None:
    """Power and rooms stand at a cluster."""
    site = check.site
    clusters = site.clusters.clusters
    for name in site.facilities.power:
        check.known("cluster", name, clusters, "facilities", "power", name)
    for name, room in site.facilities.rooms.items():
        check.known("cluster", room.cluster, clusters, "facilities", "rooms", name, "cluster")


def check_reservations(check: Check) -> None:
    """A reserved block has a pool, and is smaller than it."""
    site = check.site
    for name, item in site.networks.reservations.items():
        path = ("networks", "reservations", name)
        pool = site.networks.pools.get(item.role)
        if pool is None:
            if not check.was_lost(item.role.value):
                cure = "add the pool to networks.yml"
                check.fail("site/pool", f"there is no pool {item.role.value}", cure, *path, "role")
            continue
        if item.block_length <= pool.prefix.prefixlen:
            what = f"{item.count} networks of length {item.length} don't fit into {pool.prefix}"
            check.fail("site/prefix", what, "enlarge the pool, or take smaller networks", *path, "count")
