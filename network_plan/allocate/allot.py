# SPDX-License-Identifier: GPL-3.0-or-later
"""Allotment: the first free value of each pool, in the order of the keys.

Free means never used: a released value rests in quarantine. What the ledger already holds is kept,
so that a new tenant, VM or rule moves nobody.
"""

from __future__ import annotations

from collections.abc import Iterator

from netaddr import IPNetwork, IPSet

from network_plan.allocate.fit import usable_public
from network_plan.allocate.place import Placement
from network_plan.model.finding import Finding, Severity, type_path
from network_plan.model.ledger import Act, Entry, Kind, Ledger
from network_plan.model.site import Site
from network_plan.model.site.expand import (
    DeclaredVm,
    declared_hosts,
    declared_networks,
    declared_vms,
    has_replica,
)
from network_plan.model.site.network import FIRST_HOST


class _Allotment:
    def __init__(self, site: Site, ledger: Ledger) -> None:
        self.site = site
        self.live = dict(ledger.live())
        self.used = {kind: set(ledger.used(kind)) for kind in Kind}
        self.entries: list[Entry] = []
        self.findings: list[Finding] = []

    def full(self, what: str, cure: str, path: type_path) -> None:
        self.findings.append(
            Finding(severity=Severity.ERROR, rule="ledger/full", what=what, cure=cure, path=path)
        )

    def take(self, kind: Kind, owner: str, key: str, value: str) -> None:
        """Write a line that gives ``value`` to ``key``."""
        self.entries.append(Entry(kind=kind, owner=owner, act=Act.ALLOT, key=key, value=value))
        self.live[kind, key] = value
        self.used[kind].add(value)

    def give(
        self, kind: Kind, owner: str, key: str, values: Iterator[str], pool: str, path: type_path
    ) -> None:
        """Allot the first unused of ``values`` to ``key``, unless it has one."""
        if (kind, key) in self.live:
            return
        for value in values:
            if value not in self.used[kind]:
                self.take(kind, owner, key, value)
                return
        self.full(f"{pool} has nothing left for {key}", "enlarge it in the site files", path)


def _prefixes(block: str, length: int, used: set[str]) -> Iterator[str]:
    """Free networks of one length in a block, lowest first, none overlapping a used one."""
    whole = IPNetwork(block)
    taken = IPSet(net for net in map(IPNetwork, sorted(used)) if net in whole or whole in net)
    for free in (IPSet([whole]) - taken).iter_cidrs():
        if free.prefixlen <= length:
            yield from (str(net) for net in free.subnet(length))


def _prefixes_from_the_top(block: str, length: int, used: set[str]) -> Iterator[str]:
    """As :func:`_prefixes`, highest first: what is reserved stands out of the way of what grows."""
    yield from reversed(list(_prefixes(block, length, used)))


def _hosts(prefix: str) -> Iterator[str]:
    net = IPNetwork(prefix)
    return (str(net[index]) for index in range(FIRST_HOST, net.size - 1))


def _networks(allotment: _Allotment) -> None:
    site = allotment.site
    tunnel = {str(site.dr.tunnel.prefix)}
    for network in declared_networks(site):
        pool = site.networks.pools[network.role]
        name = f"pool {network.role.value}"
        used = allotment.used[Kind.PREFIX] | tunnel
        values = _prefixes(str(pool.prefix), pool.length, used)
        allotment.give(Kind.PREFIX, network.tenant, network.key, values, name, network.path)
        if site.networks.ipv6 is not None:
            quarter = str(site.networks.ipv6.pool(network.role))
            values = _prefixes(quarter, 64, allotment.used[Kind.PREFIX6])
            allotment.give(Kind.PREFIX6, network.tenant, network.key, values, f"{name} (IPv6)", network.path)
        vlans = (str(vlan) for vlan in range(pool.vlans.first, pool.vlans.last + 1))
        allotment.give(
            Kind.VLAN, network.tenant, network.key, vlans, f"the VLAN range of {name}", network.path
        )
        vlan = allotment.live.get((Kind.VLAN, network.key))
        if vlan is not None:
            allotment.give(Kind.VNET, network.tenant, network.key, iter([f"vn{vlan}"]), name, network.path)


def _hosts_of_clusters(allotment: _Allotment) -> None:
    operator = allotment.site.regency.operator
    for host in declared_hosts(allotment.site):
        prefix = allotment.live.get((Kind.PREFIX, host.network))
        if prefix is not None:
            key = f"host/{host.name}"
            allotment.give(Kind.ADDRESS, operator, key, _hosts(prefix), f"network {host.network}", host.path)


def _macs(prefix: str) -> Iterator[str]:
    return (
        f"{prefix}:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
        for number in range(1, 1 << 24)
    )


