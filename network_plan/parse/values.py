# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of the ledger's kinds: how each is written, and what is wrong with one that is not.

A pattern takes exactly what the long way (``problem_of``) takes, the host bits of a prefix excepted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from network_plan.model.ledger import Kind

KEY = r"[a-z0-9][a-z0-9./@_-]*"
_NAME = r"[a-z][a-z0-9-]*"
_VNET = r"[a-z][a-z0-9]{1,7}"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_ADDRESS = rf"{_OCTET}(?:\.{_OCTET}){{3}}"

VALUES: Mapping[Kind, str] = {
    Kind.PREFIX: rf"{_ADDRESS}/(?:30|[12]?[0-9])",
    Kind.PREFIX6: r"[0-9a-f:]{2,39}/[0-9]{1,3}",
    Kind.VLAN: r"(?:409[0-4]|40[0-8][0-9]|[1-3][0-9]{3}|[1-9][0-9]{1,2}|[2-9])",
    Kind.VNET: _VNET,
    Kind.VMID: r"[1-9][0-9]{2,8}",
    Kind.MAC: r"[0-9a-f][02468ace](?::[0-9a-f]{2}){5}",
    Kind.ADDRESS: _ADDRESS,
    Kind.PUBLIC: _ADDRESS,
    Kind.NODE: _NAME,
    Kind.REPLICA: _NAME,
}


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
    if not re.fullmatch(_NAME, text):
        raise ValueError("a name has lower-case letters, digits and '-', and begins with a letter")
    return text


def _vnet(text: str) -> str:
    if not re.fullmatch(_VNET, text):
        raise ValueError("a vnet has 2 to 8 lower-case letters and digits, and begins with a letter")
    return text


def _prefix(text: str) -> str:
    network = IPv4Network(text)
    if network.prefixlen > 30:
        raise ValueError("a network with a gateway and a host has a /30 at least")
    return str(network)


_READ: Mapping[Kind, Callable[[str], str]] = {
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


def problem_of(kind: Kind, text: str) -> str | None:
    """What is wrong with a value; ``None`` where nothing is."""
    try:
        value = _READ[kind](text)
    except ValueError as error:
        return f"{text!r} is no {kind.value}: {error}"
    return None if value == text else f"{text!r} is not written as {value!r}"


def wrong_blocks(kind: Kind, values: Iterable[str]) -> bool:
    """Whether any prefix has bits set behind its length; other kinds have none."""
    if kind is Kind.PREFIX6:
        return any(problem_of(kind, value) for value in values)
    return kind is Kind.PREFIX and any(map(_host_bits, values))


def _host_bits(value: str) -> bool:
    address, _, length = value.partition("/")
    a, b, c, d = address.split(".")
    return bool((int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)) & (0xFFFFFFFF >> int(length)))
