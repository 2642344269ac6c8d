# SPDX-License-Identifier: GPL-3.0-or-later
"""Small worlds for the tests of reach: Plans with other rules than the compiler writes, and one packet of every kind.

Rules cut the space of packets at the ends of their ranges. Between two ends all packets are alike, so that one of each
kind stands for all: what holds for these holds for every packet.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from datetime import date
from ipaddress import IPv4Network, ip_network

from hypothesis import strategies as st

from network_plan.model.firewall import GuestFirewall, IpSet, Rule
from network_plan.model.gateway import Block, DestinationNat, ForwardRule, Gateway, InputRule
from network_plan.model.guest import Guest
from network_plan.model.network import IpNetwork
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.reach.guard import COROSYNC, MANAGED
from network_plan.reach.packet import INTERNET
from network_plan.reach.places import SSH, Places
from network_plan.space import prefixes, services
from network_plan.space.prefixes import Family
from network_plan.space.ranges import Range

TODAY = date(2026, 11, 24)
SERVICES = tuple(map(Service.parse, ("tcp/443", "tcp/440-450", "udp/53", "icmp", "tcp/1-65535")))
DAYS = (None, None, date(2026, 11, 23), TODAY)


def starts(ranges: Iterable[Range], last: int) -> list[int]:
    """The first number of every stretch between the ends of ranges."""
    found = {0} | {number for low, high in ranges for number in (low, high + 1)}
    return sorted(number for number in found if number <= last)


def address_kinds(plan: Plan, family: Family) -> list[int]:
    """One address of every kind."""
    gateway, places = plan.gateways[0], Places(plan, family)
    named: list[IpNetwork] = [gateway.public, *gateway.internal]
    named += [prefix for network in plan.networks for prefix in network.prefixes]
    for rule in gateway.forward:
        named += [*rule.sources, *rule.destinations]
    named += [source for item in gateway.input for source in item.sources]
    named += [prefix for block in gateway.blocked for prefix in block.prefixes]
    for cluster in plan.clusters:
        named += [ip_network(cidr) for ipset in cluster.firewall.ipsets for cidr in ipset.cidrs]
        named += [ip_network(alias.cidr) for alias in cluster.firewall.aliases]
    ranges = [prefixes.span(prefix) for prefix in named if prefix.version == family]
    numbers = [*places.stations, *places.hosts]
    numbers += [int(rule.public) for rule in gateway.dnat] if family == 4 else []
    return starts(
        [*ranges, *places.own, *((number, number) for number in numbers)], prefixes.WHOLE[family][0][1]
    )


def service_kinds(plan: Plan) -> list[int]:
    """One service of every kind."""
    gateway = plan.gateways[0]
    named = {SSH, *MANAGED, *COROSYNC, *SERVICES}
    named |= {service for rule in gateway.forward for service in rule.services}
    named |= {service for rule in gateway.input for service in rule.services}
    named |= {service for rule in gateway.dnat for service in rule.services}
    named |= {service for guest in plan.guests for service in guest.serves}
    return starts([services.ECHO, *map(services.span, named)], services.ECHO[1])


def ingress_of(places: Places, source: int) -> str | None:
    """Where packets of a source come from; nowhere for what is allotted to nobody."""
    network = places.network_at(source)
    if network is not None:
        return network.key
    return INTERNET if any(low <= source <= high for low, high in places.outside) else None


@st.composite
def worlds(draw: st.DrawFn, plan: Plan) -> Plan:
    """The Plan with rules of chance at every wall."""
    gateway = plan.gateways[0]
    pool: list[IpNetwork] = sorted(
        {
            *gateway.internal,
            *(prefix for network in plan.networks for prefix in network.prefixes),
            *(ip_network(a.ip) for guest in plan.guests for nic in guest.nics for a in nic.addresses),
        },
        key=str,
    )
    outside: list[IpNetwork] = [ip_network("192.0.2.0/24"), ip_network("2001:db8:ffff::/48")]
    ends = st.lists(st.sampled_from(pool), min_size=1, max_size=2, unique=True).map(tuple)
    wide = st.lists(st.sampled_from([*pool, *outside]), min_size=1, max_size=3, unique=True).map(tuple)
    wanted = st.lists(st.sampled_from(SERVICES), max_size=2, unique=True).map(tuple)
    days = st.sampled_from(DAYS)

    def forward(at: int) -> ForwardRule:
        kind = draw(st.sampled_from(("inner", "inner", "in", "out")))
        return ForwardRule(
            key=f"rule/{at}",
            sources=() if kind == "in" else draw(wide),
            destinations=() if kind == "out" else draw(wide),
            services=draw(wanted),
            from_internet=kind == "in",
            to_internet=kind == "out",
            until=draw(days),
            why="",
            owner="",
        )

    def dnat(at: int) -> DestinationNat:
        single = [prefix for prefix in pool if isinstance(prefix, IPv4Network) and prefix.prefixlen == 32]
        target = draw(st.sampled_from(single))
        return dataclasses.replace(
            gateway.dnat[0],
            key=f"publish/{at}",
            public=gateway.public[draw(st.integers(0, 1))],
            target=target.network_address,
            services=draw(wanted),
            until=draw(days),
        )

    changed: Gateway = dataclasses.replace(
        gateway,
        forward=tuple(forward(at) for at in range(draw(st.integers(0, 6)))),
        blocked=tuple(
            Block(
                key=f"sanction/{at}",
                prefixes=draw(ends),
                until=draw(st.sampled_from((TODAY, date(2026, 11, 23)))),
                why="",
            )
            for at in range(draw(st.integers(0, 1)))
        ),
        dnat=tuple(dnat(at) for at in range(draw(st.integers(0, 3)))),
        input=tuple(
            InputRule(key=f"input/{at}", sources=draw(ends), services=draw(wanted), why="", until=draw(days))
            for at in range(draw(st.integers(0, 2)))
        ),
    )
    clusters = tuple(
        dataclasses.replace(
            cluster,
            firewall=dataclasses.replace(
                cluster.firewall,
                enable=draw(st.integers(0, 5)) > 0,
                policy_in=draw(st.sampled_from(("DROP", "DROP", "ACCEPT"))),
                rules=draw(rules_of(pool)),
                groups=tuple(
                    dataclasses.replace(group, rules=draw(rules_of(pool)))
                    for group in cluster.firewall.groups
                ),
            ),
        )
        for cluster in plan.clusters
    )
    guests = tuple(
        dataclasses.replace(guest, firewall=draw(firewalls(guest, pool, _groups(plan, guest))))
        for guest in plan.guests
    )
    return dataclasses.replace(plan, gateways=(changed,), guests=guests, clusters=clusters)


def _groups(plan: Plan, guest: Guest) -> list[str]:
    return [group.name for group in plan.cluster(guest.cluster).firewall.groups]


@st.composite
def rules_of(draw: st.DrawFn, pool: list[IpNetwork], groups: tuple[str, ...] = ()) -> tuple[Rule, ...]:
    """A chain of Proxmox VE."""
    return tuple(_rules(draw, pool, groups))


def _rules(draw: st.DrawFn, pool: list[IpNetwork], groups: tuple[str, ...]) -> Iterator[Rule]:
    texts = ["", "+dc/management", *map(str, pool)]
    for at in range(draw(st.integers(0, 4))):
        if groups and draw(st.integers(0, 4)) == 0:
            yield Rule(key=f"group/{at}", direction="group", action=draw(st.sampled_from(groups)))
            continue
        proto, dport = draw(
            st.sampled_from(
                [
                    ("", ""),
                    ("tcp", ""),
                    ("tcp", "443"),
                    ("udp", "50:60"),
                    ("tcp", "80,440:450"),
                    ("icmp", ""),
                    ("icmpv6", "echo-request"),
                    ("icmp", "8/0"),
                    ("esp", ""),
                ]
            )
        )
        yield Rule(
            key=f"own/{at}",
            direction=draw(st.sampled_from(("in", "in", "in", "out"))),
            action=draw(st.sampled_from(("ACCEPT", "ACCEPT", "DROP", "REJECT"))),
            source=draw(st.sampled_from(texts)),
            dest=draw(st.sampled_from(["", "", "", *texts])),
            proto=proto,
            dport=dport,
        )


@st.composite
def firewalls(draw: st.DrawFn, guest: Guest, pool: list[IpNetwork], groups: list[str]) -> GuestFirewall:
    """A VM's own firewall, sometimes off, sometimes with other addresses than its own."""
    own = guest.firewall.ipsets[0]
    pinned: list[tuple[IpSet, ...]] = [(own,), (own,), (), (dataclasses.replace(own, cidrs=("192.0.2.1",)),)]
    return dataclasses.replace(
        guest.firewall,
        enable=draw(st.integers(0, 5)) > 0,
        policy_in=draw(st.sampled_from(("DROP", "DROP", "ACCEPT"))),
        policy_out=draw(st.sampled_from(("ACCEPT", "ACCEPT", "DROP"))),
        ipfilter=draw(st.booleans()),
        ipsets=draw(st.sampled_from(pinned)),
        rules=draw(rules_of(pool, tuple(groups))),
    )
