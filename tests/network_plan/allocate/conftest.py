# SPDX-License-Identifier: GPL-3.0-or-later
"""The minimal site with room for everything, for what is tested about the allotment and the ledger."""

from __future__ import annotations

import dataclasses

import pytest

from network_plan.model.site import Pool, Range, Site
from network_plan.parse.site import parse_site


@pytest.fixture(scope="session")
def base(minimal: dict[str, str]) -> Site:
    """The minimal site with wide pools, and hosts with memory for everything."""
    site = parse_site(
        {name.removeprefix("site/"): text for name, text in minimal.items() if "site/" in name}, "s"
    )
    assert site.site is not None
    whole = site.site
    pools = {
        role: Pool(
            prefix=pool.prefix,
            length=26,
            vlans=Range(first=index * 1000 + 2, last=index * 1000 + 900),
            source="assumption: for the test",
        )
        for index, (role, pool) in enumerate(whole.networks.pools.items())
    }
    clusters = {
        name: dataclasses.replace(
            cluster,
            hosts=tuple(dataclasses.replace(group, memory_mib=1_000_000) for group in cluster.hosts),
        )
        for name, cluster in whole.clusters.clusters.items()
    }
    return dataclasses.replace(
        whole,
        networks=dataclasses.replace(whole.networks, pools=pools),
        clusters=dataclasses.replace(whole.clusters, clusters=clusters, vmids=(100, 9999)),
    )
