# SPDX-License-Identifier: GPL-3.0-or-later
"""What ends by itself in the gateway: dated flows, publications and sanctions, as rules with ``meta time``.

A connection that such a rule lets in has no lasting mark: each of its packets is asked for again, so that it ends with
its day. Its mark is the number of that day, by which errors about it are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from network_plan.model.gateway import Block, DestinationNat, ForwardRule, InputRule
from network_plan.model.network import IpNetwork
from network_plan.model.service import Service
from network_plan.render.elements import Version, addresses, of

IP: dict[Version, str] = {4: "ip", 6: "ip6"}
ICMP: dict[Version, str] = {4: "icmp", 6: "icmpv6"}
VERSIONS: tuple[Version, ...] = (4, 6)

_FIRST = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """One rule until a second.

    Attributes:
        before: the first second at which it no longer holds, since 1970 (UTC).
        day: the number of that day since 1970, in the regency's own time.
        match: what a connection's packets are known by on their way to its target; ``reply`` on their way back.
        key: the flow it comes from.
    """

    before: int
    day: int
    match: str
    reply: str = ""
    key: str


def end_of(day: date, utc_offset_hours: int) -> int:
    """The first second after a day in the regency's own time, in seconds since 1970 (UTC)."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    return int((midnight - timedelta(hours=utc_offset_hours)).timestamp())


def _dated(until: date, offset: int, key: str, match: str, reply: str = "") -> Dated:
    day = (until - _FIRST).days + 1
    return Dated(before=end_of(until, offset), day=day, match=match, reply=reply, key=key)


def _service(service: Service, version: Version, *, reply: bool = False) -> str:
    if service.proto == "icmp":
        return f"{ICMP[version]} type {'echo-reply' if reply else 'echo-request'}"
    return f"{service.proto} {'sport' if reply else 'dport'} {service.ports}"


def _set(prefixes: Iterable[IpNetwork], version: Version) -> str:
    texts = [element.match for element in addresses((("", prefix) for prefix in prefixes), version)]
    return texts[0] if len(texts) == 1 else "{ " + ", ".join(texts) + " }"


def _ways(rule: ForwardRule, version: Version, wan: str) -> tuple[str, str] | None:
    """How the two directions of a rule's connections are known; None where it has no address of this family."""
    ip, targets = IP[version], of(version, rule.destinations)
    translated = " ct status dnat" if version == 4 else ""
    if not targets or not (rule.from_internet or of(version, rule.sources)):
        return None
    to = _set(targets, version)
    if rule.from_internet:
        return (
            f'iifname "{wan}"{translated} {ip} daddr {to}',
            f'oifname "{wan}"{translated} {ip} saddr {to}',
        )
    source = _set(rule.sources, version)
    return f"{ip} saddr {source} {ip} daddr {to}", f"{ip} saddr {to} {ip} daddr {source}"


def dated_forward(rules: Sequence[ForwardRule], wan: str, offset: int) -> list[Dated]:
    """The dated flows between networks and from the internet, in both families."""
    return [
        _dated(
            rule.until,
            offset,
            rule.key,
            f"{ways[0]} {_service(service, version)}",
            f"{ways[1]} {_service(service, version, reply=True)}",
        )
        for rule in rules
        if rule.until is not None
        for version in VERSIONS
        if (ways := _ways(rule, version, wan)) is not None
        for service in rule.services
    ]


def dated_input(rules: Sequence[InputRule], wan: str, offset: int) -> list[Dated]:
    """The dated flows to the gateway itself."""
    return [
        _dated(
            rule.until,
            offset,
            rule.key,
            f'iifname != "{wan}" {IP[version]} saddr {_set(rule.sources, version)} {_service(service, version)}',
        )
        for rule in rules
        if rule.until is not None
        for version in VERSIONS
        if of(version, rule.sources)
        for service in rule.services
    ]


def dated_dnat(rules: Sequence[DestinationNat], offset: int) -> list[Dated]:
    """The dated publications."""
    return [
        _dated(
            rule.until,
            offset,
            rule.key,
            f"ip daddr {rule.public} {_service(service, 4)} dnat ip to {rule.target}",
        )
        for rule in rules
        if rule.until is not None
        for service in rule.services
    ]


def blocked(blocks: Sequence[Block], offset: int) -> list[Dated]:
    """The sanctions that block: what comes from their target, and what goes to it."""
    return [
        _dated(block.until, offset, block.key, f"{IP[version]} {side} {_set(block.prefixes, version)}")
        for block in blocks
        for version in VERSIONS
        if of(version, block.prefixes)
        for side in ("saddr", "daddr")
    ]
