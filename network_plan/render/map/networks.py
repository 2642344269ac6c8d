# SPDX-License-Identifier: GPL-3.0-or-later
"""Right of the gateway: networks on their lines, with their VMs where a line crosses the VM's host.

A network is a straight line through the hosts' lanes: no two lines of the drawing cross, however many tenants there
are. Where two VMs of a network share a host, the network gets a further line below. Management networks serve the
hosts: their lines have a port at each.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    ROW_H,
    SMALL_SIZE,
    SPINE_X,
    TITLE_SIZE,
    Columns,
)
from network_plan.render.map.drawing import Icon, Link, Node, Rect, Text
from network_plan.render.map.measure import fit, fit_end, width
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
    """A network: whose, which, and its prefix; the VLAN stands at the gateway's port."""
    network = row.network
    prefix = str(network.prefixes[0]) if network.prefixes else "no prefix"
    left = NETWORK_X + 28
    room = NETWORK_W - 32
    owner, style = short_name(network.tenant, room)
    return Node(
        id=f"network:{network.key}",
        style=f"network {role_of(network)}",
        label=f"Network {network.key}, {network.role}, {prefix}, VLAN {network.vlan}",
        box=Rect(x=NETWORK_X, y=row.y, w=NETWORK_W, h=CARD_H, style="card", r=4),
        rects=(Rect(x=NETWORK_X, y=row.y, w=4, h=CARD_H, style="stripe", r=2),),
        icons=(Icon(x=NETWORK_X + 9, y=row.middle - 7, name=role_of(network)),),
        texts=(
            Text(x=left, y=row.y + 14, text=owner, style=style),
            Text(x=left, y=row.y + 14 + LINE_H, text=fit(network.name, room, SMALL_SIZE)),
            Text(
                x=left,
                y=row.y + 14 + 2 * LINE_H,
                text=fit_end(prefix, room, SMALL_SIZE),
                style="small quiet",
                layer="addresses",
            ),
        ),
    )


def short_name(name: str, room: float) -> tuple[str, str]:
    """A name with its style: bold where it fits so, else smaller, and only then cut."""
    if width(name, TITLE_SIZE, bold=True) <= room:
        return name, "title"
    return fit(name, room, SMALL_SIZE), "small"


def _way(plan: Plan, network: Network) -> tuple[str, str]:
    """How a network reaches the gateway, in a word and a style: by a port of it, or through the tunnel."""
    ported = {port.network for gateway in plan.gateways for port in gateway.interfaces}
    if network.key in ported:
        return "", role_of(network)
    if any(network.site in dict(tunnel.ends) for tunnel in plan.tunnels):
        return "tunnel", "tunnel"
    return "no port", "idle"


def network_link(plan: Plan, row: Row) -> Link:
    """A network's line to the gateway."""
    words, style = _way(plan, row.network)
    ends = (GATEWAY_X + GATEWAY_W, NETWORK_X)
    return Link(
        id=f"lan:{row.network.key}",
        style=f"line {style}",
        label=f"Gateway to {row.network.key}" + (f", {words}" if words else ""),
        path=f"M{ends[0]:g} {row.middle:g}H{ends[1]:g}",
        texts=(Text(x=sum(ends) / 2, y=row.middle - 9, text=words, anchor="middle"),) if words else (),
    )


def guest_chip(guest: Guest, columns: Columns, middle: float) -> Node:
    """A VM in its host's lane."""
    x = columns.center(guest.cluster, guest.node) - CHIP_W / 2
    y = middle - CARD_H / 2
    room = CHIP_W - 10
    title, style = short_name(guest.key.partition("/")[2] or guest.name, room)
    address = str(guest.nics[0].addresses[0].ip) if guest.nics and guest.nics[0].addresses else ""
    power = "running" if guest.running else "stopped"
    number = fit(str(guest.vmid), room - 14, SMALL_SIZE)
    left = room - 18 - width(number, SMALL_SIZE)
    words = (f"HA {guest.ha.replica}", guest.ha.replica) if guest.ha else ()
    replica = next((text for text in words if width(text, SMALL_SIZE) <= left), "")
    return Node(
        id=f"vm:{guest.cluster}/{guest.vmid}",
        style=f"guest {'twin' if guest.twin else 'vm'} {power}",
        label=guest_words(guest, address),
        box=Rect(x=x, y=y, w=CHIP_W, h=CARD_H, style="card", r=6),
        icons=(Icon(x=x + 4, y=y + 30, name=power),),
        texts=(
            Text(x=x + 6, y=y + 14, text=title, style=style),
            Text(x=x + 6, y=y + 14 + LINE_H, text=fit_end(address, room, SMALL_SIZE), layer="addresses"),
            Text(x=x + 20, y=y + 14 + 2 * LINE_H, text=number, style="small quiet"),
            *(
                (
                    Text(
                        x=x + CHIP_W - 5,
                        y=y + 14 + 2 * LINE_H,
                        text=replica,
                        style="small quiet",
                        anchor="end",
                        layer="dr",
                    ),
                )
                if replica
                else ()
            ),
        ),
        layer="dr" if guest.twin else "",
    )


def guest_words(guest: Guest, address: str) -> str:
    """What a screen reader says of a VM."""
    power = "running" if guest.running else "stopped"
    kind = "Twin of VM" if guest.twin else "VM"
    return f"{kind} {guest.key}, {guest.title}, VMID {guest.vmid}, {address}, {power}"


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
                layer="dr" if all(later.twin for later in line[place:]) else "",
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
                layer="placement",
            )
            yield (
                link,
                Rect(x=x - 4, y=row.middle - 4, w=8, h=8, style="port", r=1, layer="placement"),
                f"{cluster.name}/{node.name}",
            )
            start = f"M{x:g} {row.middle:g}"
