# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys the site files ask values for, and what the ledger still holds for others."""

from __future__ import annotations

from collections.abc import Mapping

from network_plan.model.finding import Finding, Severity
from network_plan.model.ledger import Act, Kind, Ledger
from network_plan.model.site import Site
from network_plan.model.site.expand import declared_hosts, declared_networks, declared_vms

OF_NETWORK = (Kind.PREFIX, Kind.PREFIX6, Kind.VLAN, Kind.VNET)


def thing_of(kind: Kind, key: str) -> str:
    """What a key belongs to: ``dinas/app`` of ``dinas/app/net0`` and ``dinas/app@dc``."""
    if kind in (Kind.NODE, Kind.REPLICA):
        return key.partition("@")[0]
    return key.rpartition("/")[0] if key.endswith("/net0") else key


def declared_keys(site: Site) -> Mapping[tuple[Kind, str], str]:
    """Kind and key → owner, of everything that the site may have values for."""
    operator = site.regency.operator
    keys: dict[tuple[Kind, str], str] = {}
    for network in declared_networks(site):
        keys.update(((kind, network.key), network.tenant) for kind in OF_NETWORK)
    for name in site.networks.reservations:
        keys[Kind.PREFIX, f"reserved/{name}"] = operator
    for host in declared_hosts(site):
        keys[Kind.ADDRESS, f"host/{host.name}"] = operator
    for vm in declared_vms(site):
        keys[Kind.VMID, vm.key] = vm.tenant
        keys[Kind.MAC, f"{vm.key}/net0"] = keys[Kind.ADDRESS, f"{vm.key}/net0"] = vm.tenant
        for cluster in site.clusters.clusters:
            keys[Kind.NODE, f"{vm.key}@{cluster}"] = keys[Kind.REPLICA, f"{vm.key}@{cluster}"] = vm.tenant
    for name, item in site.services.publish.items():
        keys[Kind.PUBLIC, f"publish/{name}"] = item.holder or operator
    for name in site.services.egress:
        keys[Kind.PUBLIC, f"egress/{name}"] = operator
    return keys


def retired(site: Site, ledger: Ledger) -> list[tuple[Kind, str, str]]:
    """Kind, key and value of what is allotted and asked for by no site file any more; not what is reserved."""
    declared = declared_keys(site)
    gone = [(kind, key, value) for (kind, key), value in ledger.live().items() if (kind, key) not in declared]
    reserved = {
        (kind, key, entry.value)
        for (kind, key), lines in ledger.histories.items()
        for entry in lines
        if entry.act is Act.RESERVE
    }
    return sorted(item for item in gone if item not in reserved)


def check_retired(site: Site, ledger: Ledger) -> list[Finding]:
    """A warning for each thing that is gone from the site files and still holds values."""
    things: dict[str, list[tuple[Kind, str, str]]] = {}
    for kind, key, value in retired(site, ledger):
        things.setdefault(thing_of(kind, key), []).append((kind, key, value))
    lines = ledger.history((kind, key) for items in things.values() for kind, key, _ in items)
    return [
        Finding(
            severity=Severity.WARNING,
            rule="ledger/retired",
            what=f"no site file declares {thing}, which holds "
            + ", ".join(f"{kind.value} {value}" for kind, _, value in items),
            cure=f"run 'awan allot --release {thing}', or declare it again",
            place=lines[items[0][:2]][-1].place,
        )
        for thing, items in things.items()
    ]
