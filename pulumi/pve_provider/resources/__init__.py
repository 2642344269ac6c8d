# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the provider provides: one list. A new resource is a new file and one line here."""

from __future__ import annotations

from ..definition import Resource
from .access.acl import ACL
from .access.group import GROUP
from .access.role import ROLE
from .cluster.firewall.alias import ALIAS
from .cluster.firewall.group import GROUP as FIREWALL_GROUP
from .cluster.firewall.ipset import IPSET
from .cluster.firewall.options import OPTIONS
from .cluster.sdn.apply import APPLY
from .cluster.sdn.subnet import SUBNET
from .cluster.sdn.vnet import VNET
from .cluster.sdn.zone import ZONE
from .nodes.qemu import VM
from .nodes.qemu_firewall import VM_FIREWALL
from .nodes.qemu_power import VM_POWER
from .pools import POOL

ALL: tuple[Resource, ...] = (
    POOL,
    ROLE,
    GROUP,
    ACL,
    ZONE,
    VNET,
    SUBNET,
    APPLY,
    ALIAS,
    IPSET,
    FIREWALL_GROUP,
    OPTIONS,
    VM,
    VM_FIREWALL,
    VM_POWER,
)
BY_TOKEN: dict[str, Resource] = {resource.token: resource for resource in ALL}
