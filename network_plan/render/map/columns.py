# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things stand from left to right: outside and offices, the one gateway, networks, then a lane for each host.

What stands in which row is decided elsewhere (``top``, ``offices``, ``networks``). All numbers are px of the drawing,
whose smallest letters are 11 px: so they are on a screen of 1920 px, and on an A3 sheet 55 offices below each other
print them at 6 pt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from network_plan.model.plan import Plan

MARGIN = 16.0
TENANT_W = 276.0
CARD_X = MARGIN + TENANT_W + 4
CARD_W = 178.0
GATEWAY_X = CARD_X + CARD_W + 40
GATEWAY_W = 122.0
NETWORK_X = GATEWAY_X + GATEWAY_W + 52
NETWORK_W = 148.0
SPINE_X = NETWORK_X + NETWORK_W + 8  # where a network's line parts towards its rows of VMs
LANES_X = SPINE_X + 8
LANE_W = 98.0
CLUSTER_GAP = 14.0
CHIP_W = 92.0

OFFICE_H = 18.0  # from one office to the next
CARD_H = 46.0  # of a network and of a VM: three lines of text
ROW_H = 52.0
ROW_GAP = ROW_H - CARD_H
LINE_H = 13.0  # from one line of text to the next
TITLE_SIZE = 12.0
SMALL_SIZE = 11.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The lanes: left edge of each host's by ``(cluster, host)``, and of each cluster with its width."""

    lanes: Mapping[tuple[str, str], float]
    clusters: Mapping[str, tuple[float, float]]
    width: float

    def center(self, cluster: str, host: str) -> float:
        """The middle of a host's lane."""
        return self.lanes[cluster, host] + LANE_W / 2


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
