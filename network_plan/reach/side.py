# SPDX-License-Identifier: GPL-3.0-or-later
"""What a word of the question means: the prefixes it stands for, and what is there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_interface

from network_plan.model.guest import Guest
from network_plan.model.network import IpNetwork, Network
from network_plan.model.node import Cluster
from network_plan.model.plan import Plan
from network_plan.model.site.endpoint import EndpointKind, parse_endpoint
from network_plan.reach.answer import ReachError

EVERYWHERE = IPv4Network("0.0.0.0/0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One prefix of the question.

    Attributes:
        network: the network that holds it; ``None`` beyond the gateway's WAN.
        guest: the VM that runs at the address, where the prefix is one.
        cluster: the cluster whose host has the address, where one has.
    """

    text: str
    prefix: IPv4Network
    network: Network | None
    guest: Guest | None
    cluster: Cluster | None

    @property
    def internet(self) -> bool:
        """Whether it lies beyond the gateway's WAN."""
        return self.network is None


def inside(prefix: IPv4Network, among: Iterable[IpNetwork]) -> bool:
    """Whether all of a prefix lies in one of several."""
    return any(isinstance(other, IPv4Network) and prefix.subnet_of(other) for other in among)


def touches(prefix: IPv4Network, among: Iterable[IpNetwork]) -> bool:
    """Whether a prefix and one of several share an address."""
    return any(isinstance(other, IPv4Network) and prefix.overlaps(other) for other in among)


def side(plan: Plan, text: str, prefix: IPv4Network) -> Side:
    """What stands at a prefix.

    Raises:
        ReachError: it is more than one network, so that no single answer holds for it.
    """
    network = next((item for item in plan.networks if inside(prefix, item.prefixes)), None)
    if network is None and prefix != EVERYWHERE:
        parts = [item.key for item in plan.networks if touches(prefix, item.prefixes)]
        if parts:
            raise ReachError(f"{prefix} spans {', '.join(parts)}; ask for one network at a time")
    single = prefix.network_address if prefix.prefixlen == prefix.max_prefixlen else None
    return Side(
        text=text,
        prefix=prefix,
        network=network,
        guest=None if single is None else _guest_at(plan, single),
        cluster=None if single is None else _cluster_at(plan, single),
    )


def _guest_at(plan: Plan, address: IPv4Address) -> Guest | None:
    for guest in plan.guests:
        if guest.running and any(own.ip == address for nic in guest.nics for own in nic.addresses):
            return guest
    return None


def _cluster_at(plan: Plan, address: IPv4Address) -> Cluster | None:
    for cluster in plan.clusters:
        if any(address in node.addresses for node in cluster.nodes):
            return cluster
    return None


def _of_network(plan: Plan, network: Network) -> list[Side]:
    return [side(plan, network.key, prefix) for prefix in network.prefixes if isinstance(prefix, IPv4Network)]


def _address(text: str) -> IPv4Network | None:
    """The question's own address or prefix.

    Raises:
        ReachError: it is one, but can't be judged.
    """
    try:
        interface = ip_interface(text)
    except ValueError:
        return None
    if interface.version != 4:
        raise ReachError(f"{text}: no rule is compiled for IPv6 yet; ask for an IPv4 address")
    network = IPv4Network(interface.network)
    if network.prefixlen < network.max_prefixlen and network.network_address != interface.ip:
        raise ReachError(f"{text} is an address with a length; ask for {interface.ip} or for {network}")
    if network == EVERYWHERE:
        raise ReachError(f"{text} holds the inside too; ask for 'internet'")
    return network


def _endpoint(plan: Plan, text: str) -> list[Side]:
    """A word as flows use it, ``office:rsud``; empty where it names nothing."""
    try:
        ref = parse_endpoint(text, plan.operator)
    except ValueError as error:
        raise ReachError(str(error)) from error
    if ref.kind is EndpointKind.INTERNET:
        return [side(plan, text, EVERYWHERE)]
    if ref.kind is EndpointKind.GATEWAY:
        return [side(plan, text, IPv4Network(str(plan.gateways[0].management)))]
    if ref.kind is EndpointKind.VM:
        return _thing(plan, ref.key)
    roles = {
        EndpointKind.OFFICES: ("office",),
        EndpointKind.SERVERS: ("servers", "dmz"),
        EndpointKind.MANAGEMENT: ("management",),
    }.get(ref.kind, ())
    chosen = [
        network
        for network in plan.networks
        if network.role in roles
        or (ref.kind is EndpointKind.NETWORK and network.key == ref.key)
        or (
            ref.kind is EndpointKind.OFFICE
            and network.role == "office"
            and network.tenant == ref.tenant
            and ref.name in ("", network.name.removeprefix("office-"))
        )
    ]
    return [item for network in chosen for item in _of_network(plan, network)]


def _thing(plan: Plan, text: str) -> list[Side]:
    """A VM, a host, a DNS name, a public service or a network by its key; empty where there is none."""
    for guest in plan.guests:
        if guest.running and text in (guest.key, guest.name, guest.fqdn, str(guest.vmid)):
            return [side(plan, guest.key, IPv4Network(str(guest.nics[0].addresses[0].ip)))]
    for cluster in plan.clusters:
        for node in cluster.nodes:
            if node.name == text:
                return [side(plan, text, IPv4Network(str(node.addresses[0])))]
    for name in plan.names:
        if name.fqdn == text:
            return [side(plan, text, IPv4Network(str(name.addresses[0])))]
    for public in plan.public:
        if public.name == text:
            return [side(plan, text, IPv4Network(public.address))]
    return [item for network in plan.networks if network.key == text for item in _of_network(plan, network)]


def sides(plan: Plan, text: str) -> list[Side]:
    """What a word means: an address, a prefix, a VM, a network, an endpoint as flows use it, a DNS name.

    Raises:
        ReachError: it means nothing, or nothing that can be judged.
    """
    prefix = _address(text)
    if prefix is not None:
        return [side(plan, text, prefix)]
    is_endpoint = text.partition(":")[0] in {kind.value for kind in EndpointKind}
    found = _endpoint(plan, text) if is_endpoint else _thing(plan, text)
    if not found:
        known = [guest.key for guest in plan.guests] + [network.key for network in plan.networks]
        near = [key for key in known if key.partition("/")[2] == text.rpartition(":")[2]]
        near += difflib.get_close_matches(text, known, n=1, cutoff=0.5)
        hint = (
            f"did you mean {near[0]!r}?"
            if near
            else (
                "name an address, tenant/vm, tenant/network, office:TENANT, a host, a public service or 'internet'"
            )
        )
        raise ReachError(f"{text!r} is nothing in the Plan; {hint}")
    return found


def each_guest(plan: Plan, target: Side) -> list[Side]:
    """A network of VMs as the VMs that run in it: what all of it lets in is what each of them lets in."""
    if target.network is None or target.prefix.prefixlen == target.prefix.max_prefixlen:
        return [target]
    there = [
        side(plan, guest.key, IPv4Network(str(address.ip)))
        for guest in plan.guests
        if guest.running
        for nic in guest.nics
        for address in nic.addresses
        if address.ip in target.prefix
    ]
    return there or [target]
