# SPDX-License-Identifier: GPL-3.0-or-later
"""The page: drawings, facts, lists and answers brought together and printed. Equal Plans give equal bytes."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from network_plan.model.guest import Guest
from network_plan.model.plan import Plan
from network_plan.render.map.approach import draw_approach
from network_plan.render.map.comparison import Comparison
from network_plan.render.map.drawing import LAYERS, Drawing
from network_plan.render.map.facts import Describe, joined, services_words, wall_words
from network_plan.render.map.hierarchy import draw_hierarchy
from network_plan.render.map.known import Known, links, nodes, with_counts
from network_plan.render.map.layout import draw
from network_plan.render.map.questions import Question, questions
from network_plan.render.map.routes import Routes, guest_id
from network_plan.render.map.scene import Scenes
from network_plan.render.map.tables import tables
from network_plan.render.map.ways import Ways
from network_plan.render.template import print_template

MOST_DRAWN = 200
"""VMs up to which each has a picture of its own ways, and can be asked about: of more the page grows too large."""
VIEWS = (
    ("map", "Map", "From the internet by the gateway to networks, clusters, hosts and VMs"),
    (
        "hierarchy",
        "Hierarchy",
        "Clusters, their servers and the VMs on them, with memory, spare and what is planned",
    ),
    ("reach", "Reach one VM", "What may reach one VM, by which flow and why, through both walls"),
    (
        "question",
        "May it?",
        "Whether one may reach another, hop by hop, with the rule that decides at each wall",
    ),
    ("lists", "Lists", "Everything as lists that can be sorted and sifted"),
)
CHANGES = (
    "changes",
    "Changes",
    "What differs from {rev}: objects, and what is newly allowed and newly denied",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What draws the page in the browser, as it was bundled.

    Attributes:
        script: JavaScript, in characters of ASCII.
        style: the style sheet of the library.
        notice: names and licences of what is in it.
    """

    script: str
    style: str
    notice: str


def _concerns(keys: Iterable[str], walls: Mapping[str, str], place: Mapping[str, int]) -> list[list[Any]]:
    return [[place[f"flow:{key}"], walls.get(key, "")] for key in keys]


def _copies(plan: Plan, place: Mapping[str, int]) -> dict[str, list[int]]:
    """What takes a VM's place: its twin, and the host that holds its replica."""
    by_key: dict[str, list[Guest]] = {}
    for guest in plan.guests:
        by_key.setdefault(guest.key, []).append(guest)
    found = {}
    for guest in plan.guests:
        names = [guest_id(other) for other in by_key[guest.key] if other is not guest]
        if guest.ha is not None:
            names.append(f"host:{guest.cluster}/{guest.ha.replica}")
        found[guest_id(guest)] = [place[name] for name in names]
    return found


def _objects(plan: Plan, known: Known, place: Mapping[str, int]) -> list[dict[str, Any]]:
    walls = {guest_id(guest): wall_words(guest) for guest in plan.guests}
    copies = _copies(plan, place)
    objects = []
    for identity, facts, share in known:
        told: dict[str, Any] = {
            "id": identity,
            "kind": facts.kind,
            "title": facts.title,
            "facts": facts.facts,
            "source": facts.source,
            "words": [word.casefold() for word in facts.words if word],
            "in": _concerns(share.arriving, walls.get(identity, {}), place),
            "out": [place[f"flow:{key}"] for key in share.leaving],
            "over": [place[f"flow:{key}"] for key in share.over],
            "with": sorted(place[name] for name in share.along if name in place),
            "copies": copies.get(identity, []),
        }
        objects.append(
            {key: value for key, value in told.items() if value or key in ("facts", "source", "words")}
        )
    return objects


def _flows(plan: Plan, routes: Routes, place: Mapping[str, int]) -> dict[str, list[Any]]:
    describe = Describe(plan)

    def ends(names: Iterable[str]) -> list[int]:
        return sorted({place[name] for name in names if name in place})

    return {
        str(place[f"flow:{flow.key}"]): [
            flow.key,
            joined(source.text for source in flow.sources),
            flow.target.text,
            services_words(flow),
            flow.why,
            flow.owner,
            flow.until.isoformat() if flow.until else "",
            describe.at_gateway(flow),
            ends(name for source in flow.sources for name in routes.nodes(flow, source)),
            ends(routes.nodes(flow, flow.target)),
        ]
        for flow in plan.flows
    }


