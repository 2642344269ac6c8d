# SPDX-License-Identifier: GPL-3.0-or-later
"""After a merge of two branches that both allotted: which lines are taken back, so that they can be allotted anew.

Only lines that are not on main yet: nobody can have built on them. Where both are on main, people decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network

from network_plan.allocate.place import Placement
from network_plan.allocate.replay import BLOCKS, overlaps, problem, taken, twice
from network_plan.model.finding import Finding
from network_plan.model.ledger import GIVES, Entry, Kind, Ledger
from network_plan.model.site import Site
from network_plan.model.site.expand import declared_hosts, declared_vms


class _Own:
    """Which lines of the ledger are not on main: each line of main counts once."""

    def __init__(self, before: Mapping[str, str], now: Mapping[str, str]) -> None:
        self._before = before
        self._now = now
        self._numbers: dict[str, set[int]] = {}

    def __contains__(self, entry: Entry) -> bool:
        if entry.file not in self._numbers:
            left = Counter(self._before.get(entry.file, "").split("\n"))
            numbers = self._numbers[entry.file] = set()
            for number, line in enumerate(self._now[entry.file].split("\n"), start=1):
                if left[line] > 0:
                    left[line] -= 1
                else:
                    numbers.add(number)
        return entry.place is not None and entry.place.line in self._numbers[entry.file]


def _pairs(ledger: Ledger) -> Iterator[tuple[Entry, Entry]]:
    for kind in Kind:
        yield from taken(ledger, kind)
        yield from twice(ledger, kind)
    for kind in BLOCKS:
        yield from overlaps(ledger, kind)


def _with_it(site: Site, ledger: Ledger, gone: Entry, own: _Own) -> Iterator[Entry]:
    """What follows from a line: the addresses in a network's prefix, the vnet named after its VLAN."""
    if gone.kind is Kind.VLAN:
        wanted = {gone.key: Kind.VNET}
    elif gone.kind is Kind.PREFIX:
        wanted = {f"{vm.key}/net0": Kind.ADDRESS for vm in declared_vms(site) if vm.network == gone.key}
        wanted |= {
            f"host/{host.name}": Kind.ADDRESS for host in declared_hosts(site) if host.network == gone.key
        }
    else:
        return
    lines = ledger.history((kind, key) for key, kind in wanted.items())
    for entry in (entry for history in lines.values() for entry in history):
        inside = entry.kind is Kind.VNET and entry.value == f"vn{gone.value}"
        if entry.kind is Kind.ADDRESS:
            inside = IPv4Address(entry.value) in IPv4Network(gone.value)
        if entry.act in GIVES and inside and entry in own:
            yield entry


def _crowded(site: Site, ledger: Ledger, own: _Own) -> Iterator[tuple[Entry, str]]:
    """First placements on a host that two branches filled, the last keys first, until the rest has room."""
    placement = Placement(site, ledger)
    places = [
        (vm, cluster, f"{vm.key}@{cluster}")
        for vm in reversed(declared_vms(site))
        for cluster in filter(None, (vm.cluster, vm.twin))
        if not placement.is_pinned(f"{vm.key}@{cluster}")
    ]
    lines = ledger.history((kind, key) for _, _, key in places for kind in (Kind.NODE, Kind.REPLICA))
    for vm, cluster, key in places:
        for entry in lines.get((Kind.NODE, key), ()):
            if entry.act in GIVES and entry in own and placement.crowded(cluster, entry.value):
                placement.leave(cluster, entry.value, vm.memory_mib)
                yield entry, f"{entry.value} has no room for it beside the others"
                copies = lines.get((Kind.REPLICA, key), ())
                yield from ((copy, "its VM stands elsewhere") for copy in copies if copy in own)


def taken_back(
    site: Site, ledger: Ledger, before: Mapping[str, str], now: Mapping[str, str]
) -> tuple[dict[Entry, str], list[Finding]]:
    """The lines to take back.

    Args:
        site: whose networks say which addresses go with a prefix.
        ledger: ``now``, parsed.
        before: file → text of the ledger on main.
        now: file → text of the ledger after the merge.

    Returns:
        Each line with the reason, and a finding for each pair of which both lines are on main.
    """
    own = _Own(before, now)
    back: dict[Entry, str] = {}
    findings = []
    for one, other in _pairs(ledger):
        if one in own or other in own:
            gone, stays = (one, other) if one in own else (other, one)
            where = "" if stays in own else " on main"
            back.setdefault(gone, f"{stays.key} has {stays.kind.value} {stays.value}{where}")
            for entry in _with_it(site, ledger, gone, own):
                back.setdefault(entry, f"it goes with {gone.kind.value} {gone.value}")
        else:
            what = f"{one.key} has {one.kind.value} {one.value}, and {other.key} has {other.value}"
            what += f" ({other.place}); both are on main"
            if one.key == other.key:
                cure = f"run 'awan allot --release {one.key} --kind {one.kind.value}'"
            else:
                cure = "run 'awan allot --void KEY' with the key that does not use it yet"
            findings.append(problem("ledger/both", what, cure, one.place))
    if not back and not findings:
        back.update(_crowded(site, ledger, own))
    return back, findings
