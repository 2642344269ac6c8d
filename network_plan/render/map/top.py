# SPDX-License-Identifier: GPL-3.0-or-later
"""The head of the drawing: the internet and the public addresses on the left, clusters and their hosts on the right.

The gateway between them is as tall as the drawing and stands in ``layout``.
"""

from __future__ import annotations

from collections.abc import Iterator

from network_plan.model.dr import Tunnel
from network_plan.model.gateway import Gateway
from network_plan.model.node import Cluster
from network_plan.model.node import Node as Host
from network_plan.model.plan import Plan
from network_plan.render.map.columns import (
    CARD_W,
    CARD_X,
    CHIP_W,
    GATEWAY_X,
    LANE_W,
    MARGIN,
    SMALL_SIZE,
    TITLE_SIZE,
    Columns,
)
from network_plan.render.map.drawing import Icon, Link, Node, Rect, Text
from network_plan.render.map.measure import fit, width

TOP = 44.0
CLUSTER_H = 44.0
HOST_Y = TOP + CLUSTER_H + 8
HOST_H = 76.0
INTERNET_W = 108.0
PUBLIC_X = MARGIN + INTERNET_W + 20
PUBLIC_W = CARD_X + CARD_W - PUBLIC_X
PUBLIC_H = 20.0
PUBLIC_ROW = 24.0
CAP_H = 38.0  # of the gateway, with its name
_CHIP_PAD = (LANE_W - CHIP_W) / 2
_BAR_W = CHIP_W - 12


def gib(mib: int) -> str:
    """MiB as GiB with one decimal."""
    return f"{mib / 1024:.1f}"


def public_y(plan: Plan, index: int) -> float:
    """The upper edge of the n-th public address; each gateway's own line stands above them."""
    return TOP + max(CAP_H + 4, len(plan.gateways) * PUBLIC_ROW) + index * PUBLIC_ROW


def internet(plan: Plan) -> Node:
    """Everything outside, as tall as the list of public addresses."""
    isp = plan.gateways[0].isp
    height = max(public_y(plan, len(plan.public)) - (PUBLIC_ROW - PUBLIC_H) - TOP, 64)
    middle = TOP + height / 2
    x = MARGIN + INTERNET_W / 2
    return Node(
        id="internet",
        style="internet",
        label=f"Internet, by way of {isp}",
        box=Rect(x=MARGIN, y=TOP, w=INTERNET_W, h=height, style="card", r=12),
        icons=(Icon(x=x - 7, y=middle - 27, name="globe"),),
        texts=(
            Text(x=x, y=middle + 3, text="Internet", style="title", anchor="middle"),
            Text(x=x, y=middle + 18, text=fit(str(isp), INTERNET_W - 8, SMALL_SIZE), anchor="middle"),
        ),
    )


def uplink(gateway: Gateway, index: int) -> Link:
    """The line that everything from and to the internet takes."""
    y = TOP + 19 + index * PUBLIC_ROW
    start = MARGIN + INTERNET_W
    wan = next((port for port in gateway.interfaces if port.kind == "wan"), None)
    own = " ".join(map(str, wan.addresses)) if wan else "no address"
    words = f"{wan.name} {own}" if wan else own
    told = f"{words} · {gateway.public} {gateway.delivery.replace('_', ' ')}"
    return Link(
        id=f"uplink:{gateway.host}",
        style="line outside",
        label=f"Internet to gateway {gateway.host}: {own}, {gateway.public} {gateway.delivery}",
        path=f"M{start:g} {y:g}H{GATEWAY_X:g}",
        texts=(
            Text(
                x=start + 10, y=y - 5, text=fit(told, GATEWAY_X - start - 16, SMALL_SIZE), layer="addresses"
            ),
        ),
    )


def public_address(plan: Plan, index: int) -> tuple[Node, Link, Link]:
    """One public address with its line from outside and its line into the gateway."""
    public = plan.public[index]
    y = public_y(plan, index)
    middle = y + PUBLIC_H / 2
    address = str(public.address)
    dated = " dated" if public.until else ""
    told = public.until.isoformat() if public.until else public.holder
    until = f", dated exception until {told}" if public.until else ""
    icon = "clock" if public.until else {"egress": "out", "publish": "in"}[public.use]
    left = PUBLIC_X + 26 + width("255.255.255.255", TITLE_SIZE, bold=True) * 0.94
    node = Node(
        id=f"public:{address}",
        style=f"public{dated}",
        label=f"Public address {address}, {public.name}, held by {public.holder}{until}",
        box=Rect(x=PUBLIC_X, y=y, w=PUBLIC_W, h=PUBLIC_H, style="card", r=PUBLIC_H / 2),
        icons=(Icon(x=PUBLIC_X + 8, y=middle - 7, name=icon),),
        texts=(
            Text(x=PUBLIC_X + 26, y=middle + 4.5, text=address, style="title", layer="addresses"),
            Text(
                x=left,
                y=middle + 4.5,
                text=fit(f"{public.name} · {told}", PUBLIC_X + PUBLIC_W - left - 6, SMALL_SIZE),
            ),
        ),
    )
    wan = Link(
        id=f"wan:{address}",
        style=f"line outside{dated}",
        label=f"Internet to {address}",
        path=f"M{MARGIN + INTERNET_W:g} {middle:g}H{PUBLIC_X:g}",
    )
    nat = Link(
        id=f"nat:{address}",
        style=f"line outside{dated}",
        label=f"{address} to the gateway",
        path=f"M{PUBLIC_X + PUBLIC_W:g} {middle:g}H{GATEWAY_X:g}",
        texts=(
            Text(
                x=(PUBLIC_X + PUBLIC_W + GATEWAY_X) / 2,
                y=middle - 4,
                text={"egress": "SNAT", "publish": "DNAT"}[public.use],
                anchor="middle",
                layer="addresses",
            ),
        ),
    )
    return node, wan, nat


