# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the words of a site point to something: owners, sizes, networks, endpoints, pools.

The last step of reading. What a rule of the master plan forbids is in ``policy``, not here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network
from itertools import combinations

from network_plan.model.finding import Finding, Severity, type_path
from network_plan.model.service import Service
from network_plan.model.site import Flow, Site
from network_plan.model.site.endpoint import EndpointKind, parse_endpoint
from network_plan.model.site.expand import DeclaredNetwork, declared_networks
from network_plan.model.site.network import Role

FIRST_HOST = 10
"""Addresses below the tenth of a network are the gateway's and the operator's own."""


_ID = re.compile(r"^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$")


class _Check:
    def __init__(self, site: Site) -> None:
        self.site = site
        self.findings: list[Finding] = []
        self.vms = {f"{t}/{v}": vm for t, tenant in site.tenants.items() for v, vm in tenant.vms.items()}

    def fail(self, rule: str, what: str, cure: str, *path: str | int) -> None:
        self.findings.append(Finding(severity=Severity.ERROR, rule=rule, what=what, cure=cure, path=path))

    def known(self, kind: str, name: str, among: Iterable[str], *path: str | int) -> bool:
        names = sorted(among)
        if name in names:
            return True
        near = difflib.get_close_matches(name, names, n=1)
        shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        cure = f"did you mean {near[0]!r}?" if near else f"known: {shown or 'none'}"
        self.fail(f"site/{kind}", f"there is no {kind} {name!r}", cure, *path)
        return False

    def services(self, texts: tuple[str, ...], *path: str | int) -> list[Service]:
        found = []
        for index, text in enumerate(texts):
            try:
                found.append(Service.parse(text))
            except ValueError as error:
                what, _, cure = str(error).partition("; ")
                self.fail("site/service", what, cure, *path, index)
        return found


def _owners(check: _Check) -> None:
    site = check.site
    clusters = site.clusters.clusters
    check.known("tenant", site.regency.operator, site.tenants, "regency", "operator")
    check.known("cluster", site.clusters.default_cluster, clusters, "clusters", "default_cluster")
    check.known("cluster", site.dr.cluster, clusters, "dr", "cluster")
    check.known("cluster", site.networks.gateway.cluster, clusters, "networks", "gateway", "cluster")
    if site.clusters.vmids[0] < 100 or site.clusters.vmids[0] > site.clusters.vmids[1]:
        check.fail("site/vmids", "no range of VMIDs", "write [first, last], 100 or more", "clusters", "vmids")
    seen: dict[str, str] = {}
    for name, cluster in clusters.items():
        for index, group in enumerate(cluster.hosts):
            path = ("clusters", "clusters", name, "hosts", index)
            if group.reserve_mib >= group.memory_mib:
                check.fail(
                    "site/reserve",
                    "nothing is left for VMs",
                    "reserve less than the memory",
                    *path,
                    "reserve_mib",
                )
            for host in group.names:
                if host in seen:
                    what = f"host {host!r} stands in {seen[host]} and in {name}"
                    check.fail("site/duplicate", what, "host names are unique in a site", *path, "names")
                seen[host] = name
    for tenant_id, tenant in site.tenants.items():
        if not _ID.match(tenant_id):
            cure = "use a-z, 0-9 and '-', 30 at most"
            check.fail("site/id", f"{tenant_id!r} can't name a tenant", cure, "tenants", tenant_id)
        for vm_id, vm in tenant.vms.items():
            path = ("tenants", tenant_id, "vms", vm_id)
            check.known("size", vm.size, site.clusters.sizes, *path, "size")
            check.services(vm.serves, *path, "serves")
            if vm.priority not in site.dr.tiers:
                check.fail(
                    "site/tier", f"dr.yml has no tier {vm.priority}", "add it there", *path, "priority"
                )
            if vm.network != "servers":
                check.known("network", vm.network, tenant.networks, *path, "network")
            cluster_id = vm.cluster or site.clusters.default_cluster
            if vm.cluster is not None and not check.known("cluster", vm.cluster, clusters, *path, "cluster"):
                continue
            if vm.node is not None and cluster_id in clusters:
                hosts = [host for group in clusters[cluster_id].hosts for host in group.names]
                check.known("host", vm.node, hosts, *path, "node")
        for name, extra in tenant.networks.items():
            if extra.cluster is not None:
                check.known(
                    "cluster", extra.cluster, clusters, "tenants", tenant_id, "networks", name, "cluster"
                )


