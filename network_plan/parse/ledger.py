# SPDX-License-Identifier: GPL-3.0-or-later
"""Ledger texts → entries. Each file begins with ``schema 1``; then a line per allotment.

``allot KEY VALUE`` or ``release KEY VALUE``; comments and blank lines are not known, since a union
merge would move them about. ``site_role.ledger`` has ``primary EPOCH CLUSTER`` lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from network_plan.model.finding import Finding, Place, Severity
from network_plan.model.ledger import SCHEMA, Act, Entry, Kind, Ledger, RoleEntry
from network_plan.parse.utf8 import no_utf8

ROLE_FILE = "site_role.ledger"
_MARKERS = ("<<<<<<<", "=======", "|||||||", ">>>>>>>")
_KEEP_BOTH = "remove the markers and keep the lines of both sides (the union merge does that)"


_NAME = re.compile(r"[a-z][a-z0-9-]*")
_VNET = re.compile(r"[a-z][a-z0-9]{1,7}")
_EPOCH = re.compile(r"[1-9][0-9]{0,8}")


def _vlan(text: str) -> str:
    number = int(text)
    if not 2 <= number <= 4094:
        raise ValueError("a VLAN id is 2 to 4094")
    return str(number)


def _vmid(text: str) -> str:
    number = int(text)
    if not 100 <= number <= 999_999_999:
        raise ValueError("a VMID is 100 to 999999999")
    return str(number)


def _mac(text: str) -> str:
    octets = text.split(":")
    if len(octets) != 6 or any(len(octet) != 2 for octet in octets):
        raise ValueError("a MAC is six pairs of hexadecimal digits")
    if int(octets[0], 16) & 1:
        raise ValueError("an odd first octet is a multicast address")
    return ":".join(f"{int(octet, 16):02x}" for octet in octets)


def _word(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("a name has lower-case letters, digits and '-', and begins with a letter")
    return text


def _vnet(text: str) -> str:
    if not _VNET.fullmatch(text):
        raise ValueError("a vnet has 2 to 8 lower-case letters and digits, and begins with a letter")
    return text


def _prefix(text: str) -> str:
    network = IPv4Network(text)
    if network.prefixlen > 30:
        raise ValueError("a network with a gateway and a host has a /30 at least")
    return str(network)


_READ = {
    Kind.PREFIX: _prefix,
    Kind.PREFIX6: lambda text: str(IPv6Network(text)),
    Kind.VLAN: _vlan,
    Kind.VNET: _vnet,
    Kind.VMID: _vmid,
    Kind.MAC: _mac,
    Kind.ADDRESS: lambda text: str(IPv4Address(text)),
    Kind.PUBLIC: lambda text: str(IPv4Address(text)),
    Kind.NODE: _word,
    Kind.REPLICA: _word,
}


def _problem(place: Place, what: str, cure: str) -> Finding:
    return Finding(severity=Severity.ERROR, rule="ledger/form", what=what, cure=cure, place=place)


def _entry(kind: Kind, owner: str, line: str, place: Place) -> Entry | Finding:
    words = line.split(" ")
    if len(words) != 3 or words[0] not in (Act.ALLOT.value, Act.RELEASE.value):
        return _problem(
            place, f"{line!r} is no ledger line", "a line reads 'allot KEY VALUE'; restore it from git"
        )
    try:
        value = _READ[kind](words[2])
    except ValueError as error:
        return _problem(place, f"{words[2]!r} is no {kind.value}: {error}", "restore the line from git")
    if value != words[2]:
        return _problem(place, f"{words[2]!r} is not written as {value!r}", "restore the line from git")
    return Entry(kind=kind, owner=owner, act=Act(words[0]), key=words[1], value=value, place=place)


def _role(line: str, place: Place) -> RoleEntry | Finding:
    words = line.split(" ")
    if len(words) != 3 or words[0] != "primary" or not _EPOCH.fullmatch(words[1]):
        return _problem(place, f"{line!r} is no site role", "a line reads 'primary EPOCH CLUSTER'")
    return RoleEntry(epoch=int(words[1]), primary=words[2], place=place)


def _body(name: str, text: str) -> tuple[list[tuple[Place, str]], list[Finding]]:
    """The lines that should hold entries, and what is wrong with the file as a whole."""
    if foreign := no_utf8(text):
        row, column, byte = foreign
        place = Place(file=name, line=row, column=column)
        return [], [_problem(place, f"byte 0x{byte:02x} is no UTF-8", "restore the file from git")]
    lines = text.split("\n")
    first = Place(file=name, line=1)
    if lines[0].startswith(_MARKERS):
        return [], [_problem(first, "a merge marker", _KEEP_BOTH)]
    findings = []
    if lines[-1] != "":
        place = Place(file=name, line=len(lines))
        findings.append(_problem(place, "the last line is cut off", "restore the file from git"))
    if lines[0] != f"schema {SCHEMA}":
        cure = f"this version reads 'schema {SCHEMA}'; restore the file from git or update Awan"
        return [], [*findings, _problem(first, f"{lines[0]!r} is no known schema", cure)]
    body = []
    for number, line in enumerate(lines[1:-1], start=2):
        place = Place(file=name, line=number)
        if line.startswith(_MARKERS):
            findings.append(_problem(place, "a merge marker", _KEEP_BOTH))
        elif line != lines[0]:  # a union merge of two new files may leave the schema line twice
            body.append((place, line))
    return body, findings


def parse_ledger(texts: Mapping[str, str], shown: str) -> tuple[Ledger, list[Finding]]:
    """Parse all ledger files.

    Args:
        texts: file name relative to the ledger's folder → text.
        shown: the folder as it appears in messages.

    Returns:
        What could be read, and a finding for each line that could not.
    """
    entries: list[Entry] = []
    roles: list[RoleEntry] = []
    findings: list[Finding] = []
    kinds = {kind.value: kind for kind in Kind}
    for file in sorted(texts):
        name = f"{shown}/{file}"
        folder, _, owner = file.removesuffix(".ledger").rpartition("/")
        if not file.endswith(".ledger") or (file != ROLE_FILE and folder not in kinds):
            findings.append(_problem(Place(file=name), "no ledger file has this name", "remove or rename it"))
            continue
        body, problems = _body(name, texts[file])
        findings += problems
        for place, line in body:
            found = _role(line, place) if file == ROLE_FILE else _entry(kinds[folder], owner, line, place)
            if isinstance(found, Finding):
                findings.append(found)
            elif isinstance(found, RoleEntry):
                roles.append(found)
            else:
                entries.append(found)
    return Ledger(entries=tuple(entries), roles=tuple(roles)), findings
