# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows, resolved: endpoints become prefixes, publications and egress become flows like any other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from ipaddress import ip_network

from network_plan.derive.addresses import vm_addresses
from network_plan.model.flow import Endpoint, Flow
from network_plan.model.ledger import Kind
from network_plan.model.network import IpNetwork, Network
from network_plan.model.service import Service
from network_plan.model.site import Flow as DeclaredFlow
from network_plan.model.site import Site
from network_plan.model.site.endpoint import EndpointKind, EndpointRef, parse_endpoint
from network_plan.model.site.expand import declared_vms

INTERNET = Endpoint(text="internet", kind="internet", prefixes=(), networks=(), vm=None)
GATEWAY = Endpoint(text="gateway", kind="gateway", prefixes=(), networks=(), vm=None)

_ROLES = {
    EndpointKind.OFFICES: ("office",),
    EndpointKind.SERVERS: ("servers", "dmz"),
    EndpointKind.MANAGEMENT: ("management",),
}


def _services(texts: Iterable[str]) -> tuple[Service, ...]:
    """Sorted, each once, however often it was written."""
    return tuple(sorted(set(map(Service.parse, texts))))


class Resolver:
    """Endpoint references → prefixes, over finished networks."""

    def __init__(self, site: Site, live: Mapping[tuple[Kind, str], str], networks: Sequence[Network]) -> None:
        self._by_key = {network.key: network for network in networks}
        self._by_role: dict[str, list[Network]] = {}
        self._offices: dict[str, list[Network]] = {}
        for network in networks:
            self._by_role.setdefault(network.role, []).append(network)
            if network.role == "office":
                self._offices.setdefault(network.tenant, []).append(network)
        self._known: dict[EndpointRef, Endpoint] = {}
        by_key = {network.key: network for network in networks}
        self._vms = {
            vm.key: (vm_addresses(vm.key, live, by_key[vm.network]), vm.network) for vm in declared_vms(site)
        }
        self.serves = {vm.key: _services(vm.vm.serves) for vm in declared_vms(site)}

    def endpoint(self, ref: EndpointRef) -> Endpoint:
        """What a reference means; ``parse.references`` has checked its words, and that none is the internet."""
        found = self._known.get(ref)
        if found is None:
            found = self._known[ref] = self._resolve(ref)
        return found

    def _resolve(self, ref: EndpointRef) -> Endpoint:
        if ref.kind is EndpointKind.GATEWAY:
            return GATEWAY
        if ref.kind is EndpointKind.VM:
            addresses, network = self._vms[ref.key]
            prefixes: tuple[IpNetwork, ...] = tuple(map(ip_network, addresses))
            return Endpoint(text=str(ref), kind="vm", prefixes=prefixes, networks=(network,), vm=ref.key)
        chosen = self._chosen(ref)
        return Endpoint(
            text=str(ref),
            kind="networks",
            prefixes=tuple(prefix for network in chosen for prefix in network.prefixes),
            networks=tuple(network.key for network in chosen),
            vm=None,
        )

    def _chosen(self, ref: EndpointRef) -> list[Network]:
        """The networks that a word means, in the order of their keys."""
        if ref.kind is EndpointKind.NETWORK:
            return [self._by_key[ref.key]]
        if ref.kind is EndpointKind.OFFICE:
            offices = self._offices.get(ref.tenant, [])
            return [office for office in offices if not ref.name or office.name == f"office-{ref.name}"]
        chosen = [network for role in _ROLES[ref.kind] for network in self._by_role.get(role, [])]
        return sorted(chosen, key=lambda network: network.key)


def _flow(resolver: Resolver, owner: str, key: str, flow: DeclaredFlow) -> Flow:
    target = parse_endpoint(flow.to, owner)
    services = _services(flow.ports) or resolver.serves[target.key]
    sources = dict.fromkeys(parse_endpoint(text, owner) for text in flow.from_)
    return Flow(
        key=key,
        kind="flow",
        sources=tuple(map(resolver.endpoint, sources)),
        target=resolver.endpoint(target),
        services=services,
        until=flow.until,
        why=flow.why,
        owner=owner,
    )


def derive_flows(
    site: Site, live: Mapping[tuple[Kind, str], str], networks: Sequence[Network]
) -> tuple[Flow, ...]:
    """Every flow with its reason, sorted by key (``tenant/name``, or ``regency/``, ``publish/``, ``egress/``)."""
    resolver = Resolver(site, live, networks)
    operator = site.regency.operator
    found = [
        _flow(resolver, tenant_id, f"{tenant_id}/{name}", flow)
        for tenant_id, tenant in site.tenants.items()
        for name, flow in tenant.flows.items()
    ]
    found += [
        _flow(resolver, operator, f"regency/{name}", flow) for name, flow in site.services.flows.items()
    ]
    for name, item in site.services.publish.items():
        owner, _, vm = item.vm.partition("/")
        until: date | None = site.services.exceptions[item.exception].until if item.exception else None
        found.append(
            Flow(
                key=f"publish/{name}",
                kind="publish",
                sources=(INTERNET,),
                target=resolver.endpoint(EndpointRef(kind=EndpointKind.VM, tenant=owner, name=vm)),
                services=_services(item.ports),
                until=until,
                why=item.why,
                owner=item.holder or operator,
            )
        )
    for name, egress in site.services.egress.items():
        outward = dict.fromkeys(parse_endpoint(text, operator) for text in egress.from_)
        found.append(
            Flow(
                key=f"egress/{name}",
                kind="egress",
                sources=tuple(map(resolver.endpoint, outward)),
                target=INTERNET,
                services=_services(egress.ports),
                until=None,
                why=egress.why,
                owner=operator,
            )
        )
    return tuple(sorted(found, key=lambda flow: flow.key))