def cluster_head(plan: Plan, cluster: Cluster, columns: Columns) -> Node:
    """A cluster's title over its hosts, and whether it is primary."""
    x, span = columns.clusters[cluster.name]
    primary = cluster.name == plan.role.primary
    word = f"primary, epoch {plan.role.epoch}" if primary else "stands by"
    badge = width(word, SMALL_SIZE, bold=True) + 16
    title = fit(f"{cluster.name} · {cluster.title}", span - 24, TITLE_SIZE, bold=True)
    hosts = f"{len(cluster.nodes)} hosts, {cluster.spare_hosts} to spare"
    return Node(
        id=f"cluster:{cluster.name}",
        style="cluster primary" if primary else "cluster",
        label=f"Cluster {cluster.name}, {cluster.title}, {word}",
        box=Rect(x=x + _CHIP_PAD, y=TOP, w=span - 2 * _CHIP_PAD, h=CLUSTER_H, style="card", r=6),
        rects=(Rect(x=x + span - 12 - badge, y=TOP + 22, w=badge, h=16, style="badge", r=8),),
        texts=(
            Text(x=x + 14, y=TOP + 17, text=title, style="title"),
            Text(x=x + 14, y=TOP + 34, text=fit(hosts, span - badge - 40, SMALL_SIZE)),
            Text(x=x + span - 12 - badge / 2, y=TOP + 33.5, text=word, style="small word", anchor="middle"),
        ),
    )


def host(plan: Plan, cluster: Cluster, node: Host, columns: Columns) -> Node:
    """A host at the head of its lane: its address, and how much of its memory VMs have."""
    x = columns.lanes[cluster.name, node.name] + _CHIP_PAD
    here = [guest for guest in plan.guests_of(cluster.name) if guest.node == node.name]
    used = sum(guest.memory_mib for guest in here if guest.running)
    kept = sum(guest.memory_mib for guest in here if not guest.running)
    full = _BAR_W * min(1, used / node.free_mib) if node.free_mib else 0
    more = min(_BAR_W * kept / node.free_mib, _BAR_W - full) if node.free_mib else 0
    told = f"{gib(used + kept)}/{gib(node.free_mib)} GiB"
    if width(told, SMALL_SIZE) > _BAR_W:
        told = f"{(used + kept) / 1024:.0f}/{node.free_mib / 1024:.0f} GiB"
    return Node(
        id=f"host:{cluster.name}/{node.name}",
        style="host",
        label=f"Host {node.name}, {' '.join(map(str, node.addresses))}, memory for VMs taken: {told}",
        box=Rect(x=x, y=HOST_Y, w=CHIP_W, h=HOST_H, style="card", r=6),
        rects=(
            Rect(x=x + 6, y=HOST_Y + 42, w=_BAR_W, h=7, style="bar", r=2),
            Rect(x=x + 6, y=HOST_Y + 42, w=round(full, 1), h=7, style="used", r=2),
            Rect(x=x + 6 + round(full, 1), y=HOST_Y + 42, w=round(more, 1), h=7, style="kept", r=2),
        ),
        texts=(
            Text(x=x + 6, y=HOST_Y + 18, text=fit(node.name, _BAR_W, TITLE_SIZE, bold=True), style="title"),
            Text(
                x=x + 6,
                y=HOST_Y + 33,
                text=fit(" ".join(map(str, node.addresses)), _BAR_W, SMALL_SIZE),
                layer="addresses",
            ),
            Text(x=x + 6, y=HOST_Y + 65, text=fit(told, _BAR_W, SMALL_SIZE), style="small quiet"),
        ),
        layer="placement",
    )


def tunnels(plan: Plan, columns: Columns) -> Iterator[Link]:
    """The lines between clusters, as brackets over their titles."""
    for index, tunnel in enumerate(plan.tunnels):
        ends = [columns.clusters[name] for name, _ in tunnel.ends if name in columns.clusters]
        if len(ends) == 2:
            yield _tunnel(tunnel, ends, index)


def _tunnel(tunnel: Tunnel, ends: list[tuple[float, float]], index: int) -> Link:
    left, right = sorted(x + span / 2 for x, span in ends)
    y = TOP - 16 - index * 5
    words = f"{tunnel.kind}, {tunnel.rate_kbit / 1000:g} Mbit/s for replication"
    return Link(
        id=f"tunnel:{tunnel.key}",
        style="line tunnel",
        label=f"Tunnel {tunnel.key}: {words}",
        path=f"M{left:g} {TOP:g}V{y:g}H{right:g}V{TOP:g}",
        texts=(Text(x=(left + right) / 2, y=y - 5, text=words, anchor="middle"),),
        layer="dr",
    )
