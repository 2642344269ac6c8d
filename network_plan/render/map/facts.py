# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of each object, in words for people: facts, source, and the words by which it is found."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from network_plan.model.application import Application
from network_plan.model.firewall import Rule
from network_plan.model.flow import Flow
from network_plan.model.gateway import Gateway
from network_plan.model.guest import Guest
from network_plan.model.network import Network, PublicAddress
from network_plan.model.node import Cluster
from network_plan.model.node import Node as Host
from network_plan.model.plan import DatedException, Plan
from network_plan.model.tenant import Tenant
from network_plan.render.map.top import gib

_NAMED = 2  # rules of one flow at one VM


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the panel says of an object.

    Attributes:
        kind: what it is, in one or two words.
        facts: ``(what, value)``; empty values are left out.
        words: what a search finds it by.
    """

    kind: str
    title: str
    facts: tuple[tuple[str, str], ...]
    source: str
    words: tuple[str, ...] = ()


def _facts(*pairs: tuple[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in pairs if value not in (None, "", ()))


def joined(values: Iterable[object]) -> str:
    """Values in one line."""
    return ", ".join(str(value) for value in values)


def services_words(flow: Flow) -> str:
    """The ports of a flow; none named means any, as at the gateway."""
    return joined(flow.services) or "any"


def exception_words(exception: DatedException) -> str:
    """A dated exception in one sentence."""
    return f"{exception.reason} (until {exception.until.isoformat()})"


def _chains(gateway: Gateway) -> Iterable[tuple[str, Iterable[str]]]:
    """The keys of a gateway's rules, chain by chain."""
    yield "forward", (rule.key for rule in gateway.forward)
    yield "input", (rule.key for rule in gateway.input)
    yield "dnat", (rule.key for rule in gateway.dnat)
    yield "snat", (rule.key for rule in gateway.snat)


def _flow_of(rule: Rule) -> str:
    """The flow that a VM's rule was compiled from."""
    return rule.key.partition(":")[0]


def wall_words(guest: Guest) -> dict[str, str]:
    """By flow, the rules of a VM's own firewall that let it in."""
    found: dict[str, list[str]] = {}
    for rule in guest.firewall.rules:
        if rule.direction != "out":
            words = f"group {rule.action}" if rule.direction == "group" else rule.key
            found.setdefault(_flow_of(rule), []).append(words)
    return {key: _few(list(dict.fromkeys(words)), key) for key, words in found.items()}


def _few(words: list[str], flow: str) -> str:
    """Rules by name, or how many there are where they are many: a flow from twenty offices has twenty."""
    return joined(words) if len(words) <= _NAMED else f"{len(words)} rules {flow}:…"


