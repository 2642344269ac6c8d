# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan show``: prints what ``scripts.awan.lookup`` finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from network_plan.model.application import Application
from network_plan.model.dr import ReplicationTask, Tier
from network_plan.model.flow import Flow
from network_plan.model.gateway import Interface
from network_plan.model.guest import Guest
from network_plan.model.network import Name, Network, PublicAddress
from network_plan.model.node import Node
from network_plan.model.plan import Sanction
from network_plan.model.text import plain
from scripts.awan.lookup import Backup, Posts, find
from scripts.awan.show import print_card, print_json, print_table
from scripts.awan.site import complete_word, folders, json_option, read_plan, site_options
from scripts.awan.told import Told, told

_TITLES = {
    "applications": "Application",
    "bandwidth": "Bandwidth",
    "clusters": "Cluster",
    "exceptions": "Exception",
    "gateways": "Gateway",
    "guests": "VM",
    "hosts": "Host",
    "names": "Name",
    "networks": "Network",
    "public": "Public address",
    "reservations": "Reserved block",
    "tenants": "Tenant",
}


def _guest(guest: Guest) -> Sequence[object]:
    address = ", ".join(str(own.ip) for nic in guest.nics for own in nic.addresses)
    return guest.key, guest.cluster, guest.vmid, guest.node, address, "yes" if guest.running else "no"


def _host(node: Node) -> Sequence[object]:
    return node.name, node.cores, node.memory_mib, node.disk_gib, ", ".join(map(str, node.addresses))


def _interface(interface: Interface) -> Sequence[object]:
    addresses = ", ".join(map(str, interface.addresses))
    return interface.name, interface.kind, interface.vlan, interface.network, addresses


def _named(name: Name) -> Sequence[object]:
    return name.fqdn, ", ".join(map(str, name.addresses)), name.view


def _line(line: Told) -> Sequence[object]:
    return line.kind, line.line, line.day or "not committed", line.author, line.commit, line.place


def _network(network: Network) -> Sequence[object]:
    return network.key, network.role, network.vlan, ", ".join(map(str, network.prefixes)), network.site


def _public(public: PublicAddress) -> Sequence[object]:
    return public.address, public.use, public.name, public.holder, public.until


def _application(item: Application) -> Sequence[object]:
    vms = ", ".join(item.vms) or (f"{item.memory_mib} MiB planned" if item.memory_mib else "")
    return item.key, item.title, item.kind, item.state, item.priority, item.hosting, vms, item.source


def _backup(backup: Backup) -> Sequence[object]:
    keep = ", ".join(f"{name} {number}" for name, number in backup.job.keep)
    job = backup.job
    return job.id, backup.cluster, job.pool, job.schedule, keep, job.storage


def _office(office: Network) -> Sequence[object]:
    prefixes = ", ".join(map(str, office.prefixes))
    rate = office.rate_kbit or "not measured"
    return office.key, office.title, office.transport, rate, office.switch, prefixes, office.source


def _posts(posts: Posts) -> Sequence[object]:
    return posts.post, posts.persons, ", ".join(posts.groups) or "none"


def _replication(task: ReplicationTask) -> Sequence[object]:
    source, target = f"{task.source_node} ({task.source})", f"{task.target_node} ({task.target})"
    return task.guest, source, target, f"every {task.interval_minutes} min", task.keep, task.rate_kbit


def _sanction(item: Sanction) -> Sequence[object]:
    measure = item.measure if item.rate_kbit is None else f"{item.measure} to {item.rate_kbit} kbit/s"
    return item.key, item.target, measure, item.until, item.reason, item.source


def _tier(tier: Tier) -> Sequence[object]:
    ha = f"every {tier.ha_minutes} min" if tier.ha_minutes else "none"
    twin = "yes" if tier.twin else "no"
    return tier.priority, tier.rpo_minutes, tier.rto_minutes, twin, ha, tier.backup or "none", tier.source


def _flow(flow: Flow) -> Sequence[object]:
    sources = ", ".join(source.text for source in flow.sources)
    services = ", ".join(map(str, flow.services)) or "all"
    return flow.key, sources, flow.target.text, services, flow.until, flow.why


