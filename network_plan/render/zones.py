# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS zones as files (RFC 1035), forward and reverse: what the public is answered, and what is answered inside.

The two views never meet in one file: the primary (NSD) has the public zones, the resolver (unbound) the internal ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import Literal

from network_plan.model.network import IpAddress, IpNetwork, Name
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.render.template import print_template

_DNS = Service(proto="udp", first=53, last=53)
_LABEL_BITS = {4: 8, 6: 4}
"""Bits of an address in one label of its reverse name: an octet (RFC 1035 §3.5), a nibble (RFC 3596 §2.5)."""


_PRIVATE = (
    IPv4Network("10.0.0.0/8"),
    *IPv4Network("172.16.0.0/12").subnets(new_prefix=16),
    IPv4Network("192.168.0.0/16"),
)
"""The private blocks as their reverse zones are cut; whoever uses one serves the whole of it (RFC 6303 §4.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """One zone; ``file`` is the name of its file, ``text`` all of it."""

    name: str
    view: Literal["public", "internal"]
    text: str

    @property
    def file(self) -> str:
        """The zone's name, below ``internal/`` for what only the inside is answered."""
        return f"{'internal/' if self.view == 'internal' else ''}{self.name}.zone"


def reverse_zone(prefix: IpNetwork) -> str:
    """The name of the zone that holds every address of a prefix: cut down to whole labels.

    A part of an octet that others share is named as RFC 2317 does, with a dash for its slash:
    203.0.113.0/28 is ``0-15.113.0.203.in-addr.arpa``, to which the provider points its sixteen names.
    """
    bits = _LABEL_BITS[prefix.version]
    if isinstance(prefix, IPv4Network) and prefix.prefixlen > 24:
        first = int(prefix.network_address) & 255
        last = int(prefix.broadcast_address) & 255
        parent = reverse_zone(prefix.supernet(new_prefix=24))
        return f"{first}.{parent}" if first == last else f"{first}-{last}.{parent}"
    labels = prefix.network_address.reverse_pointer.split(".")
    return ".".join(labels[prefix.max_prefixlen // bits - prefix.prefixlen // bits :])


def whole_labels(prefix: IpNetwork) -> tuple[str, ...]:
    """The reverse names that hold a prefix's addresses and no other's: one, or as many as a cut label has."""
    bits = _LABEL_BITS[prefix.version]
    return tuple(map(reverse_zone, prefix.subnets(new_prefix=-(-prefix.prefixlen // bits) * bits)))


def _blocks(prefix: IpNetwork) -> tuple[IpNetwork, ...]:
    """A prefix as blocks of whole labels; a part of an octet stays as it is (RFC 2317)."""
    if prefix.version == 4 and prefix.prefixlen > 24:
        return (prefix,)
    bits = _LABEL_BITS[prefix.version]
    return tuple(prefix.subnets(new_prefix=-(-prefix.prefixlen // bits) * bits))


def blocks_inside(plan: Plan) -> tuple[IpNetwork, ...]:
    """What the internal reverse zones cover: the private blocks that the regency uses, and its IPv6 prefix."""
    inside = {prefix for gateway in plan.gateways for prefix in gateway.internal}
    private = [block for block in _PRIVATE if any(block.overlaps(p) for p in inside if p.version == 4)]
    six = sorted(collapse_addresses(p for p in inside if isinstance(p, IPv6Network)))
    return (*private, *(block for prefix in six for block in _blocks(prefix)))


def _own_names(plan: Plan, view: str) -> Iterator[tuple[IpAddress, str]]:
    """Address and the one name of its machine or publication; hosted pages at the same address are no host's name."""
    depth = plan.domain.count(".") + 2
    published = {f"{item.name}.{plan.domain}" for item in plan.public if item.use == "publish"}
    for name in plan.names:
        if name.view == view and (name.fqdn.count(".") == depth or name.fqdn in published):
            for address in name.addresses:
                yield address, name.fqdn


def _records(names: Iterable[Name]) -> list[tuple[str, str, str]]:
    return [
        (name.fqdn, "A" if address.version == 4 else "AAAA", str(address))
        for name in names
        for address in name.addresses
    ]


def _pointers(plan: Plan, view: str, block: IpNetwork, zone: str) -> list[tuple[str, str, str]]:
    cut = block.version == 4 and block.prefixlen > 24
    return [
        (f"{int(address) & 255}.{zone}" if cut else address.reverse_pointer, "PTR", f"{fqdn}.")
        for address, fqdn in sorted(_own_names(plan, view), key=lambda pair: (int(pair[0]), pair[1]))
        if address in block
    ]


def _print(plan: Plan, view: str, zone: str, records: list[tuple[str, str, str]], servers: list[str]) -> str:
    return print_template(
        "zone.j2",
        {
            "domain": plan.domain,
            "view": view,
            "zone": zone,
            "serial": plan.serial,
            "records": records,
            "servers": servers,
        },
    )


def name_servers(plan: Plan) -> list[str]:
    """The public zones' servers: published ones that answer UDP port 53.

    Without any the zone names ``localhost``: it is whole, and nobody on the internet is sent to an address
    that does not answer.
    """
    return sorted(
        f"{rule.key.partition('/')[2]}.{plan.domain}"
        for gateway in plan.gateways
        for rule in gateway.dnat
        if any(service.covers(_DNS) for service in rule.services)
    ) or ["localhost"]


def render_zones(plan: Plan) -> tuple[Zone, ...]:
    """Every zone, public ones first: the domain, then the addresses behind its names."""
    outside = [address for name in plan.names if name.view == "public" for address in name.addresses]
    inside = blocks_inside(plan)
    public = [block for gateway in plan.gateways for block in _blocks(gateway.public)]
    public += [b for b in inside if b.version == 6 and any(address in b for address in outside)]
    blocks = {"public": public, "internal": inside}
    servers = {
        "public": name_servers(plan),
        "internal": [f"{gateway.host}.node.{plan.domain}" for gateway in plan.gateways],
    }
    found = []
    views: tuple[Literal["public", "internal"], ...] = ("public", "internal")
    for view in views:
        names = [name for name in plan.names if name.view == view]
        zones = {plan.domain: _records(names)}
        for block in blocks[view]:
            zone = reverse_zone(block)
            zones[zone] = _pointers(plan, view, block, zone)
        found += [
            Zone(name=zone, view=view, text=_print(plan, view, zone, records, servers[view]))
            for zone, records in zones.items()
        ]
    return tuple(found)
