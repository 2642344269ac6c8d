# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that somebody asks for: release, reclaim, grow, split, reserve, void. What is missing is ``allot``'s.

Whether the ledger holds together with them is judged afterwards, like that of any other lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from ipaddress import IPv4Address, IPv4Network

from network_plan.allocate.declared import declared_keys, retired, thing_of
from network_plan.allocate.fit import length_for, room_of
from network_plan.allocate.replay import BLOCKS, SHARED, overlaps, problem, taken
from network_plan.allocate.sequence import rests_of
from network_plan.model.finding import Finding
from network_plan.model.ledger import Act, Entry, Kind, Ledger
from network_plan.model.row import Row
from network_plan.model.site import Site
from network_plan.model.site.expand import DeclaredNetwork, declared_hosts, declared_networks, declared_vms


class ActError(Exception):
    """A line that was asked for can't be written; the text says why, and what to do instead."""


def _owner(ledger: Ledger, kind: Kind, key: str) -> str:
    """The file in which a key's lines stand."""
    return ledger.history([(kind, key)])[kind, key][-1].owner


def _entry(ledger: Ledger, act: Act, kind: Kind, key: str, value: str, day: date | None = None) -> Entry:
    return Entry(kind=kind, owner=_owner(ledger, kind, key), act=act, key=key, value=value, day=day)


def release(site: Site, ledger: Ledger, word: str, kind: Kind | None, until: date) -> list[Entry]:
    """Take back what a key has, or everything of a thing that no site file declares any more.

    Args:
        word: a key of the ledger, or a thing: ``dinas/app`` has keys of a VMID, a MAC, an address and hosts.
        kind: only this; must be named for what is declared, which gets another value in its place.
        until: the last day on which the values rest.
    """
    found = [
        (of, key, value)
        for (of, key), value in ledger.live().items()
        if word in (key, thing_of(of, key)) and kind in (None, of)
    ]
    if not found:
        what = "anything" if kind is None else f"a {kind.value}"
        raise ActError(f"nobody of the name {word!r} has {what}; 'awan show' and the ledger have the keys")
    declared = declared_keys(site)
    if kind is None and any((of, key) in declared for of, key, _ in found):
        kinds = ", ".join(sorted({of.value for of, _, _ in found}))
        raise ActError(
            f"{word} is declared in the site files; name what it shall have anew with --kind ({kinds})"
        )
    return [_entry(ledger, Act.RELEASE, of, key, value, until) for of, key, value in sorted(found)]


def release_retired(site: Site, ledger: Ledger, until: date) -> list[Entry]:
    """Take back everything that no site file declares any more."""
    return [
        _entry(ledger, Act.RELEASE, kind, key, value, until) for kind, key, value in retired(site, ledger)
    ]


def reclaim(ledger: Ledger, word: str | None, kind: Kind | None, today: date) -> list[Entry]:
    """Make rested values free again: of one key or thing, or with ``None`` all whose day has passed."""
    lines, waiting = [], []
    for (of, key), history in sorted(ledger.histories.items()):
        if word not in (None, key, thing_of(of, key)) or kind not in (None, of):
            continue
        for value, day in rests_of(history):
            if day is not None and day < today:
                lines.append(_entry(ledger, Act.RECLAIM, of, key, value, today))
            else:
                waiting.append(f"{of.value} {value} rests {f'until {day}' if day else 'for good'}")
    if word is not None and not lines:
        raise ActError(f"nothing of {word} can be reclaimed; {', '.join(waiting) or 'nothing of it rests'}")
    return lines


def _network(site: Site, key: str) -> DeclaredNetwork:
    found = next((network for network in declared_networks(site) if network.key == key), None)
    if found is None:
        raise ActError(f"no site file declares a network {key!r}; 'awan show TENANT' lists a tenant's")
    return found


def _have(ledger: Ledger, key: str) -> IPv4Network:
    value = ledger.live().get((Kind.PREFIX, key))
    if value is None:
        raise ActError(f"{key} has no prefix; run 'awan allot'")
    return IPv4Network(value)


def grow(site: Site, ledger: Ledger, key: str, length: int | None) -> list[Entry]:
    """Make a network's prefix larger where it stands: all addresses stay, and so does the gateway's.

    Args:
        length: the new prefix length; ``None`` takes what its hosts need, or twice its size.
    """
    network, have = _network(site, key), _have(ledger, key)
    pool = site.networks.pools[network.role]
    if length is None:
        length = min(have.prefixlen - 1, length_for(pool, network.hosts))
    if length >= have.prefixlen:
        raise ActError(f"{key} has {have}, and a /{length} is no larger")
    new = have.supernet(new_prefix=length)
    cure = "declare a second network for what is new"
    if new.network_address != have.network_address:
        raise ActError(
            f"{key} can't grow to a /{length}: {have} lies in the upper part of {new}, "
            f"and the gateway's address would move; {cure}"
        )
    if not new.subnet_of(pool.prefix):
        raise ActError(f"{key} can't grow to {new}: it leaves the pool {pool.prefix}; {cure}")
    held = {IPv4Network(value) for value in ledger.held(Kind.PREFIX)} | {*site.dr.blocks}
    others = sorted(block for block in held if block.overlaps(new) and not block.overlaps(have))
    if others:
        holders = {value: key for (kind, key), value in ledger.live().items() if kind is Kind.PREFIX}
        named = ", ".join(f"{block} ({holders.get(str(block), 'rests')})" for block in others[:3])
        raise ActError(f"{key} can't grow to {new}: the block beside it is taken by {named}; {cure}")
    return [_entry(ledger, Act.GROW, Kind.PREFIX, key, str(new))]


