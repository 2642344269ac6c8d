# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packets a Plan is asked about: at the edges of its rules, and anywhere; sources that lie included.

The Plan's own rules say only where to look. What should become of a packet is not said here.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address

from network_plan.model.gateway import ForwardRule, InputRule
from network_plan.model.network import IpAddress, IpNetwork
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.reach import INTERNET, Packet
from network_plan.space.services import Proto

STRANGERS: tuple[IpAddress, ...] = tuple(
    map(
        ip_address,
        (
            *("192.0.2.10", "192.0.2.80", "198.51.100.1", "203.0.113.16", "10.255.0.1"),
            *("2001:db8:f::10", "2001:db8:f::80", "2001:db8:0:1::1"),
        ),
    )
)
"""Addresses beyond the WAN: two strangers, the provider, the one after the public block, a private one of nobody."""


_PORTED: tuple[Proto, ...] = ("tcp", "udp")


def _points(prefix: IpNetwork) -> list[IpAddress]:
    """Ends of a prefix, their neighbours inside and outside, and what stands at its beginning."""
    first, last = int(prefix.network_address), int(prefix.broadcast_address)
    numbers = {
        first - 1,
        first,
        first + 1,
        first + 10,
        first + 11,
        (first + last) // 2,
        last - 1,
        last,
        last + 1,
    }
    kind = type(prefix.network_address)
    return [kind(number) for number in sorted(numbers) if 0 <= number < 1 << prefix.max_prefixlen]


def usable(address: IpAddress) -> bool:
    """Whether a packet can bear it at all: no host is asked about what a kernel throws away unread."""
    nowhere = address.is_multicast or address.is_loopback or address.is_link_local or address.is_unspecified
    return not nowhere and not (address.version == 4 and int(address) >> 24 in {0, 240, 255})


def text(packet: Packet) -> str:
    """A packet as people read it in a counterexample."""
    service = packet.proto if packet.proto == "icmp" else f"{packet.proto}/{packet.port}"
    by = f"{packet.ingress}, VM {packet.sender}" if packet.sender else packet.ingress
    return f"{service} from {packet.source} (in by {by}) to {packet.destination}"


