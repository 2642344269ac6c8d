# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs inside one namespace: takes probes as JSON on standard input, makes them all at once, prints the outcomes.

Stands alone (standard library only, no import of ours); `probe` starts one per source namespace.
"""

import contextlib
import errno
import json
import os
import selectors
import socket
import struct
import sys
import time
from typing import Any

# What every name server answers from what it has itself, and an echo server too: a query for localhost's address.
DNS_QUERY = bytes.fromhex("617701000001000000000000") + b"\x09localhost\x00" + bytes.fromhex("00010001")
REFUSALS = {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.ECONNRESET}


class Attempt:
    """One probe under way; `outcome` is None until it is known."""

    def __init__(self, probe: dict[str, Any]) -> None:
        self.probe = probe
        self.outcome: str | None = None
        self.text = ""
        self.started = time.monotonic()
        self.took = float(probe["timeout"])
        self.socket: socket.socket | None = None
        self.connected = False
        self._sends = 0

    @property
    def deadline(self) -> float:
        """When silence is taken for an answer."""
        return self.started + float(self.probe["timeout"])

    def begin(self, ident: int) -> None:
        """Sends the first packet."""
        six = ":" in self.probe["target"]
        family = socket.AF_INET6 if six else socket.AF_INET
        proto = self.probe["proto"]
        try:
            if proto == "icmp":
                kind = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
                self.socket = socket.socket(family, socket.SOCK_RAW, kind)
            else:
                self.socket = socket.socket(
                    family, socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
                )
            self.socket.setblocking(False)
            if self.probe.get("source"):
                self.socket.bind((self.probe["source"], 0))
            with contextlib.suppress(BlockingIOError):
                self.socket.connect((self.probe["target"], 0 if proto == "icmp" else int(self.probe["port"])))
            if proto != "tcp":
                self.send(ident)
        except OSError as error:
            self.fail(error)

    def send(self, ident: int) -> None:
        """Sends a datagram; a second one goes out halfway, for one may be lost where none is refused."""
        assert self.socket is not None
        self._sends += 1
        if self.probe["proto"] == "icmp":
            self.socket.send(echo_request(":" in self.probe["target"], ident, self._sends))
        else:
            self.socket.send(DNS_QUERY)

    def again_at(self) -> float | None:
        """When the second datagram is due."""
        if self.outcome is None and self.probe["proto"] != "tcp" and self._sends == 1:
            return self.started + float(self.probe["timeout"]) / 2
        return None

    def readable(self, ident: int) -> None:
        """Takes what has come."""
        assert self.socket is not None
        try:
            data = self.socket.recv(4096)
        except BlockingIOError:
            return
        except OSError as error:
            self.fail(error)
            return
        if self.probe["proto"] == "icmp":
            if is_echo_reply(data, ":" in self.probe["target"], ident):
                self.finish("answered")
        elif self.probe["proto"] == "udp" or not data or b"\n" in data:
            self.text += printable(data)
            self.finish("answered")
        else:
            self.text += printable(data)

    def writable(self) -> None:
        """A TCP connection stands or has failed."""
        assert self.socket is not None
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self.fail(OSError(code, os.strerror(code)))
        else:
            self.connected = True

    def fail(self, error: OSError) -> None:
        """Somebody said no; anything else is a mistake of the probe's."""
        self.text = errno.errorcode.get(error.errno or 0, str(error))
        if error.errno == errno.EPERM:
            # The kernel tells the sender when its own netfilter drops a datagram; on the wire that is silence.
            self.finish("silent")
        else:
            self.finish("refused" if error.errno in REFUSALS else "error")

    def finish(self, outcome: str) -> None:
        """The end."""
        self.outcome = outcome
        self.took = time.monotonic() - self.started
        if self.socket is not None:
            self.socket.close()


def printable(data: bytes) -> str:
    """Text as far as it is text."""
    return data.decode("ascii", "replace").strip()[:300]


def echo_request(six: bool, ident: int, number: int) -> bytes:
    """An ICMP echo request; the kernel fills in the checksum of ICMPv6 only."""
    head = struct.pack("!BBHHH", 128 if six else 8, 0, 0, ident, number)
    if six:
        return head
    words = sum(struct.unpack("!4H", head))
    checksum = ~((words >> 16) + (words & 0xFFFF)) & 0xFFFF
    return head[:2] + struct.pack("!H", checksum) + head[4:]


def is_echo_reply(data: bytes, six: bool, ident: int) -> bool:
    """True for the reply to ours; IPv4 raw sockets see the IP header too."""
    body = data if six else data[(data[0] & 15) * 4 :]
    return len(body) >= 8 and body[0] == (129 if six else 0) and struct.unpack("!H", body[4:6])[0] == ident


def run(probes: list[dict[str, Any]]) -> list[Attempt]:
    """All probes at once."""
    selector = selectors.DefaultSelector()
    attempts = [Attempt(probe) for probe in probes]
    for ident, attempt in enumerate(attempts, 1):
        attempt.begin(ident)
        if attempt.outcome is None and attempt.socket is not None:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if attempt.probe["proto"] == "tcp" else 0)
            selector.register(attempt.socket, events, (ident, attempt))
    while open_ones := [a for a in attempts if a.outcome is None]:
        now = time.monotonic()
        due = min([a.again_at() or a.deadline for a in open_ones])
        for key, events in selector.select(max(due - now, 0)):
            ident, attempt = key.data
            sock = key.fileobj
            if events & selectors.EVENT_WRITE:
                attempt.writable()
                if attempt.outcome is None:
                    selector.modify(sock, selectors.EVENT_READ, key.data)
            if attempt.outcome is None and events & selectors.EVENT_READ:
                attempt.readable(ident)
            if attempt.outcome is not None:
                selector.unregister(sock)
        expire(attempts, selector)
    return attempts


def expire(attempts: list[Attempt], selector: selectors.BaseSelector) -> None:
    """Sends the second datagrams and closes what has waited long enough."""
    now = time.monotonic()
    for ident, attempt in enumerate(attempts, 1):
        again = attempt.again_at()
        if again is not None and again <= now:
            with contextlib.suppress(OSError):
                attempt.send(ident)
        if attempt.outcome is None and attempt.deadline <= now and attempt.socket is not None:
            # Connected and still waiting: a server that speaks only when spoken to.
            selector.unregister(attempt.socket)
            attempt.finish("answered" if attempt.connected else "silent")


def main() -> int:
    """Standard input to standard output."""
    attempts = run(json.load(sys.stdin))
    json.dump(
        [{"outcome": a.outcome, "text": a.text, "seconds": round(a.took, 3)} for a in attempts], sys.stdout
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
