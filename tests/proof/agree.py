# SPDX-License-Identifier: GPL-3.0-or-later
"""The property: what the kernel does with a packet, by the rendered rules, is what ``awan reach`` says of it.

One site at a time: its rules are loaded, its packets sent, and what comes out is held against the verdict: whether
at all, by which interface, with which addresses; then the answer, which must come back as if nothing were translated.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from network_plan.model.gateway import Gateway
from network_plan.model.network import IpAddress
from network_plan.model.plan import Plan
from network_plan.reach import INTERNET, Judge, Packet, Verdict
from network_plan.render.nftables import render_nftables
from network_plan.render.pve import render_pve_firewall
from tests.proof.packets import Chooser, text
from tests.proof.pve_files import parse
from tests.proof.pve_firewall import Frame, Guest, Host
from tests.proof.router import Out, Port, Router
from tests.proof.sites import Texts, day_of, planned
from tests.proof.wire import FIRST, Kind, Seen

IDENT = 20_000
"""Source ports begin here: each packet has its own, so that no two are of one flow."""
ANSWERS: dict[Kind, Kind] = {"syn": "rst", "udp": "unreachable", "echo": "echo-reply"}
"""What a machine says where nothing listens."""
DOOR = {"network", "publish", "input", "forward"}
"""The walls of which the gateway is one."""


class Disagreement(AssertionError):
    """The kernel did something else than the verdict says; the text tells the packet and both."""


@dataclass(slots=True)
class Tally:
    """How much was asked, and how it ended."""

    packets: int = 0
    passed: int = 0
    translated: int = 0
    second: int = 0
    stopped: int = 0
    ends: dict[str, int] = field(default_factory=dict)

    def count(self, end: str) -> None:
        """One more packet that ended so."""
        self.packets += 1
        self.ends[end] = self.ends.get(end, 0) + 1


def ports_of(gateway: Gateway) -> tuple[list[Port], list[str]]:
    """The gateway's interfaces and routes, as the role ``gateway`` sets them on the host."""
    used = sorted({rule.public for rule in gateway.dnat} | {rule.public for rule in gateway.snat})
    ports, routes = [], []
    for item in gateway.interfaces:
        if item.kind == "lan":
            ports.append(Port(name=item.name, addresses=item.addresses))
            continue
        hops: tuple[IpAddress, ...] = (gateway.isp,) + ((gateway.isp6,) if gateway.isp6 else ())
        ports.append(Port(name=item.name, addresses=item.addresses, default=hops))
        if gateway.delivery == "on_link":
            routes += [f"addr add {address}/32 dev {item.name}" for address in used]
        else:
            routes.append(f"route add blackhole {gateway.public}")
    return ports, routes


def today_of(plan: Plan) -> date:
    """The regency's own day, by the clock that the kernel goes by too."""
    return day_of(datetime.now(UTC), plan.utc_offset_hours)


