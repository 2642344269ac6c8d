# SPDX-License-Identifier: GPL-3.0-or-later
"""The one form of addresses, networks, MACs and words, so that equal values are equal text. No resource, no I/O."""

from __future__ import annotations

import ipaddress
import re

_NAME = re.compile(r"(?:dc/|guest/)?[A-Za-z][A-Za-z0-9\-_]+")
_MAC = re.compile(r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}")


def mac(text: str) -> str:
    """A MAC as PVE writes it, in upper case; ValueError for multicast or no MAC."""
    value = text.strip().upper().replace("-", ":")
    if not _MAC.fullmatch(value):
        raise ValueError(f"is {text!r}; write a MAC like BC:24:11:00:00:01")
    if int(value[:2], 16) & 1:
        raise ValueError(f"is {text!r}, a multicast address; the first byte must be even")
    return value


def network(text: str) -> str:
    """A network without host bits."""
    try:
        return str(ipaddress.ip_network(text.strip(), strict=True))
    except ValueError:
        raise ValueError(f"is {text!r}; write a network like 10.10.0.0/24, without host bits") from None


def address(text: str) -> str:
    """One address."""
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        raise ValueError(f"is {text!r}; write an address like 10.10.0.1") from None


def member(text: str) -> str:
    """A member of an ipset or an alias's value: address, network or the name of an alias, as PVE stores it."""
    value = text.strip()
    if _NAME.fullmatch(value):
        return value
    try:
        found = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValueError(f"is {text!r}; write an address, a network or the name of an alias") from None
    return str(found.network_address) if found.prefixlen == found.max_prefixlen else str(found)


def interface(text: str) -> str:
    """An address with its prefix length, or the words that PVE knows."""
    value = text.strip()
    if value in ("dhcp", "auto"):
        return value
    try:
        if "/" in value:
            return str(ipaddress.ip_interface(value))
    except ValueError:
        pass
    raise ValueError(f"is {text!r}; write an address with its prefix length like 10.10.0.5/24, or dhcp")


def one_line(text: str) -> str:
    """A text of one line; PVE's firewall files keep no other."""
    if "\n" in text or "\r" in text:
        raise ValueError("has several lines; write one line")
    return text.strip()


def description(text: str) -> str:
    """A text of several lines without the newline at its end, which PVE adds by itself."""
    return text.rstrip("\n")


def addresses(text: str) -> str:
    """A rule's source or dest: addresses, networks, a range, +ipset or alias, without blanks."""
    return ",".join(part.strip() for part in text.split(","))


def options(text: str, first: str = "") -> str:
    """A property string, a=1,b=2, in the order of its names; `first` names a leading word without one."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if first and parts and "=" not in parts[0]:
        parts[0] = f"{first}={parts[0]}"
    return ",".join(sorted(parts))


def lower(text: str) -> str:
    """A word in lower case."""
    return text.strip().lower()
