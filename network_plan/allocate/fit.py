# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what the ledger gave still fits the site: a VM that changed its network, a block that moved.

Nothing is moved by itself: a finding names the command that releases the old value and gives a new one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from network_plan.model.finding import Finding, Severity, type_path
from network_plan.model.ledger import Kind, Ledger
from network_plan.model.site import Pool, PublicBlock, Site
from network_plan.model.site.expand import declared_hosts, declared_networks, declared_vms, has_replica
from network_plan.model.site.network import FIRST_HOST, Role

Live = Mapping[tuple[Kind, str], str]


def usable_public(block: PublicBlock) -> list[str]:
    """The public addresses that can be allotted, lowest first."""
    usable = [str(address) for address in block.prefix]
    if block.delivery == "on_link":
        return [text for text in usable[1:-1] if text != str(block.isp)]
    return usable


def host_addresses(prefix: str) -> Iterator[str]:
    """The addresses of a network that hosts and VMs get, lowest first."""
    net = IPv4Network(prefix)
    return (str(net[index]) for index in range(FIRST_HOST, net.num_addresses - 1))


def room_of(length: int) -> int:
    """How many hosts a network of a length has addresses for."""
    return (1 << (32 - length)) - 1 - FIRST_HOST


def length_for(pool: Pool, hosts: int) -> int:
    """The prefix length of a new network: the pool's own, or shorter where the hosts need more."""
    return min(pool.length, 32 - (hosts + FIRST_HOST).bit_length())


def _misfit(kind: Kind, key: str, value: str, why: str, path: type_path) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        rule="ledger/fit",
        what=f"{key} has {kind.value} {value}, {why}",
        cure=f"run 'awan allot --release {key} --kind {kind.value}' to give it another, or undo the change",
        path=path,
    )


def _prefixes(site: Site, live: Live) -> list[Finding]:
    """No network lies in a block that is not for networks."""
    others = [
        ("the public block", site.networks.public.prefix),
        ("the gateway's link", site.networks.gateway.wan.network),
        *(("the tunnel", block) for block in site.dr.blocks),
    ]
    found = []
    for network in declared_networks(site):
        value = live.get((Kind.PREFIX, network.key))
        for name, block in others:
            if value is not None and IPv4Network(value).overlaps(block):
                why = f"which overlaps {name} {block}"
                found.append(_misfit(Kind.PREFIX, network.key, value, why, network.path))
    return found


def _prefixes6(site: Site, live: Live) -> list[Finding]:
    """Every network's /64 lies in its role's part of the block that the provider routes to us now."""
    if site.networks.ipv6 is None:
        return []
    quarters = {role: site.networks.ipv6.pool(role) for role in Role}
    found = []
    for network in declared_networks(site):
        value = live.get((Kind.PREFIX6, network.key))
        if value is not None and not IPv6Network(value).subnet_of(quarters[network.role]):
            why = f"which is not in {quarters[network.role]}"
            found.append(_misfit(Kind.PREFIX6, network.key, value, why, network.path))
    return found


class _Inside:
    """Whether addresses are those of hosts in their network; each network is read once."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._spans: dict[str, tuple[int, int, str]] = {}

    def misfit(self, key: str, network: str, path: type_path) -> list[Finding]:
        value, prefix = self._live.get((Kind.ADDRESS, key)), self._live.get((Kind.PREFIX, network))
        if value is None or prefix is None:
            return []
        if network not in self._spans:
            block = IPv4Network(prefix)
            self._spans[network] = int(block[0]), int(block[-1]), f"{network} {block}"
        first, last, name = self._spans[network]
        if first + 1 < int(IPv4Address(value)) < last:
            return []
        why = f"which is no host's address in {name}"
        return [_misfit(Kind.ADDRESS, key, value, why, path)]


def _outgrown(site: Site, live: Live) -> list[Finding]:
    """No network has more hosts than its prefix has addresses."""
    found = []
    for network in declared_networks(site):
        value = live.get((Kind.PREFIX, network.key))
        if value is None:
            continue
        length = int(value.partition("/")[2])
        if network.hosts > room_of(length):
            found.append(
                Finding(
                    severity=Severity.ERROR,
                    rule="ledger/fit",
                    what=f"{network.key} needs {network.hosts} addresses, its {value} has room for {room_of(length)}",
                    cure=f"run 'awan allot --grow {network.key}', or divide the network",
                    path=network.path,
                )
            )
    return found


def _nodes(site: Site, live: Live) -> list[Finding]:
    """No VM stands on a host that is gone."""
    hosts = {
        name: {host for group in cluster.hosts for host in group.names}
        for name, cluster in site.clusters.clusters.items()
    }
    found = []
    for vm in declared_vms(site):
        for cluster in filter(None, (vm.cluster, vm.twin)):
            key = f"{vm.key}@{cluster}"
            value = live.get((Kind.NODE, key))
            pinned = vm.vm.node is not None and cluster == vm.cluster
            if value is not None and value not in hosts[cluster] and not pinned:
                why = f"which is no host of {cluster}"
                found.append(_misfit(Kind.NODE, key, value, why, vm.path))
        key = f"{vm.key}@{vm.cluster}"
        home = vm.vm.node or live.get((Kind.NODE, key))
        target = live.get((Kind.REPLICA, key))
        if (
            target is not None
            and has_replica(site, vm)
            and (target == home or target not in hosts[vm.cluster])
        ):
            why = "which is its own host" if target == home else f"which is no host of {vm.cluster}"
            found.append(_misfit(Kind.REPLICA, key, target, why, vm.path))
    return found


def _reservations(site: Site, live: Live) -> list[Finding]:
    """Each reserved block still holds all that it is kept for, in its pool."""
    found = []
    for name, item in sorted(site.networks.reservations.items()):
        key = f"reserved/{name}"
        value = live.get((Kind.PREFIX, key))
        if value is None:
            continue
        path = ("networks", "reservations", name)
        pool = site.networks.pools[item.role].prefix
        block = IPv4Network(value)
        if block.prefixlen > item.block_length:
            why = f"which has no room for {item.count} networks of length {item.length}"
        elif not block.subnet_of(pool):
            why = f"which is not in the pool {pool}"
        else:
            continue
        found.append(_misfit(Kind.PREFIX, key, value, why, path))
    return found


def _public(site: Site, live: Live) -> list[Finding]:
    usable = usable_public(site.networks.public)
    wanted = [(("publish", name), item.address) for name, item in sorted(site.services.publish.items())]
    wanted += [(("egress", name), item.address) for name, item in sorted(site.services.egress.items())]
    found = []
    for where, address in wanted:
        key = "/".join(where)
        value = live.get((Kind.PUBLIC, key))
        if value is None:
            continue
        if value not in usable:
            why = f"which {site.networks.public.prefix} does not offer"
            found.append(_misfit(Kind.PUBLIC, key, value, why, ("services", *where)))
        elif address is not None and str(address) != value:
            why = f"and the site asks for {address}"
            found.append(_misfit(Kind.PUBLIC, key, value, why, ("services", *where, "address")))
    return found


def check_fit(site: Site, ledger: Ledger) -> list[Finding]:
    """Every live value that the site has left behind."""
    live = ledger.live()
    found = [*_prefixes(site, live), *_nodes(site, live), *_public(site, live), *_reservations(site, live)]
    found += [*_prefixes6(site, live), *_outgrown(site, live)]
    inside = _Inside(live)
    for host in declared_hosts(site):
        found += inside.misfit(f"host/{host.name}", host.network, host.path)
    for vm in declared_vms(site):
        found += inside.misfit(f"{vm.key}/net0", vm.network, vm.path)
    return found
