# SPDX-License-Identifier: AGPL-3.0-or-later
"""One lab VM: namespace, cable, addresses, firewall and responder; what a VM's config means stands in `runtime`."""

import contextlib
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from scripts.lab.fabric import build, names, netns
from scripts.lab.guest import process


@dataclass(frozen=True, slots=True, kw_only=True)
class Cable:
    """Where the VM's card hangs; an unplugged one (`link_down`) is there and carries nothing."""

    vlan: int
    mac: str
    up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Everything that a VM's start needs; `firewall` is nftables text, empty for none; `disks` is their folder."""

    prefix: str
    cluster: str
    vmid: int
    name: str
    cable: Cable | None
    addresses: tuple[str, ...]
    gateways: tuple[str, ...]
    firewall: str
    disks: Path | None = None

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return names.guest_namespace(self.prefix, self.cluster, self.vmid)


def start(machine: Machine, lab_dir: Path) -> None:
    """Starts the VM; what an interrupted start left behind is removed first."""
    with netns.exclusive(machine.prefix):
        _stop(machine.prefix, machine.cluster, machine.vmid, lab_dir)
        if machine.cable is None:
            netns.batch(None, [f"netns add {machine.namespace}"])
        else:
            _plug(machine, machine.cable)
    record = _record(lab_dir, machine.cluster, machine.vmid)
    addresses = [str(ipaddress.ip_interface(address).ip) for address in machine.addresses]
    running = process.start(
        machine.namespace,
        lab_dir / "guests.json",
        machine.cluster,
        str(machine.vmid),
        machine.name,
        addresses if machine.cable else [],
        record.with_suffix(".log"),
        machine.disks,
    )
    process.save(running, record)


def _plug(machine: Machine, cable: Cable) -> None:
    switch, port = machine.prefix + machine.cluster, f"v{machine.vmid}"
    far = f"eth0 address {cable.mac} netns {machine.namespace}"
    netns.batch(
        None, [f"netns add {machine.namespace}", f"link add {port} netns {switch} type veth peer name {far}"]
    )
    # The firewall stands before the cable is plugged in: no packet gets past it at start.
    replace_firewall(machine.namespace, machine.firewall, loaded=False)
    lines = ["link set lo up", *(build.address_line(address, "eth0") for address in machine.addresses)]
    lines += [
        "link set eth0 up",
        *(f"route replace default via {gateway} dev eth0" for gateway in machine.gateways),
    ]
    netns.batch(machine.namespace, lines)
    state = "up" if cable.up else "down"
    bridge = names.bridge(cable.vlan)
    plug = f"link set {port} {state} master {bridge}"
    try:
        netns.batch(switch, [plug])
    except netns.NetworkError:
        # A real trunk carries every VLAN: one that the lab's network has not seen yet gets its bridge now.
        if bridge in netns.links(switch):
            raise
        netns.batch(
            switch, [f"link add {bridge} type bridge mcast_snooping 0", f"link set {bridge} up", plug]
        )


def stop(lab_prefix: str, cluster: str, vmid: int, lab_dir: Path) -> None:
    """Ends the VM's process and removes its namespace; a VM that does not run is fine."""
    with netns.exclusive(lab_prefix):
        _stop(lab_prefix, cluster, vmid, lab_dir)


def _stop(lab_prefix: str, cluster: str, vmid: int, lab_dir: Path) -> None:
    record = _record(lab_dir, cluster, vmid)
    known = process.load(record)
    if known is not None:
        process.stop(known)
    namespace = names.guest_namespace(lab_prefix, cluster, vmid)
    if (netns.NETNS_DIR / namespace).exists():
        netns.delete([namespace])
        # The kernel takes a namespace apart in its own time; the bridge port goes now, for its name is needed again.
        with contextlib.suppress(netns.NetworkError):
            netns.batch(lab_prefix + cluster, [f"link del v{vmid}"])
    record.unlink(missing_ok=True)


def running(lab_prefix: str, cluster: str, vmid: int, lab_dir: Path) -> bool:
    """True while the VM's process lives in its namespace."""
    known = process.load(_record(lab_dir, cluster, vmid))
    namespace = names.guest_namespace(lab_prefix, cluster, vmid)
    return known is not None and known.alive() and process.inside(known, namespace)


def remove_all(lab_prefix: str, lab_dir: Path) -> None:
    """Ends every VM of the lab, whichever cluster started it."""
    for record in sorted((lab_dir / "guests").glob("*-*.json")):
        cluster, _, vmid = record.stem.rpartition("-")
        stop(lab_prefix, cluster, int(vmid), lab_dir)


def replace_firewall(namespace: str, text: str, *, loaded: bool = True) -> None:
    """Puts the ruleset in place of the one before, in one transaction."""
    if text or loaded:
        netns.nft(namespace, ("flush ruleset\n" if loaded else "") + text)


def _record(lab_dir: Path, cluster: str, vmid: int) -> Path:
    folder = lab_dir / "guests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{cluster}-{vmid}.json"
