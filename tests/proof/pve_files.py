# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall files of Proxmox VE, read: sections, options, aliases, sets, groups, rules. Judges nothing.

After pve-firewall(8), "Configuration Files" and "Firewall Rules", and not after what writes ours.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_SECTION = re.compile(r"\[(\w+)(?:\s+([^\]]+))?\]")
_ACTION = re.compile(r"(?:(?P<macro>[A-Za-z][A-Za-z0-9]*)\()?(?P<action>ACCEPT|DROP|DENY|REJECT)\)?")
_FLAGS = {
    "-source": "source",
    "-dest": "dest",
    "-p": "proto",
    "-proto": "proto",
    "-dport": "dport",
    "-sport": "sport",
    "-icmp-type": "icmp_type",
    "-i": "iface",
    "-iface": "iface",
    "-log": "log",
}


class Unreadable(ValueError):
    """A line that the manual page does not describe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRule:
    """One line of a list of rules; ``group`` where it stands for all of a group's."""

    direction: str
    action: str = ""
    macro: str = ""
    group: str = ""
    enabled: bool = True
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class FirewallFile:
    """A whole file; names are lower case, as PVE stores them.

    Attributes:
        sets: name → entries as (address, network or alias; whether it is an exception: ``!``).
    """

    options: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    sets: dict[str, list[tuple[str, bool]]] = field(default_factory=dict)
    groups: dict[str, list[FileRule]] = field(default_factory=dict)
    rules: list[FileRule] = field(default_factory=list)


def parse(text: str) -> FirewallFile:
    """Read a file.

    Raises:
        Unreadable: with the line.
    """
    file = FirewallFile()
    section, name = "", ""
    for line in _lines(text):
        head = _SECTION.fullmatch(line)
        if head:
            section, name = head[1].lower(), (head[2] or "").strip().lower()
            if section == "ipset":
                file.sets[name] = []
            elif section == "group":
                file.groups[name] = []
            continue
        _take(file, section, name, line)
    return file


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        words = line.partition("#")[0].strip()
        if words:
            yield words


def _take(file: FirewallFile, section: str, name: str, line: str) -> None:
    if section == "options":
        key, colon, value = line.partition(":")
        if not colon:
            raise Unreadable(line)
        file.options[key.strip()] = value.strip()
    elif section == "aliases":
        key, cidr = line.split()
        file.aliases[key.lower()] = cidr
    elif section == "ipset":
        file.sets[name].append((line.removeprefix("!").strip(), line.startswith("!")))
    elif section == "group":
        file.groups[name].append(_rule(line))
    elif section == "rules":
        file.rules.append(_rule(line))
    else:
        raise Unreadable(line)


def _rule(line: str) -> FileRule:
    enabled = not line.startswith("|")
    direction, what, *rest = shlex.split(line.removeprefix("|"))
    options = {}
    while rest:
        flag, *rest = rest
        if flag not in _FLAGS or not rest:
            raise Unreadable(line)
        options[_FLAGS[flag]], *rest = rest
    if direction == "GROUP":
        return FileRule(direction="group", group=what.lower(), enabled=enabled, options=options)
    action = _ACTION.fullmatch(what)
    if (
        direction not in {"IN", "OUT", "FORWARD"}
        or action is None
        or (what.endswith(")") != bool(action["macro"]))
    ):
        raise Unreadable(line)
    return FileRule(
        direction=direction.lower(),
        action=action["action"].replace("DENY", "DROP"),
        macro=(action["macro"] or "").lower(),
        enabled=enabled,
        options=options,
    )
