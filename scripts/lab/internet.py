# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one server on the lab's internet that offices call: a responder in the provider's namespace."""

from __future__ import annotations

from ipaddress import ip_interface
from pathlib import Path

from scripts.lab.fabric.spec import Fabric
from scripts.lab.guest import process

CLUSTER = "internet"
"""Its place in guests.json, beside the clusters."""

HOST = "server"
"""Its name among the hosts of the lab's internet."""


def _record(folder: Path) -> Path:
    return folder / "internet.json"


def ensure(fabric: Fabric, folder: Path) -> None:
    """Start it unless it runs in the namespace of today."""
    namespace = f"{fabric.prefix}wan"
    known = process.load(_record(folder))
    if known is not None:
        if known.alive() and process.inside(known, namespace):
            return
        process.stop(known)
    running = process.start(
        namespace,
        folder / "guests.json",
        CLUSTER,
        HOST,
        "internet-server",
        [
            str(ip_interface(address).ip)
            for host in fabric.internet
            if host.name == HOST
            for address in host.addresses
        ],
        folder / "internet.log",
    )
    process.save(running, _record(folder))


def stop(folder: Path) -> None:
    """End it, if it runs."""
    known = process.load(_record(folder))
    if known is not None:
        process.stop(known)
        _record(folder).unlink(missing_ok=True)
