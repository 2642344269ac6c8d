# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway as a kernel runs it: a network namespace with its interfaces, addresses, routes and rules.

Each interface is a tap device whose other end is held here. The kernel takes a frame that is written, decides
and sends all within that call, so that nothing has to be waited for and silence is an answer at once.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface

from tests.proof.wire import Address, Seen, decode, encode

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
GROUP = 7
_LIBC = ctypes.CDLL(None, use_errno=True)

SYSCTLS = {
    "ipv4/ip_forward": 1,
    "ipv6/conf/all/forwarding": 1,
    # The rules alone are asked: a host's own check of sources (host_baseline) would hide a hole in them.
    "ipv4/conf/all/rp_filter": 0,
    "ipv4/conf/default/rp_filter": 0,
    # Every refusal is to be seen, not one a second.
    "ipv4/icmp_ratelimit": 0,
    "ipv4/icmp_msgs_per_sec": 100_000_000,
    "ipv4/icmp_msgs_burst": 100_000_000,
    "ipv6/icmp/ratelimit": 0,
    "ipv4/conf/all/send_redirects": 0,
    "ipv4/conf/default/send_redirects": 0,
    # Nobody else is there: no search for duplicates, no routers asked for.
    "ipv6/conf/default/accept_dad": 0,
    "ipv6/conf/default/router_solicitations": 0,
}

ARRIVED = """
table inet proof {
	counter input { }
	chain late {
		type filter hook input priority 1000; policy accept;
		iifname != "lo" fib daddr type { local, broadcast, anycast } counter name input
	}
}
"""
"""A table of the proof's own: what has passed every rule of the input hook and is for the gateway itself."""


class KernelRefused(Exception):
    """A tool or the kernel did not take what it was given."""


@dataclass(frozen=True, slots=True)
class Out:
    """A packet that came out, and where."""

    interface: str
    packet: Seen

    def __str__(self) -> str:
        """For people who read a counterexample."""
        return f"{self.packet} by {self.interface}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """An interface to be made: name, own addresses, and the next hops of default routes beyond it."""

    name: str
    addresses: tuple[IPv4Interface | IPv6Interface, ...]
    default: tuple[Address, ...] = ()


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise KernelRefused(os.strerror(number))


def _namespace() -> int:
    """A new network namespace without a name: it ends with the descriptor, however this process ends."""
    made: list[int] = []

    def make() -> None:
        _check(_LIBC.unshare(CLONE_NEWNET))
        made.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    if not made:
        raise KernelRefused("cannot make a network namespace; this needs root")
    return made[0]


def _tap(name: str) -> int:
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return handle


def _run(argv: Sequence[str], text: str) -> str:
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise KernelRefused(f"{' '.join(argv)}: {done.stderr.strip()[:2000]}")
    return done.stdout


class Router:
    """One namespace with the interfaces of a gateway; ``load`` gives it rules, ``send`` a packet."""

    def __init__(self, ports: Sequence[Port], routes: Iterable[str] = ()) -> None:
        """Make it all; ``routes`` are further lines for ``ip -batch``."""
        self._taps: dict[str, int] = {}
        self._macs: dict[str, bytes] = {}
        self._net = _namespace()
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        with self.inside():
            for path, value in SYSCTLS.items():
                with suppress(FileNotFoundError):  # a kernel without it limits nothing by it
                    self._sysctl(path, value)
            for number, port in enumerate(ports):
                self._taps[port.name] = _tap(port.name)
                self._macs[port.name] = bytes((2, 0, 0, 1, 0, number))
            _run(["ip", "-batch", "-"], "\n".join([*self._lines(ports), *routes]) + "\n")

    @staticmethod
    def _sysctl(path: str, value: int) -> None:
        with open(f"/proc/sys/net/{path}", "w", encoding="ascii") as file:  # noqa: PTH123 - of the thread's namespace
            file.write(str(value))

    def _lines(self, ports: Sequence[Port]) -> Iterator[str]:
        """Neighbours are not asked for (``arp off``): every address of a link is there, and none is waited for."""
        yield "link set lo up"
        for port in ports:
            mac = self._macs[port.name].hex(":")
            yield f"link set {port.name} address {mac} arp off group {GROUP} up"
            for address in port.addresses:
                yield f"addr add {address} dev {port.name}" + (" nodad" if address.version == 6 else "")
        for port in ports:
            for hop in port.default:
                yield f"route add default via {hop} dev {port.name} onlink"

    @contextmanager
    def inside(self) -> Iterator[None]:
        """This thread, and what it starts, in the namespace."""
        _check(_LIBC.setns(self._net, CLONE_NEWNET))
        try:
            yield
        finally:
            _check(_LIBC.setns(self._home, CLONE_NEWNET))

    def load(self, rules: str) -> None:
        """Load rules beside the proof's own table; connections that stand go on standing.

        Raises:
            KernelRefused: with nft's own words.
        """
        with self.inside():
            _run(["nft", "-f", "-"], f"table inet proof\ndelete table inet proof\n{ARRIVED}\n{rules}")
        self._drain()

    def arrived(self) -> int:
        """How many packets have passed the input hook to an address of the gateway since ``load``."""
        with self.inside():
            words = _run(["nft", "list", "counter", "inet", "proof", "input"], "").split()
        return int(words[words.index("packets") + 1])

    def forget(self) -> None:
        """Forget every connection."""
        with self.inside():
            subprocess.run(["conntrack", "-F"], capture_output=True, check=True)

    def send(self, interface: str, packet: Seen) -> tuple[Out, ...]:
        """Let a packet come in by an interface; all that comes out of any."""
        os.write(self._taps[interface], encode(packet, self._macs[interface]))
        return self._drain()

    def _drain(self) -> tuple[Out, ...]:
        found = []
        for name, tap in self._taps.items():
            while True:
                try:
                    frame = os.read(tap, 2048)
                except BlockingIOError:
                    break
                packet = decode(frame)
                if packet is not None:
                    found.append(Out(name, packet))
        return tuple(found)

    def close(self) -> None:
        """End it. The devices go as one group: each alone would cost the kernel 10 ms of waiting for itself."""
        with self.inside():
            _run(["ip", "link", "del", "group", str(GROUP)], "")
        for handle in (*self._taps.values(), self._net, self._home):
            os.close(handle)
        self._taps = {}