class Door:
    """A Plan's gateway as a kernel runs it, and what the Plan says of it."""

    def __init__(self, plan: Plan, rules: str) -> None:
        self.plan = plan
        self._gateway = plan.gateways[0]
        self.router = Router(*ports_of(self._gateway))
        self.router.load(rules)
        self._names = {item.network: item.name for item in self._gateway.interfaces if item.network}
        self._wan = next(item.name for item in self._gateway.interfaces if item.kind == "wan")
        links = [address.network for item in self._gateway.interfaces for address in item.addresses]
        self._routers = {link.network_address for link in links if link.version == 6}
        self._broadcasts = {link.broadcast_address for link in links if link.version == 4}
        self._ident = IDENT
        self.today = today_of(plan)
        self._judge = Judge(plan, self.today)

    def close(self) -> None:
        """End it."""
        self.router.close()

    def change(self, plan: Plan, rules: str) -> None:
        """Another Plan of the same networks, and its rules over the connections that stand."""
        self.plan = plan
        self._judge = Judge(plan, self.today)
        self.router.load(rules)

    def open(self, packet: Packet) -> tuple[Seen, Out] | None:
        """Open a flow and answer it; what was sent and what came out, where it is forwarded."""
        sent = self.opening(packet)
        came = self.router.send(self.entry(packet), sent)
        if len(came) != 1 or came[0].interface == self.entry(packet):
            return None
        self.router.send(came[0].interface, came[0].packet.reply())
        return sent, came[0]

    def go_on(self, packet: Packet, sent: Seen, out: Out, tally: Tally) -> None:
        """The next packet of a standing flow passes where its first one would pass now, and so does the answer to it.

        Raises:
            Disagreement: the kernel did something else.
        """
        verdict = self.verdict(packet)
        passes = all(step.passed for step in verdict.steps if step.wall in DOOR)
        out_next = Out(out.interface, out.packet.next())
        came = self.router.send(self.entry(packet), sent.next())
        self._must(packet, verdict, came, (out_next,) if passes else (), "of a standing flow ")
        back = self.router.send(out.interface, out.packet.reply())
        answer = Out(self.entry(packet), sent.reply())
        self._must(packet, verdict, back, (answer,) if passes else (), "back in a standing flow ")
        tally.count("goes on" if passes else "cut off")

    def verdict(self, packet: Packet) -> Verdict:
        """What the Plan says."""
        return self._judge.judge(packet)

    def interface(self, address: IpAddress) -> str:
        """The interface by which an address is reached."""
        for network in self.plan.networks:
            if network.key in self._names and any(address in prefix for prefix in network.prefixes):
                return self._names[network.key]
        return self._wan

    def entry(self, packet: Packet) -> str:
        """The interface by which a packet comes in."""
        return self._wan if packet.ingress == INTERNET else self._names[packet.ingress]

    def opening(self, packet: Packet) -> Seen:
        """The packet as it stands on the wire, the first of a flow of its own."""
        self._ident += 1
        return Seen(FIRST[packet.proto], packet.source, packet.destination, self._ident, packet.port)

    def check(self, packet: Packet, tally: Tally) -> Out | None:
        """Send one packet and its answer; what came out of the gateway, where it forwards.

        Raises:
            Disagreement: the kernel did something else than the verdict says.
        """
        verdict = self.verdict(packet)
        if any(step.wall == "sender" and not step.passed for step in verdict.steps):
            tally.count("kept in")
            return None
        sent = self.opening(packet)
        came = self.router.send(self.entry(packet), sent)
        if not all(step.passed for step in verdict.steps if step.wall in DOOR):
            self._must(packet, verdict, came, ())
            tally.count("dropped")
            return None
        if verdict.target.startswith("gateway:"):
            self._answered(packet, verdict, sent, came)
            tally.count("gateway")
            return None
        if any(step.rule.startswith("neighbours") for step in verdict.steps):
            # Whoever sends to the gateway what is for a neighbour gets nothing through.
            self._must(packet, verdict, came, ())
            tally.count("neighbours")
            return None
        out = replace(sent, src=verdict.seen, dst=verdict.destination)
        expected = Out(self.interface(verdict.destination), out)
        self._must(packet, verdict, came, (expected,))
        answer = self.router.send(expected.interface, out.reply())
        self._must(packet, verdict, answer, (Out(self.entry(packet), sent.reply()),), "the answer, ")
        tally.count("internet" if expected.interface == self._wan else "forwarded")
        tally.passed += 1
        tally.translated += out != sent
        return expected

    def _answered(self, packet: Packet, verdict: Verdict, sent: Seen, came: tuple[Out, ...]) -> None:
        """The gateway itself got it: no port is open here, so each is refused, and an echo answered.

        To the address of all routers of a link it answers from its own, if at all, and to a broadcast never: that the
        packet arrived, only the count at the end says.
        """
        source = came[0].packet.src if came and sent.dst in self._routers else sent.dst
        answer = [(self.entry(packet), ANSWERS[sent.kind], source, sent.src)]
        seen = [(out.interface, out.packet.kind, out.packet.src, out.packet.dst) for out in came]
        silent = sent.dst in self._broadcasts or (sent.dst in self._routers and not came)
        if seen != ([] if silent else answer):
            raise self._differs(packet, verdict, came, "an answer of the gateway's own")

    def _must(
        self, packet: Packet, verdict: Verdict, came: tuple[Out, ...], wanted: tuple[Out, ...], what: str = ""
    ) -> None:
        if came != wanted:
            raise self._differs(packet, verdict, came, what + (", ".join(map(str, wanted)) or "nothing"))

    def _differs(self, packet: Packet, verdict: Verdict, came: tuple[Out, ...], wanted: str) -> Disagreement:
        steps = [
            f"  {'passes' if step.passed else 'stops'} {step.where}: {step.rule}" for step in verdict.steps
        ]
        lines = [
            f"packet: {text(packet)}",
            f"today: {self.today}",
            f"kernel: {', '.join(map(str, came)) or 'nothing'} came out",
            f"expected: {wanted}, since awan reach says:",
            *steps,
        ]
        return Disagreement("\n".join(lines))


