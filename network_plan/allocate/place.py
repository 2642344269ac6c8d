# SPDX-License-Identifier: GPL-3.0-or-later
"""First placement: which host a VM is made on. Later moves are the operator's and move no one else."""

from __future__ import annotations

from network_plan.allocate.sequence import rests_of
from network_plan.model.ledger import Kind, Ledger
from network_plan.model.site import Site
from network_plan.model.site.expand import declared_vms


class Placement:
    """Free memory of each host, MiB, after what the ledger and the site's pins already place."""

    def __init__(self, site: Site, ledger: Ledger) -> None:
        live = ledger.live()
        self._left = {
            (kind, key, value)
            for (kind, key), lines in ledger.histories.items()
            if kind in (Kind.NODE, Kind.REPLICA)
            for value, _ in rests_of(lines)
        }
        self._incoming: dict[tuple[str, str], dict[str, int]] = {}
        self._held: dict[str, int] = {}
        self._free: dict[str, dict[str, int]] = {
            name: {
                host: group.memory_mib - group.reserve_mib for group in cluster.hosts for host in group.names
            }
            for name, cluster in site.clusters.clusters.items()
        }
        self._pins: dict[str, str] = {}
        for vm in declared_vms(site):
            for cluster in filter(None, (vm.cluster, vm.twin)):
                key = f"{vm.key}@{cluster}"
                pinned = vm.vm.node if cluster == vm.cluster else None
                node = pinned or live.get((Kind.NODE, key))
                if pinned is not None:
                    self._pins[key] = pinned
                if node is not None and node in self._free.get(cluster, {}):
                    self._free[cluster][node] -= vm.memory_mib

    def place(self, cluster: str, key: str, memory_mib: int, live: str | None) -> str | None:
        """The host for a VM: its pin, its present one, else the one with most memory left.

        Returns:
            The host's name, or ``None`` where no host has room. A host that the VM was released from
            is not chosen again until that is reclaimed.
        """
        free = self._free[cluster]
        node = self._pins.get(key) or live
        if node is not None and node in free:
            return node if free[node] >= 0 else None
        fresh = [name for name in free if (Kind.NODE, key, name) not in self._left]
        best = max(fresh, key=lambda name: free[name], default=None)
        if best is None or free[best] < memory_mib:
            return None
        free[best] -= memory_mib
        return best

    def crowded(self, cluster: str, node: str) -> bool:
        """Whether the VMs that stand on a host need more memory than it has."""
        return self._free[cluster].get(node, 0) < 0

    def leave(self, cluster: str, node: str, memory_mib: int) -> None:
        """Count a VM out of a host."""
        self._free[cluster][node] += memory_mib

    def count_replica(self, cluster: str, home: str, target: str, memory_mib: int) -> None:
        """Note that a VM moves from one host to another when the first fails."""
        moves = self._incoming.setdefault((cluster, home), {})
        moves[target] = moves.get(target, 0) + memory_mib
        self._held[target] = self._held.get(target, 0) + memory_mib

    def replica(self, cluster: str, key: str, home: str, memory_mib: int) -> str | None:
        """The host that takes a VM over when its own fails: of those with room then, the one with fewest replicas.

        Returns:
            ``None`` where there is no other host. Whether it has room is the policy's to judge (CLD-2).
        """
        moves = self._incoming.get((cluster, home), {})
        free = self._free[cluster]
        others = [name for name in free if name != home and (Kind.REPLICA, key, name) not in self._left]

        def left(name: str) -> int:
            return free[name] - moves.get(name, 0) - memory_mib

        best = max(
            others, key=lambda name: (left(name) >= 0, -self._held.get(name, 0), left(name)), default=None
        )
        if best is not None:
            self.count_replica(cluster, home, best, memory_mib)
        return best

    def is_pinned(self, key: str) -> bool:
        """Whether the site says where this VM stands; then the ledger has no say."""
        return key in self._pins

    def summary(self, cluster: str) -> str:
        """Free memory per host, for messages."""
        return "free MiB: " + ", ".join(f"{host} {free}" for host, free in self._free[cluster].items())
