# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole map: ground, gateway, and everything that ``top``, ``offices`` and ``networks`` place around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from network_plan.model.gateway import Gateway
from network_plan.model.plan import Plan
from network_plan.render.map import networks, offices, top
from network_plan.render.map.columns import (
    CHIP_W,
    GATEWAY_W,
    GATEWAY_X,
    LANE_W,
    LANES_X,
    LINE_H,
    MARGIN,
    NETWORK_X,
    ROW_H,
    SMALL_SIZE,
    TITLE_SIZE,
    Columns,
    place_columns,
)
from network_plan.render.map.drawing import Drawing, Icon, Link, Node, Rect, Text
from network_plan.render.map.measure import fit
from network_plan.render.map.networks import Row
from network_plan.render.map.offices import Band, Office

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


def _ground(
    plan: Plan, columns: Columns, placed: tuple[Band, ...], rows: Sequence[Row], bottom: float
) -> Iterator[Rect]:
    yield from offices.ground(placed, GATEWAY_X)
    for row in rows[::2]:
        x, end = GATEWAY_X + GATEWAY_W, columns.width - MARGIN / 2
        yield Rect(x=x, y=row.y - 3, w=end - x, h=row.bottom - row.y, style="band")
    for cluster in plan.clusters:
        for node in cluster.nodes:
            x = columns.lanes[cluster.name, node.name] + (LANE_W - CHIP_W) / 2
            y = top.HOST_Y + top.HOST_H / 2
            yield Rect(x=x, y=y, w=CHIP_W, h=bottom - y, style="lane", r=6, layer="placement")


def _captions(columns: Columns) -> tuple[Text, ...]:
    y = top.TOP - 12
    words = [(MARGIN, "OUTSIDE AND OFFICES"), (GATEWAY_X, "GATEWAY"), (NETWORK_X, "NETWORKS")]
    if columns.lanes:
        words.append((LANES_X + 4, "CLUSTERS, HOSTS, VMS"))
    return tuple(Text(x=x, y=y, text=text, style="caption") for x, text in words)


def _feet(columns: Columns, bottom: float) -> Iterator[Text]:
    for (_, host), x in columns.lanes.items():
        text = fit(host, CHIP_W, SMALL_SIZE, bold=True)
        yield Text(
            x=x + LANE_W / 2, y=bottom + 13, text=text, style="small word", anchor="middle", layer="placement"
        )


def _reserved(plan: Plan, y: float) -> Iterator[Text]:
    """What is counted and kept free, in the room below the networks."""
    if plan.reservations:
        yield Text(x=NETWORK_X, y=y, text="COUNTED, NOT NAMED YET: KEPT FREE", style="caption")
    for index, kept in enumerate(plan.reservations):
        told = f"{kept.title}: {kept.prefix}, a /{kept.length} for each of {kept.count}, {kept.transport}"
        yield Text(x=NETWORK_X, y=y + 18 + LINE_H * 1.3 * index, text=told)


def nat_words(plan: Plan, address: str) -> str:
    """What the gateway does with a public address."""
    gateway = plan.gateways[0]
    for inward in gateway.dnat:
        if str(inward.public) == address:
            return f"to {inward.target}"
    for outward in gateway.snat:
        if str(outward.public) == address:
            count = sum(
                any(prefix.subnet_of(source) for prefix in v4 for source in outward.sources)
                for network in plan.networks
                if (v4 := [prefix for prefix in network.prefixes if isinstance(prefix, IPv4Network)])
            )
            return f"{count} network" + ("s" if count != 1 else "")
    return "no translation"


def _ports(plan: Plan, gateway: Gateway, lines: Iterator[tuple[str, float, bool]]) -> Iterator[Text]:
    """The gateway's ports, each at the height of its line; an address translation likewise."""
    left, right = GATEWAY_X + _BAR_PAD, GATEWAY_X + GATEWAY_W - _BAR_PAD
    for index, public in enumerate(plan.public):
        words = fit(nat_words(plan, str(public.address)), GATEWAY_W - 2 * _BAR_PAD, SMALL_SIZE)
        y = top.public_y(plan, index) + top.PUBLIC_H / 2 + 4
        yield Text(x=left, y=y, text=words, layer="addresses")
    ports = {port.network: port.name for port in gateway.interfaces if port.network}
    room = GATEWAY_W / 2 - _BAR_PAD - 2
    for network, y, office in lines:
        if network in ports:
            text = fit(ports[network], room, SMALL_SIZE)
            yield Text(
                x=left if office else right,
                y=y + 4,
                text=text,
                anchor="start" if office else "end",
                layer="addresses",
            )


