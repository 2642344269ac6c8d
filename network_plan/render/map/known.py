# SPDX-License-Identifier: GPL-3.0-or-later
"""Every object of the page, in order: what is known of it, and its part in the flows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from network_plan.model.plan import Plan
from network_plan.render.map.drawing import Drawing, Link, Rect, Text
from network_plan.render.map.facts import Describe, Facts, joined
from network_plan.render.map.measure import width
from network_plan.render.map.routes import Routes, Share, beyond, guest_id

Known = Sequence[tuple[str, Facts, Share]]
_COUNT_H = 13.0


def nodes(plan: Plan, routes: Routes) -> Iterator[tuple[str, Facts, Share]]:
    """What is declared or decided: from the internet to the flows."""
    describe = Describe(plan)
    yield "internet", describe.internet(), routes.of_internet()
    for public in plan.public:
        yield f"public:{public.address}", describe.public(public), routes.of_public(str(public.address))
    for gateway in plan.gateways:
        yield f"gateway:{gateway.host}", describe.gateway(gateway), routes.of_gateway()
    for cluster in plan.clusters:
        guests = plan.guests_of(cluster.name)
        hosts = [f"host:{cluster.name}/{node.name}" for node in cluster.nodes]
        share = routes.of_place(hosts, cluster.network, guests)
        yield f"cluster:{cluster.name}", describe.cluster(cluster), share
        for node, key in zip(cluster.nodes, hosts, strict=True):
            here = [guest for guest in guests if guest.node == node.name]
            yield key, describe.host(cluster, node), routes.of_place([key], cluster.network, here)
    networks: dict[str, list[str]] = {}
    for network in plan.networks:
        networks.setdefault(network.tenant, []).append(network.key)
    for tenant in plan.tenants:
        own = networks.get(tenant.key, [])
        yield f"tenant:{tenant.key}", describe.tenant(tenant), routes.of_networks(own)
    for network in plan.networks:
        yield f"network:{network.key}", describe.network(network), routes.of_networks([network.key])
    for guest in plan.guests:
        yield guest_id(guest), describe.guest(guest), routes.of_guest(guest)
    for app in plan.applications:
        carriers = [guest for guest in plan.guests if guest.key in app.vms]
        yield f"application:{app.key}", describe.application(app), routes.of_guests(carriers)
    for flow in plan.flows:
        facts = describe.flow(flow, routes.publics.get(flow.key, ()))
        yield f"flow:{flow.key}", facts, Share()


def links(plan: Plan, drawing: Drawing, routes: Routes) -> Iterator[tuple[str, Facts, Share]]:
    """The lines of the map."""
    tunnels = {f"tunnel:{tunnel.key}": tunnel for tunnel in plan.tunnels}
    guests = beyond(dict(drawing.homes), plan.guests)
    for link in drawing.links:
        tunnel = tunnels.get(link.id)
        facts: tuple[tuple[str, str], ...] = ()
        if tunnel is not None:
            facts = (
                ("kind", tunnel.kind),
                ("ends", joined(f"{name} {address}" for name, address in tunnel.ends)),
                ("kept for replication", f"{tunnel.rate_kbit} kbit/s"),
            )
        told = Facts(
            kind="tunnel" if tunnel else "line",
            title=link.label,
            facts=facts,
            source=tunnel.source if tunnel else "",
        )
        kind, _, key = link.id.partition(":")
        share = Share()
        if kind == "lan":
            share = routes.over_networks([key])
        elif kind == "nic":
            share = routes.over_line(guests.get(link.id, ()))
        elif kind == "port":
            share = routes.over_networks([plan.cluster(key.partition("/")[0]).network])
        elif kind in ("wan", "nat"):
            share = routes.of_public(key)
        elif kind == "uplink":
            share = routes.over_uplink()
        yield link.id, told, share


def with_counts(drawing: Drawing, over: Mapping[str, int]) -> Drawing:
    """The map with the number of flows on each network's line: the layer of flows."""
    counted, pills = [], []
    for link in drawing.links:
        if link.id.startswith("lan:") and over[link.id]:
            text, pill = _count(link, over[link.id])
            counted.append(replace(link, texts=(*link.texts, text)))
            pills.append(pill)
        else:
            counted.append(link)
    return replace(drawing, links=tuple(counted), ports=(*drawing.ports, *pills))


def _count(link: Link, number: int) -> tuple[Text, Rect]:
    start, y = (float(value) for value in link.path[1:].partition("H")[0].split())
    x = (start + float(link.path.partition("H")[2])) / 2
    w = width(str(number), 11, bold=True) + 10
    pill = Rect(
        x=x - w / 2, y=y - _COUNT_H / 2, w=w, h=_COUNT_H, style="count", r=_COUNT_H / 2, layer="flows"
    )
    return Text(x=x, y=y + 4, text=str(number), style="count", anchor="middle", layer="flows"), pill
