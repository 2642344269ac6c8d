# SPDX-License-Identifier: GPL-3.0-or-later
"""The walls that a packet meets: the gateway's chains, a VM's own firewall, a host's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from ipaddress import IPv4Network, ip_network

from network_plan.model.firewall import Rule
from network_plan.model.gateway import DestinationNat, ForwardRule, Gateway
from network_plan.model.guest import Guest
from network_plan.model.network import IpNetwork
from network_plan.model.node import Cluster
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.reach.answer import Step
from network_plan.reach.side import Side, inside, touches

SSH = Service(proto="tcp", first=22, last=22)
ECHO = Service.parse("icmp")
HOST_SERVICES = (
    SSH,
    Service.parse("tcp/3128"),
    Service.parse("tcp/5900-5999"),
    Service.parse("tcp/8006"),
)
"""What PVE lets the ipset ``management`` reach on a host (pve-firewall, ``enable_host_firewall``)."""


def carries(services: Sequence[Service], service: Service) -> bool:
    """Whether one of the services holds all of another."""
    return any(item.covers(service) for item in services)


def runs(until: date | None, today: date | None) -> bool:
    """Whether a dated rule still holds; ``None`` as today judges no dates."""
    return until is None or today is None or today <= until


def translation(
    gateway: Gateway, target: Side, service: Service, today: date | None
) -> DestinationNat | None:
    """The publication that turns a public address into a VM's."""
    for rule in gateway.dnat:
        if (
            target.prefix == IPv4Network(rule.public)
            and carries(rule.services, service)
            and runs(rule.until, today)
        ):
            return rule
    return None


def to_gateway(
    gateway: Gateway, source: Side, target: Side, service: Service, today: date | None
) -> Step | None:
    """The gateway's input chain, where the target is one of its own addresses."""
    own = [address.ip for interface in gateway.interfaces for address in interface.addresses]
    if target.prefix.prefixlen != 32 or target.prefix.network_address not in own:
        return None
    where = f"gateway {gateway.host} (input)"
    if source.internet:
        return Step(where=where, rule="nothing comes in by the WAN", passed=False)
    if service == ECHO:
        return Step(where=where, rule="echo from inside", passed=True)
    for rule in gateway.input:
        if (
            runs(rule.until, today)
            and carries(rule.services, service)
            and inside(source.prefix, rule.sources)
        ):
            return Step(where=where, rule=rule.key, passed=True)
    return Step(where=where, rule="policy drop", passed=False)


def _fits(rule: ForwardRule, source: Side, target: Side, *, translated: bool) -> bool:
    """Whether both sides of a packet are a rule's."""
    if rule.to_internet:
        return target.internet and inside(source.prefix, rule.sources)
    if rule.from_internet:
        return source.internet and translated and inside(target.prefix, rule.destinations)
    if source.internet or target.internet:
        return False
    return inside(source.prefix, rule.sources) and inside(target.prefix, rule.destinations)


def forward(
    gateway: Gateway, source: Side, target: Side, service: Service, *, translated: bool, today: date | None
) -> Step:
    """The gateway's forward chain."""
    where = f"gateway {gateway.host} (forward)"
    rules = [
        rule
        for rule in gateway.forward
        if runs(rule.until, today) and (not rule.services or carries(rule.services, service))
    ]
    for rule in rules:
        if _fits(rule, source, target, translated=translated):
            return Step(where=where, rule=rule.key, passed=True)
    partly = [
        rule.key
        for rule in rules
        if not source.internet
        and touches(source.prefix, rule.sources)
        and not inside(source.prefix, rule.sources)
        and (rule.to_internet if target.internet else inside(target.prefix, rule.destinations))
    ]
    note = f" (only a part of {source.text} may, by {', '.join(partly)})" if partly else ""
    return Step(where=where, rule=f"policy drop{note}", passed=False)


def _named(cluster: Cluster, source: str) -> tuple[IpNetwork, ...]:
    """What ``dc/alias`` or ``+dc/ipset`` in a rule stands for."""
    if source.startswith("+"):
        name = source.removeprefix("+dc/")
        cidrs = next(ipset.cidrs for ipset in cluster.firewall.ipsets if ipset.name == name)
    else:
        name = source.removeprefix("dc/")
        cidrs = tuple(alias.cidr for alias in cluster.firewall.aliases if alias.name == name)
    return tuple(ip_network(cidr) for cidr in cidrs)


def _expanded(cluster: Cluster, guest: Guest) -> Iterator[tuple[str, Rule]]:
    """A VM's rules in order, those of its security groups in their place."""
    groups = {group.name: group for group in cluster.firewall.groups}
    for rule in guest.firewall.rules:
        if rule.direction == "group":
            yield from ((f"{rule.action}/{inner.key}", inner) for inner in groups[rule.action].rules)
        else:
            yield rule.key, rule


def _matches(cluster: Cluster, rule: Rule, source: Side, service: Service) -> bool:
    if rule.proto != service.proto:
        return False
    if rule.dport:
        first, _, last = rule.dport.partition(":")
        if not int(first) <= service.first <= service.last <= int(last or first):
            return False
    return not rule.source or inside(source.prefix, _named(cluster, rule.source))


def guest_in(plan: Plan, guest: Guest, source: Side, service: Service) -> Step:
    """The second wall: the target VM's own rules, first match."""
    where = f"firewall of VM {guest.vmid} ({guest.key})"
    cluster = plan.cluster(guest.cluster)
    for key, rule in _expanded(cluster, guest):
        if _matches(cluster, rule, source, service):
            return Step(where=where, rule=key, passed=rule.action == "ACCEPT")
    policy = guest.firewall.policy_in
    return Step(where=where, rule=f"policy {policy}", passed=policy == "ACCEPT")


def guest_out(guest: Guest) -> Step:
    """The source VM's own firewall: what it may send, from its own address only."""
    policy = guest.firewall.policy_out
    where = f"firewall of VM {guest.vmid} ({guest.key})"
    return Step(where=where, rule=f"policy {policy} (out), own address only", passed=policy == "ACCEPT")


def host_in(cluster: Cluster, source: Side, service: Service) -> Step:
    """A host's own firewall: PVE's standard services for the management networks, and its policy."""
    where = f"firewall of the hosts of {cluster.name}"
    if inside(source.prefix, _named(cluster, "+dc/management")) and carries(HOST_SERVICES, service):
        return Step(where=where, rule="ipset management", passed=True)
    policy = cluster.firewall.policy_in
    return Step(where=where, rule=f"policy {policy}", passed=policy == "ACCEPT")


def listens(guest: Guest) -> tuple[Service, ...]:
    """What answers on a VM: what it serves, its sshd, and echo."""
    return (*guest.serves, SSH, ECHO)