def _pools(check: _Check) -> None:
    site = check.site
    blocks: list[tuple[str, IPv4Network | IPv6Network, type_path]] = []
    for role, pool in site.networks.pools.items():
        path: type_path = ("networks", "pools", role.value)
        blocks.append((f"pool {role.value}", pool.prefix, (*path, "prefix")))
        if pool.prefix6 is not None:
            blocks.append((f"pool {role.value}", pool.prefix6, (*path, "prefix6")))
            what = f"{pool.prefix6}: IPv6 is in the types, but no rule is compiled for it yet"
            check.fail("site/ipv6", what, "leave prefix6 out", *path, "prefix6")
        if not pool.prefix.prefixlen <= pool.length <= 28:
            what = f"networks of length {pool.length} can't come from {pool.prefix}"
            check.fail("site/prefix", what, f"write {pool.prefix.prefixlen} to 28", *path, "length")
        if pool.vlans.first > pool.vlans.last:
            check.fail("site/vlans", "the range is empty", "write the lower id first", *path, "vlans")
    public = site.networks.public
    blocks.append(("the public block", public.prefix, ("networks", "public", "prefix")))
    blocks.append(("the gateway's link", site.networks.gateway.wan.network, ("networks", "gateway", "wan")))
    for (name_a, a, _), (name_b, b, path_b) in combinations(blocks, 2):
        if a.version == b.version and a.overlaps(b):
            check.fail(
                "site/overlap", f"{name_b} {b} overlaps {name_a} {a}", "give each its own block", *path_b
            )
    roles = list(site.networks.pools.items())
    for (role_a, a_pool), (role_b, b_pool) in combinations(roles, 2):
        if a_pool.vlans.first <= b_pool.vlans.last and b_pool.vlans.first <= a_pool.vlans.last:
            what = f"VLANs of {role_b.value} overlap those of {role_a.value}"
            check.fail(
                "site/overlap", what, "give each its own range", "networks", "pools", role_b.value, "vlans"
            )
    gateway = site.networks.gateway
    if gateway.isp not in gateway.wan.network or gateway.isp == gateway.wan.ip:
        what = f"the provider's address {gateway.isp} is not the other end of {gateway.wan}"
        check.fail("site/link", what, "write the two ends of one link", "networks", "gateway", "isp")
    if public.delivery == "on_link" and public.isp is None:
        what = "with delivery on_link the provider has an address in the block"
        check.fail("site/public", what, "write it as 'isp'", "networks", "public", "delivery")
    tunnel = site.dr.tunnel.prefix
    management = site.networks.pools.get(Role.MANAGEMENT)
    if management is None or not tunnel.subnet_of(management.prefix):
        what = f"the tunnel's prefix {tunnel} is not in the management pool"
        check.fail("site/prefix", what, "take it from the end of that pool", "dr", "tunnel", "prefix")


def _networks(check: _Check, networks: tuple[DeclaredNetwork, ...]) -> None:
    site = check.site
    keys = {network.key: network for network in networks}
    for network in networks:
        pool = site.networks.pools.get(network.role)
        if pool is None:
            what = f"{network.key} has role {network.role.value}, which has no pool"
            check.fail("site/pool", what, "add the pool to networks.yml", *network.path)
            continue
        room = max(0, (1 << (32 - min(32, pool.length))) - 1 - FIRST_HOST)
        if network.hosts > room:
            what = f"{network.key} needs {network.hosts} addresses, a /{pool.length} has room for {room}"
            check.fail("site/prefix", what, "split it, or lengthen the pool's networks", *network.path)
    for name, cluster in site.clusters.clusters.items():
        path = ("clusters", "clusters", name, "network")
        if (
            check.known("network", cluster.network, keys, *path)
            and keys[cluster.network].role is not Role.MANAGEMENT
        ):
            check.fail(
                "site/network", f"{cluster.network} is no management network", "name one that is", *path
            )


