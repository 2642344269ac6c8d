# SPDX-License-Identifier: GPL-3.0-or-later
"""The one door: GW-1, GW-2, GW-3 (Perbup 253/2019 §4.6.5, table 4.2, §3.2.3)."""

from __future__ import annotations

from datetime import date, timedelta

from network_plan.model.finding import Finding, Severity
from network_plan.model.plan import Plan

WARN_AHEAD = timedelta(days=365)
"""How long before its end an exception is called running out (assumption: one budget year)."""


def check_gw1(plan: Plan, today: date | None) -> list[Finding]:
    """GW-1: all network management passes the gateway: nobody but the operator reaches management networks."""
    management = {network.key for network in plan.networks if network.role == "management"}
    findings = []
    for flow in plan.flows:
        if not management & set(flow.target.networks):
            continue
        foreign = [s.text for s in flow.sources if not set(s.networks) <= management or not s.networks]
        if foreign:
            findings.append(
                Finding(
                    severity=Severity.ERROR,
                    rule="GW-1",
                    what=f"flow {flow.key} lets {', '.join(foreign)} into a management network",
                    cure="let operators in by the management network or a VPN that ends there",
                    path=_path(plan, flow.key),
                )
            )
    return findings


def check_gw2(plan: Plan, today: date | None) -> list[Finding]:
    """GW-2: an SKPD only ever uses private addresses; the operator alone holds public ones."""
    exceptions = {item.key: item for item in plan.exceptions}
    findings = []
    for public in plan.public:
        if public.holder == plan.operator:
            continue
        exception = exceptions.get(public.exception or "")
        fits = exception and exception.tenant == public.holder and exception.kind == "public_address"
        if not fits:
            findings.append(
                Finding(
                    severity=Severity.ERROR,
                    rule="GW-2",
                    what=f"{public.holder} holds the public address {public.address} ({public.name}) "
                    "without a dated exception of its own",
                    cure="let the operator hold it, or name an exception of kind public_address with its day",
                    path=("services", "publish", public.name, "holder"),
                )
            )
    for network in plan.networks:
        for prefix in network.prefixes:
            if not prefix.is_private or (prefix.version == 4 and not _rfc1918(str(prefix))):
                findings.append(
                    Finding(
                        severity=Severity.ERROR,
                        rule="GW-2",
                        what=f"{network.key} has {prefix}, which is no private network",
                        cure="take the pool from 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)",
                        path=("networks", "pools", network.role, "prefix"),
                    )
                )
    return findings


def _rfc1918(prefix: str) -> bool:
    first, second = (int(part) for part in prefix.split(".")[:2])
    return first == 10 or (first == 172 and 16 <= second <= 31) or (first == 192 and second == 168)


def check_gw3(plan: Plan, today: date | None) -> list[Finding]:
    """GW-3: today's exceptions are brought home: each warns until its day and fails after it."""
    if today is None:
        return []
    findings = []
    for item in plan.exceptions:
        path = ("services", "exceptions", item.key, "until")
        if item.until < today:
            findings.append(
                Finding(
                    severity=Severity.ERROR,
                    rule="GW-3",
                    what=f"the exception {item.key} of {item.tenant} ended on {item.until}",
                    cure="remove what it allowed, or agree on a new day",
                    path=path,
                )
            )
        else:
            left = (item.until - today).days
            soon = "soon " if item.until - today <= WARN_AHEAD else ""
            findings.append(
                Finding(
                    severity=Severity.WARNING,
                    rule="GW-3",
                    what=f"the exception {item.key} of {item.tenant} {soon}ends on {item.until}, in {left} days: {item.reason}",
                    cure="bring it home before that day",
                    path=path,
                )
            )
    return findings


def _path(plan: Plan, key: str) -> tuple[str, ...]:
    owner, _, name = key.partition("/")
    if owner == "regency":
        return ("services", "flows", name)
    if owner in ("publish", "egress"):
        return ("services", owner, name)
    return ("tenants", owner, "flows", name)
