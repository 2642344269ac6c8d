# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxmox VE's firewall from the same flows: the second wall, at each VM's own interface.

PVE knows no dates: a dated flow ends in the gateway; its rule here stays until it is removed from the
site, which ``policy`` asks for. Between VMs of one network only this wall stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from network_plan.derive.pools import pools_of
from network_plan.model.firewall import Alias, ClusterFirewall, GuestFirewall, IpSet, Rule, SecurityGroup
from network_plan.model.flow import Endpoint, Flow
from network_plan.model.guest import Nic
from network_plan.model.network import IpNetwork, Network
from network_plan.model.site import Networks
from network_plan.model.site.endpoint import pve_name


def _is_single(endpoint: Endpoint) -> bool:
    """Whether it is one address or network and stays so: an alias. A word for many is a set of any size.

    Else a tenant's second office would rename what the rules of its first one point to. With IPv6 a VM or network has
    two prefixes, which an alias can't hold: it is a set of the same name.
    """
    return len(endpoint.prefixes) == 1 and endpoint.text.startswith(("vm:", "network:"))


def _source(endpoint: Endpoint) -> str:
    """How a rule names an endpoint; the internet is any address, the gateway decides which."""
    if endpoint.kind == "internet":
        return ""
    if _is_single(endpoint):
        return f"dc/{pve_name(endpoint.text)}"
    return f"+dc/{pve_name(endpoint.text)}"


def _rules(flow: Flow) -> list[Rule]:
    """A rule for each source and service; an echo of IPv6 has a protocol, and so a rule, of its own."""
    found = []
    for source in flow.sources:
        for service in flow.services:
            rule = Rule(
                key=f"{flow.key}:{pve_name(source.text)}:{str(service).replace('/', '-')}",
                direction="in",
                action="ACCEPT",
                source=_source(source),
                proto=service.proto,
                dport=service.ports.replace("-", ":"),
                icmp_type="echo-request" if service.proto == "icmp" else "",
                comment=flow.why,
            )
            found.append(rule)
            if service.proto == "icmp" and _is_dual(flow.target):
                six = replace(rule, key=f"{rule.key}v6", proto="icmpv6")
                found.append(six)
    return found


def _is_dual(endpoint: Endpoint) -> bool:
    return any(prefix.version == 6 for prefix in endpoint.prefixes)


def _group(flow: Flow) -> str:
    return flow.key.partition("/")[2]


def derive_cluster_firewall(
    networks: Sequence[Network], flows: Sequence[Flow], declared: Networks
) -> ClusterFirewall:
    """Names for every endpoint that a rule uses, and a security group per flow to whole networks.

    ``offices`` and ``servers`` are the pools themselves (``derive.pools``).
    The ipset ``management`` is PVE's own word: its members reach the hosts' API and ssh
    (pve-firewall, "Standard IP set management").
    """
    used = {source.text: source for flow in flows if flow.kind == "flow" for source in flow.sources}
    aliases, ipsets = [], []
    for text, endpoint in sorted(used.items()):
        if _is_single(endpoint):
            aliases.append(Alias(name=pve_name(text), cidr=_cidr(endpoint.prefixes[0]), comment=text))
        elif text != "management":
            cidrs = tuple(sorted(map(_cidr, pools_of(text, declared) or endpoint.prefixes)))
            ipsets.append(IpSet(name=pve_name(text), cidrs=cidrs, comment=text))
    management = tuple(
        sorted(
            str(prefix) for network in networks if network.role == "management" for prefix in network.prefixes
        )
    )
    ipsets.append(IpSet(name="management", cidrs=management, comment="management"))
    groups = [
        SecurityGroup(name=_group(flow), comment=flow.why, rules=tuple(_rules(flow)))
        for flow in flows
        if flow.target.kind == "networks"
    ]
    return ClusterFirewall(
        enable=True,
        policy_in="DROP",
        policy_out="ACCEPT",
        aliases=tuple(aliases),
        ipsets=tuple(sorted(ipsets, key=lambda ipset: ipset.name)),
        groups=tuple(groups),
    )


def _cidr(prefix: IpNetwork) -> str:
    """As PVE writes it back: a host without its prefix length."""
    return str(prefix.network_address) if prefix.prefixlen == prefix.max_prefixlen else str(prefix)


class FlowsTo:
    """Flows by what they lead to, so that each VM looks up its own and no VM walks through all."""

    def __init__(self, flows: Sequence[Flow]) -> None:
        self._vms: dict[str, list[Flow]] = {}
        self._networks: dict[str, list[Flow]] = {}
        for flow in flows:
            if flow.target.vm is not None:
                self._vms.setdefault(flow.target.vm, []).append(flow)
            elif flow.target.kind == "networks":
                for network in flow.target.networks:
                    self._networks.setdefault(network, []).append(flow)

    def of(self, vm: str, network: str) -> list[Flow]:
        """The flows to a VM and to its network, sorted by key."""
        both = [*self._vms.get(vm, ()), *self._networks.get(network, ())]
        return sorted(both, key=lambda flow: flow.key)


def derive_guest_firewall(vm: str, nic: Nic, flows: FlowsTo) -> GuestFirewall:
    """One VM's own rules: what the flows to it and to its network let in; all else is dropped."""
    rules: list[Rule] = []
    for flow in flows.of(vm, nic.network):
        if flow.target.vm is None:
            rules.append(Rule(key=flow.key, direction="group", action=_group(flow), comment=flow.why))
        else:
            rules += _rules(flow)
    own = IpSet(
        name=f"ipfilter-{nic.slot}",
        cidrs=tuple(sorted(str(address.ip) for address in nic.addresses)),
        comment="the addresses this VM may use",
    )
    return GuestFirewall(
        enable=True,
        policy_in="DROP",
        policy_out="ACCEPT",
        ipfilter=True,
        macfilter=True,
        dhcp=False,
        ndp=any(address.version == 6 for address in nic.addresses),
        radv=False,
        ipsets=(own,),
        rules=tuple(rules),
    )