_TABLES: Mapping[str, tuple[str, Sequence[str], Callable[[Any], Sequence[object]]]] = {
    "applications": (
        "Applications",
        ("application", "title", "kind", "state", "priority", "hosting", "VMs", "source"),
        _application,
    ),
    "backups": ("Backups", ("job", "cluster", "pool", "when", "kept", "storage"), _backup),
    "flows": ("Flows", ("flow", "from", "to", "services", "until", "why"), _flow),
    "gateway": ("Gateway interfaces", ("interface", "kind", "VLAN", "network", "addresses"), _interface),
    "guests": ("VMs", ("VM", "cluster", "VMID", "host", "address", "runs"), _guest),
    "hosts": ("Hosts", ("host", "cores", "memory (MiB)", "disk (GiB)", "address"), _host),
    "ledger": ("Allotted", ("kind", "line", "on", "by", "commit", "where"), _line),
    "names": ("Names", ("name", "addresses", "seen"), _named),
    "networks": ("Networks", ("network", "role", "VLAN", "prefixes", "site"), _network),
    "offices": (
        "Offices",
        ("office", "title", "transport", "kbit/s", "switch", "prefixes", "source"),
        _office,
    ),
    "posts": ("Posts", ("post", "persons", "groups in the clusters"), _posts),
    "public": ("Public addresses", ("address", "use", "name", "holder", "until"), _public),
    "replication": (
        "Copies to the recovery cluster",
        ("VM", "from", "to", "when", "points kept", "kbit/s"),
        _replication,
    ),
    "sanctions": ("Sanctions", ("sanction", "on", "measure", "until", "reason", "source"), _sanction),
    "tiers": (
        "Recovery targets",
        ("priority", "RPO (min)", "RTO (min)", "twin", "HA copies", "backup", "source"),
        _tier,
    ),
}
"""How kinds are listed beside the thing that was asked for; what has no list here gets a card each."""


def _cell(value: object) -> str:
    """A field's value on one line."""
    if isinstance(value, dict):
        return " ".join(_cell(item) for item in value.values() if item not in (None, [], ""))
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _label(name: str) -> str:
    """``memory_mib`` → ``memory (MiB)``."""
    for ending, unit in (("_mib", " (MiB)"), ("_gib", " (GiB)"), ("_kbit", " (kbit/s)")):
        name = name.replace(ending, unit)
    return name.replace("_", " ")


_COUNTED = frozenset({"access", "dnat", "forward", "input", "interfaces", "nodes", "roles", "snat", "vnets"})
"""Lists too long for a line: of these a card says the number; ``--json`` has them whole."""


def _fields(item: object) -> list[tuple[str, object]]:
    """An object's fields as lines; a VM's firewall as what it lets in."""
    fields = plain(item)
    assert isinstance(fields, dict)
    rows: list[tuple[str, object]] = []
    for name, value in fields.items():
        if name in _COUNTED:
            rows.append((name, len(value)))
        elif name == "ha" and value is not None:
            rows.append(("HA", "{state} on {home}, replica on {replica} every {minutes} min".format(**value)))
        elif name == "firewall" and isinstance(item, Guest):
            rows.append(("lets in", "\n".join(rule["key"] for rule in value["rules"]) or "nothing"))
        elif name != "firewall" and value not in (None, [], ""):
            rows.append((_label(name), _cell(value)))
    return rows


@click.command("show")
@click.argument("word", shell_complete=complete_word)
@site_options
@json_option
def command(word: str, site: Path | None, ledger: Path | None, as_json: bool) -> int:
    r"""Everything known of what a WORD names in the Plan, each figure with its source.

    WORD: a tenant, a host, a VM (key, name, VMID), an application (key, title), a network, a cluster, a public
    service, an address or a prefix.

    \b
    Example:
      awan show dukcapil
      awan show dukcapil/siak --json
      awan show kependudukan
      awan show 203.0.113.1
    """
    found = find(read_plan(site, ledger), word)
    if lines := told(word, found, folders(site, ledger)[1]):
        found["ledger"] = lines
    if as_json:
        print_json(found)
        return 0
    for place, (kind, objects) in enumerate(found.items()):
        if kind in _TABLES and place:
            title, columns, row = _TABLES[kind]
            print_table(title, columns, map(row, objects))
            continue
        for item in objects:
            print_card(_TITLES[kind], _fields(item))
    return 0
