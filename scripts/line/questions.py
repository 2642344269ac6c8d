# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions for real packets: from every place of the lab to every service, with the answer the Plan gives.

What the packets then say is asked by ``scripts.line.probes``; here nothing is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain, cycle

from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.reach import Answer, reach
from scripts.lab import wiring
from scripts.lab.fabric import names

SSH = Service(proto="tcp", first=22, last=22)
CLOSED = (SSH, Service(proto="tcp", first=8443, last=8443), Service(proto="udp", first=161, last=161))
"""What is asked of every public address beside what is published there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a packet starts: its namespace, its address, the tenant and network it belongs to."""

    word: str
    namespace: str
    address: str
    tenant: str
    network: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where it goes: an address and a service, and whose it is."""

    word: str
    address: str
    service: Service
    tenant: str
    network: str
    public: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One probe with the Plan's answer. ``kind`` says what it tests."""

    source: Place
    target: Target
    kind: str
    answer: Answer

    @property
    def second_wall(self) -> bool:
        """Whether only the VM's own firewall stops it."""
        return not self.answer.reachable and self.answer.steps[-1].where.startswith("firewall of VM")


def places(plan: Plan, prefix: str) -> list[Place]:
    """Everywhere that the lab can send from: offices, running VMs, the internet, the control node."""
    found = []
    for network in plan.networks:
        if network.role == "office" and network.site == plan.gateways[0].site:
            found.append(
                Place(
                    word=f"office of {network.tenant}",
                    namespace=names.office_namespace(prefix, network.vlan),
                    address=wiring.office_address(network),
                    tenant=network.tenant,
                    network=network.key,
                )
            )
    for guest in plan.guests:
        if guest.running:
            found.append(
                Place(
                    word=f"VM {guest.key}",
                    namespace=names.guest_namespace(prefix, guest.cluster, guest.vmid),
                    address=str(guest.nics[0].addresses[0].ip),
                    tenant=guest.tenant,
                    network=guest.nics[0].network,
                )
            )
    control = wiring.control_address(plan).partition("/")[0]
    management = plan.cluster(plan.gateways[0].site).network
    found.append(
        Place(
            word="control node",
            namespace=f"{prefix}ctl",
            address=control,
            tenant=plan.operator,
            network=management,
        )
    )
    found.append(
        Place(
            word="internet", namespace=f"{prefix}wan", address=wiring.INTERNET_CLIENT, tenant="", network=""
        )
    )
    return found


def _single(services: Iterable[Service]) -> Iterator[Service]:
    for service in services:
        yield Service(proto=service.proto, first=service.first, last=service.first)


def targets(plan: Plan) -> list[Target]:
    """Every VM's services and ssh, every public address with ports that are closed, the internet, the gateway."""
    found = []
    for guest in plan.guests:
        if not guest.running:
            continue
        for service in dict.fromkeys((*_single(guest.serves), SSH)):
            found.append(
                Target(
                    word=f"VM {guest.key}",
                    address=str(guest.nics[0].addresses[0].ip),
                    service=service,
                    tenant=guest.tenant,
                    network=guest.nics[0].network,
                    public=False,
                )
            )
    for rule in plan.gateways[0].dnat:
        for service in dict.fromkeys((*_single(rule.services), *CLOSED)):
            found.append(
                Target(
                    word=rule.key,
                    address=str(rule.public),
                    service=service,
                    tenant="",
                    network="",
                    public=True,
                )
            )
    for text in wiring.INTERNET_PORTS[1:3]:
        service = Service.parse(text)
        found.append(
            Target(
                word="internet server",
                address=wiring.INTERNET_SERVER,
                service=service,
                tenant="",
                network="",
                public=False,
            )
        )
    gateway = plan.gateways[0]
    found.append(
        Target(
            word=f"gateway {gateway.host}",
            address=str(gateway.management),
            service=SSH,
            tenant=plan.operator,
            network=plan.cluster(gateway.site).network,
            public=False,
        )
    )
    return found


def _kind(source: Place, target: Target) -> str:
    if target.public:
        return "inbound through NAT" if not source.network else "inside to public"
    if not target.network:
        return "out to the internet"
    if source.network == target.network:
        return "neighbours"
    return "within a tenant" if source.tenant == target.tenant else "between tenants"


def questions(plan: Plan, prefix: str, today: date) -> list[Question]:
    """All pairs that make sense, each with the Plan's answer."""
    found = []
    for source in places(plan, prefix):
        for target in targets(plan):
            if source.address == target.address or (not source.network and not target.public):
                continue  # a VM does not call itself; the provider has no route to private addresses
            answer = reach(plan, source.address, target.address, str(target.service), today)
            found.append(Question(source=source, target=target, kind=_kind(source, target), answer=answer))
    return found


ALWAYS = ("between tenants", "inbound through NAT")
"""The kinds of which a fifth of the questions each is asked, as far as there are so many."""


def choose(asked: Iterable[Question], number: int) -> list[Question]:
    """``number`` of them, half to be denied, spread over the kinds; the same ones every time."""
    everything = list(asked)
    return [
        question
        for reachable in (True, False)
        for question in _choose_half([q for q in everything if q.answer.reachable is reachable], number // 2)
    ]


def _choose_half(asked: list[Question], number: int) -> list[Question]:
    piles: dict[str, list[Question]] = {}
    for question in asked:
        pile = f"{question.kind}, second wall" if question.second_wall else question.kind
        piles.setdefault(pile, []).append(question)
    turns = [kind for kind in ALWAYS for _ in range(number // 5) if kind in piles]
    taken: list[Question] = []
    for pile in chain(turns, cycle(sorted(piles))):
        if len(taken) == min(number, len(asked)):
            return taken
        rest = piles[pile]
        if rest:
            taken.append(rest.pop(len(rest) // 2))
    return taken
