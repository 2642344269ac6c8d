# SPDX-License-Identifier: GPL-3.0-or-later
"""The same question packet by packet: what `reach.judge` says on both sides, held against what a difference lists.

Nothing of the difference's own arithmetic is used: its passages are read as they are printed in JSON (prefixes and
services as text), and each packet is looked up in them.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from network_plan.diff import Side
from network_plan.diff.packets import Passage
from network_plan.model.network import IpAddress
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.reach import INTERNET, Judge, Packet

ELSEWHERE = ("8.8.8.8", "198.51.100.1", "192.0.2.77", "10.255.255.1", "2001:db8:ffff::1", "2606:4700::1111")
"""The internet, the provider, and inside addresses that nobody has."""


@dataclass(frozen=True, slots=True)
class Question:
    """A packet without the place where it is sent, which differs between the sides."""

    source: IpAddress
    destination: IpAddress
    proto: str
    port: int


def addresses(plans: Iterable[Plan], tenants: Sequence[str]) -> list[IpAddress]:
    """Every boundary of what these tenants have on either side, and of the gateway and the hosts; beside VMs one more."""
    found: set[IpAddress] = {ip_address(text) for text in ELSEWHERE}
    for plan in plans:
        for network in plan.networks:
            if network.tenant in tenants:
                for prefix in network.prefixes:
                    found |= {prefix[0], prefix[1], prefix[-1]}
        for guest in plan.guests:
            if guest.tenant in tenants:
                own = {address.ip for nic in guest.nics for address in nic.addresses}
                found |= own | {address + 1 for address in own}
        found |= {public.address for public in plan.public}
        found |= {plan.gateways[0].public[-1]}
        found |= {node.addresses[0] for cluster in plan.clusters for node in cluster.nodes[:1]}
    return sorted(found, key=lambda address: (address.version, int(address)))


def services(plans: Iterable[Plan], most: int, seed: int) -> list[tuple[str, int]]:
    """Every boundary of the services in rules of either side, thinned out to ``most`` by a seeded choice."""
    found: set[tuple[str, int]] = set()
    for plan in plans:
        gateway = plan.gateways[0]
        rules = (gateway.forward, gateway.input, gateway.dnat)
        for item in {service for chain in rules for rule in chain for service in rule.services}:
            found |= _edges(item)
    chosen = random.Random(seed).sample(sorted(found), min(most, len(found)))
    return sorted({*chosen, ("tcp", 443), ("tcp", 22), ("udp", 53), ("icmp", 0), ("tcp", 65535)})


def _edges(item: Service) -> set[tuple[str, int]]:
    if item.proto == "icmp":
        return {("icmp", 0)}
    return {(item.proto, port) for port in (item.first, item.last, min(item.last + 1, 65535))}


def questions(places: Sequence[IpAddress], wanted: Sequence[tuple[str, int]]) -> Iterator[Question]:
    """All of them, in both directions."""
    for source in places:
        for destination in places:
            if source.version == destination.version and source != destination:
                yield from (Question(source, destination, proto, port) for proto, port in wanted)


class Delivered:
    """Where packets of one side are delivered to, by `reach.judge`."""

    def __init__(self, side: Side) -> None:
        self._judge = Judge(side.plan, side.today)
        self._networks = [(prefix, item.key) for item in side.plan.networks for prefix in item.prefixes]
        self._ingress: dict[IpAddress, str] = {}
        self._known: dict[Question, str] = {}

    def target(self, question: Question) -> str:
        """Key of the target; empty where it is not delivered."""
        if question not in self._known:
            self._known[question] = self._judged(question)
        return self._known[question]

    def _judged(self, question: Question) -> str:
        source = question.source
        if source not in self._ingress:
            self._ingress[source] = next(
                (key for prefix, key in self._networks if source in prefix), INTERNET
            )
        verdict = self._judge.judge(
            Packet(
                ingress=self._ingress[source],
                source=source,
                destination=question.destination,
                proto=question.proto,  # type: ignore[arg-type]
                port=question.port,
            )
        )
        return verdict.target if verdict.delivered else ""


class Listed:
    """Passages as JSON has them, asked for single packets."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self._rows = [
            (
                item.family,
                _spans(item.row.source_prefixes),
                _spans(item.row.destinations),
                item.row.services,
                item.row.targets,
                item.was,
            )
            for item in passages
        ]

    def of(self, question: Question) -> list[tuple[tuple[str, ...], str]]:
        """Targets and former target of every passage that has the packet."""
        return [
            (targets, was)
            for family, sources, destinations, words, targets, was in self._rows
            if family == question.source.version
            and _within(int(question.destination), destinations)
            and _within(int(question.source), sources)
            and any(_has(word, question) for word in words)
        ]


def _spans(texts: Iterable[str]) -> list[tuple[int, int]]:
    return [(int(prefix[0]), int(prefix[-1])) for prefix in map(ip_network, texts)]


def _within(number: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(low <= number <= high for low, high in spans)


def _has(word: str, question: Question) -> bool:
    """Whether a service as it is printed has a packet."""
    if word in ("all", question.proto):
        return True
    proto, _, ports = word.partition("/")
    first, _, last = ports.partition("-")
    return proto == question.proto and bool(ports) and int(first) <= question.port <= int(last or first)


def wrong(
    sides: tuple[Delivered, Delivered],
    allowed: Iterable[Passage],
    denied: Iterable[Passage],
    redirected: Iterable[Passage],
    asked: Iterable[Question],
) -> list[str]:
    """Every packet of which the two sides, judged one by one, say something else than the passages do."""
    before, after = sides
    lists = [Listed(allowed), Listed(denied), Listed(redirected)]
    found = []
    for question in asked:
        old, new = before.target(question), after.target(question)
        said = [listed.of(question) for listed in lists]
        if old == new:
            meant: tuple[int, str] | None = None
        else:
            meant = (0, new) if not old else (1, old) if not new else (2, new)
        for place, rows in enumerate(said):
            expected = meant is not None and meant[0] == place
            fits = len(rows) == 1 and meant is not None and meant[1] in rows[0][0] if expected else not rows
            if place == 2 and expected and fits:
                fits = rows[0][1] == old
            if not fits:
                found.append(f"{question}: {old or 'nowhere'} → {new or 'nowhere'}, listed as {said}")
                break
    return found
