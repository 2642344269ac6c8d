# SPDX-License-Identifier: GPL-3.0-or-later
"""The page: drawing, panel data and tables brought together and printed. Equal Plans give equal bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from network_plan.model.guest import Guest
from network_plan.model.plan import Plan
from network_plan.render.map.approach import draw_approach
from network_plan.render.map.drawing import Drawing, Link
from network_plan.render.map.facts import Describe, Facts, joined, services_words
from network_plan.render.map.hierarchy import draw_hierarchy
from network_plan.render.map.layout import draw
from network_plan.render.map.routes import Routes, Share
from network_plan.render.map.tables import tables
from network_plan.render.map.ways import Ways
from network_plan.render.template import print_template

_TOLD = 6  # flows named in a line's own tip; the panel names all
VIEWS = (
    ("map", "Map", "From the internet by the gateway to networks, clusters, hosts and VMs"),
    (
        "hierarchy",
        "Hierarchy",
        "Clusters, their servers and the VMs on them, with memory, spare and what is planned",
    ),
    ("reach", "Reach one VM", "What may reach one VM, by which flow and why, through both walls"),
)

Known = Sequence[tuple[str, Facts, Share]]


def _nodes(plan: Plan, routes: Routes) -> Iterator[tuple[str, Facts, Share]]:
    describe = Describe(plan)
    yield "internet", describe.internet(), routes.of_internet()
    for public in plan.public:
        yield f"public:{public.address}", describe.public(public), routes.of_public(str(public.address))
    for gateway in plan.gateways:
        yield f"gateway:{gateway.host}", describe.gateway(gateway), routes.of_gateway()
    for cluster in plan.clusters:
        guests = plan.guests_of(cluster.name)
        hosts = [f"host:{cluster.name}/{node.name}" for node in cluster.nodes]
        yield (
            f"cluster:{cluster.name}",
            describe.cluster(cluster),
            routes.of_place(hosts, cluster.network, guests),
        )
        for node in cluster.nodes:
            here = [guest for guest in guests if guest.node == node.name]
            key = f"host:{cluster.name}/{node.name}"
            yield key, describe.host(cluster, node), routes.of_place([key], cluster.network, here)
    for tenant in plan.tenants:
        own = frozenset(network.key for network in plan.networks if network.tenant == tenant.key)
        yield f"tenant:{tenant.key}", describe.tenant(tenant), routes.of_networks(own)
    for network in plan.networks:
        yield (
            f"network:{network.key}",
            describe.network(network),
            routes.of_networks(frozenset({network.key})),
        )
    for guest in plan.guests:
        yield f"vm:{guest.cluster}/{guest.vmid}", describe.guest(guest), routes.of_guest(guest)
    for app in plan.applications:
        carriers = [guest for guest in plan.guests if guest.key in app.vms]
        yield f"application:{app.key}", describe.application(app), routes.of_guests(carriers)
    for flow in plan.flows:
        yield f"flow:{flow.key}", describe.flow(flow, routes.publics.get(flow.key, ())), routes.of_flow(flow)


def _beyond(plan: Plan, drawing: Drawing, link: str) -> list[Guest]:
    """The VMs whose way to the gateway runs over this line."""
    homes = dict(drawing.homes)
    return [guest for guest in plan.guests if link in homes.get(f"vm:{guest.cluster}/{guest.vmid}", ())]


def _link_share(plan: Plan, drawing: Drawing, routes: Routes, link: Link) -> Share:
    kind, _, key = link.id.partition(":")
    if kind == "lan":
        share = routes.of_networks(frozenset({key}))
        return routes.of_keys((*share.arriving, *share.leaving))
    if kind == "nic":
        return routes.of_line(_beyond(plan, drawing, link.id))
    if kind == "port":
        share = routes.of_networks(frozenset({plan.cluster(key.partition("/")[0]).network}))
        return routes.of_keys((*share.arriving, *share.leaving))
    if kind in ("wan", "nat"):
        return routes.of_public(key)
    if kind == "uplink":
        share = routes.of_internet()
        return routes.of_keys((*share.arriving, *share.leaving))
    return Share()


def _links(plan: Plan, drawing: Drawing, routes: Routes) -> Iterator[tuple[str, Facts, Share]]:
    tunnels = {f"tunnel:{tunnel.key}": tunnel for tunnel in plan.tunnels}
    for link in drawing.links:
        tunnel = tunnels.get(link.id)
        facts: tuple[tuple[str, str], ...] = ()
        if tunnel is not None:
            facts = (
                ("kind", tunnel.kind),
                ("ends", joined(f"{name} {address}" for name, address in tunnel.ends)),
                ("kept for replication", f"{tunnel.rate_kbit} kbit/s"),
            )
        yield (
            link.id,
            Facts(
                kind="tunnel" if tunnel else "line",
                title=link.label,
                facts=facts,
                source=tunnel.source if tunnel else "",
            ),
            _link_share(plan, drawing, routes, link),
        )


def _data(plan: Plan, known: Known) -> str:
    """What the page's script knows, as JSON that can't end the element that it stands in."""
    place = {identity: index for index, (identity, _, _) in enumerate(known)}

    def places(ids: Sequence[str]) -> list[int]:
        return sorted(place[identity] for identity in ids)

    objects = [
        {
            "id": identity,
            "kind": facts.kind,
            "title": facts.title,
            "facts": facts.facts,
            "source": facts.source,
            "words": [word.casefold() for word in facts.words if word],
            "arriving": places([f"flow:{key}" for key in share.arriving]),
            "leaving": places([f"flow:{key}" for key in share.leaving]),
            "over": places([f"flow:{key}" for key in share.over]),
            "to": places([*share.lit_to.nodes, *share.lit_to.links]),
            "from": places([*share.lit_from.nodes, *share.lit_from.links]),
        }
        for identity, facts, share in known
    ]
    flows = {
        str(place[f"flow:{flow.key}"]): [
            flow.key,
            joined(source.text for source in flow.sources),
            flow.target.text,
            services_words(flow),
            flow.why,
            flow.owner,
            flow.until.isoformat() if flow.until else "",
        ]
        for flow in plan.flows
    }
    text = json.dumps({"objects": objects, "flows": flows}, separators=(",", ":"), sort_keys=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _tip(label: str, share: Share) -> str:
    """A line's tip: what it joins, and the flows over it."""
    if not share.over:
        return label
    more = f" and {len(share.over) - _TOLD} more" if len(share.over) > _TOLD else ""
    return f"{label}\n{len(share.over)} flows: {joined(share.over[:_TOLD])}{more}"


