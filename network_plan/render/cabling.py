# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists for whoever cables: per place the switches, their VLANs, what is plugged into what, and over which transport.

NET-1 and NET-2 (Perbup 253/2019 §4.6.1, §4.6.2). Tables as CSV and, for the wall of the rack, as a page.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from network_plan.model.network import Network
from network_plan.model.plan import Plan
from network_plan.render.template import print_template

SWITCHES = ("office", "tenant", "title", "switch", "uplink_vlan", "transport", "rate_kbit", "source")
VLANS = ("vlan", "network", "role", "title", "prefixes", "gateway_interface", "vnet", "source")
CABLES = ("from", "port", "to", "medium", "vlans", "source")
_FORMULA = ("=", "+", "-", "@")
"""A cell that begins so is reckoned by a spreadsheet, whoever wrote it."""

Row = Sequence[str]


def core_switch(site: str) -> str:
    """The switch in the middle of a place's star, which the gateway and the hosts are plugged into."""
    return f"sw-core-{site}"


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(head: Row, rows: Iterable[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _switches(networks: Iterable[Network]) -> list[Row]:
    return [
        (
            network.key,
            network.tenant,
            network.title,
            network.switch or "",
            str(network.vlan),
            network.transport or "",
            str(network.rate_kbit or ""),
            network.source,
        )
        for network in networks
        if network.role == "office"
    ]


def _vlans(networks: Iterable[Network], interfaces: dict[str, str]) -> list[Row]:
    return [
        (
            str(network.vlan),
            network.key,
            network.role,
            network.title,
            " ".join(map(str, network.prefixes)),
            interfaces.get(network.key, ""),
            network.vnet if network.clusters else "",
            network.source,
        )
        for network in sorted(networks, key=lambda network: network.vlan)
    ]


def _cables(plan: Plan, site: str, networks: Sequence[Network]) -> list[Row]:
    core = core_switch(site)
    found: list[Row] = []
    for gateway in plan.gateways:
        if gateway.site == site:
            vlans = sorted(i.vlan for i in gateway.interfaces if i.vlan is not None)
            wan = next(i.name for i in gateway.interfaces if i.kind == "wan")
            found.append((gateway.host, wan, "provider", "rack", "", plan.facilities.uplink.source))
            found.append(
                (
                    gateway.host,
                    gateway.trunk,
                    core,
                    "rack",
                    " ".join(map(str, vlans)),
                    "Perbup 253/2019 §4.6.5",
                )
            )
    for cluster in plan.clusters:
        if cluster.name == site:
            own = plan.network(cluster.network).vlan
            tags = " ".join(map(str, sorted({own, *(vnet.tag for vnet in cluster.vnets)})))
            found += [(node.name, cluster.bridge, core, "rack", tags, node.source) for node in cluster.nodes]
    found += [
        (network.switch, "uplink", core, network.transport or "", str(network.vlan), network.source)
        for network in networks
        if network.switch
    ]
    return found


def render_cabling(plan: Plan) -> dict[str, str]:
    """File name → text, a folder per place."""
    interfaces = {i.network: i.name for gateway in plan.gateways for i in gateway.interfaces if i.network}
    files = {}
    for cluster in plan.clusters:
        networks = [network for network in plan.networks if network.site == cluster.name]
        tables = (
            ("switches", "Offices and their distribution switches", SWITCHES, _switches(networks)),
            ("vlans", "VLANs", VLANS, _vlans(networks, interfaces)),
            ("cables", "What is plugged into what", CABLES, _cables(plan, cluster.name, networks)),
        )
        for name, _, head, rows in tables:
            files[f"{cluster.name}/{name}.csv"] = _csv(head, rows)
        files[f"{cluster.name}/cabling.html"] = print_template(
            "cabling.html.j2", {"regency": plan.regency, "place": cluster.title, "tables": tables}
        )
    return files
