# SPDX-License-Identifier: GPL-3.0-or-later
"""The properties of a VM. How they are written to PVE stands in qemu_config.py, when in qemu.py."""

from __future__ import annotations

from ...definition import INCARNATION, Field, Kind, Many, Shape
from ...normal import address, description, interface, lower, mac

SLOT = r"(?:scsi(?:[0-9]|[12][0-9]|30)|virtio(?:[0-9]|1[0-5])|sata[0-5]|ide[0-3])"
NET = r"net(?:[0-9]|[12][0-9]|3[01])"

DISK = Shape(
    name="VmDisk",
    doc="A disk. It is made once and grows; it is never shrunk, moved, replaced, or deleted without allowDiskDelete.",
    key="slot",
    fields=(
        Field(name="slot", doc="Where it is attached, e.g. scsi0.", required=True, pattern=SLOT),
        Field(name="storage", doc="The storage it lies on.", required=True),
        Field(name="sizeGib", doc="The size in GiB.", kind=Kind.NUMBER, required=True),
        Field(
            name="importFrom",
            doc="The image it is made from, a volume on the node; read at creation only.",
            create_only=True,
        ),
        Field(name="ssd", doc="Whether the guest sees an SSD.", kind=Kind.BOOL),
        Field(name="discard", doc="Whether freed blocks are given back.", kind=Kind.BOOL),
        Field(name="iothread", doc="Whether it has a thread of its own.", kind=Kind.BOOL),
        Field(name="backup", doc="Whether backups hold it; yes if unset.", kind=Kind.BOOL),
        Field(name="replicate", doc="Whether replication carries it; yes if unset.", kind=Kind.BOOL),
        Field(
            name="cache",
            doc="The cache mode.",
            choices=("none", "writethrough", "writeback", "unsafe", "directsync"),
        ),
    ),
)
NETWORK = Shape(
    name="VmNetwork",
    doc="A network interface.",
    key="slot",
    fields=(
        Field(name="slot", doc="Which interface, e.g. net0.", required=True, pattern=NET),
        Field(name="bridge", doc="The bridge or vnet.", required=True),
        Field(name="mac", doc="The MAC; PVE's random ones are never used.", required=True, normal=mac),
        Field(
            name="model",
            doc="The card.",
            default="virtio",
            choices=("virtio", "e1000", "e1000e", "rtl8139", "vmxnet3"),
        ),
        Field(name="firewall", doc="Whether PVE's firewall sees it.", kind=Kind.BOOL),
        Field(name="mtu", doc="The MTU; 1 takes the bridge's.", kind=Kind.INT),
        Field(name="tag", doc="The VLAN, on a bridge that is no vnet.", kind=Kind.INT),
        Field(name="linkDown", doc="Whether the cable is out.", api="link_down", kind=Kind.BOOL),
    ),
)
IP_CONFIG = Shape(
    name="VmIpConfig",
    doc="The addresses of an interface.",
    key="slot",
    fields=(
        Field(name="slot", doc="The interface, e.g. net0.", default="net0", pattern=NET),
        Field(name="ip", doc="The address with its prefix length, or dhcp.", normal=interface),
        Field(name="gw", doc="The IPv4 gateway.", normal=address),
        Field(name="ip6", doc="The IPv6 address with its prefix length, auto or dhcp.", normal=interface),
        Field(name="gw6", doc="The IPv6 gateway.", normal=address),
    ),
)
CLOUD_INIT = Shape(
    name="VmCloudInit",
    doc="What cloud-init tells the guest at its next boot. An edit never replaces the VM.",
    fields=(
        Field(name="storage", doc="The storage of the cloud-init drive.", required=True),
        Field(name="slot", doc="Where the drive is attached.", default="ide2", pattern=SLOT),
        Field(name="user", doc="The user to make.", api="ciuser"),
        Field(name="password", doc="The user's password.", api="cipassword", secret=True, write_only=True),
        Field(name="sshKeys", doc="Public keys that may log in.", api="sshkeys", many=Many.LIST),
        Field(name="nameservers", doc="The resolvers.", api="nameserver", many=Many.LIST, normal=address),
        Field(name="searchDomain", doc="The domain of short names.", api="searchdomain"),
        Field(
            name="upgrade",
            doc="Whether packages are upgraded at the first boot.",
            api="ciupgrade",
            kind=Kind.BOOL,
        ),
        Field(
            name="ipConfigs", doc="The addresses, per interface.", kind=IP_CONFIG, many=Many.LIST, default=[]
        ),
    ),
)

