# SPDX-License-Identifier: GPL-3.0-or-later
"""What people declare in ``inventory/site/``, typed; a file per kind.

These classes hold no position and no decision. ``parse`` fills them, ``derive`` reads them.
"""

from __future__ import annotations

from network_plan.model.site.application import Application, ApplicationKind, Applications
from network_plan.model.site.cluster import BackupStorage, Cluster, Clusters, HostGroup, Size
from network_plan.model.site.dr import Backup, DisasterRecovery, Place, Risk, Tier, Tunnel
from network_plan.model.site.facility import Facilities, Need, Power, Room, ServiceLevel, Sizing, Uplink
from network_plan.model.site.network import Gateway, Ipv6, Networks, Pool, PublicBlock, Range, Reservation
from network_plan.model.site.regency import Regency
from network_plan.model.site.service import (
    Blocked,
    DatedException,
    Egress,
    Hosting,
    Publication,
    Sanction,
    Services,
)
from network_plan.model.site.site import Site
from network_plan.model.site.tenant import ExtraNetwork, Flow, Office, Tenant, Vm

__all__ = [
    "Application",
    "ApplicationKind",
    "Applications",
    "Backup",
    "BackupStorage",
    "Blocked",
    "Cluster",
    "Clusters",
    "DatedException",
    "DisasterRecovery",
    "Egress",
    "ExtraNetwork",
    "Facilities",
    "Flow",
    "Gateway",
    "HostGroup",
    "Hosting",
    "Ipv6",
    "Need",
    "Networks",
    "Office",
    "Place",
    "Pool",
    "Power",
    "PublicBlock",
    "Publication",
    "Range",
    "Regency",
    "Reservation",
    "Risk",
    "Room",
    "Sanction",
    "ServiceLevel",
    "Services",
    "Site",
    "Size",
    "Sizing",
    "Tenant",
    "Tier",
    "Tunnel",
    "Uplink",
    "Vm",
]
