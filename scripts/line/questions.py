# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions for real packets: who is asked for what from where, with the answer the Plan gives.

What the packets then say is asked by ``scripts.line.probes``; here nothing is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address
from itertools import groupby

from network_plan.model.guest import Guest
from network_plan.model.network import Network
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.reach import INTERNET, Judge, Packet, Verdict
from scripts.lab import wiring
from scripts.lab.fabric import names

SSH = Service(proto="tcp", first=22, last=22)
ECHO = Service.parse("icmp")
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
    """One probe with the Plan's verdict. ``kind`` says what it tests: a word of :data:`KINDS`."""

    source: Place
    target: Target
    kind: str
    verdict: Verdict

    @property
    def answered(self) -> bool:
        """Whether somebody answers: the packet is let in, and something listens there."""
        return self.verdict.delivered and self.verdict.listens is not False

    @property
    def decided(self) -> str:
        """What decides, for people."""
        if self.verdict.delivered and not self.answered:
            return f"serves no {self.target.service}"
        return self.verdict.steps[-1].rule

    @property
    def second_wall(self) -> bool:
        """Whether only the VM's own firewall stops it."""
        return not self.verdict.delivered and self.verdict.steps[-1].wall == "target"


def places(plan: Plan, prefix: str, version: int = 4) -> list[Place]:
    """Everywhere that the lab can send from in a family: offices, running VMs, the control node, the internet."""
    found = []
    for network in plan.networks:
        if network.role == "office" and network.site == plan.gateways[0].site and _has(network, version):
            found.append(
                Place(
                    word=f"office of {network.tenant}",
                    namespace=names.office_namespace(prefix, network.vlan),
                    address=wiring.office_address(network, version),
                    tenant=network.tenant,
                    network=network.key,
                )
            )
    for guest in plan.guests:
        if guest.running:
            found += [
                Place(
                    word=f"VM {guest.key}",
                    namespace=names.guest_namespace(prefix, guest.cluster, guest.vmid),
                    address=address,
                    tenant=guest.tenant,
                    network=guest.nics[0].network,
                )
                for address in _addresses(guest, version)
            ]
    management = _management(plan)
    if not _has(management, version):
        return found
    control = wiring.control_address(plan, version).partition("/")[0]
    outside = wiring.INTERNET_CLIENT if version == 4 else wiring.INTERNET_CLIENT6
    return [
        *found,
        Place(
            word="control node",
            namespace=f"{prefix}ctl",
            address=control,
            tenant=plan.operator,
            network=management.key,
        ),
        Place(word="internet", namespace=f"{prefix}wan", address=outside, tenant="", network=""),
    ]


def _management(plan: Plan) -> Network:
    return plan.network(plan.cluster(plan.gateways[0].site).network)


def _has(network: Network, version: int) -> bool:
    return any(prefix.version == version for prefix in network.prefixes)


def _addresses(guest: Guest, version: int) -> list[str]:
    """A VM's address of a family, where it has one."""
    return [str(own.ip) for own in guest.nics[0].addresses if own.version == version]


def _single(services: Iterable[Service]) -> Iterator[Service]:
    for service in services:
        yield Service(proto=service.proto, first=service.first, last=service.first)


def of_every_vm(version: int) -> tuple[Service, ...]:
    """What each VM is asked for, served or not; over IPv6 its echo too, for which Proxmox has a rule of its own."""
    return (SSH,) if version == 4 else (SSH, ECHO)


def targets(plan: Plan, version: int = 4) -> list[Target]:
    """Every VM's services and ssh, what is published with ports that are closed, the internet, the management."""
    found = []
    for guest in plan.guests:
        if not guest.running:
            continue
        found += [
            Target(
                word=f"VM {guest.key}",
                address=address,
                service=service,
                tenant=guest.tenant,
                network=guest.nics[0].network,
                public=False,
            )
            for address in _addresses(guest, version)
            for service in dict.fromkeys((*_single(guest.serves), *of_every_vm(version)))
        ]
    for key, address, services in _published(plan, version):
        found += [
            Target(word=key, address=address, service=service, tenant="", network="", public=True)
            for service in dict.fromkeys((*_single(services), *CLOSED))
        ]
    management = _management(plan)
    if not _has(management, version):
        return found
    for text in wiring.INTERNET_PORTS[1:3]:
        found.append(
            Target(
                word="internet server",
                address=wiring.INTERNET_SERVER if version == 4 else wiring.INTERNET_SERVER6,
                service=Service.parse(text),
                tenant="",
                network="",
                public=False,
            )
        )
    gateway = plan.gateways[0]
    own = next(address for address in management.gateways if address.version == version)
    control = wiring.control_address(plan, version).partition("/")[0]
    for word, address, service in (
        (f"gateway {gateway.host}", str(own), SSH),
        ("control node", control, ECHO),  # its kernel answers, so that only the gateway can stop the question
    ):
        found.append(
            Target(
                word=word,
                address=address,
                service=service,
                tenant=plan.operator,
                network=management.key,
                public=False,
            )
        )
    return found


