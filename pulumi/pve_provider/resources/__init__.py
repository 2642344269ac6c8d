# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the provider provides: one list. A new resource is a new file and one line here."""

from __future__ import annotations

from ..definition import Resource
from .access.acl import ACL
from .access.group import GROUP
from .access.role import ROLE
from .access.token import TOKEN
from .access.user import USER
from .cluster.backup import BACKUP_JOB
from .cluster.firewall.alias import ALIAS
from .cluster.firewall.group import GROUP as FIREWALL_GROUP
from .cluster.firewall.ipset import IPSET
from .cluster.firewall.options import OPTIONS
from .cluster.ha.resource import HA_RESOURCE
from .cluster.ha.rule import HA_RULE
from .cluster.options import CLUSTER_OPTIONS
from .cluster.replication import REPLICATION_JOB
from .cluster.sdn.apply import APPLY
from .cluster.sdn.subnet import SUBNET
from .cluster.sdn.vnet import VNET
from .cluster.sdn.zone import ZONE
from .nodes.qemu import VM
from .nodes.qemu_firewall import VM_FIREWALL
from .nodes.qemu_power import VM_POWER
from .pools import POOL
from .storage import STORAGE_RESOURCE

ALL: tuple[Resource, ...] = (
    POOL,
    ROLE,
    GROUP,
    ACL,
    USER,
    TOKEN,
    STORAGE_RESOURCE,
    CLUSTER_OPTIONS,
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
    REPLICATION_JOB,
    HA_RESOURCE,
    HA_RULE,
    BACKUP_JOB,
)
BY_TOKEN: dict[str, Resource] = {resource.token: resource for resource in ALL}
