# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether VMs have a place, with the spare hosts down too. The one search that findings and figures come from."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from network_plan.capacity.load import Load
from network_plan.model.node import Cluster, Node

MEMORY, CORES, DISK = range(3)
WORDS = ("memory", "cores", "disk")
"""Memory in MiB, virtual cores, disk in GiB: the order of an amount."""

Amount = list[int]
BOUNDLESS = 10**12
_NOTHING = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A VM without a place, and what its host has too little of."""

    key: str
    lacks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a host offers to VMs beside its memory.

    Attributes:
        vcpus_per_core: virtual cores that a core carries.
        disk_full_percent: how full its disks may be.
        ignored: what is taken for boundless, to ask for one thing at a time.
    """

    vcpus_per_core: int
    disk_full_percent: int
    ignored: frozenset[int] = frozenset()

    def without(self, *ignored: int) -> Limits:
        return dataclasses.replace(self, ignored=frozenset(ignored))

    def of(self, node: Node) -> Amount:
        """What VMs may have of a host."""
        amount = [
            node.free_mib,
            node.cores * self.vcpus_per_core,
            node.disk_gib * self.disk_full_percent // 100,
        ]
        return [BOUNDLESS if place in self.ignored else number for place, number in enumerate(amount)]


class Room:
    """A cluster's hosts with what is left of each, as VMs come in."""

    def __init__(self, cluster: Cluster, limits: Limits, guests: Iterable[Load] = ()) -> None:
        self.cluster = cluster
        self.limits = limits
        self.guests: list[Load] = []
        self.free: dict[str, Amount] = {node.name: limits.of(node) for node in cluster.nodes}
        self._moves: dict[str, dict[str, Amount]] = {name: {} for name in self.free}
        self._peak: dict[str, Amount] = {name: [0, 0] for name in self.free}
        self._stranded: dict[str, list[Load]] = {name: [] for name in self.free}
        self._strands = False
        self._refused: set[tuple[int, int, int, bool]] = set()
        for load in guests:
            self.add(load)

    def add(self, load: Load) -> None:
        """Put a VM where it says, whether or not there is room."""
        self.guests.append(load)
        self._refused.clear()
        free = self.free[load.host]
        free[MEMORY] -= load.memory_mib
        free[CORES] -= load.cores
        free[DISK] -= load.stored_gib
        if load.replica is None:
            self._stranded[load.host].append(load)
            self._strands = True
            return
        self.free[load.replica][DISK] -= load.disk_gib
        moves = self._moves[load.host].setdefault(load.replica, [0, 0])
        moves[MEMORY] += load.memory_mib
        moves[CORES] += load.cores
        self._peak[load.replica] = list(map(max, self._peak[load.replica], moves))

    def _take(self) -> None:
        """Take the last VM out again."""
        load = self.guests.pop()
        free = self.free[load.host]
        free[MEMORY] += load.memory_mib
        free[CORES] += load.cores
        free[DISK] += load.stored_gib
        if load.replica is None:
            self._stranded[load.host].pop()
            return
        self.free[load.replica][DISK] += load.disk_gib
        moves = self._moves[load.host][load.replica]
        moves[MEMORY] -= load.memory_mib
        moves[CORES] -= load.cores

    def losses(self) -> Iterator[tuple[str, ...]]:
        """Every way in which all spare hosts are down at once; none where there are none."""
        spare = self.cluster.spare_hosts
        return combinations(self.free, spare) if spare else iter(())

    def after(self, lost: Collection[str]) -> tuple[Mapping[str, Amount], Stuck | None]:
        """What is left of each other host when the ``lost`` ones fail, and the first VM without a place.

        An HA VM can start only where its replica is; the others come back from backup, largest first onto the host
        with most memory left, as an operator would do it. That may miss a packing that a search finds, so it errs on
        the safe side.
        """
        left = {name: list(free) for name, free in self.free.items() if name not in lost}
        for host in lost:
            for replica, moved in self._moves[host].items():
                if replica not in left:
                    return left, Stuck(key=self._moved(host, replica), lacks=WORDS[MEMORY])
                for place in (MEMORY, CORES):
                    left[replica][place] -= moved[place]
        for place in (MEMORY, CORES):
            for host in lost:
                for replica in self._moves[host]:
                    if left[replica][place] < 0:
                        return left, Stuck(key=self._moved(host, replica), lacks=WORDS[place])
        stranded = [load for host in lost for load in self._stranded[host]]
        for load in sorted(stranded, key=lambda load: (-load.memory_mib, load.key)):
            need = (load.memory_mib, load.cores, load.stored_gib)
            fitting = [name for name, free in left.items() if all(map(_at_least, free, need))]
            best = max(fitting, key=lambda name: (left[name][MEMORY], name), default=None)
            if best is None:
                return left, Stuck(key=load.key, lacks=_lacking(left.values(), need))
            for place, number in enumerate(need):
                left[best][place] -= number
        return left, None

    def _moved(self, host: str, replica: str) -> str:
        return next(load.key for load in self.guests if load.host == host and load.replica == replica)

    def stuck(self) -> Iterator[tuple[tuple[str, ...], Stuck]]:
        """Each way of losing the spare hosts after which a VM has no place."""
        for lost in self.losses():
            stuck = self.after(lost)[1]
            if stuck is not None:
                yield lost, stuck

    def overfull(self) -> Iterator[tuple[str, str]]:
        """Each host, and what its VMs and copies take more of than it has."""
        for name, free in self.free.items():
            for place, number in enumerate(free):
                if number < 0:
                    yield name, WORDS[place]

    def holds(self) -> bool:
        """Whether all that is in it has a place, with the spare hosts down too."""
        return not any(self.overfull()) and not any(self.stuck())

    def find(self, load: Load, *, ha: bool) -> Load | None:
        """The VM with a host, and with HA one for its replica, such that all survive; ``None`` where none will do.

        Hosts are tried emptiest first, and every other one for the replica, that first which takes least over.
        """
        size = (load.memory_mib, load.cores, load.stored_gib, ha)
        if size in self._refused:
            return None
        order = sorted(self.free, key=lambda name: (-self.free[name][MEMORY], name))
        need = (load.memory_mib, load.cores, load.stored_gib)
        quick = ha and self.cluster.spare_hosts == 1 and not self._strands
        for host in order:
            free = self.free[host]
            if free[MEMORY] < load.memory_mib:
                break
            if not all(map(_at_least, free, need)) or (quick and not self._takes_over(host, need)):
                continue
            for replica in self._replicas(host, order) if ha else (None,):
                if replica is not None and self.free[replica][DISK] < load.disk_gib:
                    continue
                if quick and replica is not None and not self._is_taken_over(host, replica, need):
                    continue
                placed = dataclasses.replace(load, host=host, replica=replica)
                if quick or self._survives(placed):
                    return placed
        self._refused.add(size)
        return None

    def _takes_over(self, host: str, need: Sequence[int]) -> bool:
        """Whether a host with one VM more still has room for all that comes to it from any one other.

        Where one host may fail and each VM has a replica, only this and what follows can go wrong, and both are known
        without trying every loss again.
        """
        free, peak = self.free[host], self._peak[host]
        return all(free[place] - need[place] >= peak[place] for place in (MEMORY, CORES))

    def _is_taken_over(self, host: str, replica: str, need: Sequence[int]) -> bool:
        """Whether the host of the replica has room for one VM more when the other fails."""
        free, moved = self.free[replica], self._moves[host].get(replica, _NOTHING)
        return all(free[place] - moved[place] >= need[place] for place in (MEMORY, CORES))

    def place(self, load: Load, *, ha: bool) -> bool:
        """Find a place for a VM and put it there."""
        placed = self.find(load, ha=ha)
        if placed is not None:
            self.add(placed)
        return placed is not None

    def _replicas(self, host: str, order: Sequence[str]) -> list[str]:
        moves = self._moves[host]
        return sorted(
            (name for name in order if name != host), key=lambda name: moves.get(name, _NOTHING)[MEMORY]
        )

    def _survives(self, load: Load) -> bool:
        """Whether all survive with one VM more, whose hosts have room for it: every loss is tried."""
        if not self.cluster.spare_hosts:
            return True
        strands, peak = self._strands, self._peak
        self._peak = dict(peak)
        refused = set(self._refused)
        self.add(load)
        held = not any(self.stuck())
        self._take()
        self._strands, self._peak, self._refused = strands, peak, refused
        return held


def _at_least(have: int, need: int) -> bool:
    return have >= need


def _lacking(left: Iterable[Amount], need: Sequence[int]) -> str:
    """What no host has enough of, or what one has and another has not."""
    hosts = list(left)
    short = [[free[place] < number for free in hosts] for place, number in enumerate(need)]
    for place, of in enumerate(short):
        if all(of):
            return WORDS[place]
    return " and ".join(WORDS[place] for place, of in enumerate(short) if any(of))