def _picks(plan: Plan) -> list[tuple[str, list[tuple[str, str]]]]:
    """The VMs that can be chosen, by tenant."""
    found: dict[str, dict[str, str]] = {}
    for guest in sorted(plan.guests, key=lambda guest: guest.key):
        found.setdefault(guest.tenant, {})[guest.key] = guest.title
    return [(tenant, list(guests.items())) for tenant, guests in found.items()]


def _counts(plan: Plan) -> tuple[tuple[int, str], ...]:
    twins = sum(guest.twin for guest in plan.guests)
    counted = (
        (len(plan.tenants), "tenant", "tenants"),
        (len(plan.networks), "network", "networks"),
        (sum(len(cluster.nodes) for cluster in plan.clusters), "host", "hosts"),
        (len(plan.guests) - twins, "VM", "VMs"),
        (twins, "twin", "twins"),
        (len(plan.public), "public address", "public addresses"),
        (len(plan.flows), "flow", "flows"),
        (len(plan.exceptions), "dated exception", "dated exceptions"),
    )
    return tuple((number, one if number == 1 else more) for number, one, more in counted)


def render_map(plan: Plan) -> str:
    """The map of a Plan as one HTML page, complete in itself."""
    drawing = draw(plan)
    routes = Routes(plan, drawing)
    known = [*_nodes(plan, routes), *_links(plan, drawing, routes)]
    picks, ways = _picks(plan), Ways(plan)
    shares: Mapping[str, Share] = {identity: share for identity, _, share in known}
    return print_template(
        "map/page.html.j2",
        {
            "plan": plan,
            "counts": _counts(plan),
            "drawing": drawing,
            "views": VIEWS,
            "picks": picks,
            "hierarchy": draw_hierarchy(plan),
            "approaches": [(key, draw_approach(plan, ways, key)) for _, guests in picks for key, _ in guests],
            "tips": {link.id: _tip(link.label, shares[link.id]) for link in drawing.links},
            "data": _data(plan, known),
            "tables": tables(plan),
        },
    )