def _tables(plan: Plan, place: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "id": table.id,
            "title": table.title,
            "heads": table.columns,
            "rows": [[place.get(row.id, -1), *row.cells] for row in table.rows],
            "orders": table.orders,
        }
        for table in tables(plan)
    ]


def _picks(plan: Plan) -> list[tuple[str, list[tuple[str, str]]]]:
    """The VMs that can be chosen, by tenant."""
    found: dict[str, dict[str, str]] = {}
    for guest in sorted(plan.guests, key=lambda guest: guest.key):
        found.setdefault(guest.tenant, {})[guest.key] = guest.title
    return [(tenant, list(guests.items())) for tenant, guests in found.items()]


def _drawn_ways(plan: Plan, vms: Sequence[str]) -> dict[str, Drawing]:
    """The picture of each VM's ways; none where there are too many VMs for one page."""
    if len(vms) > MOST_DRAWN:
        return {}
    ways = Ways(plan)
    return {f"vm:{key}": draw_approach(plan, ways, key) for key in vms}


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


def _json(value: object) -> str:
    """JSON that can't end the element that it stands in."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(bundle: Bundle, style: str) -> str:
    """Nothing is loaded, and no script or style runs but those two that stand in the page."""
    sums = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (bundle.script, style)
    ]
    return f"default-src 'none'; script-src 'sha256-{sums[0]}'; style-src 'sha256-{sums[1]}'; img-src data:"


def render_map(
    plan: Plan,
    bundle: Bundle,
    *,
    today: date | None = None,
    question: Question | None = None,
    comparison: Comparison | None = None,
) -> str:
    """The map of a Plan as one HTML page, complete in itself.

    Args:
        plan: what is drawn.
        bundle: the script that draws it.
        today: the day on which questions are judged; ``None`` takes dated flows as running.
        question: a question that the page opens with.
        comparison: what it is compared with.

    Raises:
        network_plan.reach.ReachError: the question can't be judged.
    """
    routes = Routes(plan)
    drawing = draw(plan)
    known: Known = [*nodes(plan, routes), *links(plan, drawing, routes)]
    drawing = with_counts(drawing, {identity: len(share.over) for identity, _, share in known})
    if comparison is not None:
        known = comparison.add(known)
        drawing = comparison.after(plan, drawing)
    place = {identity: index for index, (identity, _, _) in enumerate(known)}
    scenes = Scenes(place)
    picks = _picks(plan)
    drawings = {"map": drawing, "hierarchy": draw_hierarchy(plan)}
    drawings |= _drawn_ways(plan, [key for _, guests in picks for key, _ in guests])
    if comparison is not None:
        drawings["before"] = comparison.drawing()
    views: tuple[tuple[str, str, str], ...] = VIEWS
    if comparison is not None:
        key, title, told = CHANGES
        views = (*VIEWS[:4], (key, title, told.format(rev=comparison.rev)), *VIEWS[4:])
    data = {
        "objects": _objects(plan, known, place),
        "flows": _flows(plan, routes, place),
        "scenes": {key: scenes.scene(one) for key, one in drawings.items()},
        "styles": scenes.styles.words,
        "layers": LAYERS,
        "views": views,
        "tables": _tables(plan, place),
        "picks": picks if len(drawings) > 2 + (comparison is not None) else [],
        "reach": questions(plan, place, today, question, most=MOST_DRAWN),
        "diff": comparison.told(plan, place) if comparison is not None else None,
    }
    style = bundle.style + print_template("map/map.css", {})
    return print_template(
        "map/page.html.j2",
        {
            "plan": plan,
            "counts": _counts(plan),
            "rev": comparison.rev if comparison is not None else "",
            "data": _json(data),
            "policy": _policy(bundle, style),
            "style": style,
            "script": bundle.script,
            "notice": bundle.notice,
        },
    )
