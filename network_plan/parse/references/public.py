# SPDX-License-Identifier: GPL-3.0-or-later
"""Publications, egress and exceptions: their words, and their fixed public addresses."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address

from network_plan.model.finding import type_path
from network_plan.model.service import Service
from network_plan.model.site import Publication
from network_plan.parse.references.check import Check


def check_public(check: Check) -> None:
    """Everything in ``services.yml`` but its flows."""
    services = check.site.services
    fixed = [
        *((("publish", name), item.address) for name, item in sorted(services.publish.items())),
        *((("egress", name), item.address) for name, item in sorted(services.egress.items())),
    ]
    _addresses(check, fixed)
    for name, publication in services.publish.items():
        _publication(check, publication, ("services", "publish", name))
    for name, item in services.exceptions.items():
        path = ("services", "exceptions", name, "tenant")
        check.known("tenant", item.tenant, check.site.tenants, *path)


def _addresses(check: Check, fixed: Sequence[tuple[tuple[str, str], IPv4Address | None]]) -> None:
    block = check.site.networks.public
    edges = (block.prefix.network_address, block.prefix.broadcast_address, block.isp)
    taken: dict[IPv4Address, str] = {}
    for where, address in fixed:
        path = ("services", *where, "address")
        name = "/".join(where)
        if address is None:
            continue
        if address not in block.prefix:
            what = f"{address} is not in {block.prefix}"
            check.fail("site/public", what, "take one of the block", *path)
        elif block.delivery == "on_link" and address in edges:
            what = f"{address} is the block's edge or the provider's own"
            check.fail("site/public", what, "take another of the block", *path)
        if taken.setdefault(address, name) != name:
            what = f"public address {address} is taken by {taken[address]}"
            check.fail("site/public", what, "take another, or leave it to the ledger", *path)


def _publication(check: Check, publication: Publication, path: type_path) -> None:
    site = check.site
    wanted = check.services(publication.ports, *path, "ports")
    if publication.holder is not None:
        check.known("tenant", publication.holder, site.tenants, *path, "holder")
    if publication.exception is not None:
        check.known("exception", publication.exception, site.services.exceptions, *path, "exception")
    if not check.known("vm", publication.vm, check.vms, *path, "vm"):
        return
    served = _served(check.vms[publication.vm].serves)
    for index, service in enumerate(wanted):
        if service.proto == "icmp":
            what = "an echo is not published: the gateway answers it for nobody"
            check.fail("site/service", what, "publish TCP or UDP ports", *path, "ports", index)
        elif not any(item.covers(service) for item in served):
            what = f"{publication.vm} does not serve {service}"
            check.fail("site/flow", what, "publish what it serves", *path, "ports", index)


def _served(texts: Sequence[str]) -> list[Service]:
    found = []
    for text in texts:
        try:
            found.append(Service.parse(text))
        except ValueError:
            continue  # reported where the VM is declared
    return found
