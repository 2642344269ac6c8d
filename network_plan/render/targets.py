# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of targets: a new one is a file of its own and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from network_plan.model.plan import Plan
from network_plan.render.dns import render_resolver, render_zone
from network_plan.render.nftables import render_nftables
from network_plan.render.pve import render_pve_firewall
from network_plan.render.sanoid import render_replication


def _nftables(plan: Plan) -> dict[str, str]:
    return {f"{gateway.host}.nft": render_nftables(plan, gateway) for gateway in plan.gateways}


def _dns(plan: Plan) -> dict[str, str]:
    files = {f"{gateway.host}.unbound.conf": render_resolver(plan, gateway) for gateway in plan.gateways}
    return {f"{plan.domain}.zone": render_zone(plan), **files}


TARGETS: Mapping[str, Callable[[Plan], dict[str, str]]] = {
    "dns": _dns,
    "nftables": _nftables,
    "pve": render_pve_firewall,
    "replication": render_replication,
}
"""Name → renderer; each gives file name → text. The map has a command of its own."""


def render_target(plan: Plan, target: str) -> dict[str, str]:
    """The files of one target."""
    return TARGETS[target](plan)