def _flow(
    check: _Check, tenant: str, flow: Flow, offices: set[str], networks: set[str], path: type_path
) -> None:
    ends = [(text, (*path, "from", index)) for index, text in enumerate(flow.from_)] + [
        (flow.to, (*path, "to"))
    ]
    services = check.services(flow.ports, *path, "ports")
    for text, where in ends:
        try:
            ref = parse_endpoint(text, tenant)
        except ValueError as error:
            what, _, cure = str(error).partition("; ")
            check.fail("site/endpoint", what, cure, *where)
            continue
        target = where[-1] == "to"
        if target and ref.kind is EndpointKind.INTERNET:
            check.fail(
                "site/flow", "a flow can't lead to the internet", "write an egress in services.yml", *where
            )
        if not target and ref.kind in (EndpointKind.GATEWAY, EndpointKind.INTERNET):
            cure = "publish a VM in services.yml" if ref.kind is EndpointKind.INTERNET else "name a network"
            check.fail("site/flow", f"a flow can't come from {text!r}", cure, *where)
        if ref.kind is EndpointKind.VM:
            if check.known("vm", ref.key, check.vms, *where) and target and not flow.ports:
                if not check.vms[ref.key].serves:
                    check.fail("site/flow", f"{ref.key} serves nothing", "name the ports", *where)
        elif ref.kind is EndpointKind.NETWORK:
            check.known("network", ref.key, networks, *where)
        elif ref.kind is EndpointKind.OFFICE and check.known(
            "tenant", ref.tenant, check.site.tenants, *where
        ):
            if ref.name:
                check.known("office", ref.key, offices, *where)
            elif not any(office.startswith(f"{ref.tenant}/") for office in offices):
                check.fail(
                    "site/flow", f"{ref.tenant} has no office", "declare one, or name another source", *where
                )
        if target and ref.kind is not EndpointKind.VM and not services:
            check.fail("site/flow", f"a flow to {text!r} names no ports", "name them", *path)


def _flows(check: _Check, networks: tuple[DeclaredNetwork, ...]) -> None:
    site = check.site
    offices = {f"{t}/{o}" for t, tenant in site.tenants.items() for o in tenant.offices}
    keys = {network.key for network in networks}
    for tenant_id, tenant in site.tenants.items():
        for name, flow in tenant.flows.items():
            _flow(check, tenant_id, flow, offices, keys, ("tenants", tenant_id, "flows", name))
    for name, flow in site.services.flows.items():
        _flow(check, site.regency.operator, flow, offices, keys, ("services", "flows", name))
        if len(name) > 18 and not flow.to.startswith("vm:"):
            what = f"{name!r} names a security group, which PVE limits to 18 characters"
            check.fail("site/flow", what, "shorten it", "services", "flows", name)
    for name, egress in site.services.egress.items():
        flow = Flow(from_=egress.from_, to="gateway", why=egress.why, ports=egress.ports or ("icmp",))
        _flow(check, site.regency.operator, flow, offices, keys, ("services", "egress", name))


def _public(check: _Check) -> None:
    site = check.site
    public = site.networks.public
    taken: dict[object, str] = {}
    fixed = [("publish", name, item) for name, item in site.services.publish.items()]
    fixed += [("egress", name, item) for name, item in site.services.egress.items()]  # type: ignore[misc]
    for kind, name, item in fixed:
        path = ("services", kind, name, "address")
        if item.address is None:
            continue
        if item.address not in public.prefix:
            check.fail(
                "site/public", f"{item.address} is not in {public.prefix}", "take one of the block", *path
            )
        if item.address in taken:
            what = f"public address {item.address} is taken by {taken[item.address]}"
            check.fail("site/public", what, "take another, or leave it to the ledger", *path)
        taken[item.address] = name
    for name, publication in site.services.publish.items():
        where = ("services", "publish", name)
        wanted = check.services(publication.ports, *where, "ports")
        if publication.holder is not None:
            check.known("tenant", publication.holder, site.tenants, *where, "holder")
        if publication.exception is not None:
            check.known("exception", publication.exception, site.services.exceptions, *where, "exception")
        if not check.known("vm", publication.vm, check.vms, *where, "vm"):
            continue
        served = []
        for text in check.vms[publication.vm].serves:
            try:
                served.append(Service.parse(text))
            except ValueError:
                continue  # reported where the VM is declared
        for index, service in enumerate(wanted):
            if not any(item.covers(service) for item in served):
                what = f"{publication.vm} does not serve {service}"
                check.fail("site/flow", what, "publish what it serves", *where, "ports", index)
    for name, item in site.services.exceptions.items():
        check.known("tenant", item.tenant, site.tenants, "services", "exceptions", name, "tenant")


def check_references(site: Site) -> list[Finding]:
    """Every dangling word of a site, at once.

    Returns:
        Findings with their key paths; empty when the site can be expanded and allotted.
    """
    check = _Check(site)
    networks = declared_networks(site)
    _owners(check)
    _pools(check)
    _networks(check, networks)
    _flows(check, networks)
    _public(check)
    return check.findings
