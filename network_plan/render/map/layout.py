# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole drawing: ground, gateway, and everything that ``top`` and ``bands`` place around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from network_plan.model.gateway import Gateway
from network_plan.model.plan import Plan
from network_plan.render.map import bands, top
from network_plan.render.map.bands import Band, Row
from network_plan.render.map.columns import (
    CARD_H,
    CHIP_W,
    GATEWAY_W,
    GATEWAY_X,
    LANE_W,
    LANES_X,
    MARGIN,
    NETWORK_X,
    ROW_H,
    SMALL_SIZE,
    TITLE_SIZE,
    Columns,
    density,
    place_columns,
)
from network_plan.render.map.drawing import Drawing, Icon, Link, Node, Rect, Text
from network_plan.render.map.measure import fit

_BAR_PAD = 9.0


class _Sheet:
    """What has been drawn so far; ``homes`` holds the lines from the gateway to a node."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.nodes: list[Node] = []
        self.homes: dict[str, tuple[str, ...]] = {}

    def put(self, node: Node, home: tuple[str, ...] = ()) -> None:
        self.nodes.append(node)
        self.homes[node.id] = home


def _ground(plan: Plan, columns: Columns, placed: Sequence[Band], bottom: float) -> Iterator[Rect]:
    for index, band in enumerate(placed):
        style = "band odd" if index % 2 else "band"
        yield Rect(x=MARGIN / 2, y=band.y, w=columns.width - MARGIN, h=band.height, style=style, r=6)
    for cluster in plan.clusters:
        for node in cluster.nodes:
            x = columns.lanes[cluster.name, node.name] + (LANE_W - CHIP_W) / 2
            y = top.HOST_Y + top.HOST_H / 2
            yield Rect(x=x, y=y, w=CHIP_W, h=bottom - y, style="lane", r=6)


def _captions(columns: Columns) -> tuple[Text, ...]:
    y = top.TOP - 12
    words = [(MARGIN, "OUTSIDE AND OFFICES"), (GATEWAY_X, "GATEWAY"), (NETWORK_X, "NETWORKS")]
    if columns.lanes:
        words.append((LANES_X + 4, "CLUSTERS, HOSTS, VMS"))
    return tuple(Text(x=x, y=y, text=text, style="caption") for x, text in words)


def _feet(columns: Columns, bottom: float) -> Iterator[Text]:
    for (_, host), x in columns.lanes.items():
        text = fit(host, CHIP_W, SMALL_SIZE, bold=True)
        yield Text(x=x + LANE_W / 2, y=bottom + 13, text=text, style="small word", anchor="middle")


def nat_words(plan: Plan, address: str) -> str:
    """What the gateway does with a public address."""
    gateway = plan.gateways[0]
    for inward in gateway.dnat:
        if str(inward.public) == address:
            return f"to {inward.target}"
    for outward in gateway.snat:
        if str(outward.public) == address:
            count = len(outward.sources)
            return f"from {count} network" + ("s" if count != 1 else "")
    return "no translation"


def _ports(plan: Plan, gateway: Gateway, rows: Sequence[Row]) -> Iterator[Text]:
    """The gateway's ports, each at the height of its line; an address translation likewise."""
    left, right = GATEWAY_X + _BAR_PAD, GATEWAY_X + GATEWAY_W - _BAR_PAD
    for index, public in enumerate(plan.public):
        words = fit(nat_words(plan, str(public.address)), GATEWAY_W - 2 * _BAR_PAD, SMALL_SIZE)
        yield Text(x=left, y=top.public_y(plan, index) + CARD_H / 2 + 4, text=words)
    ports = {port.network: port for port in gateway.interfaces if port.network}
    room = GATEWAY_W / 2 - _BAR_PAD - 2
    for row in rows:
        port = ports.get(row.network.key)
        if port is None:
            continue
        address = str(port.addresses[0].ip) if port.addresses else ""
        for text, style, y in ((port.name, "small", -2), (address, "small quiet", 11)):
            yield Text(
                x=left if row.office else right,
                y=row.middle + y,
                text=fit(text, room, SMALL_SIZE),
                style=style,
                anchor="start" if row.office else "end",
            )


