# SPDX-License-Identifier: GPL-3.0-or-later
"""Left of the gateway: a band for each tenant, with its name and its offices, one line of text each.

The first office stands beside the name; further ones follow below with a title of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from network_plan.model.network import Network
from network_plan.model.plan import Plan
from network_plan.model.tenant import Tenant
from network_plan.render.map.columns import (
    CARD_W,
    CARD_X,
    GATEWAY_X,
    LINE_H,
    MARGIN,
    OFFICE_H,
    SMALL_SIZE,
    TENANT_W,
    TITLE_SIZE,
)
from network_plan.render.map.drawing import Icon, Link, Node, Rect, Text
from network_plan.render.map.measure import fit, width, wrap

TRANSPORTS = ("fibre", "wireless", "leased", "cellular")  # those with a stroke of their own
_PREFIX_X = CARD_X + 25
_INDENT = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """An office on its line; only those after a tenant's first have a ``title``."""

    network: Network
    y: float
    title: str

    @property
    def middle(self) -> float:
        """Where its line to the gateway runs."""
        return self.y + OFFICE_H / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A tenant's label with its offices."""

    label: Node
    y: float
    height: float
    offices: tuple[Office, ...]


def order(plan: Plan) -> list[Tenant]:
    """The operator first, then the others by kind and key."""
    return sorted(plan.tenants, key=lambda tenant: (not tenant.operator, tenant.kind, tenant.key))


def place_bands(plan: Plan, top: float) -> tuple[Band, ...]:
    """One band below the other, from ``top`` on."""
    bands: list[Band] = []
    for tenant in order(plan):
        bands.append(_band(plan, tenant, top))
        top += bands[-1].height
    return tuple(bands)


def _band(plan: Plan, tenant: Tenant, top: float) -> Band:
    networks = [n for n in plan.networks if n.tenant == tenant.key and n.role == "office"]
    networks.sort(key=lambda network: network.vlan)
    label = _label(tenant, top)
    y = top + label.box.h - OFFICE_H
    offices = []
    for index, network in enumerate(networks):
        place = top + (label.box.h - OFFICE_H) / 2 if index == 0 else y
        offices.append(Office(network=network, y=place, title=network.title if index else ""))
        y += OFFICE_H
    height = label.box.h + OFFICE_H * max(0, len(networks) - 1)
    return Band(label=label, y=top, height=height, offices=tuple(offices))


def _label(tenant: Tenant, y: float) -> Node:
    """Who the band belongs to, on as few lines as hold the name."""
    names = wrap(tenant.name, TENANT_W - 10, TITLE_SIZE, 2) or (tenant.key,)
    height = OFFICE_H + LINE_H * (len(names) - 1)
    return Node(
        id=f"tenant:{tenant.key}",
        style="tenant operator" if tenant.operator else "tenant",
        label=f"Tenant {tenant.name}, {tenant.key}" + (f", type {tenant.type}" if tenant.type else ""),
        box=Rect(x=MARGIN, y=y + 1, w=TENANT_W, h=height, style="card", r=4),
        texts=tuple(
            Text(x=MARGIN + 6, y=y + 13.5 + LINE_H * index, text=name, style="name")
            for index, name in enumerate(names)
        ),
    )


def office_card(office: Office) -> Node:
    """An office's network: its prefix, and by what it reaches the gateway (NET-2)."""
    network = office.network
    prefix = str(network.prefixes[0]) if network.prefixes else "no prefix"
    x = MARGIN + _INDENT if office.title else CARD_X
    way = transport(network)
    room = CARD_X + CARD_W - _PREFIX_X - 4
    by = fit(way, room / 2, SMALL_SIZE)
    told = fit(prefix, room - width(by, SMALL_SIZE) - 6, SMALL_SIZE)
    title = office.title and fit(office.title, CARD_X - x - 12, SMALL_SIZE)
    return Node(
        id=f"network:{network.key}",
        style="network office",
        label=f"Network {network.key}, {network.title}, {prefix}, VLAN {network.vlan}, {way}",
        box=Rect(x=x, y=office.y + 1, w=CARD_X + CARD_W - x, h=OFFICE_H - 2, style="card", r=3),
        rects=(Rect(x=x, y=office.y + 1, w=4, h=OFFICE_H - 2, style="stripe", r=2),),
        icons=(Icon(x=CARD_X + 8, y=office.middle - 7, name="office"),),
        texts=(
            *((Text(x=x + 9, y=office.middle + 4, text=title),) if title else ()),
            Text(x=_PREFIX_X, y=office.middle + 4, text=told, layer="addresses"),
            Text(x=CARD_X + CARD_W - 5, y=office.middle + 4, text=by, anchor="end", layer="transport"),
        ),
    )


def transport(network: Network) -> str:
    """The transport as a word."""
    return (network.transport or "").replace("_", " ")


def office_link(office: Office) -> Link:
    """An office's line to the gateway, in the stroke of its transport."""
    network = office.network
    style = network.transport if network.transport in TRANSPORTS else "other"
    return Link(
        id=f"lan:{network.key}",
        style=f"line {style}",
        label=f"Gateway to {network.key}" + (f", {transport(network)}" if network.transport else ""),
        path=f"M{CARD_X + CARD_W:g} {office.middle:g}H{GATEWAY_X:g}",
        layer="transport",
    )


def ground(bands: tuple[Band, ...], right: float) -> Iterator[Rect]:
    """Every other band is shaded, so that a line is followed from the name to the gateway."""
    for index, band in enumerate(bands):
        style = "band odd" if index % 2 else "band"
        yield Rect(x=MARGIN / 2, y=band.y, w=right - MARGIN / 2, h=band.height, style=style)
