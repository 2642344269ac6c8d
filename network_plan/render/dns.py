# SPDX-License-Identifier: GPL-3.0-or-later
"""The resolver at the gateway (unbound): where it listens, whom it answers, and what each of them is answered.

Three views. The public asks the primary's zones and never comes here. Inside, everybody is answered the internal
zones, but for the names of hosts and of the gateway, which only the operator's networks are told (SEC-2).
"""

from __future__ import annotations

from network_plan.model.gateway import Gateway
from network_plan.model.plan import Plan
from network_plan.render.blocked import render_blocked, zone_name
from network_plan.render.template import print_template
from network_plan.render.zones import blocks_inside, render_zones, reverse_zone, whole_labels

ZONES = "/etc/unbound/zones"
"""Where the resolver's zone files lie on its host."""
_OPERATORS = ("management", "servers")
"""The operator's networks that are told every name; its offices and its DMZ are like everybody's."""


def _told_everything(plan: Plan) -> list[str]:
    return [
        str(prefix)
        for network in plan.networks
        if network.tenant == plan.operator and network.role in _OPERATORS
        for prefix in network.prefixes
    ]


def _hidden(plan: Plan) -> list[str]:
    """Names of hosts, and the reverse names of the networks that they stand in."""
    management = [network for network in plan.networks if network.role == "management"]
    reverse = [name for network in management for prefix in network.prefixes for name in whole_labels(prefix)]
    return [f"node.{plan.domain}", *reverse]


def render_resolver(plan: Plan, gateway: Gateway) -> str:
    """Unbound's configuration, whole. Its zones are files of the same target, at :data:`ZONES`."""
    zones = [zone.name for zone in render_zones(plan) if zone.view == "internal"]
    return print_template(
        "unbound.conf.j2",
        {
            "domain": plan.domain,
            "six": any(address.version == 6 for address in gateway.listen),
            "listen": [str(address) for address in gateway.listen],
            "allow": [str(prefix) for prefix in gateway.internal],
            "operators": _told_everything(plan),
            "hidden": _hidden(plan),
            "reverse": [reverse_zone(block) for block in blocks_inside(plan)],
            "zones": [(zone, f"{ZONES}/{zone}.zone") for zone in zones],
            "blocked": [
                (item.key, zone_name(item), f"{ZONES}/{zone_name(item)}.zone") for item in plan.blocked
            ],
            "forward": [str(address) for address in gateway.resolvers],
        },
    )


def render_dns(plan: Plan) -> dict[str, str]:
    """File name → text: the zones of both views, and each gateway's resolver."""
    zones = {zone.file: zone.text for zone in render_zones(plan)}
    zones |= {f"internal/{name}.zone": text for name, text in render_blocked(plan).items()}
    return {
        **zones,
        **{f"{gateway.host}.unbound.conf": render_resolver(plan, gateway) for gateway in plan.gateways},
    }
