# SPDX-License-Identifier: GPL-3.0-or-later
"""One packet, and what became of it: where, by which rule. Judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from network_plan.model.network import IpAddress
from network_plan.model.service import Service
from network_plan.space.services import Proto, decode, span

INTERNET = "internet"
"""The ingress of what comes in by the gateway's WAN."""

Wall = Literal["sender", "network", "publish", "input", "forward", "target"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """The first packet of a flow, as it is sent; its replies follow by state.

    Attributes:
        ingress: key of the network in which it is sent, or ``internet``.
        source, destination: addresses of one family.
        proto: ``icmp`` is an echo request of either family.
        port: destination port; 0 for an echo.
        sender: key of the VM that sends it; ``None`` takes the VM that has the source address, if one has.
    """

    ingress: str
    source: IpAddress
    destination: IpAddress
    proto: Proto
    port: int = 0
    sender: str | None = None

    @classmethod
    def of(cls, ingress: str, source: IpAddress, destination: IpAddress, service: Service) -> Packet:
        """The packet that opens a service, at its first port."""
        proto, port = decode(span(service)[0])
        return cls(ingress=ingress, source=source, destination=destination, proto=proto, port=port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to packets: where, by which rule, and whether they went on.

    Attributes:
        wall: which kind of place it is.
        where: its name.
        rule: key of the deciding rule, or the sentence that stands for a check that every packet meets.
        passed: whether they went on.
    """

    wall: Wall
    where: str
    rule: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of one packet.

    Attributes:
        target: what it is delivered to (``vm:rsud/simrs``, ``network:…``, ``hosts:dc``, ``gateway:gw1``, ``internet``);
            empty where it is not.
        destination: its destination after address translation.
        seen: the source address that the target sees.
        listens: whether the VM that it is delivered to serves it; ``None`` where no VM is asked.
    """

    delivered: bool
    target: str
    steps: tuple[Step, ...]
    destination: IpAddress
    seen: IpAddress
    listens: bool | None
