# SPDX-License-Identifier: GPL-3.0-or-later
"""What Proxmox VE's firewall does with one packet, by its files: written after pve-firewall(8), not after our compiler.

Where the manual page leaves something open it says so here, with what ``PVE/Firewall.pm`` does: default policies are
DROP in and ACCEPT out; a macro's echo means both families; the hosts' corosync is let in from the other hosts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network, summarize_address_range
from typing import Literal

from tests.proof.pve_files import FileRule, FirewallFile
from tests.proof.pve_macros import MACROS, Row
from tests.proof.wire import Address

Network = IPv4Network | IPv6Network
Action = Literal["ACCEPT", "DROP", "REJECT"]

ICMP_TYPES = {
    "icmp": {
        "echo-reply": 0,
        "destination-unreachable": 3,
        "source-quench": 4,
        "echo-request": 8,
        "time-exceeded": 11,
    },
    "icmpv6": {
        "destination-unreachable": 1,
        "packet-too-big": 2,
        "time-exceeded": 3,
        "echo-request": 128,
        "echo-reply": 129,
        "router-solicitation": 133,
        "router-advertisement": 134,
        "neighbor-solicitation": 135,
        "neighbor-advertisement": 136,
    },
}
PROTOCOLS = {
    "tcp": "tcp",
    "udp": "udp",
    "icmp": "icmp",
    "icmpv6": "icmpv6",
    "ipv6-icmp": "icmpv6",
    "6": "tcp",
    "17": "udp",
}
TO_HOSTS = ("8006", "5900:5999", "3128", "22", "60000:60050")
"""TCP from management hosts: "Datacenter incoming/outgoing DROP/REJECT", and "Ports used" for live migration."""
COROSYNC = "5405:5412"
HOST_ICMP = {3, 4, 11}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A packet at a card: what a rule can look at.

    Attributes:
        proto: ``tcp``, ``udp``, ``icmp``, ``icmpv6``, or a number.
        icmp: the type, for the last but one two.
        state: what connection tracking says.
        mac: of the sender, where it leaves a VM.
    """

    src: Address
    dst: Address
    proto: str
    sport: int = 40_000
    dport: int = 0
    icmp: int | None = None
    state: Literal["new", "established", "related", "invalid"] = "new"
    mac: str = ""
    card: str = "net0"

    @property
    def version(self) -> int:
        """4 or 6."""
        return self.src.version


def link_local(mac: str) -> IPv6Address:
    """The standard MAC-derived IPv6 link-local address (RFC 4291, appendix A)."""
    octets = [int(part, 16) for part in mac.split(":")]
    packed = bytes((octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:]))
    return IPv6Address(b"\xfe\x80" + bytes(6) + packed)


class Rules:
    """Names and rules of a cluster's file, and of a VM's where one is asked."""

    def __init__(self, cluster: FirewallFile, guest: FirewallFile | None = None) -> None:
        self._cluster = cluster
        self._guest = guest or FirewallFile()

    def networks(self, text: str) -> list[tuple[Network, bool]]:
        """What a source or destination stands for, each with whether it is an exception.

        Raises:
            StopIteration: a name that is nowhere.
        """
        if text.startswith("+"):
            entries = next(file.sets[name] for file, name in self._places(text[1:]) if name in file.sets)
            return [(net, no) for cidr, no in entries for net, _ in self.networks(cidr)]
        found: list[tuple[Network, bool]] = []
        for part in text.split(","):
            low, dash, high = part.partition("-")
            if _is_address(low) and dash:
                first, last = ip_address(low), ip_address(high)
                found += [(net, False) for net in summarize_address_range(first, last)]
            elif _is_address(part.partition("/")[0]):
                found.append((ip_network(part, strict=False), False))
            else:
                cidr = next(file.aliases[name] for file, name in self._places(part) if name in file.aliases)
                found.append((ip_network(cidr, strict=False), False))
        return found

    def _places(self, name: str) -> list[tuple[FirewallFile, str]]:
        """Where a name is looked up: the VM's own before the cluster's, unless it says ``dc/`` or ``guest/``."""
        where, _slash, rest = name.lower().rpartition("/")
        files = {"dc": [self._cluster], "guest": [self._guest]}.get(where, [self._guest, self._cluster])
        return [(file, rest) for file in files]

    def holds(self, text: str, address: Address) -> bool:
        """Whether an address is meant: the closest entry decides, an exception against it."""
        near = [
            (net.prefixlen, no)
            for net, no in self.networks(text)
            if net.version == address.version and address in net
        ]
        return bool(near) and not max(near)[1]

    def decide(self, rules: Sequence[FileRule], direction: str, frame: Frame) -> Action | None:
        """The first rule that matches; ``None`` where none does."""
        for rule in rules:
            if not rule.enabled or rule.options.get("iface", frame.card) != frame.card:
                continue
            if rule.group:
                inner = self.decide(self._cluster.groups[rule.group], direction, frame)
                if inner is not None:
                    return inner
            elif rule.direction == direction and self._matches(rule, frame):
                return rule.action  # type: ignore[return-value] # the reader lets no other word through
        return None

    def _matches(self, rule: FileRule, frame: Frame) -> bool:
        options = rule.options
        if "source" in options and not self.holds(options["source"], frame.src):
            return False
        if "dest" in options and not self.holds(options["dest"], frame.dst):
            return False
        return any(_carries(row, frame) for row in _rows(rule))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _rows(rule: FileRule) -> Iterable[Row]:
    """What a rule matches beside addresses: its own options, or each row of its macro."""
    if not rule.macro:
        given = rule.options
        kind = given.get("icmp_type") or given.get("dport", "")
        return (Row(given.get("proto", ""), kind, given.get("sport", "")),)
    rows = MACROS[rule.macro]
    return (*rows, *(replace(row, proto="icmpv6") for row in rows if row.proto == "icmp"))


