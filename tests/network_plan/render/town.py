# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway in a network namespace, a station in each of some networks, and the internet: packets are real ones.

Sockets are opened by a thread that has entered the namespace, and belong to it from then on.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from network_plan.model.network import IpAddress
from network_plan.model.plan import Plan

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
PATIENCE = 0.4  # s: packets of one machine take less than a thousandth of it
Result = TypeVar("Result")


def run(*words: str, text: str | None = None) -> str:
    """Run a command; its words and what it said are the error."""
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def address_of(plan: Plan, vm: str, version: int) -> str:
    """A VM's address of one family."""
    guest = next(guest for guest in plan.guests if guest.key == vm and guest.running)
    return next(str(address.ip) for address in guest.nics[0].addresses if address.version == version)


@dataclass
class Conversation:
    """A connection and both of its ends."""

    client: socket.socket
    server: socket.socket

    def carries(self, text: bytes, *, back: bool = False) -> bool:
        """Whether what one end says now comes in at the other; ``back`` is from the server to the client."""
        source, target = (self.server, self.client) if back else (self.client, self.server)
        source.send(text)
        heard = b""
        while select.select([target], [], [], PATIENCE)[0]:
            heard += target.recv(4096)
            if text in heard:
                return True
        return False

    def close(self) -> None:
        """Close both ends."""
        self.client.close()
        self.server.close()


@dataclass
class Town:
    """The namespaces by the name of their station; ``gateway`` and ``internet`` are two of them."""

    plan: Plan
    prefix: str
    open: list[socket.socket] = field(default_factory=list)

    def name(self, station: str) -> str:
        """The namespace of a station."""
        return f"{self.prefix}{station.replace('/', '-')}"

    def at(self, station: str, do: Callable[[], Result]) -> Result:
        """Call something inside a namespace."""
        found: list[Result | BaseException] = []

        def inside() -> None:
            with Path(f"/run/netns/{self.name(station)}").open("rb") as net:
                try:
                    if _LIBC.setns(net.fileno(), _CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                    found.append(do())
                except BaseException as error:  # noqa: BLE001 - handed over to the thread that waits
                    found.append(error)

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        if isinstance(found[0], BaseException):
            raise found[0]
        return found[0]

    def load(self, text: str) -> None:
        """Load rules in the gateway, as its role does."""
        run("ip", "netns", "exec", self.name("gateway"), "nft", "-f", "-", text=text)

    def counter(self, name: str) -> int:
        """The packets that a counter of the rules has seen."""
        listing = run(
            "ip", "netns", "exec", self.name("gateway"), "nft", "list", "counter", "inet", "awan", name
        )
        return int(listing.split("packets ")[1].split()[0])

    def link_local(self, station: str, interface: str) -> str:
        """The address that an interface has on its link alone."""
        shown = run(
            "ip", "-n", self.name(station), "-6", "-o", "address", "show", "dev", interface, "scope", "link"
        )
        return shown.split("inet6 ")[1].partition("/")[0]

    def forget(self, station: str) -> None:
        """Let a station and the gateway know their neighbours no longer."""
        for name in (station, "gateway"):
            run("ip", "-n", self.name(name), "-6", "neigh", "flush", "all")

    def listen(self, station: str, address: str, port: int) -> socket.socket:
        """A server at a station."""
        server = self.at(station, lambda: socket.create_server((address, port), family=family(address)))
        self.open.append(server)
        return server

    def connect(self, station: str, source: str, target: str, server: socket.socket) -> Conversation | None:
        """A connection to a server's port at ``target``; None where nothing answers."""
        port = server.getsockname()[1]
        client = self.at(station, lambda: socket.socket(family(target)))
        self.open.append(client)
        client.settimeout(PATIENCE)
        client.bind((source, 0))
        try:
            client.connect((target, port))
        except TimeoutError:
            return None
        other = server.accept()[0]
        self.open.append(other)
        return Conversation(client, other)


def family(address: str) -> socket.AddressFamily:
    """The family of an address as text."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _station(town: Town, station: str, wire: str, owned: list[str], gateways: tuple[IpAddress, ...]) -> None:
    """A namespace with one wire to the gateway, whose end there has the Plan's name and addresses."""
    name, gateway = town.name(station), town.name("gateway")
    lines = [
        "link set lo up",
        *(f"address add {address} dev eth0 nodad" for address in owned),
        "link set eth0 up",
    ]
    lines += [f"route add default via {address} dev eth0" for address in gateways]
    run("ip", "-n", gateway, "link", "add", wire, "type", "veth", "peer", "name", "eth0", "netns", name)
    interface = next(item for item in town.plan.gateways[0].interfaces if item.name == wire)
    own = [f"address add {address} dev {wire} nodad" for address in interface.addresses]
    if not any(":" in line for line in own):
        own = [line.removesuffix(" nodad") for line in own]
    run("ip", "-n", gateway, "-batch", "-", text="\n".join([*own, f"link set {wire} up", ""]))
    run("ip", "-n", name, "-batch", "-", text="\n".join([*lines, ""]))


def _internet(town: Town, addresses: list[str]) -> None:
    """Beyond the WAN: the provider's end of the link, strangers, and the way to the regency's own blocks."""
    gateway = town.plan.gateways[0]
    wan = next(item for item in gateway.interfaces if item.kind == "wan")
    ends = [str(gateway.isp)] + ([str(gateway.isp6)] if gateway.isp6 is not None else [])
    owned = [f"{end}/{own.network.prefixlen}" for end, own in zip(ends, wan.addresses, strict=True)]
    _station(town, "internet", wan.name, owned, ())
    ways = [f"address add {address} dev lo" for address in addresses]
    ways.append(f"route add {gateway.public} via {wan.addresses[0].ip}")
    ways += [f"route add {net} via {wan.addresses[1].ip}" for net in gateway.internal if net.version == 6]
    run("ip", "-n", town.name("internet"), "-batch", "-", text="\n".join([*ways, ""]))
    out = "\n".join([*(f"route add default via {end}" for end in ends), ""])
    run("ip", "-n", town.name("gateway"), "-batch", "-", text=out)


@contextlib.contextmanager
def town(plan: Plan, stations: dict[str, list[str]], internet: list[str]) -> Iterator[Town]:
    """Build the namespaces, and take them down.

    Args:
        stations: key of a network → the addresses of the one station in it, without their length.
        internet: addresses that answer beyond the WAN.
    """
    made = Town(plan, f"awt{os.getpid()}-")
    names = [made.name(station) for station in ("gateway", "internet", *stations)]
    try:
        for name in names:
            run("ip", "netns", "add", name)
            run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0")
        run(
            "ip",
            "netns",
            "exec",
            names[0],
            "sysctl",
            "-qw",
            "net.ipv4.ip_forward=1",
            "net.ipv6.conf.all.forwarding=1",
        )
        for key, addresses in stations.items():
            network = plan.network(key)
            lengths = {prefix.version: prefix.prefixlen for prefix in network.prefixes}
            owned = [f"{address}/{lengths[6 if ':' in address else 4]}" for address in addresses]
            _station(made, key, f"lan{network.vlan}", owned, network.gateways)
        _internet(made, internet)
        yield made
    finally:
        for item in made.open:
            item.close()
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
