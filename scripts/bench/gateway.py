# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new flow costs the gateway: its rules for 45 tenants beside one rule, both with the same NAT.

First packets of flows, each with addresses and ports of its own, go through real cables into a namespace with the
gateway's interfaces and rules. They are forwarded within the call that sends them; what sending alone costs is measured
beside it (rules that drop everything at once) and taken off, so that the generator does not hide a slow rule set.
"""

from __future__ import annotations

import os
import random
import re
import statistics
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from network_plan.build import check_texts
from network_plan.model.gateway import Gateway
from network_plan.model.plan import Plan
from network_plan.render.nftables import render_nftables
from scripts.bench.measure import BenchError, Row
from scripts.lab.fabric import netns
from scripts.synthetic.site import site_texts
from scripts.synthetic.size import Size
from scripts.toolchain.paths import hosts_missing

FLOOD = Path(__file__).with_name("flood.py")
TENANTS, VMS = 45, 90
FEW, MANY = 40, 400
FLOWS = 20_000
TURNS = 9
BESIDE_ONE = 1 / 0.8
"""A new flow may take a quarter longer than with one rule: 0.8 of its flows in a second."""
BESIDE_FEW = 1.05
PRIMARY = "schema 1\nprimary 1 dc\n"
NOTHING = """
table inet awan
delete table inet awan
table inet awan {
	chain none {
		type filter hook prerouting priority -400; policy drop;
	}
}
"""
ONE_RULE = """	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state { established, related } accept
		meta l4proto { tcp, udp } accept
	}
"""


def planned(rules: int) -> Plan:
    """A synthetic regency of 45 tenants with so many flows each; the first ones of more are those of fewer."""
    texts = site_texts(Size(tenants=TENANTS, vms=VMS, flows=TENANTS * rules))
    ledger = {"site_role.ledger": PRIMARY}
    for entry in check_texts(texts, ledger).missing:
        ledger[entry.file] = ledger.get(entry.file, "schema 1\n") + f"{entry.line}\n"
    plan = check_texts(texts, ledger).plan
    if plan is None:
        raise BenchError("the synthetic site does not hold")
    return plan


def one_rule(rules: str) -> str:
    """The same file with one rule for everything that is forwarded, and the NAT as it is."""
    start = rules.index("\tchain forward {")
    end = rules.index("\n\t}\n", start) + 3
    kept = rules[:start] + ONE_RULE + rules[end:]
    return re.sub(r"\tchain replies \{.*?\n\t\}\n", "", kept, flags=re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The first packet of a flow, and the interface by which it comes in."""

    interface: str
    source: IPv4Address
    target: IPv4Address
    proto: int
    sport: int
    dport: int

    def frame(self) -> bytes:
        """Ethernet, IPv4, and a TCP SYN or an empty UDP datagram."""
        ends = self.source.packed + self.target.packed
        if self.proto == 6:
            body = struct.pack("!HHIIBBHHH", self.sport, self.dport, 1, 0, 0x50, 2, 8192, 0, 0)
            total = _checksum(ends + struct.pack("!HH", 6, len(body)) + body)
            body = body[:16] + struct.pack("!H", total) + body[18:]
        else:
            body = struct.pack(
                "!HHHH", self.sport, self.dport, 8, 0
            )  # over IPv4 the checksum may be left out
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, self.proto, 0) + ends
        head = head[:10] + struct.pack("!H", _checksum(head)) + head[12:]
        return _MAC + b"\x02\0\0\0\0\x02\x08\x00" + head + body


_MAC = b"\x02\0\0\0\0\x01"


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def flows(gateway: Gateway, count: int) -> Iterator[Flow]:
    """A half between networks, four in ten out to the internet behind NAT, one in ten in to what is published."""
    chance = random.Random(1)  # noqa: S311 - chance that guards nothing
    wan = next(item.name for item in gateway.interfaces if item.kind == "wan")
    inner = [rule for rule in gateway.forward if not rule.from_internet and not rule.to_internet]
    inner = [rule for rule in inner if len(rule.sources) == len(rule.destinations) == 1]
    homes = [
        (address.network, item.name)
        for item in gateway.interfaces
        if item.kind == "lan"
        for address in item.addresses
        if isinstance(address.network, IPv4Network)
    ]
    offices = [pair for pair in homes if any(pair[0].subnet_of(net) for net in _going_out(gateway))]
    for number in range(count):
        sport = 1024 + number * 3 % 64_000
        kind = chance.random()
        if kind < 0.5:
            rule = chance.choice(inner)
            prefix, service = rule.sources[0], chance.choice(rule.services)
            source = _host(prefix, chance)
            home = next(name for net, name in homes if source in net)
            target, proto, port = rule.destinations[0].network_address, service.proto, service.first
            ends = (home, source, IPv4Address(str(target)), {"tcp": 6, "udp": 17}[proto])
            yield Flow(
                interface=ends[0], source=ends[1], target=ends[2], proto=ends[3], sport=sport, dport=port
            )
        elif kind < 0.9:
            net, home = chance.choice(offices)
            yield Flow(
                interface=home,
                source=_host(net, chance),
                target=IPv4Address(int(IPv4Address("192.0.2.0")) + chance.randrange(1, 255)),
                proto=chance.choice((6, 17)),
                sport=sport,
                dport=443,
            )
        else:
            published = chance.choice(gateway.dnat)
            yield Flow(
                interface=wan,
                source=IPv4Address(int(IPv4Address("192.0.2.0")) + chance.randrange(1, 255)),
                target=published.public,
                proto=6,
                sport=sport,
                dport=published.services[0].first,
            )


