# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's rules as one nftables file, replaced as a whole in one transaction.

Flows are elements of sets, so that a packet costs a look-up and not a walk. Dated flows stand in
chains of their own with ``meta time``: they end in the kernel, without anybody's help.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from network_plan.model.gateway import DestinationNat, ForwardRule, Gateway, InputRule
from network_plan.model.network import IpNetwork
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.render.elements import addresses, ends, masqueraded, pairs, published, triples
from network_plan.render.template import print_template


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dated:
    before: int
    match: str
    key: str


def end_of(day: date, utc_offset_hours: int) -> int:
    """The first second after a day in the regency's own time, in seconds since 1970 (UTC)."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    return int((midnight - timedelta(hours=utc_offset_hours)).timestamp())


def _match(service: Service) -> str:
    return "icmp type echo-request" if service.proto == "icmp" else f"{service.proto} dport {service.ports}"


def _set(prefixes: Iterable[IpNetwork]) -> str:
    texts = [element.match for element in addresses(("", prefix) for prefix in prefixes)]
    return texts[0] if len(texts) == 1 else "{ " + ", ".join(texts) + " }"


def _dated_forward(rules: Sequence[ForwardRule], wan: str, offset: int) -> list[_Dated]:
    found = []
    for rule in rules:
        if rule.until is None or not rule.destinations:
            continue
        side = f'iifname "{wan}" ct status dnat' if rule.from_internet else f"ip saddr {_set(rule.sources)}"
        match = f"{side} ip daddr {_set(rule.destinations)}"
        found += [
            _Dated(before=end_of(rule.until, offset), match=f"{match} {_match(service)}", key=rule.key)
            for service in rule.services
        ]
    return found


def _dated_input(rules: Sequence[InputRule], wan: str, offset: int) -> list[_Dated]:
    return [
        _Dated(
            before=end_of(rule.until, offset),
            match=f'iifname != "{wan}" ip saddr {_set(rule.sources)} {_match(service)}',
            key=rule.key,
        )
        for rule in rules
        if rule.until is not None and rule.sources
        for service in rule.services
    ]


def _dated_dnat(rules: Sequence[DestinationNat], offset: int) -> list[_Dated]:
    return [
        _Dated(
            before=end_of(rule.until, offset),
            match=f"ip daddr {rule.public} {_match(service)} dnat ip to {rule.target}",
            key=rule.key,
        )
        for rule in rules
        if rule.until is not None
        for service in rule.services
    ]


def render_nftables(plan: Plan, gateway: Gateway) -> str:
    """The whole ``/etc/nftables.conf`` of one gateway."""
    wan = next(item.name for item in gateway.interfaces if item.kind == "wan")
    lans = [item for item in gateway.interfaces if item.kind == "lan"]
    lasting = [rule for rule in gateway.forward if rule.until is None]
    inner = [rule for rule in lasting if not rule.from_internet and not rule.to_internet]
    outbound = [rule for rule in lasting if rule.to_internet]
    echoing = [rule for rule in outbound if any(service.proto == "icmp" for service in rule.services)]
    offset = plan.utc_offset_hours
    return print_template(
        "gateway.nft.j2",
        {
            "regency": plan.regency,
            "wan": wan,
            "lans": [(lan.name, str(a.network)) for lan in lans for a in lan.addresses if a.version == 4],
            "internal": addresses((str(prefix), prefix) for prefix in gateway.internal),
            "public": str(gateway.public),
            "flows": triples(inner),
            "pings": pairs(inner),
            "published": ends((rule, rule.destinations) for rule in lasting if rule.from_internet),
            "egress": ends((rule, rule.sources) for rule in outbound),
            "egress_any": addresses((r.key, p) for r in outbound if not r.services for p in r.sources),
            "egress_ping": addresses((r.key, p) for r in echoing for p in r.sources),
            "dated": _dated_forward(gateway.forward, wan, offset),
            "input": ends((rule, rule.sources) for rule in gateway.input if rule.until is None),
            "dated_input": _dated_input(gateway.input, wan, offset),
            "publish": published([rule for rule in gateway.dnat if rule.until is None]),
            "dated_publish": _dated_dnat(gateway.dnat, offset),
            "masquerade": masqueraded(gateway.snat),
        },
    )
