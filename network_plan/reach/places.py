# SPDX-License-Identifier: GPL-3.0-or-later
"""Where addresses are: networks, VMs, hosts, the gateway, the internet; looked up, never walked. Judges nothing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Interface, IPv6Interface, ip_network

from network_plan.model.guest import Guest, Nic
from network_plan.model.network import Network
from network_plan.model.node import Cluster
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.space import services
from network_plan.space.prefixes import WHOLE, Family, PrefixIndex, spans
from network_plan.space.ranges import Ranges, subtract, union


@dataclass(frozen=True, slots=True, eq=False)
class Station:
    """A VM's card at an address; known by itself, since a guest is a large value to compare."""

    guest: Guest
    nic: Nic


SSH = Service(proto="tcp", first=22, last=22)


def listening(guest: Guest) -> Ranges:
    """What answers on a VM: what it serves, its sshd, and echo. No wall: nothing stops what reaches a closed port."""
    return union((*map(services.span, guest.serves), services.span(SSH), services.ECHO))


class Places:
    """One family of a Plan's addresses, as its one gateway sees them."""

    def __init__(self, plan: Plan, family: Family) -> None:
        self.plan = plan
        self.family = family
        self.gateway = plan.gateways[0]
        self._spans: dict[str, Ranges] = {}

    @cached_property
    def _networks(self) -> PrefixIndex[Network]:
        return PrefixIndex(
            self.family, ((prefix, network) for network in self.plan.networks for prefix in network.prefixes)
        )

    @cached_property
    def by_key(self) -> Mapping[str, Network]:
        """The networks by their key."""
        return {network.key: network for network in self.plan.networks}

    @cached_property
    def stations(self) -> Mapping[int, Station]:
        """The running VMs by their addresses."""
        return {
            int(address.ip): Station(guest, nic)
            for guest in self.plan.guests
            if guest.running
            for nic in guest.nics
            for address in nic.addresses
            if address.version == self.family
        }

    @cached_property
    def _guests(self) -> Mapping[str, Guest]:
        return {f"vm:{guest.key}": guest for guest in self.plan.guests if guest.running}

    def guest_of(self, target: str) -> Guest | None:
        """The VM that is a target, by its key ``vm:TENANT/NAME``."""
        return self._guests.get(target)

    def name_at(self, number: int) -> str:
        """What stands at an address that is taken."""
        if number in self.stations:
            return self.stations[number].guest.key
        return next(node.name for node in self.hosts[number].nodes if number in map(int, node.addresses))

    @cached_property
    def hosts(self) -> Mapping[int, Cluster]:
        """The clusters by the addresses of their hosts."""
        return {
            int(address): cluster
            for cluster in self.plan.clusters
            for node in cluster.nodes
            for address in node.addresses
            if address.version == self.family
        }

    @cached_property
    def _taken(self) -> list[int]:
        return sorted({*self.stations, *self.hosts})

    def taken(self, within: Ranges) -> list[int]:
        """The addresses of a set at which a VM or a host stands, in order."""
        return [
            number
            for low, high in within
            for number in self._taken[bisect_left(self._taken, low) : bisect_right(self._taken, high)]
        ]

    @cached_property
    def _links(self) -> tuple[IPv4Interface | IPv6Interface, ...]:
        """The gateway's addresses, each with the prefix of its link."""
        found = (item for interface in self.gateway.interfaces for item in interface.addresses)
        return tuple(item for item in found if item.version == self.family)

    @cached_property
    def own(self) -> Ranges:
        """What the gateway takes itself and no host at its links has: what claims to come from there is forged.

        Its own addresses; over IPv4 the last of each link, which is everybody's and is carried no further (RFC 2644);
        over IPv6 the first of each, to which every router answers (RFC 4291 §2.6.1).
        """
        found = [int(item.ip) for item in self._links]
        for link in (item.network for item in self._links):
            if link.max_prefixlen - link.prefixlen > 1:
                found.append(int(link.broadcast_address if link.version == 4 else link.network_address))
        return union((number, number) for number in found)

    @cached_property
    def own_public(self) -> Ranges:
        """The public addresses that are the gateway's own: the provider asks for each on the link (``on_link``)."""
        used = {rule.public for rule in self.gateway.dnat} | {rule.public for rule in self.gateway.snat}
        return spans(map(ip_network, used if self.gateway.delivery == "on_link" else ()), self.family)

    @cached_property
    def lans(self) -> Mapping[str, Ranges]:
        """The networks at an interface of the gateway, each with the sources that it lets in there."""
        return {
            interface.network: subtract(
                spans((item.network for item in interface.addresses), self.family), self.own
            )
            for interface in self.gateway.interfaces
            if interface.network is not None
        }

    @cached_property
    def home(self) -> Ranges:
        """All of those sources."""
        return union(pair for ranges in self.lans.values() for pair in ranges)

    @cached_property
    def internal(self) -> Ranges:
        """What is inside, allotted or not."""
        return spans(self.gateway.internal, self.family)

    @cached_property
    def public(self) -> Ranges:
        """The public block, which is IPv4's."""
        return spans((self.gateway.public,), self.family)

    @cached_property
    def outside(self) -> Ranges:
        """What may come in by the WAN: neither inside nor ours."""
        ours = union((*self.internal, *self.public, *self.home, *self.own))
        return subtract(WHOLE[self.family], ours)

    def network_at(self, number: int) -> Network | None:
        """The network that an address is of."""
        return self._networks.at(number)

    def networks_at(self, ranges: Ranges) -> list[Network]:
        """The networks that share an address with a set, each once, sorted by key."""
        found = {
            network.key: network for low, high in ranges for _, network in self._networks.touching(low, high)
        }
        return [found[key] for key in sorted(found)]

    def addresses_of(self, network: Network) -> Ranges:
        """All addresses of a network."""
        found = self._spans.get(network.key)
        if found is None:
            found = self._spans[network.key] = spans(network.prefixes, self.family)
        return found