class Second:
    """The second wall: the files that Proxmox VE would get, asked by what its manual page says."""

    def __init__(self, plan: Plan, files: Mapping[str, str]) -> None:
        read = {name: parse(text) for name, text in files.items()}
        self._guests: dict[IpAddress, Guest] = {}
        self._senders: dict[str, Guest] = {}
        self._hosts: dict[IpAddress, Host] = {}
        for guest in plan.guests:
            if not guest.running:
                continue
            own = read[f"{guest.cluster}/{guest.vmid}.fw"]
            for nic in guest.nics:
                firewall = Guest(read[f"{guest.cluster}/cluster.fw"], own, nic.mac)
                self._senders[guest.key] = firewall
                self._guests |= {address.ip: firewall for address in nic.addresses}
        for cluster in plan.clusters:
            members = [address for node in cluster.nodes for address in node.addresses]
            host = Host(read[f"{cluster.name}/cluster.fw"], members)
            self._hosts |= dict.fromkeys(members, host)

    def check(self, packet: Packet, verdict: Verdict, tally: Tally) -> None:
        """Hold what the files say against the steps of the verdict at the sender and at the target.

        Raises:
            Disagreement: they say something else.
        """
        for step in verdict.steps:
            if step.wall == "sender":
                sender = self._senders[packet.sender] if packet.sender else self._guests[packet.source]
                found = sender.verdict("out", _frame(packet, verdict))
            elif step.wall != "target" or verdict.destination not in {**self._guests, **self._hosts}:
                continue
            elif verdict.destination in self._guests:
                found = self._guests[verdict.destination].verdict("in", _frame(packet, verdict))
            else:
                found = self._hosts[verdict.destination].verdict(_frame(packet, verdict))
            tally.second += 1
            tally.stopped += found != "ACCEPT"
            if (found == "ACCEPT") is not step.passed:
                raise Disagreement(
                    f"packet: {text(packet)}\nPVE's files: {found}\nawan reach: "
                    f"{'passes' if step.passed else 'stops'} {step.where}: {step.rule}"
                )


def _frame(packet: Packet, verdict: Verdict) -> Frame:
    """The packet at a VM's card or at a host."""
    echo = packet.proto == "icmp"
    six = packet.source.version == 6
    return Frame(
        src=packet.source,
        dst=verdict.destination,
        proto="icmpv6" if echo and six else packet.proto,
        dport=packet.port,
        icmp=(128 if six else 8) if echo else None,
    )


@dataclass(frozen=True, slots=True)
class Compiled:
    """What the machines get: the gateway's rules, and PVE's files by name."""

    gateway: str
    pve: Mapping[str, str]


def compiled(plan: Plan) -> Compiled:
    """As they are rendered."""
    return Compiled(render_nftables(plan, plan.gateways[0]), render_pve_firewall(plan))


def prove(
    texts: Texts, seed: int, count: int, tally: Tally, compiler: Callable[[Plan], Compiled] = compiled
) -> None:
    """Ask one site's gateway about that many packets.

    Raises:
        Disagreement: the first packet on which kernel and verdict differ.
    """
    plan = planned(texts)
    assert plan is not None
    made = compiler(plan)
    second = Second(plan, made.pve)
    door = Door(plan, made.gateway)
    try:
        entered = tally.ends.get("gateway", 0)
        for packet in Chooser(plan, random.Random(seed)).packets(count):
            second.check(packet, door.verdict(packet), tally)
            try:
                door.check(packet, tally)
            except Disagreement:
                if today_of(plan) == door.today:
                    raise
                return  # midnight came in between, and a day's rules with it
        # The kernel's own count, beside what was seen on the wire.
        arrived = door.router.arrived()
        entered = tally.ends.get("gateway", 0) - entered
        if arrived != entered and today_of(plan) == door.today:
            raise Disagreement(f"{arrived} packets passed the input hook, {entered} should have")
    finally:
        door.close()


def prove_change(
    before: Texts,
    after: Texts,
    seed: int,
    count: int,
    tally: Tally,
    compiler: Callable[[Plan], Compiled] = compiled,
) -> None:
    """Open flows under one site's rules, load another's, and see which go on: those that it lets in, no others.

    Raises:
        Disagreement: the first packet on which kernel and verdict differ.
    """
    was, becomes = planned(before), planned(after)
    assert was is not None
    assert becomes is not None
    door = Door(was, compiler(was).gateway)
    try:
        opened = []
        for packet in Chooser(was, random.Random(seed)).packets(count):
            pair = door.open(packet) if packet.sender is None else None
            if pair is not None:
                opened.append((packet, *pair))
        door.change(becomes, compiler(becomes).gateway)
        for packet, sent, out in opened:
            try:
                door.go_on(packet, sent, out, tally)
            except Disagreement:
                if today_of(was) == door.today:
                    raise
                return
    finally:
        door.close()
