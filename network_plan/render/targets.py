# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of targets: a new one is a file of its own and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from network_plan.model.plan import Plan
from network_plan.render.cabling import render_cabling
from network_plan.render.dhcp import render_dhcp
from network_plan.render.dns import render_dns
from network_plan.render.nftables import render_nftables
from network_plan.render.prometheus import render_prometheus
from network_plan.render.pve import render_pve_firewall
from network_plan.render.sanoid import render_replication
from network_plan.render.shaping import render_shaping


def _nftables(plan: Plan) -> dict[str, str]:
    return {f"{gateway.host}.nft": render_nftables(plan, gateway) for gateway in plan.gateways}


TARGETS: Mapping[str, Callable[[Plan], dict[str, str]]] = {
    "cabling": render_cabling,
    "dhcp": render_dhcp,
    "dns": render_dns,
    "nftables": _nftables,
    "prometheus": render_prometheus,
    "pve": render_pve_firewall,
    "replication": render_replication,
    "shaping": render_shaping,
}
"""Name → renderer; each gives file name → text. The map has a command of its own."""


def render_target(plan: Plan, target: str) -> dict[str, str]:
    """The files of one target."""
    return TARGETS[target](plan)
