# SPDX-License-Identifier: AGPL-3.0-or-later
"""The `GuestRuntime` that runs a cluster's VMs as namespaces: reads PVE's config keys; `machine` does the work.

Named in a cluster's spec as `scripts.lab.guest.runtime:NamespaceRuntime`, with the options below.
"""

import re
from pathlib import Path
from typing import Any

from scripts.lab.cluster.runtime import FirewallSnapshot, Nic
from scripts.lab.fabric import names
from scripts.lab.guest import disk, machine
from scripts.lab.guest.firewall.compile import compile_guest

_SLOT = re.compile(r"(scsi|virtio|sata|ide)\d+")


class NamespaceRuntime:
    """Runs the VMs of one cluster (`dc` or `drc`) in the lab whose folder is `lab_dir`; the fabric must stand."""

    def __init__(self, lab_dir: str, cluster: str) -> None:
        self._lab_dir = Path(lab_dir)
        self._cluster = cluster
        self._prefix = names.prefix(self._lab_dir)

    def start(self, vmid: int, node: str, config: dict[str, Any], firewall: FirewallSnapshot) -> None:  # noqa: ARG002
        """Starts the VM anew; the node makes no difference here, for every host has the same trunk."""
        slots = disk_slots(config)
        disks = disk.folder_of(self._lab_dir, self._cluster, vmid) if slots else None
        if disks is not None:
            identity = str(config.get("meta") or config.get("vmgenid") or vmid)
            disk.prepare(disks, identity, slots, str(config.get("ipconfig0", "")))
        machine.start(
            machine_of(self._prefix, self._cluster, vmid, config=config, firewall=firewall, disks=disks),
            self._lab_dir,
        )

    def stop(self, vmid: int) -> None:
        """Ends the VM."""
        machine.stop(self._prefix, self._cluster, vmid, self._lab_dir)

    def firewall_changed(self, vmid: int, firewall: FirewallSnapshot) -> None:
        """Loads the VM's new ruleset in one transaction; what is established stays so, as with PVE."""
        card = plugged_card(vmid, firewall)
        text = "" if card is None else compile_guest(firewall, card)
        machine.replace_firewall(names.guest_namespace(self._prefix, self._cluster, vmid), text)

    def running(self, vmid: int) -> bool:
        """True while the VM's process lives."""
        return machine.running(self._prefix, self._cluster, vmid, self._lab_dir)


def machine_of(
    prefix: str,
    cluster: str,
    vmid: int,
    *,
    config: dict[str, Any],
    firewall: FirewallSnapshot,
    disks: Path | None,
) -> machine.Machine:
    """What a VM's config and firewall in PVE mean for its namespace."""
    card = plugged_card(vmid, firewall)
    keys = ip_config(str(config.get("ipconfig0", "")))
    return machine.Machine(
        prefix=prefix,
        cluster=cluster,
        vmid=vmid,
        name=str(config.get("name", f"VM{vmid}")),
        cable=None if card is None else machine.Cable(vlan=card.tag, mac=card.mac, up=not card.link_down),
        addresses=tuple(keys[key] for key in ("ip", "ip6") if key in keys),
        gateways=tuple(keys[key] for key in ("gw", "gw6") if key in keys),
        firewall="" if card is None else compile_guest(firewall, card),
        disks=disks,
    )


def disk_slots(config: dict[str, Any]) -> list[str]:
    """The slots of a VM's config that hold a disk of its own: no CD-ROM, no cloud-init drive."""
    return [
        key
        for key, value in config.items()
        if _SLOT.fullmatch(key) and not ("media=cdrom" in str(value) or "cloudinit" in str(value))
    ]


def plugged_card(vmid: int, firewall: FirewallSnapshot) -> Nic | None:
    """The card that hangs on a network of the fabric; None where the VM has none (no card, or not on a vnet)."""
    cards = [card for card in firewall.nics if card.tag]
    if len(cards) > 1:
        raise ValueError(
            f"VM {vmid} has {len(cards)} cards on vnets; the lab plugs in one, remove the others"
        )
    return cards[0] if cards else None


def ip_config(text: str) -> dict[str, str]:
    """cloud-init's `ip=10.0.0.5/24,gw=10.0.0.1,ip6=…` as a dict; `dhcp` and `auto` are refused, nobody would answer."""
    values = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
    for key in ("ip", "ip6"):
        if values.get(key) in {"dhcp", "auto"}:
            raise ValueError(f"ipconfig0 says {key}={values[key]}; the lab has no DHCP, write the address")
    return values
