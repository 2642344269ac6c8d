# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan show``."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import click

from network_plan.model.plan import Plan, plain
from scripts.awan.problem import Problem
from scripts.awan.show import print_json, print_table
from scripts.awan.site import json_option, read_plan, site_options


def _tenant(plan: Plan, word: str) -> dict[str, object]:
    tenants = [tenant for tenant in plan.tenants if word in (tenant.key, tenant.name)]
    if not tenants:
        return {}
    key = tenants[0].key
    return {
        "tenants": tenants,
        "networks": [network for network in plan.networks if network.tenant == key],
        "guests": [guest for guest in plan.guests if guest.tenant == key],
        "public": [public for public in plan.public if public.holder == key],
        "exceptions": [item for item in plan.exceptions if item.tenant == key],
        "flows": [flow for flow in plan.flows if flow.owner == key],
    }


def _guest(plan: Plan, word: str) -> dict[str, object]:
    guests = [g for g in plan.guests if word in (g.key, g.name, g.fqdn, str(g.vmid))]
    if not guests:
        return {}
    key = guests[0].key
    networks = {nic.network for guest in guests for nic in guest.nics}
    addresses = {address.ip for guest in guests for nic in guest.nics for address in nic.addresses}
    published = {
        rule.key.partition("/")[2]
        for gateway in plan.gateways
        for rule in gateway.dnat
        if rule.target in addresses
    }
    return {
        "guests": guests,
        "networks": [network for network in plan.networks if network.key in networks],
        "public": [public for public in plan.public if public.use == "publish" and public.name in published],
        "flows": [
            flow
            for flow in plan.flows
            if flow.target.vm == key
            or networks & set(flow.target.networks)
            or any(source.vm == key for source in flow.sources)
        ],
    }


def _host(plan: Plan, word: str) -> dict[str, object]:
    nodes = [node for cluster in plan.clusters for node in cluster.nodes if node.name == word]
    if not nodes:
        return {}
    return {"hosts": nodes, "guests": [guest for guest in plan.guests if guest.node == word]}


def _address(plan: Plan, word: str) -> dict[str, object]:
    try:
        address = ip_address(word)
    except ValueError:
        return {}
    return {
        "networks": [n for n in plan.networks if any(address in prefix for prefix in n.prefixes)],
        "guests": [g for g in plan.guests if any(a.ip == address for nic in g.nics for a in nic.addresses)],
        "hosts": [node for cluster in plan.clusters for node in cluster.nodes if address in node.addresses],
        "public": [public for public in plan.public if public.address == address],
        "gateway": [
            interface
            for gateway in plan.gateways
            for interface in gateway.interfaces
            if any(a.ip == address for a in interface.addresses)
        ],
        "names": [name for name in plan.names if address in name.addresses],
    }


def find(plan: Plan, word: str) -> dict[str, object]:
    """Everything that a word names, kind → objects; the first kind that knows it decides."""
    for look in (_address, _guest, _tenant, _host):
        found = {kind: objects for kind, objects in look(plan, word).items() if objects}
        if found:
            return found
    raise Problem(
        f"{word!r} is nothing in the Plan; name a tenant, a host, a VM (tenant/vm, VMID) or an address"
    )


def _cell(value: object) -> str:
    value = plain(value)
    if isinstance(value, list):
        return ", ".join(map(_cell, value)) or "-"
    if isinstance(value, dict):
        short = value.get("key") or value.get("text") or value.get("name") or value.get("slot")
        return str(short) if short else ", ".join(f"{key} {_cell(item)}" for key, item in value.items())
    return "-" if value is None else str(value)


@click.command("show")
@click.argument("word")
@site_options
@json_option
def command(word: str, site: Path | None, ledger: Path | None, as_json: bool) -> int:
    r"""Everything known of a TENANT, HOST, VM (key, name, VMID) or ADDRESS, each figure with its source.

    \b
    Example:
      awan show dukcapil
      awan show dukcapil/siak --json
      awan show 203.0.113.1
    """
    found = find(read_plan(site, ledger), word)
    if as_json:
        print_json(found)
        return 0
    for kind, objects in found.items():
        assert isinstance(objects, list)
        for item in objects:
            fields = plain(item)
            assert isinstance(fields, dict)
            rows = [(name, _cell(value)) for name, value in fields.items() if value not in (None, [], "")]
            print_table(kind, ("", ""), rows)
    return 0
