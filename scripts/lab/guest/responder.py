# SPDX-License-Identifier: AGPL-3.0-or-later
"""The process that a lab VM consists of: it answers on its TCP and UDP ports with who it is and whom it sees.

One event loop for all ports. Which ports those are stands in a JSON file, looked at twice a second, so a
changed list needs no restart. A VM with disks commits a counter to them all the while, and says with each answer how
far it has come. Stands alone (standard library; of ours only `ring`, and only for a VM with disks): a VM must start
at once.

    responder.py PORTS_FILE CLUSTER ID NAME READY_FD DISKS_FOLDER ADDRESS...      no disks: an empty DISKS_FOLDER
"""

import contextlib
import ipaddress
import json
import os
import selectors
import socket
import sys
import time

TYPE_CHECKING = False  # as typing has it, whose import would cost each VM's start
if TYPE_CHECKING:
    from scripts.lab.guest.ring import Writer

Port = tuple[str, str, int]  # address, protocol, number

PACE = 0.5
"""Seconds between two commits, and between two looks at the ports file."""


def wanted(path: str, cluster: str, ident: str, addresses: list[str]) -> set[Port]:
    """The ports that the file names for us; none while there is no file or no entry."""
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib would double the start-up time
            services = json.load(file).get(cluster, {}).get(ident, [])
    except (FileNotFoundError, ValueError):
        return set()
    ports: set[Port] = set()
    for service in services:
        proto, _, numbers = service.partition("/")
        if proto in {"tcp", "udp"}:
            first, _, last = numbers.partition("-")
            ports |= {(a, proto, n) for a in addresses for n in range(int(first), int(last or first) + 1)}
    return ports


class Responder:
    """The open sockets and the loop over them."""

    def __init__(self, cluster: str, ident: str, name: str, disks: str) -> None:
        self._who = f"{name} {cluster} {ident}"
        self._writer = writer_of(disks) if disks else None
        self._due = time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._open: dict[Port, socket.socket] = {}

    def listen(self, ports: set[Port]) -> None:
        """Opens what is missing and closes what is no longer wanted."""
        for port in self._open.keys() - ports:
            self._selector.unregister(self._open[port])
            self._open.pop(port).close()
        for port in sorted(ports - self._open.keys()):
            address, proto, number = port
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setblocking(False)
            sock.bind((address, number))
            if proto == "tcp":
                sock.listen(64)
            self._selector.register(sock, selectors.EVENT_READ, port)
            self._open[port] = sock

    def _line(self, port: Port, peer: str) -> bytes:
        record = f" record {self._writer.counter}" if self._writer else ""
        seen = ipaddress.ip_address(peer)
        return f"awan-lab {self._who} {port[0]} {port[1]}/{port[2]}{record} from {seen}\n".encode()

    def commit(self, pace: float) -> None:
        """Commits when it is time to; what a freeze held up is not made up for."""
        if self._writer and self._due <= time.monotonic():
            self._writer.commit()
            self._due = max(self._due + pace, time.monotonic())

    def turn(self, seconds: float) -> None:
        """Answers whoever calls within the time."""
        for key, _ in self._selector.select(seconds):
            sock, port = key.fileobj, key.data
            assert isinstance(sock, socket.socket)
            with contextlib.suppress(OSError):
                if port[1] == "tcp":
                    connection, peer = sock.accept()
                    with connection:
                        connection.sendall(self._line(port, peer[0]))
                else:
                    _, peer = sock.recvfrom(2048)
                    sock.sendto(self._line(port, peer[0]), peer)


def writer_of(folder: str) -> "Writer":
    """The one import of ours: with -I the path has only the standard library on it."""
    here = os.path.abspath(__file__)  # noqa: PTH100 - pathlib would double the start-up time
    sys.path.append(here.rsplit("/", 4)[0])
    from scripts.lab.guest.ring import Writer  # noqa: PLC0415 - only a VM with disks needs it

    return Writer(folder)


def main(argv: list[str]) -> int:
    """Serves until it is killed."""
    path, cluster, ident, name, ready, disks, *addresses = argv
    responder = Responder(cluster, ident, name, disks)
    responder.listen(wanted(path, cluster, ident, addresses))
    with os.fdopen(int(ready), "w") as pipe:
        pipe.write("ready\n")
    stamp = None
    while True:
        with contextlib.suppress(FileNotFoundError):
            status = os.stat(path)  # noqa: PTH116 - pathlib would double the start-up time
            if stamp != (status.st_mtime_ns, status.st_ino):
                stamp = (status.st_mtime_ns, status.st_ino)
                responder.listen(wanted(path, cluster, ident, addresses))
        responder.commit(PACE)
        responder.turn(PACE)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
