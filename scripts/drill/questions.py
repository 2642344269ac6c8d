# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill asks of the twins: each service from somebody whom the Plan lets in, and from somebody whom it does not.

Who may and who may not is the answer of ``network_plan.reach``; nothing is sent here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Address, IPv4Interface, ip_address

from network_plan.model.flow import Endpoint, Flow
from network_plan.model.guest import Guest
from network_plan.model.network import Network
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.reach import INTERNET as OUTSIDE
from network_plan.reach import Judge, Packet, Verdict
from scripts.lab import wiring


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Somebody who calls.

    Attributes:
        kind: ``office``, ``management``, ``network``, ``vm``, ``internet`` or ``stranger``; ``name`` whose or which.
        vlan: the network in which it stands, 0 for the internet.
        twin: key of the twin that it is, where it is one.
    """

    kind: str
    name: str
    address: str
    vlan: int
    twin: str = ""

    @property
    def word(self) -> str:
        """``office dukcapil``, ``internet``."""
        return f"{self.kind} {self.name}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One probe. ``wall`` names what must stop it where it must be denied."""

    client: Client
    twin: Guest
    target: str
    service: Service
    expected: bool
    wall: str


def address_of(guest: Guest) -> str:
    """The address by which a VM is asked."""
    return str(guest.nics[0].addresses[0].ip)


def spare_address(plan: Plan, network: Network) -> str:
    """The highest address of a network that is nobody's: a neighbour whom the Plan does not know."""
    prefix = network.prefixes[0]
    taken = {own.ip for guest in plan.guests for nic in guest.nics for own in nic.addresses} | {
        *network.gateways
    }
    number = int(prefix.broadcast_address) - 1
    while IPv4Address(number) in taken:
        number -= 1
    return str(IPv4Address(number))


def _single(service: Service) -> Service:
    return Service(proto=service.proto, first=service.first, last=service.first)


def _leads_to(flow: Flow, guest: Guest, service: Service) -> bool:
    there = flow.target.vm == guest.key or (
        flow.target.kind == "networks" and any(nic.network in flow.target.networks for nic in guest.nics)
    )
    return there and any(own.covers(service) for own in flow.services)


def _at(plan: Plan, network: Network) -> str:
    """An address in a network for a client to have: the lab's own where the lab has one."""
    if network.role == "office":
        return wiring.office_address(network)
    control = IPv4Interface(wiring.control_address(plan))
    return str(control.ip) if control.ip in network.prefixes[0] else spare_address(plan, network)


def _clients(plan: Plan, ends: Iterable[Endpoint], twins: set[str]) -> Iterator[Client]:
    vlans = {network.key: network.vlan for network in plan.networks}
    for end in ends:
        if end.kind == "vm":
            guest = next(guest for guest in plan.guests if guest.key == end.vm)
            yield Client(
                kind="vm",
                name=guest.key,
                address=address_of(guest),
                vlan=vlans[guest.nics[0].network],
                twin=guest.key if guest.key in twins else "",
            )
        elif end.kind == "networks":
            for network in plan.networks:
                if network.key in end.networks:
                    role = network.role if network.role in ("office", "management") else "network"
                    yield Client(
                        kind=role,
                        name=network.tenant if role == "office" else network.key,
                        address=_at(plan, network),
                        vlan=network.vlan,
                    )


INTERNET = Client(kind="internet", name="", address=wiring.INTERNET_CLIENT, vlan=0)


class Asker:
    """The Plan's verdict on what a client asks."""

    def __init__(self, plan: Plan, today: date) -> None:
        self._judge = Judge(plan, today)
        self._networks = {network.vlan: network.key for network in plan.networks}

    def verdict(self, client: Client, target: str, service: Service) -> Verdict:
        """Whether the first packet of a service comes to its target."""
        ingress = self._networks.get(client.vlan, OUTSIDE)
        return self._judge.judge(Packet.of(ingress, ip_address(client.address), ip_address(target), service))


def _allowed(plan: Plan, twin: Guest, service: Service, twins: set[str], asker: Asker) -> Iterator[Question]:
    """One from inside, and one from the internet where it is published."""
    flows = [flow for flow in plan.flows if _leads_to(flow, twin, service)]
    # Flows to this very VM first: that is whom the application is for.
    flows.sort(key=lambda flow: (flow.target.vm != twin.key, flow.key))
    inside = (client for flow in flows for client in _clients(plan, flow.sources, twins))
    for client in inside:
        if asker.verdict(client, address_of(twin), service).delivered:
            yield Question(
                client=client, twin=twin, target=address_of(twin), service=service, expected=True, wall=""
            )
            break
    for rule in plan.gateways[0].dnat:
        published = str(rule.target) == address_of(twin) and any(own.covers(service) for own in rule.services)
        if published and asker.verdict(INTERNET, str(rule.public), service).delivered:
            yield Question(
                client=INTERNET, twin=twin, target=str(rule.public), service=service, expected=True, wall=""
            )
            break


def _denied(plan: Plan, twin: Guest, asker: Asker) -> Iterator[Question]:
    """A neighbour past whom no gateway stands, and an office of somebody else, as far as the Plan denies them."""
    network = plan.network(twin.nics[0].network)
    neighbour = Client(
        kind="stranger", name=network.key, address=spare_address(plan, network), vlan=network.vlan
    )
    offices = [
        Client(kind="office", name=item.tenant, address=wiring.office_address(item), vlan=item.vlan)
        for item in plan.networks
        if item.role == "office" and item.tenant != twin.tenant
    ]
    services = [*dict.fromkeys(_single(service) for service in twin.serves), Service.parse("tcp/22")]
    for group in ([neighbour], offices):
        for client, service in ((client, service) for client in group for service in services):
            verdict = asker.verdict(client, address_of(twin), service)
            if not verdict.delivered:
                yield Question(
                    client=client,
                    twin=twin,
                    target=address_of(twin),
                    service=service,
                    expected=False,
                    wall=verdict.steps[-1].where,
                )
                break


def ask(plan: Plan, twins: Iterable[Guest], today: date) -> tuple[list[Question], list[str]]:
    """Every question, and the services of which the Plan lets nobody in, so that nobody can ask."""
    every = tuple(twins)
    keys = {twin.key for twin in every}
    asker = Asker(plan, today)
    questions: list[Question] = []
    unasked: list[str] = []
    for twin in every:
        for service in dict.fromkeys(_single(service) for service in twin.serves):
            found = list(_allowed(plan, twin, service, keys, asker))
            questions += found
            if not found:
                unasked.append(f"{twin.key} {service}")
        questions += _denied(plan, twin, asker)
    return questions, unasked
