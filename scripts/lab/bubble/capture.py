# SPDX-License-Identifier: AGPL-3.0-or-later
"""A capture on one interface of a namespace, and reading what it caught."""

import os
import signal
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.lab.fabric import netns

AGENT = Path(__file__).with_name("capture_agent.py")
_HEAD = 24
_FRAME = struct.Struct("<IIII")


class CaptureError(RuntimeError):
    """The capture does not run, so it proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One Ethernet frame and when it arrived, nanoseconds since 1970 (to the microsecond)."""

    time_ns: int
    data: bytes

    def __str__(self) -> str:
        """Who to whom, as far as it is IP."""
        kind = int.from_bytes(self.data[12:14], "big")
        body = self.data[14:]
        if kind == 0x0800 and len(body) >= 20:
            head = (body[0] & 15) * 4
            ends = [".".join(map(str, body[at : at + 4])) for at in (12, 16)]
            proto = {1: "icmp", 6: "tcp", 17: "udp"}.get(body[9], f"protocol {body[9]}")
            port = f" port {int.from_bytes(body[head + 2 : head + 4], 'big')}" if body[9] in (6, 17) else ""
            return f"{proto} {ends[0]} → {ends[1]}{port}, {len(self.data)} bytes"
        return f"ethertype 0x{kind:04x}, {len(self.data)} bytes"


def read(path: Path) -> list[Frame]:
    """The frames of a pcap file of ours; one that is just being written is left out."""
    data = path.read_bytes()
    found, at = [], _HEAD
    while at + _FRAME.size <= len(data):
        seconds, micros, length, _ = _FRAME.unpack_from(data, at)
        at += _FRAME.size
        if at + length > len(data):
            break
        found.append(Frame(time_ns=seconds * 10**9 + micros * 1000, data=data[at : at + length]))
        at += length
    return found


class Capture:
    """A capture that runs from now on."""

    def __init__(self, namespace: str, interface: str, path: Path) -> None:
        self.path = path
        read_end, write_end = os.pipe()
        self._process = subprocess.Popen(
            [
                "nsenter",
                f"--net={netns.NETNS_DIR / namespace}",
                sys.executable,
                "-I",
                "-S",
                str(AGENT),
                interface,
                str(path),
                str(write_end),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=(write_end,),
        )
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            if pipe.read() != "ready\n":
                _, words = self._process.communicate()
                raise CaptureError(f"no capture on {interface} in {namespace}: {words.strip()[-300:]}")

    def frames(self) -> list[Frame]:
        """What has arrived so far.

        Raises:
            CaptureError: the capture has died meanwhile.
        """
        if self._process.poll() is not None:
            raise CaptureError(f"the capture ended by itself (exit {self._process.returncode})")
        return read(self.path)

    def stop(self) -> list[Frame]:
        """Ends it and gives everything that arrived.

        Raises:
            CaptureError: it had died before, or the kernel could not keep every frame for it.
        """
        self.frames()
        self._process.send_signal(signal.SIGTERM)
        words, errors = self._process.communicate()
        if self._process.returncode != 0:
            raise CaptureError(f"the capture failed: {errors.strip()[-300:]}")
        if int(words.split()[1]):
            raise CaptureError(f"the capture missed {words.split()[1]} frames")
        return read(self.path)

    def kill(self) -> None:
        """Ends it however it stands."""
        self._process.kill()
        self._process.communicate()