class Chooser:
    """Draws packets for one Plan from one source of chance."""

    def __init__(self, plan: Plan, chance: random.Random) -> None:
        self._chance = chance
        self._gateway = plan.gateways[0]
        there = {item.network for item in self._gateway.interfaces if item.network}
        networks = [network for network in plan.networks if network.key in there]
        self._prefixes = [(prefix, network.key) for network in networks for prefix in network.prefixes]
        self._families = sorted({prefix.version for prefix, _ in self._prefixes})
        self._flows = plan.flows
        self._guests = [guest for guest in plan.guests if guest.running]
        guests = [a.ip for guest in plan.guests for nic in guest.nics for a in nic.addresses]
        hosts = [address for cluster in plan.clusters for node in cluster.nodes for address in node.addresses]
        own = [address.ip for item in self._gateway.interfaces for address in item.addresses]
        edges = [point for net in plan.networks for prefix in net.prefixes for point in _points(prefix)]
        edges += [point for prefix in self._gateway.internal for point in _points(prefix)]
        self._anywhere = _by_family([*guests, *hosts, *own, *edges, *self._gateway.public, *STRANGERS])
        self._targets = _by_family([*guests, *guests, *hosts])
        self._gates = _by_family(own)
        self._strangers = _by_family(STRANGERS)
        self._services = sorted({service for flow in plan.flows for service in flow.services})

    def packets(self, count: int) -> Iterator[Packet]:
        """That many, of which most have one end or both at a rule's."""
        makers = (
            *(self._by_a_rule, self._by_a_rule, self._by_a_rule),
            *(self._by_a_publication, self._from_a_vm, self._anything),
        )
        while count:
            packet = self._chance.choice(makers)()
            if packet is not None and usable(packet.source) and usable(packet.destination):
                count -= 1
                yield packet

    def _by_a_rule(self) -> Packet | None:
        gateway, family = self._gateway, self._chance.choice(self._families)
        if self._chance.random() < 0.75 or not gateway.blocked:
            rules: list[ForwardRule | InputRule] = [*gateway.forward, *gateway.input]
            rule = self._chance.choice(rules)
            source = self._in(rule.sources, family) or self._stranger(family)
            if isinstance(rule, ForwardRule):
                destination = self._in(rule.destinations, family) or self._stranger(family)
            else:
                destination = self._chance.choice(self._gates[family])
            services = rule.services
        else:
            block = self._chance.choice(gateway.blocked)
            source = self._in(block.prefixes, family) or self._stranger(family)
            destination, services = self._target(family), ()
        if self._chance.random() < 0.1:
            source, destination = destination, source
        return self._packet(source, destination, services)

    def _target(self, family: int) -> IpAddress:
        """A VM, a host, or now and then the gateway itself."""
        places = self._gates if self._chance.random() < 0.12 else self._targets
        return self._chance.choice(places[family] or self._gates[family])

    def _from_a_vm(self) -> Packet | None:
        """What a VM sends to its neighbours, or anywhere; one in five with a source that is not its own."""
        if not self._guests:
            return None
        guest = self._chance.choice(self._guests)
        nic = guest.nics[0]
        own = self._chance.choice(nic.addresses)
        source: IpAddress = own.ip
        near = [a for a in self._targets[own.version] if a in own.network and a != own.ip]
        if self._chance.random() < 0.2:
            source = self._chance.choice((*near, *self._anywhere[own.version]))
        destination = self._chance.choice((*near, *near, self._target(own.version)))
        into = [flow for flow in self._flows if any(destination in prefix for prefix in flow.target.prefixes)]
        proto, port = self._service(self._chance.choice(into).services if into else ())
        return Packet(
            ingress=nic.network,
            source=source,
            destination=destination,
            proto=proto,
            port=port,
            sender=guest.key,
        )

    def _by_a_publication(self) -> Packet | None:
        """From anywhere to a public address, or over IPv6 to a VM's own."""
        family = self._chance.choice(self._families)
        source = self._chance.choice((*self._strangers[family], self._chance.choice(self._anywhere[family])))
        if family == 4 and self._gateway.dnat:
            rule = self._chance.choice(self._gateway.dnat)
            return self._packet(source, rule.public, rule.services)
        return self._packet(source, self._target(family))

    def _anything(self) -> Packet | None:
        family = self._chance.choice(self._families)
        anywhere = self._anywhere[family]
        destination = self._target(family) if self._chance.random() < 0.5 else self._chance.choice(anywhere)
        return self._packet(self._chance.choice(anywhere), destination)

    def _in(self, prefixes: Iterable[IpNetwork], family: int) -> IpAddress | None:
        """An address of one of some prefixes, or just beside it."""
        of_family = [prefix for prefix in prefixes if prefix.version == family]
        if not of_family:
            return None
        prefix = self._chance.choice(of_family)
        if prefix.num_addresses > 1 and self._chance.random() < 0.8:
            inside = [a for a in self._targets[family] if a in prefix] or _points(prefix)[2:5]
            return self._chance.choice(inside)
        return prefix.network_address if self._chance.random() < 0.8 else self._chance.choice(_points(prefix))

    def _stranger(self, family: int) -> IpAddress:
        return self._chance.choice(self._strangers[family])

    def _packet(self, source: IpAddress, destination: IpAddress, services: Sequence[Service] = ()) -> Packet:
        """With a service, and in by the source's own network; one in ten lies about where it is."""
        keys = [key for prefix, key in self._prefixes if source in prefix]
        ingress = keys[0] if keys else INTERNET
        if self._chance.random() < 0.1:
            ingress = self._chance.choice([INTERNET, *(key for _, key in self._prefixes)])
        proto, port = self._service(services)
        return Packet(ingress=ingress, source=source, destination=destination, proto=proto, port=port)

    def _service(self, wanted: Sequence[Service]) -> tuple[Proto, int]:
        """At the edge of what is wanted, or of what some flow carries, or anything."""
        chance = self._chance
        known = wanted if wanted and chance.random() < 0.8 else self._services
        if not known or chance.random() < 0.07:
            return chance.choice(_PORTED), chance.randrange(1, 65536)
        service = chance.choice(known)
        if service.proto == "icmp" or chance.random() < 0.07:
            return "icmp", 0
        inside = (service.first, service.last, (service.first + service.last) // 2)
        port = chance.choice((*inside, *inside, service.first - 1, service.last + 1))
        proto: Proto = "tcp" if service.proto == "tcp" else "udp"
        return (proto if chance.random() < 0.95 else chance.choice(_PORTED)), min(max(port, 1), 65535)


def _by_family(addresses: Iterable[IpAddress]) -> dict[int, list[IpAddress]]:
    known = {address for address in addresses if usable(address)}
    return {version: sorted((a for a in known if a.version == version), key=int) for version in (4, 6)}