def _carries(row: Row, frame: Frame) -> bool:
    if not row.proto:
        return True
    proto = PROTOCOLS.get(row.proto, row.proto)
    if proto != frame.proto or (proto in ICMP_TYPES and frame.version != {"icmp": 4, "icmpv6": 6}[proto]):
        return False
    if proto in ICMP_TYPES:
        if row.dport in {"", "any"}:
            return True
        wanted = ICMP_TYPES[proto].get(row.dport)
        return frame.icmp == (int(row.dport) if wanted is None else wanted)
    return _in_ports(row.dport, frame.dport) and _in_ports(row.sport, frame.sport)


def _in_ports(text: str, port: int) -> bool:
    if not text:
        return True
    spans = (part.partition(":") for part in text.split(","))
    return any(int(first) <= port <= int(last or first) for first, _, last in spans)


def _on(file: FirewallFile, option: str, default: int) -> bool:
    return bool(int(file.options.get(option, default)))


class Guest:
    """The firewall of one VM's card."""

    def __init__(self, cluster: FirewallFile, guest: FirewallFile, mac: str) -> None:
        self._cluster = cluster
        self._own = guest
        self._mac = mac.lower()
        self._rules = Rules(cluster, guest)

    def verdict(self, direction: Literal["in", "out"], frame: Frame) -> Action:
        """What becomes of a packet to (``in``) or from (``out``) the VM."""
        if not _on(self._cluster, "enable", 0) or not _on(self._own, "enable", 0):
            return "ACCEPT"
        if direction == "out" and self._forged(frame):
            return "DROP"
        if frame.state == "invalid":
            return "DROP"
        if frame.state in {"established", "related"}:
            return "ACCEPT"
        if (
            direction == "in"
            and "blacklist" in self._cluster.sets
            and self._rules.holds("+dc/blacklist", frame.src)
        ):
            return "DROP"
        standing = self._standing(direction, frame)
        if standing is not None:
            return standing
        decided = self._rules.decide(self._own.rules, direction, frame)
        default = {"in": "DROP", "out": "ACCEPT"}[direction]
        return decided or self._own.options.get(f"policy_{direction}", default)  # type: ignore[return-value]

    def _forged(self, frame: Frame) -> bool:
        """A MAC or a source that is not the card's own ("Standard IP set ipfilter-net*")."""
        if _on(self._own, "macfilter", 1) and frame.mac and frame.mac.lower() != self._mac:
            return True
        name = f"ipfilter-{frame.card}"
        if name not in self._own.sets and not _on(self._own, "ipfilter", 0):
            return False
        if frame.src == link_local(self._mac):
            return False
        return not (name in self._own.sets and self._rules.holds(f"+guest/{name}", frame.src))

    def _standing(self, direction: str, frame: Frame) -> Action | None:
        """DHCP, neighbour discovery, router advertisements, as the options say."""
        ports = (frame.sport, frame.dport) if direction == "out" else (frame.dport, frame.sport)
        client = {4: (68, 67), 6: (546, 547)}[frame.version]
        if _on(self._own, "dhcp", 0) and frame.proto == "udp" and ports == client:
            return "ACCEPT"
        if frame.proto != "icmpv6":
            return None
        types = ICMP_TYPES["icmpv6"]
        if (
            direction == "out"
            and frame.icmp == types["router-advertisement"]
            and not _on(self._own, "radv", 0)
        ):
            return "DROP"
        talk = {
            types[name] for name in ("router-solicitation", "neighbor-solicitation", "neighbor-advertisement")
        }
        if direction == "in" or _on(self._own, "radv", 0):
            talk.add(types["router-advertisement"])
        return "ACCEPT" if _on(self._own, "ndp", 1) and frame.icmp in talk else None


class Host:
    """The firewall of a cluster's hosts, without ``host.fw`` of their own."""

    def __init__(self, cluster: FirewallFile, members: Sequence[Address]) -> None:
        """``members``: the addresses of all hosts, which corosync speaks between."""
        self._cluster = cluster
        self._members = members
        self._rules = Rules(cluster)

    def verdict(self, frame: Frame) -> Action:
        """What becomes of a packet to a host."""
        if not _on(self._cluster, "enable", 0) or frame.state in {"established", "related"}:
            return "ACCEPT"
        if frame.state == "invalid":
            return "DROP"
        if "blacklist" in self._cluster.sets and self._rules.holds("+dc/blacklist", frame.src):
            return "DROP"
        decided = self._rules.decide(self._cluster.rules, "in", frame)
        if decided is not None:
            return decided
        if any(self._standing(frame)):
            return "ACCEPT"
        return self._cluster.options.get("policy_in", "DROP")  # type: ignore[return-value]

    def _standing(self, frame: Frame) -> Iterator[bool]:
        managed = "management" in self._cluster.sets and self._rules.holds("+dc/management", frame.src)
        yield managed and frame.proto == "tcp" and any(_in_ports(ports, frame.dport) for ports in TO_HOSTS)
        member = frame.src in self._members and frame.dst in self._members and frame.src != frame.dst
        yield member and frame.proto == "udp" and _in_ports(COROSYNC, frame.dport)
        yield frame.proto == "2"  # IGMP
        yield frame.proto == "icmp" and frame.icmp in HOST_ICMP
