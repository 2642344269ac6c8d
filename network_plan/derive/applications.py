# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the application table with the VMs that carry them."""

from __future__ import annotations

from network_plan.model.application import Application
from network_plan.model.site import Site
from network_plan.model.site.expand import declared_vms


def derive_applications(site: Site) -> tuple[Application, ...]:
    """Every application, sorted by key. A planned one counts with its size class until it has VMs."""
    carried: dict[str, list[str]] = {}
    for vm in declared_vms(site):
        for key in vm.vm.applications:
            carried.setdefault(key, []).append(vm.key)
    found = []
    for key, item in sorted(site.applications.applications.items()):
        size = site.clusters.sizes[item.size] if item.size and key not in carried else None
        found.append(
            Application(
                key=key,
                title=item.title,
                theme=item.theme,
                state=item.state,
                priority=item.priority,
                kind=item.kind.value,
                owner=item.owner,
                owner_source=item.owner_source,
                hosting=item.hosting,
                middleware=item.middleware,
                vms=tuple(carried.get(key, ())),
                cores=size.cores if size else None,
                memory_mib=size.memory_mib if size else None,
                disk_gib=size.disk_gib if size else None,
                size_source=size.source if size else None,
                twin=site.dr.tiers[item.priority].twin,
                note=item.note,
                source=item.source,
            )
        )
    return tuple(found)