def _going_out(gateway: Gateway) -> list[IPv4Network]:
    return [net for rule in gateway.snat for net in rule.sources]


def _host(prefix: object, chance: random.Random) -> IPv4Address:
    if not isinstance(prefix, IPv4Network):
        raise BenchError(f"{prefix} is no IPv4 prefix")
    if prefix.num_addresses == 1:
        return prefix.network_address
    return prefix[chance.randrange(10, prefix.num_addresses - 1)]


@contextmanager
def ground(gateway: Gateway) -> Iterator[tuple[str, str]]:
    """Two namespaces, one cable between them for each of the gateway's interfaces; nothing is left of them."""
    sender, router = (f"awan-bench-{os.getpid()}-{part}" for part in ("out", "gw"))
    try:
        netns.add([sender, router])
        quiet = {"net.ipv6.conf.default.disable_ipv6": "1", "net.ipv6.conf.all.disable_ipv6": "1"}
        netns.sysctl(sender, quiet)
        netns.sysctl(router, {**quiet, "net.ipv4.ip_forward": "1"})
        cables = [
            f"link add {item.name} netns {router} address {_MAC.hex(':')} type veth"
            f" peer name {item.name} netns {sender}"
            for item in gateway.interfaces
        ]
        netns.batch(None, cables)
        # Neighbours are not asked for: whoever is meant, the frame leaves.
        up = [f"link set {item.name} arp off up" for item in gateway.interfaces]
        netns.batch(sender, up)
        addresses = [
            f"addr add {address} dev {item.name}"
            for item in gateway.interfaces
            for address in item.addresses
            if address.version == 4
        ]
        wan = next(item.name for item in gateway.interfaces if item.kind == "wan")
        routes = [f"route add default via {gateway.isp} dev {wan} onlink"]
        netns.batch(router, [*up, *addresses, *routes, f"route add blackhole {gateway.public}"])
        yield sender, router
    finally:
        netns.delete([name for name in (sender, router) if netns.exists(name)])


def _inside(namespace: str, *argv: str) -> str:
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, *argv], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"{' '.join(argv[:3])} in {namespace}: {done.stderr.strip()[-300:]}")
    return done.stdout


def measured(
    rules: Mapping[str, str], gateway: Gateway, count: int = FLOWS, turns: int = TURNS
) -> dict[str, list[float]]:
    """Microseconds a new flow, by name of the rules, in turns; the first turn fills caches and is dropped.

    Raises:
        BenchError: a flow was not let through, or a tool refused.
    """
    frames = b"".join(
        struct.pack("16sH64s", flow.interface.encode(), len(flow.frame()), flow.frame())
        for flow in flows(gateway, count)
    )
    found: dict[str, list[float]] = {name: [] for name in rules}
    with tempfile.TemporaryDirectory(prefix="awan-bench-") as folder, ground(gateway) as (sender, router):
        file = Path(folder) / "frames"
        file.write_bytes(frames)
        for turn in range(turns + 1):
            for name, text in rules.items():
                netns.nft(router, text)
                _inside(router, "conntrack", "-F")
                took = float(_inside(sender, sys.executable, "-I", "-S", str(FLOOD), str(file)))
                stand = int(_inside(router, "conntrack", "-C"))
                if stand != (0 if text is NOTHING else count):
                    raise BenchError(f"{name}: {stand} of {count} flows were let through")
                if turn:
                    found[name].append(took * 1e6)
    return found


def _cost(found: Mapping[str, Sequence[float]], name: str) -> float:
    """Forwarding alone: the least of the turns, less the least of sending: whatever else runs only ever adds."""
    return min(found[name]) - min(found["nothing"])


def rows() -> Iterator[Row]:
    """Measure 40 rules a tenant beside one rule, and 400 beside 40."""
    if reasons := hosts_missing():
        raise BenchError("; ".join(reasons))
    few, many = planned(FEW), planned(MANY)
    gateway = few.gateways[0]
    rules = {name: render_nftables(plan, plan.gateways[0]) for name, plan in (("few", few), ("many", many))}
    try:
        found = measured({"nothing": NOTHING, "one": one_rule(rules["few"]), **rules}, gateway)
    except netns.NetworkError as error:
        raise BenchError(str(error)) from error
    one, with_few, with_many = (_cost(found, name) for name in ("one", "few", "many"))
    for name, value, base, limit, who in (
        (f"gateway, a new flow, {TENANTS} × {FEW} rules beside one rule", with_few, one, BESIDE_ONE, "few"),
        (
            f"gateway, a new flow, {TENANTS} × {MANY} rules beside {FEW}",
            with_many,
            with_few,
            BESIDE_FEW,
            "many",
        ),
    ):
        turns = sorted(found[who])
        spread = f"{turns[0]:.2f} / {statistics.median(turns):.2f} / {turns[-1]:.2f} µs with sending"
        spread += f"; {1e6 / value:,.0f} a second"
        yield Row(name=name, value=value, unit="µs", base=base, limit=limit, spread=spread)
