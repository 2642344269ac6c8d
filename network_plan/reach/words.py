# SPDX-License-Identifier: GPL-3.0-or-later
"""What a word of a question means in addresses: as the end from which packets come, or to which they go."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_interface, ip_network

from network_plan.model.network import IpAddress, IpNetwork, Network
from network_plan.model.plan import Plan
from network_plan.model.site.endpoint import EndpointKind, EndpointRef, parse_endpoint
from network_plan.reach.places import Places
from network_plan.space.prefixes import FAMILIES, Family, spans
from network_plan.space.ranges import Ranges, intersect, subtract, union

_ROLES = {
    EndpointKind.OFFICES: ("office",),
    EndpointKind.SERVERS: ("servers", "dmz"),
    EndpointKind.MANAGEMENT: ("management",),
}
OF_VMS = ("servers", "dmz")
"""Roles of networks in which only VMs stand."""


class ReachError(Exception):
    """The question can't be answered as it stands; the text says what to ask instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of a question.

    Attributes:
        text: as it is shown.
        addresses: by family; a family in which it has none is left out.
        is_gateway: whether the word is ``gateway``, from which nothing is asked.
    """

    text: str
    addresses: Mapping[Family, Ranges]
    is_gateway: bool = False


class Words:
    """The words of one Plan."""

    def __init__(self, plan: Plan, places: Mapping[Family, Places]) -> None:
        self._plan = plan
        self._places = places

    def source(self, text: str) -> End:
        """Where packets come from.

        Raises:
            ReachError: the word means nothing here, or the gateway, whose own packets nothing filters.
        """
        end = self._end(text, as_target=False)
        own = {family: self._places[family].own for family in end.addresses}
        if end.is_gateway or all(not subtract(end.addresses[family], own[family]) for family in own):
            raise ReachError(f"{text} is the gateway, whose own packets nothing filters; ask for a network")
        return end

    def target(self, text: str) -> End:
        """Where packets go: a network of VMs or a tenant as the VMs that run there.

        Raises:
            ReachError: the word means nothing here.
        """
        end = self._end(text, as_target=True)
        return End(
            text=end.text,
            addresses={family: self._standing(family, ranges) for family, ranges in end.addresses.items()},
        )

    def _standing(self, family: Family, ranges: Ranges) -> Ranges:
        """Of networks only what can be asked: in those of VMs what stands there, the gateway only where it is named."""
        places = self._places[family]
        rest = subtract(ranges, places.own) or ranges
        for network in places.networks_at(rest):
            within = intersect(rest, places.addresses_of(network))
            there = union((number, number) for number in places.taken(within))
            if network.role in OF_VMS and there and within != there:
                rest = union((*subtract(rest, within), *there))
        return rest

    def _end(self, text: str, *, as_target: bool) -> End:
        prefix = _prefix(text)
        if prefix is not None:
            family: Family = 4 if prefix.version == 4 else 6
            return End(text=text, addresses={family: spans([prefix], family)})
        is_endpoint = text.partition(":")[0] in {kind.value for kind in EndpointKind}
        end = self._endpoint(text) if is_endpoint else self._thing(text, as_target=as_target)
        if end is None or not end.addresses:
            raise ReachError(f"{text!r} is nothing in the Plan; {self._hint(text)}")
        return end

    def _endpoint(self, text: str) -> End | None:
        """A word as flows use it, ``office:rsud``."""
        try:
            ref = parse_endpoint(text, self._plan.operator)
        except ValueError as error:
            raise ReachError(str(error)) from error
        if ref.kind is EndpointKind.INTERNET:
            return End(
                text=text,
                addresses={
                    family: subtract(places.outside, places.own)
                    for family, places in self._places.items()
                    if places.home
                },
            )
        if ref.kind is EndpointKind.GATEWAY:
            own = {family: places.own for family, places in self._places.items() if places.own}
            return End(text=text, addresses=own, is_gateway=True)
        if ref.kind is EndpointKind.VM:
            return self._vm(ref.key)
        chosen = [network for network in self._plan.networks if _names(ref, network)]
        return self._of_networks(chosen[0].key if len(chosen) == 1 else text, chosen)

    def _thing(self, text: str, *, as_target: bool) -> End | None:
        """A VM, a host, a DNS name, a public service, a network or a tenant by its key."""
        return (
            self._vm(text)
            or self._host(text)
            or self._name(text)
            or self._public(text)
            or self._of_networks(text, [item for item in self._plan.networks if item.key == text])
            or self._tenant(text, as_target=as_target)
        )

    def _vm(self, text: str) -> End | None:
        for guest in self._plan.guests:
            if guest.running and text in (guest.key, guest.name, guest.fqdn, str(guest.vmid)):
                return _at(guest.key, (item.ip for nic in guest.nics for item in nic.addresses))
        return None

    def _host(self, text: str) -> End | None:
        for cluster in self._plan.clusters:
            for node in cluster.nodes:
                if node.name == text:
                    return _at(text, node.addresses)
        return None

    def _name(self, text: str) -> End | None:
        name = next((name for name in self._plan.names if name.fqdn == text), None)
        return None if name is None else _at(text, name.addresses)

    def _public(self, text: str) -> End | None:
        """A publication: its public address, and in IPv6 the address of the VM behind it."""
        item = next((item for item in self._plan.public if item.name == text), None)
        if item is None:
            return None
        places = self._places[4]
        behind = {int(rule.target) for rule in places.gateway.dnat if rule.public == item.address}
        stations = [places.stations[number] for number in behind if number in places.stations]
        sixth = [a.ip for station in stations for a in station.nic.addresses if a.version == 6]
        return _at(text, (item.address, *sixth))

    def _tenant(self, text: str, *, as_target: bool) -> End | None:
        """As a source all its networks; as a target its VMs, where it has some."""
        networks = [network for network in self._plan.networks if network.tenant == text]
        if as_target and any(guest.running for guest in self._plan.guests if guest.tenant == text):
            addresses = (
                item.ip
                for guest in self._plan.guests
                if guest.running and guest.tenant == text
                for nic in guest.nics
                for item in nic.addresses
            )
            return _at(text, addresses)
        return self._of_networks(text, networks)

    def _of_networks(self, text: str, networks: Iterable[Network]) -> End | None:
        chosen = tuple(networks)
        found: dict[Family, Ranges] = {
            family: union(pair for network in chosen for pair in places.addresses_of(network))
            for family, places in self._places.items()
        }
        addresses = {family: ranges for family, ranges in found.items() if ranges}
        return End(text=text, addresses=addresses) if addresses else None

    def _hint(self, text: str) -> str:
        known = [guest.key for guest in self._plan.guests] + [network.key for network in self._plan.networks]
        near = [key for key in known if key.partition("/")[2] == text.rpartition(":")[2]]
        near += difflib.get_close_matches(text, known, n=1, cutoff=0.5)
        if near:
            return f"did you mean {near[0]!r}?"
        return (
            "name an address, a tenant, tenant/vm, tenant/network, office:TENANT, a host, a public service "
            "or 'internet'"
        )


def _names(ref: EndpointRef, network: Network) -> bool:
    """Whether a word means a network."""
    if ref.kind is EndpointKind.NETWORK:
        return network.key == ref.key
    if ref.kind is EndpointKind.OFFICE:
        mine = network.role == "office" and network.tenant == ref.tenant
        return mine and ref.name in ("", network.name.removeprefix("office-"))
    return network.role in _ROLES[ref.kind]


def _at(text: str, addresses: Iterable[IpAddress]) -> End:
    found = tuple(addresses)
    return End(
        text=text,
        addresses={
            family: ranges
            for family in FAMILIES
            if (ranges := spans((ip_network(item) for item in found), family))
        },
    )


def _prefix(text: str) -> IpNetwork | None:
    """The question's own address or prefix.

    Raises:
        ReachError: it is one, but can't be judged.
    """
    try:
        interface = ip_interface(text)
    except ValueError:
        return None
    network: IpNetwork = interface.network
    if network.prefixlen < network.max_prefixlen and network.network_address != interface.ip:
        raise ReachError(f"{text} is an address with a length; ask for {interface.ip} or for {network}")
    if network.prefixlen == 0:
        raise ReachError(f"{text} holds the inside too; ask for 'internet'")
    return network


def families(ends: Iterable[End]) -> Iterator[Family]:
    """The families that all ends have."""
    every = tuple(ends)
    return (family for family in FAMILIES if all(family in end.addresses for end in every))
