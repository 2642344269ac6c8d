# SPDX-License-Identifier: GPL-3.0-or-later
"""What is watched, for Prometheus: hosts, services and rooms, and when somebody is called (ENV-1, MON-1).

Of what people write only keys go in, and those into JSON or label values; who reads a label looks the rest up here.
Services are asked by the blackbox exporter beside Prometheus, with the modules that Debian ships.
"""

from __future__ import annotations

import json
from typing import Any

from network_plan.model.guest import Guest
from network_plan.model.plan import Plan
from network_plan.render.template import print_template

NODE_EXPORTER = 9100


def _address(address: object, version: int, port: int | str) -> str:
    return f"[{address}]:{port}" if version == 6 else f"{address}:{port}"


def _hosts(plan: Plan) -> list[dict[str, Any]]:
    """Gateways and PVE hosts; what is not bought yet would only ring."""
    found = [
        {
            "targets": [_address(gateway.management, gateway.management.version, NODE_EXPORTER)],
            "labels": {"host": gateway.host, "site": gateway.site, "kind": "gateway"},
        }
        for gateway in plan.gateways
    ]
    found += [
        {
            "targets": [_address(node.addresses[0], node.addresses[0].version, NODE_EXPORTER)],
            "labels": {"host": node.name, "site": cluster.name, "kind": "pve"},
        }
        for cluster in plan.clusters
        if not cluster.first_purchase
        for node in cluster.nodes
    ]
    return found


def _service(guest: Guest, target: str, module: str) -> dict[str, Any]:
    labels = {
        "module": module,
        "vm": guest.key,
        "tenant": guest.tenant,
        "site": guest.cluster,
        "tier": str(guest.tier),
    }
    return {"targets": [target], "labels": labels}


def _services(plan: Plan) -> list[dict[str, Any]]:
    """Every running VM: each TCP port that it serves, and an echo where it serves none."""
    bought = {cluster.name for cluster in plan.clusters if not cluster.first_purchase}
    found = []
    for guest in plan.guests:
        if not guest.running or guest.cluster not in bought:
            continue
        address = guest.nics[0].addresses[0]
        ports = sorted({item.first for item in guest.serves if item.proto == "tcp"})
        found += [
            _service(guest, _address(address.ip, address.version, port), "tcp_connect") for port in ports
        ]
        if not ports:
            found.append(_service(guest, str(address.ip), "icmp"))
    return found


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


def render_prometheus(plan: Plan) -> dict[str, str]:
    """File name → text, all below ``/etc/prometheus``."""
    rooms = sorted(plan.facilities.rooms.items())
    values = {
        "regency": plan.domain,
        "uplinks": [
            (gateway.host, interface.name)
            for gateway in plan.gateways
            for interface in gateway.interfaces
            if interface.kind == "wan"
        ],
        "uplink_bits": plan.facilities.uplink.rate_kbit * 1000,
        "sensors": [
            ("temperature", "awan_room_temperature_celsius", [k for k, r in rooms if r.temperature_sensors]),
            ("humidity", "awan_room_humidity_percent", [k for k, r in rooms if r.humidity_sensors]),
        ],
    }
    return {
        "prometheus.yml": print_template("prometheus/prometheus.yml.j2", values),
        "rules/awan.yml": print_template("prometheus/rules.yml.j2", values),
        "targets/hosts.json": _json(_hosts(plan)),
        "targets/services.json": _json(_services(plan)),
    }
