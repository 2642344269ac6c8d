# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the words of a site point to something, a file per subject. The last step of reading.

What a rule of the master plan forbids is in ``policy``, not here.
"""

from __future__ import annotations

from network_plan.model.finding import Finding
from network_plan.model.site import Site
from network_plan.parse.references.applications import (
    check_applications,
    check_facilities,
    check_reservations,
    check_services,
)
from network_plan.parse.references.check import Check
from network_plan.parse.references.clusters import check_clusters
from network_plan.parse.references.flows import check_flows
from network_plan.parse.references.ipv6 import check_ipv6
from network_plan.parse.references.names import check_names
from network_plan.parse.references.networks import check_networks
from network_plan.parse.references.pools import check_pools
from network_plan.parse.references.public import check_public
from network_plan.parse.references.tenants import check_tenants
from network_plan.parse.references.vlans import check_vlans

SUBJECTS = (
    check_clusters,
    check_tenants,
    check_pools,
    check_ipv6,
    check_networks,
    check_names,
    check_flows,
    check_public,
    check_applications,
    check_services,
    check_facilities,
    check_reservations,
    check_vlans,
)


def check_references(site: Site, lost: frozenset[str] = frozenset()) -> list[Finding]:
    """Every dangling word of a site, at once.

    Args:
        site: as parsed, perhaps without what could not be read.
        lost: names of what could not be read: a word that points there is not called dangling.

    Returns:
        Findings with their key paths; empty when the site can be expanded and allotted.
    """
    check = Check(site, lost)
    for subject in SUBJECTS:
        subject(check)
    return check.findings