def _gateway(plan: Plan, index: int, bottom: float, lines: Iterator[tuple[str, float, bool]]) -> Node:
    """The one door, as tall as what it parts; the second machine of a pair stands as a card on it."""
    gateway = plan.gateways[index]
    y = top.TOP + index * 40
    first = index == 0
    box = Rect(x=GATEWAY_X, y=y, w=GATEWAY_W, h=bottom - y, style="card", r=6)
    if not first:
        box = Rect(x=GATEWAY_X + 4, y=y, w=GATEWAY_W - 8, h=top.CAP_H, style="card", r=4)
    return Node(
        id=f"gateway:{gateway.host}",
        style="gateway" if first else "gateway second",
        label=f"Gateway {gateway.host}, the one door of all networks, {len(gateway.interfaces)} interfaces",
        box=box,
        rects=(Rect(x=GATEWAY_X, y=y, w=GATEWAY_W, h=top.CAP_H, style="cap", r=6),) if first else (),
        icons=(Icon(x=GATEWAY_X + _BAR_PAD, y=y + 12, name="gateway"),),
        texts=(
            Text(
                x=GATEWAY_X + 31,
                y=y + 16,
                text=fit(gateway.host, GATEWAY_W - 40, TITLE_SIZE, bold=True),
                style="title cap",
            ),
            Text(
                x=GATEWAY_X + 31,
                y=y + 30,
                text=fit(f"site {gateway.site}", GATEWAY_W - 40, SMALL_SIZE),
                style="small cap",
            ),
            *(_ports(plan, gateway, lines) if first else ()),
        ),
    )


def _draw_top(plan: Plan, sheet: _Sheet, columns: Columns) -> None:
    for index, gateway in enumerate(plan.gateways):
        sheet.links.append(top.uplink(gateway, index))
    sheet.put(top.internet(plan), tuple(f"uplink:{gateway.host}" for gateway in plan.gateways))
    for index, _ in enumerate(plan.public):
        node, wan, nat = top.public_address(plan, index)
        sheet.links += (wan, nat)
        sheet.put(node, (wan.id, nat.id))
    sheet.links += top.tunnels(plan, columns)
    for cluster in plan.clusters:
        sheet.put(top.cluster_head(plan, cluster, columns))
        for node_ in cluster.nodes:
            sheet.put(top.host(plan, cluster, node_, columns))


def _draw_office(sheet: _Sheet, office: Office) -> None:
    lan = offices.office_link(office)
    sheet.links.append(lan)
    sheet.put(offices.office_card(office), (lan.id,))


def _draw_row(plan: Plan, sheet: _Sheet, columns: Columns, row: Row) -> list[Rect]:
    lan = networks.network_link(plan, row)
    sheet.links.append(lan)
    sheet.put(networks.network_card(row), (lan.id,))
    ports: list[Rect] = []
    before: tuple[str, ...] = (lan.id,)
    for link, port, host in networks.host_ports(plan, row, columns):
        sheet.links.append(link)
        ports.append(port)
        before = (*before, link.id)
        sheet.homes[f"host:{host}"] = before
    for link, guest, earlier in networks.guest_links(row, columns):
        sheet.links.append(link)
        line = next(index for index, found in enumerate(row.lines) if guest in found)
        middle = row.middle + line * ROW_H
        sheet.put(networks.guest_chip(guest, columns, middle), (lan.id, *earlier, link.id))
    return ports


def draw(plan: Plan) -> Drawing:
    """The picture of a Plan; equal Plans give equal pictures."""
    columns = place_columns(plan)
    rows = networks.place_rows(plan, columns, top.HOST_Y + top.HOST_H + 10)
    placed = offices.place_bands(plan, top.public_y(plan, len(plan.public)) + 8)
    foot = rows[-1].bottom if rows else top.HOST_Y + top.HOST_H
    left = placed[-1].y + placed[-1].height if placed else top.public_y(plan, len(plan.public))
    reserved = tuple(_reserved(plan, foot + LINE_H + 34))
    bottom = max(left, *(text.y + 6 for text in reserved), foot + LINE_H + 4)
    sheet = _Sheet()
    _draw_top(plan, sheet, columns)
    lines = [(office.network.key, office.middle, True) for band in placed for office in band.offices]
    lines += [(row.network.key, row.middle, False) for row in rows]
    for index, _ in enumerate(plan.gateways):
        sheet.put(_gateway(plan, index, bottom, iter(lines)))
    for band in placed:
        sheet.put(band.label)
        for office in band.offices:
            _draw_office(sheet, office)
    ports = [port for row in rows for port in _draw_row(plan, sheet, columns, row)]
    return Drawing(
        width=columns.width,
        height=bottom + MARGIN / 2,
        ground=tuple(_ground(plan, columns, placed, rows, foot)),
        ports=tuple(ports),
        captions=(*_captions(columns), *_feet(columns, foot), *reserved),
        links=tuple(sheet.links),
        nodes=tuple(sheet.nodes),
        homes=tuple(sorted(sheet.homes.items())),
    )