PLAIN = (
    Field(
        name="name", doc="The VM's name, a DNS label.", pattern=r"[A-Za-z0-9](?:[A-Za-z0-9.\-]*[A-Za-z0-9])?"
    ),
    Field(name="cores", doc="Cores per socket.", kind=Kind.INT),
    Field(name="sockets", doc="Sockets.", kind=Kind.INT),
    Field(name="cpu", doc="The CPU type, e.g. x86-64-v2-AES."),
    Field(name="memory", doc="Memory in MiB.", kind=Kind.INT),
    Field(name="balloon", doc="The least memory in MiB; 0 switches ballooning off.", kind=Kind.INT),
    Field(name="onboot", doc="Whether it starts with its node.", kind=Kind.BOOL),
    Field(name="protection", doc="Whether destroying it is refused.", kind=Kind.BOOL),
    Field(
        name="scsihw",
        doc="The SCSI controller.",
        choices=("lsi", "lsi53c810", "virtio-scsi-pci", "virtio-scsi-single", "megasas", "pvscsi"),
    ),
    Field(name="agent", doc="Whether the guest runs the QEMU agent. It is never waited for.", kind=Kind.BOOL),
    Field(name="startup", doc="Order and delays, e.g. order=10,up=30."),
    Field(name="osType", doc="The guest's kind, e.g. l26.", api="ostype"),
    Field(name="machine", doc="The machine type, e.g. q35."),
    Field(name="bios", doc="seabios or ovmf.", choices=("seabios", "ovmf")),
    Field(name="vga", doc="The display, e.g. serial0."),
    Field(name="serial0", doc="The serial port, e.g. socket."),
)
"""Fields that stand one to one in PVE's configuration."""

FIELDS = (
    Field(
        name="vmid",
        doc="The VM's number in its cluster: its identity.",
        kind=Kind.INT,
        required=True,
        replaces=True,
    ),
    Field(
        name="node", doc="The node it is made on; a change migrates it if it lives elsewhere.", required=True
    ),
    *PLAIN,
    Field(name="pool", doc="The pool it belongs to."),
    Field(name="tags", doc="Its tags.", many=Many.SET, normal=lower),
    Field(name="description", doc="Notes for people.", normal=description),
    Field(name="started", free=True, doc="Whether it runs; as it is if unset.", kind=Kind.BOOL),
    Field(name="template", free=True, doc="Whether it is a template. There is no way back.", kind=Kind.BOOL),
    Field(name="bootOrder", free=True, doc="Devices to boot from, in this order.", many=Many.LIST),
    Field(
        name="disks",
        doc="Its disks; those attached by hand are left alone.",
        kind=DISK,
        many=Many.LIST,
        default=[],
    ),
    Field(name="networks", doc="Its interfaces, as a whole.", kind=NETWORK, many=Many.LIST, default=[]),
    Field(name="cloudInit", doc="Its cloud-init settings.", kind=CLOUD_INIT),
    Field(
        name="cloneFrom",
        doc="The VMID of a template on the same node to clone; read at creation only.",
        kind=Kind.INT,
        create_only=True,
    ),
    Field(
        name="fullClone",
        doc="Whether the clone is independent of its template.",
        kind=Kind.BOOL,
        create_only=True,
    ),
    Field(
        name="restartIfNeeded",
        doc="Whether it may be rebooted for changes that wait for one.",
        kind=Kind.BOOL,
        default=False,
        setting=True,
    ),
    Field(
        name="allowDiskDelete",
        doc="Whether disks that are taken out of `disks` are destroyed.",
        kind=Kind.BOOL,
        default=False,
        setting=True,
    ),
    Field(
        name="shutdownTimeout",
        doc="Seconds to wait for an orderly shutdown before it is stopped.",
        kind=Kind.INT,
        default=60,
        setting=True,
    ),
    Field(name="liveNode", doc="The node it lives on now.", server=True),
    Field(name="pendingRestart", doc="Settings that wait for a restart.", many=Many.LIST, server=True),
    Field(name="volumes", doc="The volume of each disk, as slot=volume.", many=Many.LIST, server=True),
    INCARNATION,
)
