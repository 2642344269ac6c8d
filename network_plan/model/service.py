# SPDX-License-Identifier: GPL-3.0-or-later
"""A transport service: protocol and port range, the unit in which flows speak."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_TEXT = re.compile(r"(tcp|udp)/([0-9]{1,5})(?:-([0-9]{1,5}))?")
_MEANT = re.compile(r"(tcp|udp)?[/: ]?([0-9]{1,5}(?:-[0-9]{1,5})?)[/: ]?(tcp|udp)?")
"""A service in another order, with another sign or without its protocol: ``443/tcp``, ``TCP:443``, ``443``."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Service:
    """One protocol with an inclusive port range; ``icmp`` has ports 0-0 (no ports, RFC 792)."""

    proto: str
    first: int
    last: int

    @staticmethod
    @lru_cache(maxsize=100_000)
    def parse(text: str) -> Service:
        """Read ``tcp/443``, ``udp/5000-5010`` or ``icmp``.

        Raises:
            ValueError: the text is none of these, or a port is not in 1-65535.
        """
        if text == "icmp":
            return Service(proto="icmp", first=0, last=0)
        match = _TEXT.fullmatch(text)
        if match is None:
            meant = _MEANT.fullmatch(text.lower())
            cure = "tcp/443, udp/5000-5010 or icmp"
            if meant:
                cure = f"{meant[1] or meant[3] or 'tcp'}/{meant[2]}"
            elif text.lower() in ("ping", "echo", "icmp/8", "icmpv6"):
                cure = "icmp"
            raise ValueError(f"{text!r} is no service; write {cure}")
        first = int(match[2])
        last = int(match[3] or match[2])
        if not 1 <= first <= last <= 65535:
            raise ValueError(f"{text!r} has no valid port range; ports run from 1 to 65535, low to high")
        return Service(proto=match[1], first=first, last=last)

    def covers(self, other: Service) -> bool:
        """Whether every packet of ``other`` is one of this service."""
        return self.proto == other.proto and self.first <= other.first and other.last <= self.last

    @property
    def ports(self) -> str:
        """The range as nftables writes it: ``443`` or ``5000-5010``; empty for icmp."""
        if self.proto == "icmp":
            return ""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    def __str__(self) -> str:
        """The text that :meth:`parse` reads."""
        return self.proto if self.proto == "icmp" else f"{self.proto}/{self.ports}"
