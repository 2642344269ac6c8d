# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets as bytes and back: Ethernet with IPv4 or IPv6, and TCP, UDP or ICMP echo in it. Knows no Plan.

Only what the proof sends and the kernel answers: RFC 791, 8200, 9293, 768, 792, 4443.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

Address = IPv4Address | IPv6Address
Kind = Literal["syn", "syn-ack", "ack", "rst", "udp", "echo", "echo-reply", "unreachable"]

ICMP = {4: 1, 6: 58}
ECHO = {4: 8, 6: 128}
ECHO_REPLY = {4: 0, 6: 129}
UNREACHABLE = {4: 3, 6: 1}
ETHERTYPE = {4: 0x0800, 6: 0x86DD}
FLAGS: dict[Kind, int] = {"syn": 0x02, "syn-ack": 0x12, "ack": 0x10, "rst": 0x04}
FIN_SYN_RST_ACK = 0x17
FIRST: dict[str, Kind] = {"tcp": "syn", "udp": "udp", "icmp": "echo"}
"""What opens a flow of each protocol."""
REPLY: dict[Kind, Kind] = {"syn": "syn-ack", "udp": "udp", "echo": "echo-reply"}
NEXT: dict[Kind, Kind] = {"syn": "ack", "udp": "udp", "echo": "echo"}
"""What the opener sends once it was answered."""
PAYLOAD = b"awan-proof"


@dataclass(frozen=True, slots=True)
class Seen:
    """One packet on the wire; an echo has its identifier as ``sport``, and 0 as ``dport``.

    An ``unreachable`` has the ports of the packet that it is about, and the addresses of its own header.
    """

    kind: Kind
    src: Address
    dst: Address
    sport: int
    dport: int

    def reply(self) -> Seen:
        """What the other side answers."""
        ports = (self.sport, 0) if self.kind == "echo" else (self.dport, self.sport)
        return Seen(REPLY[self.kind], self.dst, self.src, *ports)

    def next(self) -> Seen:
        """What the opener of the flow sends after the answer."""
        return replace(self, kind=NEXT[self.kind])

    def __str__(self) -> str:
        """For people who read a counterexample."""
        return f"{self.kind} {self.src} port {self.sport} to {self.dst} port {self.dport}"


def checksum(data: bytes) -> int:
    """The internet's checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def _summed(body: bytes, at: int, pseudo: bytes = b"") -> bytes:
    return body[:at] + struct.pack("!H", checksum(pseudo + body)) + body[at + 2 :]


def _pseudo(packet: Seen, number: int, length: int) -> bytes:
    ends = packet.src.packed + packet.dst.packed
    form = "!BBH" if packet.src.version == 4 else "!HHI"
    if packet.src.version == 4:
        return ends + struct.pack(form, 0, number, length)
    return ends + struct.pack("!II", length, number)


def _transport(packet: Seen) -> tuple[int, bytes]:
    """Protocol number and bytes."""
    version = packet.src.version
    if packet.kind in {"echo", "echo-reply"}:
        kind = (ECHO if packet.kind == "echo" else ECHO_REPLY)[version]
        body = struct.pack("!BBHHH", kind, 0, 0, packet.sport, 1) + PAYLOAD
        number, at, pseudo = ICMP[version], 2, b""
        if version == 6:
            pseudo = _pseudo(packet, number, len(body))
        return number, _summed(body, at, pseudo)
    if packet.kind == "udp":
        body = struct.pack("!HHHH", packet.sport, packet.dport, 8 + len(PAYLOAD), 0) + PAYLOAD
        return 17, _summed(body, 6, _pseudo(packet, 17, len(body)))
    # The opener counts from 1, the answerer from 101; each acknowledges the other's next.
    seq, ack = {"syn": (1, 0), "syn-ack": (101, 2), "ack": (2, 102)}[packet.kind]
    flags = FLAGS[packet.kind]
    body = struct.pack("!HHIIBBHHH", packet.sport, packet.dport, seq, ack, 0x50, flags, 8192, 0, 0)
    return 6, _summed(body, 16, _pseudo(packet, 6, len(body)))


def encode(packet: Seen, to_mac: bytes) -> bytes:
    """A packet as an Ethernet frame to a MAC; not an ``rst`` or ``unreachable``, which only the kernel sends."""
    number, body = _transport(packet)
    ends = packet.src.packed + packet.dst.packed
    if packet.src.version == 4:
        head = _summed(struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, number, 0) + ends, 10)
    else:
        head = struct.pack("!IHBB", 6 << 28, len(body), number, 64) + ends
    return to_mac + b"\x02\0\0\0\0\x01" + struct.pack("!H", ETHERTYPE[packet.src.version]) + head + body


def decode(frame: bytes) -> Seen | None:
    """What a frame carries; ``None`` where it is nothing that the proof sends or the kernel answers to it."""
    (ethertype,) = struct.unpack_from("!H", frame, 12)
    return _ip(frame[14:]) if ethertype in ETHERTYPE.values() else None


def _ip(packet: bytes) -> Seen | None:
    version = packet[0] >> 4
    src: Address
    dst: Address
    if version == 4:
        number, body = packet[9], packet[(packet[0] & 15) * 4 :]
        src, dst = ip_address(packet[12:16]), ip_address(packet[16:20])
    else:
        number, body = packet[6], packet[40:]
        src, dst = ip_address(packet[8:24]), ip_address(packet[24:40])
    if number == ICMP[version]:
        return _icmp(version, src, dst, body)
    if number == 17:
        return Seen("udp", src, dst, *struct.unpack_from("!HH", body))
    if number != 6:
        return None
    flags = body[13] & FIN_SYN_RST_ACK
    kind = next((kind for kind, bits in FLAGS.items() if bits == flags), "rst" if flags & 0x04 else None)
    return None if kind is None else Seen(kind, src, dst, *struct.unpack_from("!HH", body))


def _icmp(version: int, src: Address, dst: Address, body: bytes) -> Seen | None:
    for types, kind in ((ECHO, "echo"), (ECHO_REPLY, "echo-reply")):
        if body[0] == types[version]:
            (ident,) = struct.unpack_from("!H", body, 4)
            return Seen("echo" if kind == "echo" else "echo-reply", src, dst, ident, 0)
    if body[0] != UNREACHABLE[version]:
        return None
    about = _ip(body[8:])
    return None if about is None else Seen("unreachable", src, dst, about.sport, about.dport)
