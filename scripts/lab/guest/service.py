# SPDX-License-Identifier: AGPL-3.0-or-later
"""Responders outside the clusters: servers on the internet, machines in offices, as the fabric declares them."""

import ipaddress
import json
from pathlib import Path

from scripts.lab.fabric import names
from scripts.lab.fabric.spec import Fabric, Host
from scripts.lab.guest import process


def ensure(fabric: Fabric, lab_dir: Path) -> None:
    """Runs a responder for each host that has ports, and none for one that has no more."""
    wanted = {place + "-" + host.name.replace("/", "-"): (place, host) for place, host in _hosts(fabric) if host.ports}
    ports: dict[str, dict[str, list[str]]] = {}
    for place, host in wanted.values():
        ports.setdefault(place, {})[host.name] = list(host.ports)
    folder = lab_dir / "services"
    folder.mkdir(parents=True, exist_ok=True)
    ports_file = folder / "ports"
    ports_file.write_text(json.dumps(ports, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    for record in sorted(folder.glob("*.json")):
        if record.stem not in wanted:
            _stop(record)
    for key, (place, host) in wanted.items():
        record = folder / f"{key}.json"
        known = process.load(record)
        addresses = [str(ipaddress.ip_interface(address).ip) for address in host.addresses]
        if known is None or not known.alive() or not process.inside(known, fabric.prefix + place):
            _stop(record)
            log = record.with_suffix(".log")
            started = process.start(fabric.prefix + place, ports_file, place, host.name, host.name, addresses, log)
            process.save(started, record)


def remove(lab_dir: Path) -> None:
    """Ends all of them."""
    for record in sorted((lab_dir / "services").glob("*.json")):
        _stop(record)


def _hosts(fabric: Fabric) -> list[tuple[str, Host]]:
    """Each host with its namespace, without the lab's prefix."""
    offices = [(names.office_namespace("", office.vlan), office.host) for office in fabric.offices]
    return [("wan", host) for host in fabric.internet] + offices


def _stop(record: Path) -> None:
    known = process.load(record)
    if known is not None:
        process.stop(known)
    record.unlink(missing_ok=True)
