# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the ledger holds together: nothing given twice, nothing reused, nothing edited."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from itertools import pairwise

from network_plan.model.finding import Finding, Place, Severity
from network_plan.model.ledger import Act, Entry, Kind, Ledger

_SHARED = frozenset({Kind.NODE, Kind.REPLICA})
"""Kinds whose value may stand at many keys."""


def _problem(rule: str, what: str, cure: str, place: Place | None) -> Finding:
    return Finding(severity=Severity.ERROR, rule=rule, what=what, cure=cure, place=place)


def _values(entries: list[Entry]) -> list[Finding]:
    findings = []
    holder: dict[tuple[Kind, str], Entry] = {}
    given: dict[tuple[Kind, str], Entry] = {}
    released = {(e.kind, e.key, e.value) for e in entries if e.act is Act.RELEASE}
    for entry in entries:
        if entry.act is Act.RELEASE:
            continue
        other = holder.get((entry.kind, entry.value))
        if other is not None and entry.kind not in _SHARED and other.key != entry.key:
            what = f"{entry.kind.value} {entry.value} of {entry.key} was given to {other.key} before ({other.place})"
            cure = "remove the line that is not on main yet, and run 'awan allot' again"
            findings.append(_problem("ledger/taken", what, cure, entry.place))
        holder.setdefault((entry.kind, entry.value), entry)
        if (entry.kind, entry.key, entry.value) in released:
            continue
        earlier = given.get((entry.kind, entry.key))
        if earlier is not None:
            what = f"{entry.key} has {entry.kind.value} {earlier.value} already ({earlier.place})"
            findings.append(_problem("ledger/twice", what, "keep the line that is on main", entry.place))
        given.setdefault((entry.kind, entry.key), entry)
    allotted = {(e.kind, e.key, e.value) for e in entries if e.act is Act.ALLOT}
    for entry in entries:
        if entry.act is Act.RELEASE and (entry.kind, entry.key, entry.value) not in allotted:
            what = f"{entry.key} never had {entry.kind.value} {entry.value}"
            findings.append(_problem("ledger/release", what, "release what was allotted", entry.place))
    return findings


def _overlaps(entries: list[Entry]) -> list[Finding]:
    findings = []
    for kind in (Kind.PREFIX, Kind.PREFIX6):
        nets = sorted(
            ((ip_network(e.value), e) for e in entries if e.kind is kind and e.act is Act.ALLOT),
            key=lambda pair: (int(pair[0].network_address), pair[0].prefixlen),
        )
        for (net_a, a), (net_b, b) in pairwise(nets):
            if net_a != net_b and int(net_b.network_address) <= int(net_a.broadcast_address):
                what = f"{b.key} {net_b} overlaps {a.key} {net_a} ({a.place})"
                cure = "remove the line that is not on main yet, and run 'awan allot' again"
                findings.append(_problem("ledger/overlap", what, cure, b.place))
    return findings


def check_ledger(ledger: Ledger, clusters: frozenset[str] | None, shown: str) -> list[Finding]:
    """Everything that can't be true of a ledger.

    Args:
        ledger: as parsed.
        clusters: the site's clusters, of which one must be primary; ``None`` where they can't be read.
        shown: the ledger's folder as it appears in messages.
    """
    entries = list(ledger.entries)
    findings = _values(entries) + _overlaps(entries)
    if not ledger.roles:
        cure = "write two lines into it: 'schema 1' and 'primary 1 CLUSTER'"
        file = f"{shown}/site_role.ledger"
        findings.append(_problem("ledger/role", "there is no primary", cure, Place(file=file)))
    for earlier, later in pairwise(ledger.roles):
        if later.epoch <= earlier.epoch:
            what = f"epoch {later.epoch} does not follow epoch {earlier.epoch}"
            findings.append(_problem("ledger/role", what, "an epoch only grows", later.place))
    for role in ledger.roles:
        if clusters is not None and role.primary not in clusters:
            what = f"there is no cluster {role.primary!r}"
            findings.append(
                _problem("ledger/role", what, f"known: {', '.join(sorted(clusters))}", role.place)
            )
    return findings


def check_history(before: Mapping[str, str], now: Mapping[str, str], shown: str) -> list[Finding]:
    """Lines of an earlier ledger that are no longer there, or no longer in their order.

    Args:
        before: file → text at the merge base.
        now: file → text today.
        shown: the ledger's folder as it appears in messages.
    """
    findings = []
    for file, old_text in sorted(before.items()):
        lines = now.get(file, "").split("\n")
        position = 0
        for number, line in enumerate(old_text.split("\n")[:-1], start=1):
            try:
                position = lines.index(line, position) + 1
            except ValueError:
                instead = lines[number - 1] if number - 1 < len(lines) else ""
                what = f"the line {line!r} was there before"
                what += f", {instead!r} stands now" if instead else " and is gone"
                cure = "a ledger line is never edited or removed; restore it, and add a line"
                findings.append(
                    _problem("ledger/edited", what, cure, Place(file=f"{shown}/{file}", line=number))
                )
    return findings
