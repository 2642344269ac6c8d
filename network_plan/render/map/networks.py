# SPDX-License-Identifier: GPL-3.0-or-later
"""Right of the gateway: networks on their lines, with their VMs where a line crosses the VM's host.

A network is a straight line through the hosts' lanes: no two lines of the drawing cross, however many tenants there
are. Where two VMs of a network share a host, the network gets a further line below. Management networks serve the
hosts: their lines have a port at each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from network_plan.model.guest import Guest
from network_plan.model.network import Network
from network_plan.model.plan import Plan
from network_plan.render.map.columns import (
    CARD_H,
    CHIP_W,
    GATEWAY_W,
    GATEWAY_X,
    LINE_H,
    NETWORK_W,
    NETWORK_X,
    ROW_GAP,
    ROW_H,
    SMALL_SIZE,
    SPINE_X,
    TITLE_SIZE,
    Columns,
)
from network_plan.render.map.drawing import Icon, Link, Node, Rect, Text
from network_plan.render.map.measure import fit, fit_end, shrink
from network_plan.render.map.offices import order

ROLES = ("management", "dmz", "servers", "office")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A network on its line; ``lines`` holds its VMs per line, from left to right."""

    network: Network
    y: float
    lines: tuple[tuple[Guest, ...], ...]

    @property
    def middle(self) -> float:
        """Where the network's own line runs."""
        return self.y + CARD_H / 2

    @property
    def bottom(self) -> float:
        """Where the next row may begin."""
        return self.y + ROW_H * max(1, len(self.lines))


def place_rows(plan: Plan, columns: Columns, y: float) -> tuple[Row, ...]:
    """All networks but the offices', one below the other from ``y`` on: the hosts' own, then each tenant's."""
    place = {tenant.key: index for index, tenant in enumerate(order(plan))}
    rows: list[Row] = []
    for network in sorted(
        (network for network in plan.networks if network.role != "office"),
        key=lambda network: (
            network.role != "management",
            place[network.tenant],
            _rank(network),
            network.vlan,
        ),
    ):
        rows.append(Row(network=network, y=y, lines=_lines(plan, network, columns)))
        y = rows[-1].bottom
    return tuple(rows)


def _rank(network: Network) -> int:
    return ROLES.index(network.role) if network.role in ROLES else len(ROLES)


def _lines(plan: Plan, network: Network, columns: Columns) -> tuple[tuple[Guest, ...], ...]:
    """The network's VMs on as few lines as keep two of one host apart; a twin prefers the line of its VM."""
    here = [guest for guest in plan.guests if guest.nics and guest.nics[0].network == network.key]
    here.sort(key=lambda guest: (guest.twin, guest.cluster, guest.vmid))
    taken: set[tuple[str, str, int]] = set()
    line_of: dict[str, int] = {}
    lines: list[list[Guest]] = []
    for guest in here:
        wish = line_of.get(guest.key, 0)
        free = (n for n in (wish, *range(len(here))) if (guest.cluster, guest.node, n) not in taken)
        line = next(free)
        taken.add((guest.cluster, guest.node, line))
        line_of.setdefault(guest.key, line)
        while len(lines) <= line:
            lines.append([])
        lines[line].append(guest)
    for found in lines:
        found.sort(key=lambda guest: columns.lanes[guest.cluster, guest.node])
    return tuple(tuple(found) for found in lines)


def role_of(network: Network) -> str:
    """The role as the page's styles know it."""
    return network.role if network.role in ROLES else "servers"


def network_card(row: Row) -> Node:
    """A network: where it stands tells on which side of the gateway."""
    network = row.network
    x, span = (CARD_X, CARD_W) if row.office else (NETWORK_X, NETWORK_W)
    prefix = str(network.prefixes[0]) if network.prefixes else "no prefix"
    left = x + _CARD_PAD - 8
    titles = (
        Text(x=left, y=row.y + 15 + LINE_H * index, text=line, style="plain" if row.plain else "title")
        for index, line in enumerate(row.title)
    )
    told = fit(f"{prefix} · VLAN {network.vlan}", span - _CARD_PAD, SMALL_SIZE)
    return Node(
        id=f"network:{network.key}",
        style=f"network {role_of(network)}",
        label=f"Network {network.key}, {network.role}, {prefix}, VLAN {network.vlan}",
        box=Rect(x=x, y=row.y, w=span, h=row.card_h, style="card", r=4),
        rects=(Rect(x=x, y=row.y, w=4, h=row.card_h, style="stripe", r=2),),
        icons=(Icon(x=x + 11, y=row.middle - 7, name=role_of(network)),),
        texts=(*titles, Text(x=left, y=row.y + row.card_h - 7, text=told)),
    )


