# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends UDP at a rate and counts what arrives, each for a few seconds: runs alone, in the namespaces of a test."""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time

FRAME = 1042
"""Octets of a packet on the wire: 1000 of payload, UDP, IPv4, Ethernet."""
PAYLOAD = b"x" * 1000


def send(source: str, target: str, port: int, kbit: int, seconds: float) -> None:
    """Keep to a rate by the clock, in small bursts, then stop."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind((source, 0))
        begin, sent = time.monotonic(), 0
        while (now := time.monotonic() - begin) < seconds:
            while sent * FRAME * 8 < now * kbit * 1000:
                out.sendto(PAYLOAD, (target, port))
                sent += 1
            time.sleep(0.004)


def receive(ports: list[int], after: float, seconds: float) -> None:
    """Print the kbit/s that came to each port, counted from a while after the start."""
    with selectors.DefaultSelector() as wait:
        for port in ports:
            listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            listening.bind(("0.0.0.0", port))
            wait.register(listening, selectors.EVENT_READ, port)
        counts = dict.fromkeys(ports, 0)
        begin = time.monotonic()
        while (now := time.monotonic() - begin) < after + seconds:
            for key, _ in wait.select(0.05):
                key.fileobj.recv(2000)  # type: ignore[union-attr]
                counts[key.data] += now >= after
        print(json.dumps({port: round(count * FRAME * 8 / 1000 / seconds) for port, count in counts.items()}))


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), float(sys.argv[6]))
    else:
        receive([int(word) for word in sys.argv[4:]], float(sys.argv[2]), float(sys.argv[3]))
