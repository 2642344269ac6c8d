# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway: interfaces, forward and input rules, NAT. The first of the two walls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Interface, ip_interface

from network_plan.derive.pools import pools_of
from network_plan.model.flow import Flow
from network_plan.model.gateway import (
    DestinationNat,
    ForwardRule,
    Gateway,
    InputRule,
    Interface,
    SourceNat,
)
from network_plan.model.network import IpNetwork, Network, PublicAddress
from network_plan.model.service import Service
from network_plan.model.site import Pool, Site
from network_plan.model.site.network import Role

SSH = Service(proto="tcp", first=22, last=22)


def _interfaces(site: Site, networks: Sequence[Network]) -> tuple[Interface, ...]:
    declared = site.networks.gateway
    found = [
        Interface(name=declared.wan_interface, kind="wan", vlan=None, network=None, addresses=(declared.wan,))
    ]
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


Pools = Mapping[Role, Pool]


def _sorted(prefixes: Iterable[IpNetwork]) -> tuple[IpNetwork, ...]:
    return tuple(sorted(prefixes, key=lambda net: (net.version, int(net.network_address), net.prefixlen)))


def _sources(flow: Flow, pools: Pools) -> tuple[IpNetwork, ...]:
    """The flow's sources that reach its target through the gateway: not those of its own network.

    ``offices`` and ``servers`` are the pools, which hold the target's own network too. That adds nothing: what
    neighbours say to each other never comes to the gateway, and the first rule of its chain drops what would
    leave by the interface it came in by.
    """
    seen: dict[IpNetwork, None] = {}
    for source in flow.sources:
        if whole := pools_of(source.text, pools):
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


def _input(flow: Flow, pools: Pools) -> InputRule:
    return InputRule(
        key=flow.key, sources=_sources(flow, pools), services=flow.services, why=flow.why, until=flow.until
    )


def _forward(flow: Flow, pools: Pools) -> ForwardRule:
    return ForwardRule(
        key=flow.key,
        sources=_sources(flow, pools),
        destinations=pools_of(flow.target.text, pools) or flow.target.prefixes,
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


def _source_nat(flow: Flow, public: Sequence[PublicAddress], pools: Pools) -> SourceNat:
    sources = tuple(net for net in _sources(flow, pools) if isinstance(net, IPv4Network))
    return SourceNat(key=flow.key, sources=sources, public=_public_address(flow, public))


def _internal(networks: Sequence[Network], pools: Pools) -> tuple[IpNetwork, ...]:
    """All that is inside: the pools, so that what is allotted to nobody yet neither comes in nor leaves by the WAN."""
    whole: list[IpNetwork] = [pool.prefix for pool in pools.values()]
    rest = (
        prefix
        for network in networks
        for prefix in network.prefixes
        if Role(network.role) not in pools or prefix.version == 6
    )
    return _sorted({*whole, *rest})


def derive_gateway(
    site: Site, networks: Sequence[Network], flows: Sequence[Flow], public: Sequence[PublicAddress]
) -> Gateway:
    """The one gateway of the data center (GW-1; Perbup 253/2019 §4.6.5)."""
    declared = site.networks.gateway
    local = [network for network in networks if network.site == declared.cluster]
    management = next(network for network in local if network.role == "management")
    ssh = InputRule(
        key="gateway/ssh",
        sources=tuple(net for network in local if network.role == "management" for net in network.prefixes),
        services=(SSH,),
        why="the operator reaches its own gateway",
    )
    to_itself = [flow for flow in flows if flow.target.kind == "gateway"]
    through = [flow for flow in flows if flow.target.kind != "gateway"]
    pools = site.networks.pools
    forward = [_forward(flow, pools) for flow in through]
    return Gateway(
        host=declared.name,
        site=declared.cluster,
        management=management.gateways[0],
        interfaces=_interfaces(site, local),
        trunk=declared.trunk,
        isp=declared.isp,
        internal=_internal(networks, pools),
        public=site.networks.public.prefix,
        delivery=site.networks.public.delivery,
        forward=tuple(rule for rule in forward if rule.from_internet or rule.sources),
        input=(ssh, *(_input(flow, pools) for flow in to_itself)),
        dnat=tuple(_destination_nat(flow, public) for flow in through if flow.kind == "publish"),
        snat=tuple(_source_nat(flow, public, pools) for flow in through if flow.kind == "egress"),
        listen=tuple(address for network in local for address in network.gateways),
        resolvers=declared.resolvers,
    )
