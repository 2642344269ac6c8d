# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of each pool is in use, and the day on which it runs out if it is asked as it was so far.

The days on which lines were written are handed in (git knows them); there is no clock here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from ipaddress import IPv4Address, IPv4Network
from itertools import chain

from network_plan.allocate.fit import room_of, usable_public
from network_plan.allocate.pools import Blocks
from network_plan.model.ledger import GIVES, Kind, Ledger
from network_plan.model.site import Site
from network_plan.model.site.expand import declared_hosts, declared_networks, declared_vms

FAR = date.max
Written = Callable[[str, str], date | None]
"""File and line → the day on which it was written, ``None`` where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One pool.

    Attributes:
        pool: ``prefix office``, ``vlan servers``, ``vmid``, ``mac``, ``public``, ``address dinas/servers``.
        unit: what is counted: networks of the pool's length, or values.
        size: how many there are in all.
        live: how many are given and not taken back.
        free: how many can still be given; what is neither live nor free rests, is reserved, or lies in a gap.
        a_year: how many were given a year, after the first day; ``None`` where no days are known or none followed.
        runs_out: the day on which the last one is given at that pace.
    """

    pool: str
    unit: str
    size: int
    live: int
    free: int
    a_year: float | None = None
    runs_out: date | None = None


def pace(days: Iterable[date], free: int, today: date) -> tuple[float | None, date | None]:
    """How many a year, and the day on which ``free`` are used up.

    What stands on the first day is what was there when the ledger began, and no growth.
    """
    known = sorted(days)
    later = [day for day in known if day > known[0]]
    if not later or today <= known[0]:
        return None, None
    a_day = len(later) / (today - known[0]).days
    left = free / a_day
    room = (FAR - today).days
    return round(a_day * 365, 1), None if left > room else today + timedelta(days=int(left))


def _days(ledger: Ledger, kind: Kind, keys: Callable[[str], bool], written: Written | None) -> list[date]:
    if written is None:
        return []
    days = (
        written(entry.file, entry.line)
        for book in ledger.of_kind(kind)
        for entry in book.entries()
        if entry.act in GIVES and keys(entry.key)
    )
    return [day for day in days if day is not None]


def pool_use(
    site: Site, ledger: Ledger, today: date, written: Written | None = None, *, of_networks: bool = True
) -> tuple[Use, ...]:
    """The use of every pool, in the order of the site.

    Args:
        site: whose pools they are.
        ledger: what was allotted.
        today: the day from which the pace is carried on.
        written: when lines were written; without it no pace is told.
        of_networks: also the addresses of each network.
    """
    live = ledger.live()
    found: list[Use] = []

    def add(
        pool: str, kind: Kind, unit: str, size: int, taken: int, free: int, keys: Callable[[str], bool]
    ) -> None:
        a_year, runs_out = pace(_days(ledger, kind, keys, written), free, today)
        found.append(
            Use(pool=pool, unit=unit, size=size, live=taken, free=free, a_year=a_year, runs_out=runs_out)
        )

    roles = {network.key: network.role for network in declared_networks(site)}
    prefixes = ledger.held(Kind.PREFIX) | {*map(str, site.dr.blocks)}
    vlans = ledger.held(Kind.VLAN)
    nets = {key: IPv4Network(value) for (kind, key), value in live.items() if kind is Kind.PREFIX}
    for role, pool in sorted(site.networks.pools.items()):
        inside = {key for key, net in nets.items() if net.subnet_of(pool.prefix)}
        size = 1 << pool.length - pool.prefix.prefixlen
        blocks = Blocks(str(pool.prefix), prefixes)
        mine = frozenset(key for key, of in roles.items() if of is role)
        add(
            f"prefix {role.value}",
            Kind.PREFIX,
            f"networks /{pool.length}",
            size,
            len(inside),
            blocks.count(pool.length),
            inside.__contains__,
        )
        ids = [str(number) for number in range(pool.vlans.first, pool.vlans.last + 1)]
        given = sum(kind is Kind.VLAN and key in mine for kind, key in live)
        free = sum(vlan not in vlans for vlan in ids)
        add(f"vlan {role.value}", Kind.VLAN, "VLANs", len(ids), given, free, mine.__contains__)
    first, last = site.clusters.vmids
    for kind, size, unit in ((Kind.VMID, last - first + 1, "VMIDs"), (Kind.MAC, (1 << 24) - 1, "MACs")):
        given = sum(of is kind for of, _ in live)
        held = ledger.held(kind)
        if kind is Kind.VMID:
            held = {vmid for vmid in held if first <= int(vmid) <= last}
        add(kind.value, kind, unit, size, given, size - len(held), lambda _key: True)
    offered = usable_public(site.networks.public)
    public = ledger.held(Kind.PUBLIC)
    given = sum(kind is Kind.PUBLIC for kind, _ in live)
    free = sum(address not in public for address in offered)
    add("public", Kind.PUBLIC, "addresses", len(offered), given, free, lambda _key: True)
    if of_networks:
        found += _networks(site, ledger, live)
    return tuple(found)


def _networks(site: Site, ledger: Ledger, live: Mapping[tuple[Kind, str], str]) -> list[Use]:
    """The addresses of each network; what rests there is used."""
    stands: dict[str, int] = {}
    for place, key in chain(
        ((host.network, f"host/{host.name}") for host in declared_hosts(site)),
        ((vm.network, f"{vm.key}/net0") for vm in declared_vms(site)),
    ):
        stands[place] = stands.get(place, 0) + ((Kind.ADDRESS, key) in live)
    used = sorted(int(IPv4Address(address)) for address in ledger.held(Kind.ADDRESS))
    found = []
    for network in declared_networks(site):
        value = live.get((Kind.PREFIX, network.key))
        if value is None or network.key not in stands:
            continue
        block = IPv4Network(value)
        size = room_of(block.prefixlen)
        taken = bisect_right(used, int(block[-1])) - bisect_left(used, int(block[0]))
        found.append(
            Use(
                pool=f"address {network.key}",
                unit="addresses",
                size=size,
                live=stands[network.key],
                free=size - taken,
            )
        )
    return found
