# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things stand from left to right: outside and offices, the one gateway, networks, then a lane for each host.

What stands in which row is decided elsewhere (``top``, ``bands``). All numbers are px of the drawing; at its full
width on A3 one of them prints as 0.2 mm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from network_plan.model.plan import Plan

MARGIN = 16.0
TENANT_W = 164.0
CARD_X = MARGIN + TENANT_W + 6
CARD_W = 182.0
GATEWAY_X = CARD_X + CARD_W + 60
GATEWAY_W = 152.0
NETWORK_X = GATEWAY_X + GATEWAY_W + 36
NETWORK_W = 176.0
SPINE_X = NETWORK_X + NETWORK_W + 10  # where a network's line parts towards its rows of VMs
LANES_X = SPINE_X + 12
LANE_W = 108.0
CLUSTER_GAP = 20.0
CHIP_W = 100.0

ROW_H = 44.0
CARD_H = 36.0
ROW_GAP = ROW_H - CARD_H
LINE_H = 13.0  # from one line of a wrapped title to the next
TITLE_SIZE = 12.0
SMALL_SIZE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The lanes: left edge of each host's by ``(cluster, host)``, and of each cluster with its width."""

    lanes: Mapping[tuple[str, str], float]
    clusters: Mapping[str, tuple[float, float]]
    width: float

    def center(self, cluster: str, host: str) -> float:
        """The middle of a host's lane."""
        return self.lanes[cluster, host] + LANE_W / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Density:
    """How much room a tenant gets.

    Attributes:
        pad: above and below a band.
        name_lines: on how many lines a tenant's name may stand.
        titles: whether networks have bold titles, wrapped once; else one plain line whose end is kept.
        keys: whether the tenant's key stands below its name.
        feet: whether the hosts' names are repeated below their lanes.
    """

    pad: float
    name_lines: int
    titles: bool
    keys: bool
    feet: bool


ROOMY = Density(pad=7, name_lines=3, titles=True, keys=True, feet=False)
# With 45 tenants the drawing still fits on one upright A3 sheet, where its smallest letters print as 4 pt.
DENSE = Density(pad=3, name_lines=2, titles=False, keys=False, feet=True)
_ROOMY_TENANTS = 16


def density(plan: Plan) -> Density:
    """Roomy for a few tenants, dense for a whole regency."""
    return ROOMY if len(plan.tenants) <= _ROOMY_TENANTS else DENSE


def place_columns(plan: Plan) -> Columns:
    """A lane for each host, cluster beside cluster in the Plan's order."""
    x = LANES_X
    lanes: dict[tuple[str, str], float] = {}
    clusters: dict[str, tuple[float, float]] = {}
    for cluster in plan.clusters:
        left = x
        for node in cluster.nodes:
            lanes[cluster.name, node.name] = x
            x += LANE_W
        clusters[cluster.name] = (left, x - left)
        x += CLUSTER_GAP
    return Columns(lanes=lanes, clusters=clusters, width=x - CLUSTER_GAP + MARGIN)
