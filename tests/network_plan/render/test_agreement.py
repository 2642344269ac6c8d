# SPDX-License-Identifier: GPL-3.0-or-later
"""The text that the gateway loads and the answer of ``awan reach`` agree on every packet that is drawn.

The text is read here a second time, as a kernel would: sets, chains and days. It knows nothing of the Plan.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from ipaddress import IPv4Address, IPv4Network, ip_address
from pathlib import Path
from typing import cast

import pytest
import yaml

from network_plan import reach
from network_plan.model.plan import Plan
from network_plan.render.nftables import render_nftables
from network_plan.space.services import Proto

CASES = Path(__file__).parents[1] / "reach" / "cases.yml"
PACKETS = 3000
AT_GATEWAY = ("publish", "input", "forward")
DAYS = (date(2026, 11, 24), date(2027, 1, 15), date(2027, 12, 31))


@dataclass(frozen=True, slots=True)
class Packet:
    iif: str
    src: IPv4Address
    dst: IPv4Address
    proto: str
    port: int
    now: int


def _address_in(text: str, address: IPv4Address) -> bool:
    """Whether an address is in ``{ a, b }``, a prefix, a range or is one."""
    for part in text.strip("{} ").split(", "):
        first, _, last = part.partition("-")
        if last and IPv4Address(first) <= address <= IPv4Address(last):
            return True
        if not last and address in IPv4Network(first):
            return True
    return False


def _port_in(text: str, port: int) -> bool:
    first, _, last = text.partition("-")
    return int(first) <= port <= int(last or first)


@dataclass
class Kernel:
    """The sets of a rendered file, and its chains in the order in which they are known to stand."""

    text: str
    sets: dict[str, list[tuple[list[str], str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, body in re.findall(r"\t(?:set|map) (\w+) {(.*?)\n\t}", self.text, flags=re.DOTALL):
            elements = re.search(r"elements = {\n(.*?)\n\t\t}", body, flags=re.DOTALL)
            self.sets[name] = []
            for line in elements[1].split(",\n") if elements else []:
                match, _, value = re.sub(r' comment "[^"]*"', "", line).strip().partition(" : ")
                self.sets[name].append((match.replace('"', "").split(" . "), value))

    def _find(self, name: str, *key: str | IPv4Address | int) -> str | None:
        """The value of the first element that holds the key; an empty text in a plain set."""
        for parts, value in self.sets[name]:
            if len(parts) == len(key) and all(
                _address_in(part, item)
                if isinstance(item, IPv4Address)
                else _port_in(part, item)
                if isinstance(item, int)
                else part == item
                for part, item in zip(parts, key, strict=True)
            ):
                return value
        return None

    def _dated(self, chain: str, packet: Packet, *, translated: bool) -> str | None:
        """The rest of the first rule with ``meta time`` in a chain that fits."""
        body = self.text.partition(f"chain {chain} {{")[2].partition("\n\t}")[0]
        for line in body.splitlines():
            rule = re.match(r"\s*meta time < (\d+) (.*?)(accept|dnat ip to \S+) comment", line)
            if not rule or packet.now >= int(rule[1]):
                continue
            words = rule[2]
            if 'iifname "wan0"' in words and packet.iif != "wan0":
                continue
            if 'iifname != "wan0"' in words and packet.iif == "wan0":
                continue
            if "ct status dnat" in words and not translated:
                continue
            source = re.search(r"ip saddr ({[^}]*}|\S+)", words)
            target = re.search(r"ip daddr ({[^}]*}|\S+)", words)
            ports = re.search(r"(tcp|udp) dport (\S+)", words)
            if source and not _address_in(source[1], packet.src):
                continue
            if target and not _address_in(target[1], packet.dst):
                continue
            if ports and not (packet.proto == ports[1] and _port_in(ports[2], packet.port)):
                continue
            if not ports and packet.proto != "icmp":
                continue
            return rule[3]
        return None

    def _out(self, address: IPv4Address) -> str:
        for (name, prefix), _ in self.sets["home"]:
            if _address_in(prefix, address):
                return name
        return "wan0"

    def passes(self, packet: Packet, own: Collection[object], public: IPv4Network) -> bool:
        """What becomes of the first packet of a connection."""
        translated = self._dated("publish_in", packet, translated=False)
        to = translated.removeprefix("dnat ip to ") if translated else None
        if to is None and packet.proto != "icmp":
            to = self._find("publish", packet.dst, packet.proto, packet.port)
        dst = IPv4Address(to) if to else packet.dst
        arrived = Packet(packet.iif, packet.src, dst, packet.proto, packet.port, packet.now)
        wan_in, oif = packet.iif == "wan0", self._out(dst)
        if wan_in and (self._find("internal", packet.src) is not None or packet.src in public):
            return False
        if not wan_in and self._find("home", packet.iif, packet.src) is None:
            return False
        if dst in own:
            return not wan_in and (
                packet.proto == "icmp"
                or self._find("to_gateway", packet.src, packet.proto, packet.port) is not None
                or self._dated("dated_input", arrived, translated=bool(to)) is not None
            )
        if packet.iif == oif and not wan_in:
            return False
        if dst in public or (oif == "wan0" and self._find("internal", dst) is not None):
            return False
        return self._forwards(arrived, oif, translated=bool(to))

    def _flow(self, packet: Packet) -> str | None:
        """Between inner networks: by the interface, by the host, or by ranges."""
        to = (packet.dst, packet.proto, packet.port)
        found = (
            self._find("network_flows", packet.iif, *to),
            self._find("host_flows", packet.src, *to),
            self._find("flows", packet.src, *to),
        )
        return next((hit for hit in found if hit is not None), None)

    def _forwards(self, packet: Packet, oif: str, *, translated: bool) -> bool:
        ported = packet.proto != "icmp"
        if oif != "wan0" and packet.iif != "wan0":
            hit = self._flow(packet) if ported else self._find("pings", packet.src, packet.dst)
        elif oif != "wan0":
            hit = (
                self._find("published", packet.dst, packet.proto, packet.port)
                if ported and translated
                else None
            )
        else:
            hit = self._find("egress_any", packet.src)
            if hit is None and ported:
                hit = self._find("egress", packet.src, packet.proto, packet.port)
            if hit is None and not ported:
                hit = self._find("egress_ping", packet.src)
        return hit is not None or self._dated("dated", packet, translated=translated) is not None


@pytest.fixture(scope="module", params=["cases", "full"])
def plan(request: pytest.FixtureRequest, planned: Callable[..., Plan]) -> Plan:
    if request.param == "full":
        plan: Plan = request.getfixturevalue("full_plan")
        return plan
    cases = yaml.load(CASES.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return planned(*((edit["file"], edit["old"], edit["new"]) for edit in cases["edits"]))


def _addresses(plan: Plan) -> list[IPv4Address]:
    """Ends and insides of every network, every VM, the public block, what nobody was allotted, and two strangers."""
    found = {ip_address("192.0.2.10"), ip_address("192.0.2.80")}
    found |= {prefix[-2] for prefix in plan.gateways[0].internal}
    found |= {address.ip for guest in plan.guests for nic in guest.nics for address in nic.addresses}
    for network in plan.networks:
        prefix = network.prefixes[0]
        found |= {prefix[1], prefix[5], prefix[-2]}
    found |= set(plan.gateways[0].public)
    found |= {address.ip for item in plan.gateways[0].interfaces for address in item.addresses}
    return sorted(address for address in found if isinstance(address, IPv4Address))


def test_the_text_and_the_answer_agree(plan: Plan) -> None:
    gateway = plan.gateways[0]
    kernel = Kernel(render_nftables(plan, gateway))
    own = {address.ip for item in gateway.interfaces for address in item.addresses}
    places = _addresses(plan)
    services = sorted({str(service) for flow in plan.flows for service in flow.services} | {"tcp/1", "icmp"})
    chance = random.Random(0)
    judges = {day: reach.Judge(plan, day) for day in DAYS}
    passed = 0
    for _ in range(PACKETS):
        src, dst = chance.choice(places), chance.choice(places)
        day = chance.choice(DAYS)
        proto, _, ports = chance.choice(services).partition("/")
        port = int(ports.partition("-")[0] or 0)
        network = next((item for item in plan.networks if src in item.prefixes[0]), None)
        if src in own or (network is not None and dst in network.prefixes[0]):
            continue  # the gateway's own packets, and those between neighbours, meet none of its rules
        iif = "wan0" if network is None else f"lan{network.vlan}"
        noon = int(datetime(day.year, day.month, day.day, 5, tzinfo=UTC).timestamp())
        packet = Packet(iif, src, dst, proto, port, noon)
        judged = reach.Packet(
            ingress=reach.INTERNET if network is None else network.key,
            source=src,
            destination=dst,
            proto=cast("Proto", proto),
            port=port,
        )
        verdict = judges[day].judge(judged)
        refused = any(not step.passed and step.wall in AT_GATEWAY for step in verdict.steps)
        assert kernel.passes(packet, own, gateway.public) == (not refused), (packet, verdict)
        passed += not refused
    assert passed > PACKETS // 100