def _vms(allotment: _Allotment, placement: Placement) -> None:
    site = allotment.site
    first, last = site.clusters.vmids
    for vm in declared_vms(site):
        ids = (str(vmid) for vmid in range(first, last + 1))
        allotment.give(Kind.VMID, vm.tenant, vm.key, ids, "the range of VMIDs", vm.path)
        nic = f"{vm.key}/net0"
        allotment.give(Kind.MAC, vm.tenant, nic, _macs(site.clusters.mac_prefix), "the MAC prefix", vm.path)
        prefix = allotment.live.get((Kind.PREFIX, vm.network))
        if prefix is not None:
            allotment.give(Kind.ADDRESS, vm.tenant, nic, _hosts(prefix), f"network {vm.network}", vm.path)
        for cluster in filter(None, (vm.cluster, vm.twin)):
            _node(allotment, placement, vm, cluster)
    _replicas(allotment, placement)


def _node(allotment: _Allotment, placement: Placement, vm: DeclaredVm, cluster: str) -> None:
    """The host that a VM is made on, unless the site pins it to one."""
    key = f"{vm.key}@{cluster}"
    node = placement.place(cluster, key, vm.memory_mib, allotment.live.get((Kind.NODE, key)))
    if node is None:
        what = f"no host of {cluster} has {vm.memory_mib} MiB of memory left for {vm.key}"
        cure = f"choose a smaller size, or add a host ({placement.summary(cluster)})"
        allotment.findings.append(
            Finding(severity=Severity.ERROR, rule="ledger/room", what=what, cure=cure, path=vm.path)
        )
    elif not placement.is_pinned(key) and (Kind.NODE, key) not in allotment.live:
        allotment.take(Kind.NODE, vm.tenant, key, node)


def _replicas(allotment: _Allotment, placement: Placement) -> None:
    """The host that takes each HA VM over; those of the ledger are counted before a new one is chosen."""
    fresh = []
    for vm in declared_vms(allotment.site):
        home = vm.vm.node or allotment.live.get((Kind.NODE, f"{vm.key}@{vm.cluster}"))
        if home is None or not has_replica(allotment.site, vm):
            continue
        target = allotment.live.get((Kind.REPLICA, f"{vm.key}@{vm.cluster}"))
        if target is None:
            fresh.append((vm, home))
        else:
            placement.count_replica(vm.cluster, home, target, vm.memory_mib)
    for vm, home in fresh:
        key = f"{vm.key}@{vm.cluster}"
        target = placement.replica(vm.cluster, key, home, vm.memory_mib)
        if target is not None:
            allotment.take(Kind.REPLICA, vm.tenant, key, target)
        else:
            allotment.full(f"{vm.cluster} has no other host left for {key}", "add a host", vm.path)


def _reservations(allotment: _Allotment) -> None:
    """One block for each thing that is only counted: the smallest that holds all its networks."""
    site = allotment.site
    tunnel = {str(site.dr.tunnel.prefix)}
    for name, item in sorted(site.networks.reservations.items()):
        pool = site.networks.pools[item.role]
        used = allotment.used[Kind.PREFIX] | tunnel
        values = _prefixes_from_the_top(str(pool.prefix), item.block_length, used)
        path = ("networks", "reservations", name)
        key = f"reserved/{name}"
        allotment.give(Kind.PREFIX, site.regency.operator, key, values, f"pool {item.role.value}", path)


def _public(allotment: _Allotment) -> None:
    site = allotment.site
    operator = site.regency.operator
    wanted = [
        ("publish", name, item.holder or operator, item.address)
        for name, item in sorted(site.services.publish.items())
    ]
    wanted += [
        ("egress", name, operator, item.address) for name, item in sorted(site.services.egress.items())
    ]
    fixed = {str(address) for _, _, _, address in wanted if address is not None}
    free = [address for address in usable_public(site.networks.public) if address not in fixed]
    for kind, name, owner, address in wanted:
        values = free if address is None else [str(address)]
        path = ("services", kind, name)
        allotment.give(Kind.PUBLIC, owner, f"{kind}/{name}", iter(values), "the public block", path)


def allot(site: Site, ledger: Ledger) -> tuple[tuple[Entry, ...], list[Finding]]:
    """The lines that the ledger is missing.

    Args:
        site: a site whose references hold (``parse.references``).
        ledger: what was allotted so far.

    Returns:
        New entries sorted by file and key, and a finding for each pool that is full.
    """
    allotment = _Allotment(site, ledger)
    placement = Placement(site, ledger)
    _networks(allotment)
    _reservations(allotment)
    _hosts_of_clusters(allotment)
    _vms(allotment, placement)
    _public(allotment)
    entries = sorted(allotment.entries, key=lambda entry: (entry.file, entry.key))
    return tuple(entries), allotment.findings