def _published(plan: Plan, version: int) -> Iterator[tuple[str, str, tuple[Service, ...]]]:
    """Each publication's key, address and services: the public address, or over IPv6 the VM's own."""
    gateway = plan.gateways[0]
    if version == 4:
        yield from ((rule.key, str(rule.public), rule.services) for rule in gateway.dnat)
        return
    for rule in gateway.forward:
        if rule.from_internet:
            for block in rule.destinations:
                if block.version == version:
                    yield rule.key, str(block.network_address), rule.services


KINDS = (
    "own VMs",
    "another tenant's VM",
    "published service",
    "internet",
    "management",
    "between VMs",
    "neighbours",
    "operator",
    "inbound through NAT",
    "inbound over IPv6",
)
"""What the matrix asks: an agency's offices the first five, VMs the next two, the operator, somebody outside."""

INBOUND = {4: "inbound through NAT", 6: "inbound over IPv6"}


def _grouped(found: Iterable[Target]) -> list[list[Target]]:
    """The targets of one VM or one publication together."""
    return [list(group) for _, group in groupby(found, key=lambda target: target.word)]


class _Matrix:
    """The targets by what they are, and which of many comes next: all have their turn, the same ones every time."""

    def __init__(self, plan: Plan, version: int) -> None:
        found = targets(plan, version)
        guests = {f"VM {guest.key}" for guest in plan.guests}
        self.vms = _grouped(target for target in found if target.word in guests)
        self.published = _grouped(target for target in found if target.public)
        rest = [target for target in found if target.word not in guests and not target.public]
        self.internet = [target for target in rest if not target.network]
        self.management = [target for target in rest if target.network]
        between = [flow for flow in plan.flows if flow.kind == "flow" and flow.target.vm is not None]
        self.callers = {
            (f"VM {source.vm}", f"VM {flow.target.vm}")
            for flow in between
            for source in flow.sources
            if source.vm
        }

    def of_office(self, source: Place, turn: int) -> Iterator[tuple[str, Target]]:
        """What people in an office may try."""
        foreign = [vm for vm in self.vms if vm[0].tenant != source.tenant]
        yield from (("own VMs", one) for vm in self.vms if vm[0].tenant == source.tenant for one in vm)
        yield from (("another tenant's VM", one) for vm in _turn(foreign, turn) for one in vm)
        yield from (("published service", one) for item in _turn(self.published, turn) for one in item)
        yield from (("internet", one) for one in self.internet)
        yield from (("management", one) for one in self.management)

    def of_vm(self, source: Place, turn: int) -> Iterator[tuple[str, Target]]:
        """What a VM may try: those of its network, those that it has a flow to, and one to which it has none."""
        known = [vm for vm in self.vms if vm[0].word != source.word]
        foreign = [vm for vm in known if vm[0].network != source.network]
        called = [vm for vm in foreign if (source.word, vm[0].word) in self.callers]
        stranger = _turn([vm for vm in foreign if vm not in called], turn)
        yield from (("neighbours", one) for vm in known if vm[0].network == source.network for one in vm)
        yield from (("between VMs", one) for vm in (*called, *stranger) for one in vm)


def packet(source: Place, target: Target) -> Packet:
    """The first packet of a probe."""
    return Packet.of(
        source.network or INTERNET,
        ip_address(source.address),
        ip_address(target.address),
        target.service,
    )


def _turn(items: list[list[Target]], turn: int) -> list[list[Target]]:
    return [items[turn % len(items)]] if items else []


def matrix(plan: Plan, prefix: str, today: date) -> list[Question]:
    """Every tenant's offices to every kind of place, VMs to VMs, the operator to all VMs, the internet inward.

    Args:
        plan: the Plan.
        prefix: the lab's, for the names of its namespaces.
        today: the day against which dated flows are asked.
    """
    found: list[Question] = []
    judge = Judge(plan, today)

    def ask(source: Place, wanted: Iterable[tuple[str, Target]]) -> None:
        for kind, target in wanted:
            if source.address != target.address:
                verdict = judge.judge(packet(source, target))
                found.append(Question(source=source, target=target, kind=kind, verdict=verdict))

    for version in (4, 6):
        table = _Matrix(plan, version)
        for turn, source in enumerate(places(plan, prefix, version)):
            if source.word.startswith("office of"):
                ask(source, table.of_office(source, turn))
            elif source.word.startswith("VM "):
                ask(source, table.of_vm(source, turn))
            elif source.network:
                every = [
                    target for vm in table.vms for target in vm if target.service in of_every_vm(version)
                ]
                ask(source, (("operator", target) for target in (*every, *table.management)))
            else:
                inbound = [target for item in table.published for target in item]
                ask(source, ((INBOUND[version], t) for t in inbound))
    return found
