# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a rule's `source` or `dest` means: aliases, IP sets, ranges and lists as networks; rules stand in `compile`.

The search order is pve-firewall's: the guest's own sets and aliases before the cluster's, unless the name
says `dc/` or `guest/`.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Entry = Mapping[str, Any]

NAME = re.compile(r"(?:(dc|guest)/)?([A-Za-z][A-Za-z0-9_-]+)")


class FirewallError(ValueError):
    """The stored firewall names what does not exist; pve-firewall would skip the rule with a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where names are looked up; keys are lower case, as pve-firewall stores them."""

    cluster_aliases: Mapping[str, str]
    cluster_sets: Mapping[str, Sequence[Entry]]
    guest_aliases: Mapping[str, str]
    guest_sets: Mapping[str, Sequence[Entry]]

    def alias(self, text: str) -> Network:
        """The network of an alias."""
        where, name = _split(text)
        tables = {"dc": [self.cluster_aliases], "guest": [self.guest_aliases]}.get(
            where, [self.guest_aliases, self.cluster_aliases]
        )
        for table in tables:
            if name in table:
                return ipaddress.ip_network(table[name], strict=False)
        raise FirewallError(f"no such alias '{text}'")

    def ipset(self, text: str, version: int) -> list[Network]:
        """The networks of an IP set, in one family; the most specific entry decides, as in the kernel's hash:net."""
        where, name = _split(text)
        tables = {"dc": [self.cluster_sets], "guest": [self.guest_sets]}.get(
            where, [self.guest_sets, self.cluster_sets]
        )
        for table in tables:
            if name in table:
                return effective(self.entries(table[name]), version)
        raise FirewallError(f"no such ipset '{text}'")

    def entries(self, entries: Sequence[Entry]) -> list[tuple[Network, bool]]:
        """A set's entries as (network, nomatch)."""
        return [(self.network(str(e["cidr"])), bool(int(e.get("nomatch") or 0))) for e in entries]

    def network(self, text: str) -> Network:
        """An address, a network or an alias."""
        return self.alias(text) if NAME.fullmatch(text) else ipaddress.ip_network(text, strict=False)

    def resolve(self, text: str, version: int) -> list[Network]:
        """All that a rule's address field stands for, in one family; empty means that no packet matches."""
        if text.startswith("+"):
            return self.ipset(text[1:], version)
        networks: list[Network] = []
        for part in text.split(","):
            low, dash, high = part.partition("-")
            if dash and not NAME.fullmatch(part):
                networks += _span(low, high)
            else:
                networks.append(self.network(part))
        return _collapse(networks, version)


def effective(entries: Iterable[tuple[Network, bool]], version: int) -> list[Network]:
    """The networks that match, once the `nomatch` entries have taken their part away."""
    result: list[Network] = []
    for network, nomatch in sorted(
        (e for e in entries if e[0].version == version),
        key=lambda e: (e[0].prefixlen, int(e[0].network_address)),
    ):
        if nomatch:
            result = [piece for have in result for piece in _without(have, network)]
        else:
            result.append(network)
    return _collapse(result, version)


def _without(have: Network, hole: Network) -> list[Network]:
    if isinstance(have, ipaddress.IPv4Network) and isinstance(hole, ipaddress.IPv4Network):
        if hole.supernet_of(have):
            return []
        return list(have.address_exclude(hole)) if have.supernet_of(hole) else [have]
    if isinstance(have, ipaddress.IPv6Network) and isinstance(hole, ipaddress.IPv6Network):
        if hole.supernet_of(have):
            return []
        return list(have.address_exclude(hole)) if have.supernet_of(hole) else [have]
    return [have]


def _collapse(networks: Iterable[Network], version: int) -> list[Network]:
    if version == 4:
        return list(ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv4Network)))
    return list(ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv6Network)))


def _span(low: str, high: str) -> list[Network]:
    first, last = ipaddress.ip_address(low.strip()), ipaddress.ip_address(high.strip())
    if isinstance(first, ipaddress.IPv4Address) and isinstance(last, ipaddress.IPv4Address):
        return list(ipaddress.summarize_address_range(first, last))
    if isinstance(first, ipaddress.IPv6Address) and isinstance(last, ipaddress.IPv6Address):
        return list(ipaddress.summarize_address_range(first, last))
    raise FirewallError(f"the range {low}-{high} mixes address families")


def _split(text: str) -> tuple[str, str]:
    match = NAME.fullmatch(text)
    if match is None:
        raise FirewallError(f"invalid name '{text}'")
    return match[1] or "", match[2].lower()
