# SPDX-License-Identifier: GPL-3.0-or-later
"""What people declare in ``inventory/site/``, typed; a file per kind.

These classes hold no position and no decision. ``parse`` fills them, ``derive`` reads them.
"""

from __future__ import annotations

from network_plan.model.site.cluster import Cluster, Clusters, HostGroup, Size
from network_plan.model.site.dr import DisasterRecovery, Tier, Tunnel
from network_plan.model.site.network import Gateway, Networks, Pool, PublicBlock, Range
from network_plan.model.site.regency import Regency
from network_plan.model.site.service import DatedException, Egress, Publication, Services
from network_plan.model.site.site import Site
from network_plan.model.site.tenant import ExtraNetwork, Flow, Office, Tenant, Vm

__all__ = [
    "Cluster",
    "Clusters",
    "DatedException",
    "DisasterRecovery",
    "Egress",
    "ExtraNetwork",
    "Flow",
    "Gateway",
    "HostGroup",
    "Networks",
    "Office",
    "Pool",
    "PublicBlock",
    "Publication",
    "Range",
    "Regency",
    "Services",
    "Site",
    "Size",
    "Tenant",
    "Tier",
    "Tunnel",
    "Vm",
]
