# SPDX-License-Identifier: GPL-3.0-or-later
"""What Proxmox VE's firewalls let in and out, read as sets of packets: a VM's own, and that of the hosts.

After pve-firewall's documentation and ``PVE/Firewall.pm``: the first rule that matches decides, a security group stands
in its place, the policy comes last. A packet is the first of a flow, so that what PVE lets pass by state is not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from network_plan.model.firewall import Rule
from network_plan.model.guest import Guest, Nic
from network_plan.model.node import Cluster
from network_plan.model.service import Service
from network_plan.space import services
from network_plan.space.prefixes import WHOLE, Family, address, spans
from network_plan.space.ranges import Ranges, contains, subtract, union

MANAGED = tuple(
    Service.parse(text) for text in ("tcp/22", "tcp/3128", "tcp/5900-5999", "tcp/8006", "tcp/60000-60050")
)
"""What the ipset ``management`` reaches on a host whatever the rules say (``enable_host_firewall``)."""
COROSYNC = (Service.parse("udp/5405-5412"),)
"""What the cluster's other hosts reach on it."""

_ECHO = {4: ("icmp",), 6: ("icmpv6", "ipv6-icmp")}
_ECHO_TYPES = ("", "any", "echo-request")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One rule of a chain, or the policy at its end."""

    key: str
    accepts: bool
    sources: Ranges
    destinations: Ranges
    services: Ranges

    @property
    def sides(self) -> tuple[Ranges, Ranges, Ranges]:
        """Sources, destinations and services."""
        return self.sources, self.destinations, self.services

    def holds(self, source: int, destination: int, service: int) -> bool:
        """Whether a packet matches."""
        return (
            contains(self.sources, source)
            and contains(self.destinations, destination)
            and contains(self.services, service)
        )


class Guard:
    """The firewalls of one cluster, in one family."""

    def __init__(self, cluster: Cluster, family: Family) -> None:
        self._cluster = cluster
        self._family = family
        self._whole = WHOLE[family]
        firewall = cluster.firewall
        self._groups = {group.name: group.rules for group in firewall.groups}
        self._speaking = {
            group.name for group in firewall.groups if any(rule.direction == "out" for rule in group.rules)
        }
        self._named: dict[str, tuple[str, ...]] = {f"+dc/{item.name}": item.cidrs for item in firewall.ipsets}
        self._named |= {f"dc/{item.name}": (item.cidr,) for item in firewall.aliases}
        self._spans: dict[str, Ranges] = {"": self._whole}
        self._ports: dict[tuple[str, str], Ranges] = {}

    def into(self, guest: Guest) -> tuple[Entry, ...]:
        """What decides about packets to a VM, in order."""
        return self._guest(guest, "in", guest.firewall.policy_in)

    def out_of(self, guest: Guest, nic: Nic) -> tuple[Entry, ...]:
        """What decides about packets that a VM sends by one of its cards: first its own addresses, then its rules."""
        entries = self._guest(guest, "out", f"{guest.firewall.policy_out} (out), own address only")
        if not self._is_on(guest):
            return entries
        pinned = next((item for item in guest.firewall.ipsets if item.name == f"ipfilter-{nic.slot}"), None)
        if pinned is None and not guest.firewall.ipfilter:
            return entries
        own = self._networks(pinned.cidrs if pinned else ())
        foreign = Entry(
            key="not its own address (ipfilter)",
            accepts=False,
            sources=subtract(self._whole, own),
            destinations=self._whole,
            services=services.EVERY,
        )
        return (foreign, *entries)

    def lets_all_out(self, guest: Guest, nic: Nic, number: int) -> bool:
        """Whether a VM may send everything from an address of its own, as all may where nobody says otherwise."""
        firewall = guest.firewall
        speaks = any(
            rule.direction == "out" or (rule.direction == "group" and rule.action in self._speaking)
            for rule in firewall.rules
        )
        if firewall.policy_out == "ACCEPT" and not speaks:
            own = str(address(self._family, number))
            if any(item.name == f"ipfilter-{nic.slot}" and own in item.cidrs for item in firewall.ipsets):
                return True
        first, *more = self.out_of(guest, nic)
        if first.accepts:
            return not more
        return len(more) == 1 and more[0].accepts and not contains(first.sources, number)

    def into_hosts(self) -> tuple[Entry, ...]:
        """What decides about packets to a host: rules, PVE's own for management and corosync, the policy."""
        firewall = self._cluster.firewall
        if not firewall.enable:
            return (self._last("firewall off", accepts=True),)
        nodes = [str(address) for node in self._cluster.nodes for address in node.addresses]
        own = [
            ("ipset management", self._span("+dc/management"), MANAGED),
            ("corosync", self._networks(nodes), COROSYNC),
        ]
        standing = (
            Entry(
                key=key,
                accepts=True,
                sources=sources,
                destinations=self._whole,
                services=services.spans(wanted),
            )
            for key, sources, wanted in own
        )
        policy = self._last(f"policy {firewall.policy_in}", accepts=firewall.policy_in == "ACCEPT")
        return (*self._entries(firewall.rules, "in"), *standing, policy)

    def _is_on(self, guest: Guest) -> bool:
        return self._cluster.firewall.enable and guest.firewall.enable

    def _guest(self, guest: Guest, direction: str, policy: str) -> tuple[Entry, ...]:
        if not self._is_on(guest):
            return (self._last("firewall off", accepts=True),)
        last = self._last(f"policy {policy}", accepts=policy.partition(" ")[0] == "ACCEPT")
        return (*self._entries(guest.firewall.rules, direction), last)

    def _last(self, key: str, *, accepts: bool) -> Entry:
        return Entry(
            key=key,
            accepts=accepts,
            sources=self._whole,
            destinations=self._whole,
            services=services.EVERY,
        )

    def _entries(self, rules: Iterable[Rule], direction: str) -> Iterator[Entry]:
        for key, rule in self._in_place(rules):
            if rule.direction != direction:
                continue
            entry = Entry(
                key=key,
                accepts=rule.action == "ACCEPT",
                sources=self._span(rule.source),
                destinations=self._span(rule.dest),
                services=self._services(rule.proto, rule.icmp_type or rule.dport),
            )
            if entry.sources and entry.destinations and entry.services:
                yield entry

    def _in_place(self, rules: Iterable[Rule]) -> Iterator[tuple[str, Rule]]:
        """Rules in order, those of a security group where it stands."""
        for rule in rules:
            if rule.direction == "group":
                yield from ((f"{rule.action}/{inner.key}", inner) for inner in self._groups[rule.action])
            else:
                yield rule.key, rule

    def _span(self, text: str) -> Ranges:
        """The addresses of ``+dc/ipset``, ``dc/alias``, or of prefixes as they stand."""
        if text not in self._spans:
            cidrs = self._named[text] if text in self._named else text.split(",")
            self._spans[text] = self._networks(cidrs)
        return self._spans[text]

    def _networks(self, texts: Iterable[str]) -> Ranges:
        return spans(map(ip_network, texts), self._family)

    def _services(self, proto: str, dport: str) -> Ranges:
        if (proto, dport) not in self._ports:
            self._ports[proto, dport] = self._read(proto, dport)
        return self._ports[proto, dport]

    def _read(self, proto: str, dport: str) -> Ranges:
        if not proto:
            return services.EVERY
        if proto in _ECHO[self._family]:
            return (services.ECHO,) if dport in _ECHO_TYPES else ()
        if proto not in ("tcp", "udp"):
            return ()
        pairs = (part.partition(":") for part in (dport or "0:65535").split(","))
        return union(
            (services.code(proto, int(first)), services.code(proto, int(last or first)))
            for first, _, last in pairs
        )