def _way(plan: Plan, network: Network) -> tuple[str, str]:
    """How a network reaches the gateway, in a word and a style: by its transport (NET-2), a port, or the tunnel."""
    if network.transport:
        style = network.transport if network.transport in TRANSPORTS else "other"
        return network.transport.replace("_", " "), style
    ported = {port.network for gateway in plan.gateways for port in gateway.interfaces}
    if network.key in ported:
        return "", role_of(network)
    if any(network.site in dict(tunnel.ends) for tunnel in plan.tunnels):
        return "tunnel", "tunnel"
    return "no port", "idle"


def network_link(plan: Plan, row: Row) -> Link:
    """A network's line to the gateway."""
    network = row.network
    words, style = _way(plan, network)
    ends = (CARD_X + CARD_W, GATEWAY_X) if row.office else (GATEWAY_X + GATEWAY_W, NETWORK_X)
    told = fit(words, ends[1] - ends[0] - 2, SMALL_SIZE)
    return Link(
        id=f"lan:{network.key}",
        style=f"line {style}",
        label=f"Gateway to {network.key}" + (f", {words}" if words else ""),
        path=f"M{ends[0]:g} {row.middle:g}H{ends[1]:g}",
        texts=(Text(x=sum(ends) / 2, y=row.middle - 5, text=told, anchor="middle"),) if words else (),
    )


def guest_chip(guest: Guest, columns: Columns, middle: float) -> Node:
    """A VM in its host's lane."""
    x = columns.center(guest.cluster, guest.node) - CHIP_W / 2
    y = middle - CARD_H / 2
    short = guest.key.partition("/")[2] or guest.name
    address = str(guest.nics[0].addresses[0].ip) if guest.nics and guest.nics[0].addresses else ""
    number = str(guest.vmid)
    room = CHIP_W - 19 - width(number, SMALL_SIZE)
    state = "twin" if guest.twin else "vm"
    power = "running" if guest.running else "stopped"
    return Node(
        id=f"vm:{guest.cluster}/{guest.vmid}",
        style=f"guest {state} {power}",
        label=f"{'Twin of VM' if guest.twin else 'VM'} {guest.key}, {guest.title}, VMID {number}, {address}, {power}",
        box=Rect(x=x, y=y, w=CHIP_W, h=CARD_H, style="card", r=6),
        icons=(Icon(x=x + 5, y=y + 4, name=power),),
        texts=(
            Text(x=x + 20, y=y + 15, text=fit(short, CHIP_W - 26, TITLE_SIZE, bold=True), style="title"),
            Text(x=x + 8, y=y + 29, text=fit_end(address, room, SMALL_SIZE)),
            Text(x=x + CHIP_W - 6, y=y + 29, text=number, style="small quiet", anchor="end"),
        ),
    )


def guest_links(row: Row, columns: Columns) -> Iterator[tuple[Link, Guest, tuple[str, ...]]]:
    """The pieces of a network's lines, each with the VM at its end and the pieces before it."""
    for index, line in enumerate(row.lines):
        y = row.middle + index * ROW_H
        start = f"M{NETWORK_X + NETWORK_W:g} {row.middle:g}H{SPINE_X:g}"
        if index:
            start += f"V{y:g}"
        before: tuple[str, ...] = ()
        for place, guest in enumerate(line):
            left = columns.center(guest.cluster, guest.node) - CHIP_W / 2
            stopped = not any(later.running for later in line[place:])
            link = Link(
                id=f"nic:{guest.cluster}/{guest.vmid}",
                style=f"line {role_of(row.network)}" + (" idle" if stopped else ""),
                label=f"{row.network.key} to {guest.key}"
                + (f" and {len(line) - place - 1} more" if line[place + 1 :] else ""),
                path=f"{start}H{left:g}",
            )
            yield link, guest, before
            before = (*before, link.id)
            start = f"M{left + CHIP_W:g} {y:g}"


def host_ports(plan: Plan, row: Row, columns: Columns) -> Iterator[tuple[Link, Rect, str]]:
    """A management network's line through its cluster's lanes, with a port at each host."""
    for cluster in plan.clusters:
        if cluster.network != row.network.key:
            continue
        start = f"M{NETWORK_X + NETWORK_W:g} {row.middle:g}"
        for node in cluster.nodes:
            x = columns.center(cluster.name, node.name)
            link = Link(
                id=f"port:{cluster.name}/{node.name}",
                style="line management",
                label=f"{row.network.key} to host {node.name}",
                path=f"{start}H{x:g}",
            )
            yield (
                link,
                Rect(x=x - 4, y=row.middle - 4, w=8, h=8, style="port", r=1),
                f"{cluster.name}/{node.name}",
            )
            start = f"M{x:g} {row.middle:g}"