def split(site: Site, ledger: Ledger, key: str, length: int, until: date) -> list[Entry]:
    """Make a network's prefix smaller: it keeps the first part, with all addresses; the rest of it rests."""
    network, have = _network(site, key), _have(ledger, key)
    if not have.prefixlen < length <= 30:
        raise ActError(f"{key} has {have}, of which a /{length} is no part; name a length up to 30")
    kept = IPv4Network((have.network_address, length))
    if network.hosts > room_of(length):
        raise ActError(f"{key} needs {network.hosts} addresses, {kept} has room for {room_of(length)}")
    owners = [f"host/{host.name}" for host in declared_hosts(site) if host.network == key]
    owners += [f"{vm.key}/net0" for vm in declared_vms(site) if vm.network == key]
    live = ledger.live()
    last = int(kept.broadcast_address)
    addresses = {name: live[Kind.ADDRESS, name] for name in owners if (Kind.ADDRESS, name) in live}
    out = [f"{name} ({value})" for name, value in addresses.items() if int(IPv4Address(value)) >= last]
    if out:
        what = ", ".join(out[:3])
        raise ActError(f"{key} can't be split to {kept}: outside of it is {what}")
    return [_entry(ledger, Act.SPLIT, Kind.PREFIX, key, str(kept), until)]


def reserve(site: Site, ledger: Ledger, kind: Kind, key: str, value: str) -> list[Entry]:
    """Keep a value from being allotted, under a key that no site file declares, or not yet."""
    have = ledger.live().get((kind, key))
    if have is not None:
        raise ActError(f"{key} has {kind.value} {have} already; release it first")
    owner = declared_keys(site).get((kind, key)) or _tenant(site, key)
    return [Entry(kind=kind, owner=owner, act=Act.RESERVE, key=key, value=value)]


def void(ledger: Ledger, key: str, kind: Kind | None) -> list[Entry]:
    """Say that an allotment never counted, where two merged changes gave one value to two keys."""
    kinds = [of for of in Kind if kind in (None, of)]
    pairs = [pair for of in kinds for pair in taken(ledger, of)]
    pairs += [pair for of in kinds if of in BLOCKS for pair in overlaps(ledger, of)]
    lines = [entry for pair in pairs for entry in pair if entry.key == key]
    if not lines:
        raise ActError(f"nothing of {key} was given to another key too; 'awan check' names what was")
    return [
        Entry(kind=line.kind, owner=line.owner, act=Act.VOID, key=key, value=line.value)
        for line in _once(lines)
    ]


def _once(lines: Iterable[Entry]) -> list[Entry]:
    return list(dict.fromkeys(lines))


def take_over(site: Site, ledger: Ledger, rows: Iterable[Row]) -> tuple[list[Entry], list[Finding]]:
    """Lines for what exists today: allotted to what the site declares, reserved for what it does not.

    Args:
        rows: what each key has, with its place.

    Returns:
        A line for each row that the ledger does not hold yet, and a finding for each that it contradicts.
    """
    live, declared = dict(ledger.live()), declared_keys(site)
    holders = {(kind, value): key for (kind, key), value in live.items()}
    used = {kind: ledger.held(kind) for kind in Kind}
    entries, findings = [], []
    for row in rows:
        have, holder = live.get((row.kind, row.key)), holders.get((row.kind, row.value))
        what = ""
        if have == row.value:
            continue
        if have is not None:
            what = f"{row.key} has {row.kind.value} {have} already, not {row.value}"
        elif row.kind not in SHARED and row.value in used[row.kind]:
            what = (
                f"{row.kind.value} {row.value} of {row.key} {f'is given to {holder}' if holder else 'rests'}"
            )
        if what:
            cure = "say which is true: correct the row, or release what the ledger has"
            findings.append(problem("ledger/import", what, cure, row.place))
            continue
        owner = declared.get((row.kind, row.key))
        act = Act.RESERVE if owner is None else Act.ALLOT
        owner = owner or _tenant(site, row.key)
        live[row.kind, row.key] = row.value
        holders[row.kind, row.value] = row.key
        used[row.kind].add(row.value)
        entries.append(Entry(kind=row.kind, owner=owner, act=act, key=row.key, value=row.value))
    return entries, findings


def _tenant(site: Site, key: str) -> str:
    """Into whose file a key goes that is declared nowhere: its tenant's, or the operator's."""
    tenant = key.partition("/")[0]
    return tenant if tenant in site.tenants else site.regency.operator
