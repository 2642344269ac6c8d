# SPDX-License-Identifier: GPL-3.0-or-later
"""What a live cluster holds of what the site declares, as rows for the ledger. What is live comes in as values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv4Network

from network_plan.model.finding import Place
from network_plan.model.ledger import Kind
from network_plan.model.row import Row
from network_plan.model.site import Site
from network_plan.model.site.expand import DeclaredVm, declared_vms
from scripts.verify.live import Live, LiveGuest

_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")


def _words(guest: LiveGuest, name: str) -> dict[str, str]:
    """PVE's ``virtio=AA:…,bridge=vn20`` of one key of a VM's configuration."""
    parts = str(guest.config.get(name, "")).split(",")
    return {key: value for key, _, value in (part.partition("=") for part in parts)}


def _address(guest: LiveGuest) -> str | None:
    """The IPv4 address of the first card: what cloud-init sets, else the first that its filter lets out."""
    told = [_words(guest, "ipconfig0").get("ip", ""), *guest.ipsets.get("ipfilter-net0", ())]
    for text in told:
        try:
            return str(IPv4Interface(text).ip)
        except ValueError:
            continue
    return None


def _network(live: Live, vnet: str) -> Iterator[tuple[Kind, str]]:
    """What a vnet says of its network: its id, its VLAN, its one IPv4 subnet."""
    row = live.vnets.get(vnet)
    if row is None:
        return
    yield Kind.VNET, vnet
    if row.get("tag"):
        yield Kind.VLAN, str(row["tag"])
    subnets = [str(subnet["cidr"]) for subnet in live.subnets.values() if subnet["vnet"] == vnet]
    blocks = [IPv4Network(cidr) for cidr in subnets if ":" not in cidr]
    if len(blocks) == 1:
        yield Kind.PREFIX, str(blocks[0])


def _guest(vm: DeclaredVm, cluster: str, guest: LiveGuest, live: Live) -> Iterator[tuple[Kind, str, str]]:
    card = _words(guest, "net0")
    nic = f"{vm.key}/net0"
    yield Kind.VMID, vm.key, str(guest.resource["vmid"])
    yield from ((Kind.MAC, nic, word.lower()) for word in card.values() if _MAC.fullmatch(word))
    address = _address(guest)
    if address is not None:
        yield Kind.ADDRESS, nic, address
    if vm.vm.node is None:
        yield Kind.NODE, f"{vm.key}@{cluster}", str(guest.resource["node"])
    yield from ((kind, vm.network, value) for kind, value in _network(live, card.get("bridge", "")))


def holdings(site: Site, cluster: str, live: Live) -> tuple[list[Row], list[str]]:
    """Rows for the VMs that the site declares in a cluster, found by their name, and for their networks.

    Args:
        site: whose VM ``dinas/app`` is called ``dinas-app`` in the cluster.
        cluster: its name in the site.
        live: the cluster as it was read.

    Returns:
        The rows, each once, and a line for each VM that was not taken over, with the reason.
    """
    declared = {f"{vm.tenant}-{vm.name}": vm for vm in declared_vms(site) if cluster in (vm.cluster, vm.twin)}
    names = [str(guest.config.get("name", "")) for guest in live.guests.values()]
    rows: dict[tuple[Kind, str, str], Row] = {}
    left = [f"VM {vmid}: its node {node} does not answer" for vmid, node in sorted(live.unread.items())]
    for vmid, guest in sorted(live.guests.items()):
        name = str(guest.config.get("name", ""))
        vm = declared.get(name)
        if vm is None:
            left.append(f"VM {vmid} ({name}): no site file declares it in {cluster}")
        elif names.count(name) > 1:
            left.append(f"VM {vmid} ({name}): another VM has the same name")
        else:
            place = Place(file=f"{cluster}: VM {vmid}")
            for kind, key, value in _guest(vm, cluster, guest, live):
                rows.setdefault((kind, key, value), Row(kind=kind, key=key, value=value, place=place))
    return list(rows.values()), left
