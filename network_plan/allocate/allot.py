# SPDX-License-Identifier: GPL-3.0-or-later
"""Allotment: the first free value of each pool, in the order of the keys.

Free means never used, or reclaimed: a released value rests. What the ledger already holds is kept, so that a
new tenant, VM or rule moves nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from network_plan.allocate.fit import host_addresses, length_for, usable_public
from network_plan.allocate.place import Placement
from network_plan.allocate.pools import Blocks, Values
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


class _Allotment:
    def __init__(self, site: Site, ledger: Ledger) -> None:
        self.site = site
        self.live = dict(ledger.live())
        self.used = {kind: ledger.held(kind) for kind in Kind}
        self.entries: list[Entry] = []
        self.findings: list[Finding] = []
        self._values: dict[tuple[Kind, str], Values] = {}
        self._blocks: dict[str, Blocks] = {}

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
        self,
        kind: Kind,
        owner: str,
        key: str,
        values: Callable[[], Iterable[str]],
        pool: str,
        path: type_path,
    ) -> None:
        """Allot the first unused of a pool's values to ``key``, unless it has one."""
        if (kind, key) in self.live:
            return
        cursor = self._values.get((kind, pool))
        if cursor is None:
            cursor = self._values[kind, pool] = Values(values(), self.used[kind])
        self._give(kind, owner, key, cursor.first(), pool, path)

    def give_block(
        self,
        kind: Kind,
        owner: str,
        key: str,
        block: str,
        length: int,
        pool: str,
        path: type_path,
        *,
        from_the_top: bool = False,
    ) -> None:
        """Allot the first network of a pool's block to ``key`` that overlaps no used one, unless it has one."""
        if (kind, key) in self.live:
            return
        blocks = self._blocks.get(block)
        if blocks is None:
            used = self.used[kind] | {*map(str, self.site.dr.blocks)}
            blocks = self._blocks[block] = Blocks(block, used if kind is Kind.PREFIX else self.used[kind])
        self._give(kind, owner, key, blocks.first(length, from_the_top=from_the_top), pool, path)

    def _give(self, kind: Kind, owner: str, key: str, value: str | None, pool: str, path: type_path) -> None:
        if value is None:
            self.full(f"{pool} has nothing left for {key}", "enlarge it in the site files", path)
        else:
            self.take(kind, owner, key, value)


def _networks(allotment: _Allotment) -> None:
    site = allotment.site
    for network in declared_networks(site):
        pool = site.networks.pools[network.role]
        name = f"pool {network.role.value}"
        owner, key, path = network.tenant, network.key, network.path
        length = length_for(pool, network.hosts)
        allotment.give_block(Kind.PREFIX, owner, key, str(pool.prefix), length, name, path)
        if site.networks.ipv6 is not None:
            quarter = str(site.networks.ipv6.pool(network.role))
            allotment.give_block(Kind.PREFIX6, owner, key, quarter, 64, f"{name} (IPv6)", path)
        first, last = pool.vlans.first, pool.vlans.last
        vlans = f"the VLAN range of {name}"
        allotment.give(Kind.VLAN, owner, key, partial(_numbers, first, last), vlans, path)
        vlan = allotment.live.get((Kind.VLAN, key))
        if vlan is not None and (Kind.VNET, key) not in allotment.live:
            _vnet(allotment, owner, key, vlan, path)


def _vnet(allotment: _Allotment, owner: str, key: str, vlan: str, path: type_path) -> None:
    """A network's vnet is named after its VLAN."""
    if f"vn{vlan}" in allotment.used[Kind.VNET]:
        cure = f"release vlan {vlan} of {key} with 'awan allot --release', or reclaim vnet vn{vlan}"
        allotment.full(f"vnet vn{vlan}, named after the VLAN of {key}, is not free", cure, path)
    else:
        allotment.take(Kind.VNET, owner, key, f"vn{vlan}")


def _hosts_of_clusters(allotment: _Allotment) -> None:
    operator = allotment.site.regency.operator
    for host in declared_hosts(allotment.site):
        prefix = allotment.live.get((Kind.PREFIX, host.network))
        if prefix is not None:
            key = f"host/{host.name}"
            pool = f"network {host.network}"
            allotment.give(Kind.ADDRESS, operator, key, partial(host_addresses, prefix), pool, host.path)


def _numbers(first: int, last: int) -> Iterable[str]:
    return map(str, range(first, last + 1))


def _macs(prefix: str) -> Iterable[str]:
    return (
        f"{prefix}:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
        for number in range(1, 1 << 24)
    )


def _vms(allotment: _Allotment, placement: Placement) -> None:
    site = allotment.site
    first, last = site.clusters.vmids
    for vm in declared_vms(site):
        allotment.give(
            Kind.VMID,
            vm.tenant,
            vm.key,
            partial(_numbers, first, last),
            "the range of VMIDs",
            vm.path,
        )
        nic = f"{vm.key}/net0"
        macs = site.clusters.mac_prefix
        allotment.give(Kind.MAC, vm.tenant, nic, partial(_macs, macs), "the MAC prefix", vm.path)
        prefix = allotment.live.get((Kind.PREFIX, vm.network))
        if prefix is not None:
            pool = f"network {vm.network}"
            allotment.give(Kind.ADDRESS, vm.tenant, nic, partial(host_addresses, prefix), pool, vm.path)
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
    """One block for each thing that is only counted: the smallest that holds all its networks.

    From the top of the pool: what is reserved stands out of the way of what grows.
    """
    site = allotment.site
    for name, item in sorted(site.networks.reservations.items()):
        pool = site.networks.pools[item.role]
        allotment.give_block(
            Kind.PREFIX,
            site.regency.operator,
            f"reserved/{name}",
            str(pool.prefix),
            item.block_length,
            f"pool {item.role.value}",
            ("networks", "reservations", name),
            from_the_top=True,
        )


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
        path = ("services", kind, name)
        key = f"{kind}/{name}"
        pool = "the public block" if address is None else f"the public block at {address}"
        values = free if address is None else [str(address)]
        allotment.give(Kind.PUBLIC, owner, key, partial(iter, values), pool, path)


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
