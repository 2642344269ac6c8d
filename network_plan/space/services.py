# SPDX-License-Identifier: GPL-3.0-or-later
"""Services as numbers on one line: TCP's ports, then UDP's, then echo; and back into words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from network_plan.model.service import Service
from network_plan.space.ranges import Range, Ranges, intersect, union

Proto = Literal["tcp", "udp", "icmp"]

_FIRST = {"tcp": 0, "udp": 1 << 16, "icmp": 1 << 17}
ECHO: Range = (1 << 17, 1 << 17)
PORTED: Ranges = ((0, (1 << 17) - 1),)
"""Everything with a port."""
EVERY: Ranges = ((0, 1 << 17),)
"""Every service that a packet can have: TCP, UDP and echo."""


def code(proto: str, port: int) -> int:
    """The number of a protocol's port; echo has one number whatever its port is."""
    return _FIRST[proto] + (0 if proto == "icmp" else port)


def decode(number: int) -> tuple[Proto, int]:
    """Protocol and port of a number; port 0 for echo."""
    proto: Proto = "icmp" if number >= ECHO[0] else "udp" if number >= _FIRST["udp"] else "tcp"
    return proto, number - _FIRST[proto]


def span(service: Service) -> Range:
    """The numbers of a service."""
    return code(service.proto, service.first), code(service.proto, service.last)


def spans(services: Iterable[Service]) -> Ranges:
    """The numbers of several services."""
    return union(map(span, services))


def names(ranges: Ranges) -> tuple[str, ...]:
    """As people write them: ``tcp/443``, ``udp`` for all of UDP, ``icmp``; ``all`` for everything."""
    return ("all",) if ranges == EVERY else tuple(_names(ranges))


def _names(ranges: Ranges) -> Iterator[str]:
    for proto in ("tcp", "udp"):
        first, last = _FIRST[proto], _FIRST[proto] + 0xFFFF
        for low, high in intersect(ranges, ((first, last),)):
            if (low, high) == (first, last):
                yield proto
            else:
                yield str(Service(proto=proto, first=max(low - first, 1), last=high - first))
    if intersect(ranges, (ECHO,)):
        yield "icmp"