class Describe:
    """Facts of the objects of one Plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._exceptions = {exception.key: exception for exception in plan.exceptions}
        self._tiers = {tier.priority: tier for tier in plan.tiers}
        self._at_gateway: dict[str, list[str]] = {}
        for gateway in plan.gateways[:1]:
            for kind, rules in _chains(gateway):
                for key in dict.fromkeys(rules):
                    self._at_gateway.setdefault(key, []).append(f"{kind} {key}")
        self._at_vms: dict[str, list[str]] = {}
        for guest in plan.guests:
            for rule in guest.firewall.rules if guest.running else ():
                self._at_vms.setdefault(_flow_of(rule), []).append(f"{guest.vmid} {rule.key}")
        self._names: dict[str, list[str]] = {}
        for name in plan.names:
            for address in name.addresses:
                known = self._names.setdefault(str(address), [])
                if name.fqdn not in known:
                    known.append(name.fqdn)

    def named(self, address: object) -> list[str]:
        """The DNS names of an address."""
        return self._names.get(str(address), [])

    def internet(self) -> Facts:
        """Everything outside."""
        gateway = self._plan.gateways[0]
        return Facts(
            kind="outside",
            title="Internet",
            facts=_facts(
                ("provider's router", gateway.isp),
                ("public block", f"{gateway.public}, {gateway.delivery.replace('_', ' ')}"),
                ("in use", f"{len(self._plan.public)} public addresses"),
            ),
            source="",
            words=("internet", str(gateway.isp), str(gateway.public)),
        )

    def gateway(self, gateway: Gateway) -> Facts:
        """The one door."""
        wan = [
            str(address) for port in gateway.interfaces if port.kind == "wan" for address in port.addresses
        ]
        return Facts(
            kind="gateway",
            title=gateway.host,
            facts=_facts(
                ("management", gateway.management),
                ("towards the internet", joined(wan)),
                ("trunk", gateway.trunk),
                ("interfaces", len(gateway.interfaces)),
                ("rules", f"{len(gateway.forward)} forward, {len(gateway.input)} to itself"),
                ("translation", f"{len(gateway.dnat)} published, {len(gateway.snat)} outward"),
                ("resolver asks", joined(gateway.resolvers)),
            ),
            source="",
            words=(gateway.host, str(gateway.management), *wan, *self.named(gateway.management)),
        )

    def public(self, public: PublicAddress) -> Facts:
        """One public address."""
        exception = self._exceptions.get(public.exception or "")
        return Facts(
            kind="public address",
            title=f"{public.address} {public.name}",
            facts=_facts(
                ("name", public.name),
                ("held by", public.holder),
                ("use", {"publish": "publishes (DNAT)", "egress": "leaves behind it (SNAT)"}[public.use]),
                ("DNS", joined(self.named(public.address))),
                ("dated exception", exception_words(exception) if exception else public.exception),
                ("until", public.until),
            ),
            source=public.source,
            words=(str(public.address), public.name, public.exception or "", *self.named(public.address)),
        )

    def tenant(self, tenant: Tenant) -> Facts:
        """An agency."""
        vms = [guest.key for guest in self._plan.guests if guest.tenant == tenant.key and not guest.twin]
        exceptions = [exception_words(e) for e in self._plan.exceptions if e.tenant == tenant.key]
        return Facts(
            kind="tenant",
            title=tenant.name,
            facts=_facts(
                ("key", tenant.key),
                ("kind", tenant.kind + (f", type {tenant.type}" if tenant.type else "")),
                ("part", "operator of the infrastructure" if tenant.operator else "tenant"),
                ("pool", tenant.pool),
                ("VMs", joined(vms) or "none"),
                ("dated exception", joined(exceptions)),
            ),
            source=tenant.source,
            words=(tenant.key, tenant.name, tenant.kind),
        )

    def network(self, network: Network) -> Facts:
        """A layer-2 network."""
        return Facts(
            kind=f"{network.role} network",
            title=network.key,
            facts=_facts(
                ("what", network.title),
                ("prefix", joined(network.prefixes)),
                ("gateway", joined(network.gateways)),
                ("VLAN", network.vlan),
                ("vnet", f"{network.vnet} in {joined(network.clusters)}" if network.clusters else ""),
                ("site", network.site),
                ("transport", network.transport),
            ),
            source=network.source,
            words=(
                network.key, network.title, network.role, str(network.vlan), f"vlan {network.vlan}",
                network.vnet, *map(str, network.prefixes), *map(str, network.gateways),
            ),
        )  # fmt: skip

    def cluster(self, cluster: Cluster) -> Facts:
        """A Proxmox VE cluster."""
        role = self._plan.role
        return Facts(
            kind="cluster",
            title=f"{cluster.name}, {cluster.title}",
            facts=_facts(
                (
                    "part",
                    f"primary since epoch {role.epoch}" if role.primary == cluster.name else "stands by",
                ),
                ("hosts", f"{len(cluster.nodes)}, of which {cluster.spare_hosts} to spare"),
                ("memory for VMs", f"{gib(sum(node.free_mib for node in cluster.nodes))} GiB"),
                ("management", cluster.network),
                ("SDN", f"zone {cluster.zone} on {cluster.bridge}, {len(cluster.vnets)} vnets"),
                ("VM storage", cluster.vm_storage),
                ("image", cluster.image),
                ("first purchase", cluster.first_purchase),
            ),
            source=cluster.source,
            words=(cluster.name, cluster.title),
        )

    def host(self, cluster: Cluster, node: Host) -> Facts:
        """A machine of a cluster."""
        here = [guest for guest in self._plan.guests_of(cluster.name) if guest.node == node.name]
        return Facts(
            kind="host",
            title=node.name,
            facts=_facts(
                ("cluster", cluster.name),
                ("address", joined(node.addresses)),
                ("cores", node.cores),
                ("memory", f"{gib(node.memory_mib)} GiB, {gib(node.reserve_mib)} kept for the host"),
                ("taken by VMs", f"{gib(sum(g.memory_mib for g in here))} of {gib(node.free_mib)} GiB"),
                ("disk", f"{node.disk_gib} GiB"),
                ("VMs", joined(f"{g.key} ({g.vmid}{', twin' if g.twin else ''})" for g in here) or "none"),
            ),
            source=node.source,
            words=(node.name, *map(str, node.addresses), *(n for a in node.addresses for n in self.named(a))),
        )

    def guest(self, guest: Guest) -> Facts:
        """A VM or a twin."""
        tier = self._tiers.get(guest.tier)
        addresses = [str(address.ip) for nic in guest.nics for address in nic.addresses]
        power = "running" if guest.running else "stopped"
        state = f"twin, {power} while {self._plan.role.primary} is primary" if guest.twin else power
        return Facts(
            kind="twin" if guest.twin else "VM",
            title=f"{guest.key}, {guest.title}",
            facts=_facts(
                ("VMID", guest.vmid),
                ("stands in", f"{guest.cluster}, host {guest.node}"),
                ("state", state),
                ("address", joined(addresses)),
                ("network", joined(nic.network for nic in guest.nics)),
                ("MAC", joined(nic.mac for nic in guest.nics)),
                ("DNS", guest.fqdn),
                ("serves", joined(guest.serves)),
                ("size", f"{guest.cores} cores, {gib(guest.memory_mib)} GiB"),
                ("disks", joined(f"{disk.slot} {disk.size_gib} GiB on {disk.storage}" for disk in guest.disks)),
                ("priority", guest.tier),
                ("recovery", f"RPO {tier.rpo_minutes} min, RTO {tier.rto_minutes} min" if tier else ""),
                ("application", joined(guest.applications)),
                ("HA", f"replica on {guest.ha.replica}, every {guest.ha.minutes} min" if guest.ha else ""),
                ("protected", "yes" if guest.protect else "no"),
            ),
            source=guest.source,
            words=(
                guest.key, guest.name, guest.title, str(guest.vmid), guest.fqdn, *addresses,
                *(nic.mac for nic in guest.nics), *guest.applications,
            ),
        )  # fmt: skip

    def application(self, app: Application) -> Facts:
        """A row of the application table."""
        need = f"{gib(app.memory_mib)} GiB of memory, {app.disk_gib} GiB of disk" if app.memory_mib else ""
        return Facts(
            kind=app.kind,
            title=app.title,
            facts=_facts(
                ("theme", app.theme),
                ("state", app.state),
                ("priority", app.priority),
                ("owner", app.owner),
                ("owner by", app.owner_source),
                ("hosted", app.hosting.replace("_", " ")),
                ("middleware", "other tenants' systems call it" if app.middleware else ""),
                ("VMs", joined(app.vms) or "none yet"),
                ("counted with", need),
                ("note", app.note),
            ),
            source=app.source,
            words=(app.key, app.title, app.owner, app.theme),
        )

    def at_gateway(self, flow: Flow) -> str:
        """The rules of the first wall that carry a flow."""
        return joined(self._at_gateway.get(flow.key, ()))

    def flow(self, flow: Flow, publics: Collection[str]) -> Facts:
        """A flow and the rules that carry it at both walls."""
        exceptions = [
            exception_words(self._exceptions[public.exception])
            for public in self._plan.public
            if public.exception in self._exceptions and str(public.address) in publics
        ]
        return Facts(
            kind={"flow": "flow", "publish": "publication", "egress": "way out"}[flow.kind],
            title=flow.key,
            facts=_facts(
                ("from", joined(source.text for source in flow.sources)),
                ("to", flow.target.text),
                ("by", joined(sorted(publics))),
                ("ports", services_words(flow)),
                ("why", flow.why),
                ("owner", flow.owner),
                ("until", f"{flow.until.isoformat()}, then the gateway itself ends it" if flow.until else ""),
                ("dated exception", joined(exceptions)),
                ("rule at the gateway", self.at_gateway(flow)),
                ("rules at the VMs", joined(self._at_vms.get(flow.key, ()))),
            ),
            source="",
            words=(flow.key, flow.why),
        )
