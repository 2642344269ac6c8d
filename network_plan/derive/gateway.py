# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway: interfaces, forward and input rules, NAT. The first of the two walls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Interface, ip_interface, ip_network

from network_plan.derive.pools import pools_of
from network_plan.model.flow import Flow
from network_plan.model.gateway import (
    Block,
    DestinationNat,
    ForwardRule,
    Gateway,
    InputRule,
    Interface,
    SourceNat,
)
from network_plan.model.guest import Guest
from network_plan.model.network import IpNetwork, Network, PublicAddress
from network_plan.model.service import Service
from network_plan.model.site import Networks, Site

SSH = Service(proto="tcp", first=22, last=22)


def _interfaces(site: Site, networks: Sequence[Network]) -> tuple[Interface, ...]:
    declared = site.networks.gateway
    six = site.networks.ipv6
    link: tuple[IPv4Interface | IPv6Interface, ...] = (declared.wan, *((six.wan,) if six else ()))
    found = [Interface(name=declared.wan_interface, kind="wan", vlan=None, network=None, addresses=link)]
    for network in sorted(networks, key=lambda network: network.vlan):
        addresses: tuple[IPv4Interface | IPv6Interface, ...] = tuple(
            ip_interface(f"{address}/{prefix.prefixlen}")
            for address, prefix in zip(network.gateways, network.prefixes, strict=True)
        )
        found.append(
            Interface(
                name=f"lan{network.vlan}",
                kind="lan",
                vlan=network.vlan,
                network=network.key,
                addresses=addresses,
            )
        )
    return tuple(found)


def _sorted(prefixes: Iterable[IpNetwork]) -> tuple[IpNetwork, ...]:
    return tuple(sorted(prefixes, key=lambda net: (net.version, int(net.network_address), net.prefixlen)))


def _sources(flow: Flow, declared: Networks) -> tuple[IpNetwork, ...]:
    """The flow's sources that reach its target through the gateway: not those of its own network.

    ``offices`` and ``servers`` are the pools, which hold the target's own network too. That adds nothing: what
    neighbours say to each other never comes to the gateway, and the first rule of its chain drops what would
    leave by the interface it came in by.
    """
    seen: dict[IpNetwork, None] = {}
    for source in flow.sources:
        if whole := pools_of(source.text, declared):
            seen.update(dict.fromkeys(whole))
            continue
        if source.vm is not None and source.networks == flow.target.networks:
            continue
        for prefix, network in zip(
            source.prefixes, _networks_of(source.prefixes, source.networks), strict=True
        ):
            if flow.target.vm is None or network not in flow.target.networks:
                seen[prefix] = None
    return _sorted(seen)


def _networks_of(prefixes: Sequence[IpNetwork], networks: Sequence[str]) -> list[str]:
    """The network of each prefix: they run in the same order, a network with IPv6 has two prefixes."""
    if not networks:
        return []
    each = len(prefixes) // len(networks)
    return [network for network in networks for _ in range(each)]


def _input(flow: Flow, declared: Networks) -> InputRule:
    return InputRule(
        key=flow.key, sources=_sources(flow, declared), services=flow.services, why=flow.why, until=flow.until
    )


def _forward(flow: Flow, declared: Networks) -> ForwardRule:
    return ForwardRule(
        key=flow.key,
        sources=_sources(flow, declared),
        destinations=pools_of(flow.target.text, declared) or flow.target.prefixes,
        services=flow.services,
        from_internet=flow.kind == "publish",
        to_internet=flow.kind == "egress",
        until=flow.until,
        why=flow.why,
        owner=flow.owner,
    )


def _public_address(flow: Flow, public: Sequence[PublicAddress]) -> IPv4Address:
    """The public address of a publication or an egress: they bear its name."""
    name = flow.key.partition("/")[2]
    return next(item.address for item in public if (item.use, item.name) == (flow.kind, name))


def _destination_nat(flow: Flow, public: Sequence[PublicAddress]) -> DestinationNat:
    target = next(net for net in flow.target.prefixes if isinstance(net, IPv4Network))
    return DestinationNat(
        key=flow.key,
        public=_public_address(flow, public),
        target=target.network_address,
        services=flow.services,
        until=flow.until,
    )


def _source_nat(flow: Flow, public: Sequence[PublicAddress], declared: Networks) -> SourceNat:
    sources = tuple(net for net in _sources(flow, declared) if isinstance(net, IPv4Network))
    return SourceNat(key=flow.key, sources=sources, public=_public_address(flow, public))


def _internal(networks: Sequence[Network], declared: Networks) -> tuple[IpNetwork, ...]:
    """All that is inside: whole blocks, so that what is allotted to nobody yet neither comes in nor leaves by the WAN.

    A network that has its prefix from before its pool moved is inside as well.
    """
    whole: list[IpNetwork] = [pool.prefix for pool in declared.pools.values()]
    if declared.ipv6 is not None:
        whole.append(declared.ipv6.prefix)
    rest = {
        prefix
        for network in networks
        for prefix in network.prefixes
        if not any(one.version == prefix.version and prefix.subnet_of(one) for one in whole)  # type: ignore[arg-type]
    }
    return _sorted({*whole, *rest})


def _blocked(site: Site, networks: Sequence[Network], guests: Sequence[Guest]) -> tuple[Block, ...]:
    """The sanctions that block: a tenant's networks, or a VM's addresses."""
    found = []
    for key, item in sorted(site.services.sanctions.items()):
        if item.measure != "block":
            continue
        of_tenant = (net for network in networks if network.tenant == item.target for net in network.prefixes)
        of_vm = (
            ip_network(address.ip)
            for guest in guests
            if guest.key == item.target
            for nic in guest.nics
            for address in nic.addresses
        )
        prefixes = _sorted({*of_tenant, *of_vm})
        found.append(Block(key=f"sanction/{key}", prefixes=prefixes, until=item.until, why=item.reason))
    return tuple(found)


def derive_gateway(
    site: Site,
    networks: Sequence[Network],
    flows: Sequence[Flow],
    public: Sequence[PublicAddress],
    guests: Sequence[Guest],
) -> Gateway:
    """The one gateway of the data center (GW-1; Perbup 253/2019 §4.6.5)."""
    declared, machine = site.networks, site.networks.gateway
    local = [network for network in networks if network.site == machine.cluster]
    management = next(network for network in local if network.role == "management")
    ssh = InputRule(
        key="gateway/ssh",
        sources=tuple(net for network in local if network.role == "management" for net in network.prefixes),
        services=(SSH,),
        why="the operator reaches its own gateway",
    )
    to_itself = [flow for flow in flows if flow.target.kind == "gateway"]
    through = [flow for flow in flows if flow.target.kind != "gateway"]
    forward = [_forward(flow, declared) for flow in through]
    return Gateway(
        host=machine.name,
        site=machine.cluster,
        management=management.gateways[0],
        interfaces=_interfaces(site, local),
        trunk=machine.trunk,
        isp=machine.isp,
        isp6=declared.ipv6.isp if declared.ipv6 is not None else None,
        internal=_internal(networks, declared),
        public=declared.public.prefix,
        delivery=declared.public.delivery,
        blocked=_blocked(site, networks, guests),
        forward=tuple(rule for rule in forward if rule.from_internet or rule.sources),
        input=(ssh, *(_input(flow, declared) for flow in to_itself)),
        dnat=tuple(_destination_nat(flow, public) for flow in through if flow.kind == "publish"),
        snat=tuple(_source_nat(flow, public, declared) for flow in through if flow.kind == "egress"),
        listen=tuple(address for network in local for address in network.gateways),
        resolvers=machine.resolvers,
    )
