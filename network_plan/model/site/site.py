# SPDX-License-Identifier: GPL-3.0-or-later
"""The site: all files together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from network_plan.model.blocked import Names
from network_plan.model.site.application import Applications
from network_plan.model.site.cluster import Clusters
from network_plan.model.site.dr import DisasterRecovery
from network_plan.model.site.facility import Facilities
from network_plan.model.site.network import Networks
from network_plan.model.site.regency import Regency
from network_plan.model.site.service import Services
from network_plan.model.site.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that people declared. ``tenants`` is keyed by id and sorted by it.

    Attributes:
        blocked: the names of each list of ``services.blocked``, by its id.
    """

    regency: Regency
    clusters: Clusters
    networks: Networks
    services: Services
    dr: DisasterRecovery
    applications: Applications
    facilities: Facilities
    tenants: Mapping[str, Tenant]
    blocked: Mapping[str, Names] = field(default_factory=dict)
