# SPDX-License-Identifier: GPL-3.0-or-later
"""What packets can be delivered to, with its addresses in one family. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from network_plan.model.network import Network
from network_plan.model.node import Cluster
from network_plan.reach.places import Places, Station
from network_plan.space.prefixes import Family
from network_plan.space.ranges import Ranges, intersect, subtract, union


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One object, or a part of its addresses.

    Attributes:
        key: ``vm:rsud/simrs``, ``network:rsud/office-main``, ``hosts:dc``, ``gateway:gw1`` or ``internet``; ``unused:``
            and a network's key for the addresses of a network of VMs that no running VM has, ``nobody`` for what is not
            allotted.
        network: the network that holds it; ``None`` for the gateway and the internet.
    """

    key: str
    family: Family
    addresses: Ranges
    network: Network | None = None
    station: Station | None = field(default=None, compare=False)
    cluster: Cluster | None = field(default=None, compare=False)

    @property
    def is_gateway(self) -> bool:
        """Whether its input chain decides."""
        return self.key.startswith("gateway:")

    @property
    def is_unused(self) -> bool:
        """Whether nothing stands there that could take a packet."""
        return self.key.startswith("unused:")


def internet_target(places: Places) -> Target:
    """Everything beyond the WAN."""
    return Target(key="internet", family=places.family, addresses=places.outside)


def station_target(places: Places, number: int) -> Target:
    """A running VM at one of its addresses."""
    station = places.stations[number]
    return Target(
        key=f"vm:{station.guest.key}",
        family=places.family,
        addresses=((number, number),),
        network=places.network_at(number),
        station=station,
    )


def targets_at(places: Places, wanted: Ranges) -> Iterator[Target]:
    """Everything that has one of these addresses, what nobody has at the end; a public address is no target."""
    own = intersect(wanted, places.own)
    if own:
        yield Target(key=f"gateway:{places.gateway.host}", family=places.family, addresses=own)
    rest = subtract(wanted, own)
    networks = places.networks_at(rest)
    for network in networks:
        yield from _in_network(places, network, intersect(rest, places.addresses_of(network)))
    beyond = intersect(wanted, internet_target(places).addresses)
    if beyond:
        yield Target(key="internet", family=places.family, addresses=beyond)
    known = union(pair for network in networks for pair in places.addresses_of(network))
    nobodys = subtract(intersect(rest, places.internal), known)
    if nobodys:
        yield Target(key="nobody", family=places.family, addresses=nobodys)


def _in_network(places: Places, network: Network, within: Ranges) -> Iterator[Target]:
    taken = places.taken(within)
    hosts: dict[str, list[int]] = {}
    for number in taken:
        if number in places.stations:
            yield station_target(places, number)
        else:
            hosts.setdefault(places.hosts[number].name, []).append(number)
    for cluster, numbers in hosts.items():
        yield Target(
            key=f"hosts:{cluster}",
            family=places.family,
            addresses=union((number, number) for number in numbers),
            network=network,
            cluster=places.hosts[numbers[0]],
        )
    rest = subtract(within, union((number, number) for number in taken))
    if rest:
        word = "unused" if network.role in ("servers", "dmz") else "network"
        yield Target(key=f"{word}:{network.key}", family=places.family, addresses=rest, network=network)
