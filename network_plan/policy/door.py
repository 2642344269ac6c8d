# SPDX-License-Identifier: GPL-3.0-or-later
"""The one door: GW-1 and GW-2 (Perbup 253/2019 §4.6.5, table 4.2). Its dated exceptions are in ``dates``."""

from __future__ import annotations

from datetime import date
from ipaddress import IPv4Network

from network_plan.model.finding import Finding, flow_path
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.policy.say import error

_SSH = Service(proto="tcp", first=22, last=22)
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""RFC 1918; Python's ``is_private`` holds more, such as loopback and documentation prefixes."""


def check_gw1(plan: Plan, _today: date | None) -> list[Finding]:
    """GW-1: all network management passes the gateway, and only the operator's networks take part in it."""
    management = {network.key for network in plan.networks if network.role == "management"}
    findings = [
        error(
            "GW-1",
            f"{network.tenant} declares the management network {network.key}",
            "declare it in the operator's file, or give it another role",
            *("tenants", network.tenant, "networks", network.name, "role"),
        )
        for network in plan.networks
        if network.role == "management" and network.tenant != plan.operator
    ]
    for flow in plan.flows:
        to_gateway = flow.target.kind == "gateway" and any(item.covers(_SSH) for item in flow.services)
        if not to_gateway and not management & set(flow.target.networks):
            continue
        foreign = [s.text for s in flow.sources if not set(s.networks) <= management or not s.networks]
        if foreign:
            where = "the gateway's ssh" if to_gateway else "a management network"
            findings.append(
                error(
                    "GW-1",
                    f"flow {flow.key} lets {', '.join(foreign)} into {where}",
                    "let operators in by the management network or a VPN that ends there",
                    *flow_path(flow.key),
                )
            )
    return findings


def check_gw2(plan: Plan, _today: date | None) -> list[Finding]:
    """GW-2: an SKPD only ever uses private addresses; the operator alone holds public ones, as many as printed."""
    exceptions = {item.key: item for item in plan.exceptions}
    findings = []
    for public in plan.public:
        if public.holder == plan.operator:
            continue
        exception = exceptions.get(public.exception or "")
        if exception and exception.tenant == public.holder and exception.kind == "public_address":
            continue
        findings.append(
            error(
                "GW-2",
                f"{public.holder} holds the public address {public.address} ({public.name}) "
                "without a dated exception of its own",
                "let the operator hold it, or name an exception of kind public_address with its day",
                *("services", "publish", public.name, "holder"),
            )
        )
    findings += [
        error(
            "GW-2",
            f"{network.key} has {prefix}, which is no private network",
            "take the pool from 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)",
            *("networks", "pools", network.role, "prefix"),
        )
        for network in plan.networks
        for prefix in network.prefixes
        if isinstance(prefix, IPv4Network) and not any(prefix.subnet_of(block) for block in _PRIVATE)
    ]
    return [*findings, *_printed(plan)]


def _printed(plan: Plan) -> list[Finding]:
    """The public block is what the operator procures: as many addresses as the master plan prints (§4.6.11)."""
    need = plan.facilities.needs.get("public-addresses")
    if need is None:
        return []
    return [
        error(
            "GW-2",
            f"the public block {gateway.public} has {gateway.public.num_addresses} addresses, "
            f"{need.quantity} are printed",
            "declare the block that was procured, or say with its source that another was",
            *("networks", "public", "prefix"),
        )
        for gateway in plan.gateways
        if gateway.public.num_addresses != need.quantity
    ]