def _gateway(plan: Plan, index: int, bottom: float, rows: Sequence[Row]) -> Node:
    """The one door, as tall as what it parts; the second machine of a pair stands as a card on it."""
    gateway = plan.gateways[index]
    y = top.TOP + index * ROW_H
    first = index == 0
    box = Rect(x=GATEWAY_X, y=y, w=GATEWAY_W, h=bottom - y, style="card", r=6)
    if not first:
        box = Rect(x=GATEWAY_X + 4, y=y, w=GATEWAY_W - 8, h=CARD_H, style="card", r=4)
    return Node(
        id=f"gateway:{gateway.host}",
        style="gateway" if first else "gateway second",
        label=f"Gateway {gateway.host}, the one door of all networks, {len(gateway.interfaces)} interfaces",
        box=box,
        rects=(Rect(x=GATEWAY_X, y=y, w=GATEWAY_W, h=CARD_H + 2, style="cap", r=6),) if first else (),
        icons=(Icon(x=GATEWAY_X + _BAR_PAD, y=y + 12, name="gateway"),),
        texts=(
            Text(
                x=GATEWAY_X + 31,
                y=y + 16,
                text=fit(gateway.host, GATEWAY_W - 40, TITLE_SIZE, bold=True),
                style="title",
            ),
            Text(x=GATEWAY_X + 31, y=y + 30, text=fit(f"site {gateway.site}", GATEWAY_W - 40, SMALL_SIZE)),
            *(_ports(plan, gateway, rows) if first else ()),
        ),
    )


def _draw_top(plan: Plan, sheet: _Sheet, columns: Columns) -> None:
    for index, gateway in enumerate(plan.gateways):
        sheet.links.append(top.uplink(gateway, index))
    sheet.put(top.internet(plan), tuple(f"uplink:{gateway.host}" for gateway in plan.gateways))
    for index, _ in enumerate(plan.public):
        node, wan, nat = top.public_address(plan, index)
        sheet.links += (wan, nat)
        sheet.put(node, (nat.id,))
    sheet.links += top.tunnels(plan, columns)
    for cluster in plan.clusters:
        sheet.put(top.cluster_head(plan, cluster, columns))
        for node_ in cluster.nodes:
            sheet.put(top.host(plan, cluster, node_, columns))


def _draw_row(plan: Plan, sheet: _Sheet, columns: Columns, row: Row) -> list[Rect]:
    lan = bands.network_link(plan, row)
    sheet.links.append(lan)
    sheet.put(bands.network_card(row), (lan.id,))
    ports: list[Rect] = []
    before: tuple[str, ...] = (lan.id,)
    for link, port, host in bands.host_ports(plan, row, columns):
        sheet.links.append(link)
        ports.append(port)
        before = (*before, link.id)
        sheet.homes[f"host:{host}"] = before
    for link, guest, earlier in bands.guest_links(row, columns):
        sheet.links.append(link)
        line = next(index for index, found in enumerate(row.lines) if guest in found)
        middle = row.middle + line * ROW_H
        sheet.put(bands.guest_chip(guest, columns, middle), (lan.id, *earlier, link.id))
    return ports


def draw(plan: Plan) -> Drawing:
    """The picture of a Plan; equal Plans give equal pictures."""
    columns = place_columns(plan)
    room = density(plan)
    management = [network for network in plan.networks if network.role == "management"]
    shared = bands.place_rows(plan, columns, management, top.HOST_Y + top.HOST_H + 12, room)
    head = max([top.public_y(plan, len(plan.public)), *(row.bottom for row in shared)]) + 6
    placed = bands.place_bands(plan, columns, head, room)
    rows = [*shared, *(row for band in placed for row in band.rows)]
    bottom = placed[-1].y + placed[-1].height if placed else head
    sheet = _Sheet()
    _draw_top(plan, sheet, columns)
    for index, _ in enumerate(plan.gateways):
        sheet.put(_gateway(plan, index, bottom, rows))
    ports: list[Rect] = []
    for row in shared:
        ports += _draw_row(plan, sheet, columns, row)
    for band in placed:
        sheet.put(band.label)
        for row in band.rows:
            ports += _draw_row(plan, sheet, columns, row)
    return Drawing(
        width=columns.width,
        height=bottom + (MARGIN * 1.5 if room.feet else MARGIN / 2),
        ground=tuple(_ground(plan, columns, placed, bottom)),
        ports=tuple(ports),
        captions=(*_captions(columns), *(_feet(columns, bottom) if room.feet else ())),
        links=tuple(sheet.links),
        nodes=tuple(sheet.nodes),
        homes=tuple(sorted(sheet.homes.items())),
    )
