# SPDX-License-Identifier: GPL-3.0-or-later
"""The map as text and geometry; what a browser makes of it stands in tests/scripts/browser."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from ipaddress import IPv4Address, ip_interface
from typing import Any

import pytest

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from network_plan.render.map import measure, render_map
from network_plan.render.map.approach import draw_approach
from network_plan.render.map.drawing import Drawing, Node
from network_plan.render.map.hierarchy import draw_hierarchy
from network_plan.render.map.layout import draw
from network_plan.render.map.routes import Routes
from network_plan.render.map.ways import Ways
from tests.network_plan.render.grown import NAMES, grown
from tests.small import SMALL

SIZES = {"title": (12, True), "name": (12, False), "caption": (11.7, True)}
HOSTILE = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>&amp;\u2028{{ 7*7 }}'


class Page(HTMLParser):
    """What stands in the page: elements with their attributes, and the text of each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append((self.elements[-1][0] if self.elements else "", data))

    def ids(self, style: str, view: str = "") -> list[str]:
        """Ids of what is drawn in that style, in one view or all."""
        found, current = [], ""
        for tag, a in self.elements:
            if tag == "svg" and "drawing" in str(a.get("class")):
                current = str(a.get("id") or "reach")
            elif (
                tag == "g"
                and a.get("data-id")
                and style in str(a.get("class")).split()
                and view in ("", current)
            ):
                found.append(str(a["data-id"]))
        return found


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(SMALL)


@pytest.fixture(scope="module")
def page(plan: Plan) -> Page:
    return Page(render_map(plan))


def data_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def boxes_that_meet(drawing: Drawing) -> list[tuple[str, str]]:
    def meets(one: Node, other: Node) -> bool:
        a, b = one.box, other.box
        return a.x < b.x + b.w and b.x < a.x + a.w and a.y < b.y + b.h and b.y < a.y + a.h

    return [(a.id, b.id) for a, b in itertools.combinations(drawing.nodes, 2) if meets(a, b)]


def texts_that_stick_out(drawing: Drawing) -> list[tuple[str, str]]:
    found = []
    for node in drawing.nodes:
        for text in node.texts:
            size, bold = SIZES.get(text.style, (11, "word" in text.style))
            width = measure.width(text.text, size, bold=bold)
            left = text.x - {"start": 0, "middle": width / 2, "end": width}[text.anchor]
            inside = node.box.x <= left and left + width <= node.box.x + node.box.w
            if not (inside and node.box.y <= text.y - 7 and text.y <= node.box.y + node.box.h):
                found.append((node.id, text.text))
    return found


def test_the_page_loads_nothing_and_forbids_it(plan: Plan, page: Page) -> None:
    text = render_map(plan)
    policy = next(
        str(a["content"]) for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert (
        policy == "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    )
    assert not [tag for tag, _ in page.elements if tag in ("link", "img", "iframe", "object", "base")]
    assert not [a for _, a in page.elements if a.get("src") or not str(a.get("href", "#")).startswith("#")]
    assert not re.search(r"https?://|url\(|@import|fetch\(|XMLHttp|WebSocket", text)


def test_equal_plans_give_equal_bytes(plan: Plan) -> None:
    assert render_map(plan) == render_map(load_plan(SMALL))


def test_every_object_of_the_plan_is_a_node_once(plan: Plan, page: Page) -> None:
    expected = {
        "internet": 1,
        "gateway": len(plan.gateways),
        "public": len(plan.public),
        "tenant": len(plan.tenants),
        "network": len(plan.networks),
        "cluster": len(plan.clusters),
        "host": sum(len(cluster.nodes) for cluster in plan.clusters),
        "vm": len(plan.guests),
    }
    ids = page.ids("node", view="map")
    assert Counter(identity.partition(":")[0] for identity in ids) == expected
    assert len(set(ids)) == len(ids)
    assert Counter(page.ids("twin", view="map")) == {
        f"vm:{g.cluster}/{g.vmid}": 1 for g in plan.guests if g.twin
    }


def test_tables_have_a_row_an_object(plan: Plan, page: Page) -> None:
    starts = [index for index, (tag, a) in enumerate(page.elements) if str(a.get("id")).startswith("table-")]
    counted = {}
    for start, end in zip(starts, [*starts[1:], len(page.elements)], strict=True):
        rows = [tag for tag, _ in page.elements[start:end]].count("tr") - 1
        counted[str(page.elements[start][1]["id"])] = rows
    assert counted == {
        "table-tenants": len(plan.tenants),
        "table-networks": len(plan.networks),
        "table-vms": len(plan.guests),
        "table-applications": len(plan.applications),
        "table-hosts": sum(len(cluster.nodes) for cluster in plan.clusters),
        "table-public": len(plan.public),
        "table-flows": len(plan.flows),
        "table-names": len(plan.names),
    }


def test_every_flow_stands_behind_some_line_and_every_line_is_drawn_once(plan: Plan) -> None:
    data = data_of(render_map(plan))
    objects = data["objects"]
    lines = [
        o for o in objects if o["id"].partition(":")[0] in ("lan", "nic", "port", "wan", "nat", "uplink")
    ]
    behind = {objects[place]["title"] for line in lines for place in line["over"]}
    assert behind == {flow.key for flow in plan.flows}
    assert len({o["id"] for o in objects}) == len(objects)
    drawn = {link.id for link in draw(plan).links}
    assert drawn == {o["id"] for o in objects if o["kind"] in ("line", "tunnel")}


def test_a_vm_knows_the_flows_that_its_own_firewall_admits(plan: Plan) -> None:
    """The map's flows of a VM and the rules of its second wall come from one source: none may be missing in either."""
    routes = Routes(plan, draw(plan))
    for guest in plan.guests:
        admitted = {
            rule.key.split(":")[0] for rule in guest.firewall.rules if rule.direction in ("in", "group")
        }
        shown = set(routes.of_guest(guest).arriving)
        assert shown == admitted, guest.key


def test_a_flow_lights_the_way_from_its_source_through_the_gateway_to_the_vm(plan: Plan) -> None:
    flow = next(f for f in plan.flows if f.kind == "flow" and f.target.vm and f.sources[0].kind == "networks")
    guest = next(g for g in plan.guests if g.key == flow.target.vm and g.running)
    share = Routes(plan, draw(plan)).of_flow(flow)
    assert {f"lan:{network}" for network in flow.sources[0].networks} <= share.lit_to.links
    assert {f"lan:{flow.target.networks[0]}", f"nic:{guest.cluster}/{guest.vmid}"} <= share.lit_to.links
    assert {f"gateway:{gateway.host}" for gateway in plan.gateways} <= share.lit_to.nodes
    others = {f"vm:{g.cluster}/{g.vmid}" for g in plan.guests if g.key != guest.key or g.twin}
    assert not others & share.lit_to.nodes


def test_a_publication_runs_over_its_own_public_address(plan: Plan) -> None:
    routes = Routes(plan, draw(plan))
    for rule in plan.gateways[0].dnat:
        assert rule.key in routes.of_public(str(rule.public)).over
        lit = routes.of_flow(next(flow for flow in plan.flows if flow.key == rule.key)).lit_to
        assert {f"wan:{rule.public}", f"nat:{rule.public}"} <= lit.links


def test_dated_exceptions_are_marked_on_address_line_and_flow(plan: Plan) -> None:
    day = date(2031, 5, 6)
    dated = replace(plan.public[0], until=day)
    flow = replace(plan.flows[0], until=day)
    text = render_map(replace(plan, public=(dated, *plan.public[1:]), flows=(flow, *plan.flows[1:])))
    page = Page(text)
    assert f"public:{dated.address}" in page.ids("dated")
    assert f"nat:{dated.address}" in page.ids("dated")
    assert any(row[0] == flow.key and row[-1] == "2031-05-06" for row in data_of(text)["flows"].values())


@pytest.mark.parametrize(("tenants", "vms"), [(0, 0), (16, 3), (45, 3), (45, 12)])
def test_nothing_overlaps_and_no_text_sticks_out(plan: Plan, tenants: int, vms: int) -> None:
    drawing = draw(grown(plan, tenants, vms))
    assert boxes_that_meet(drawing) == []
    assert texts_that_stick_out(drawing) == []
    assert all(n.box.x >= 0 and n.box.x + n.box.w <= drawing.width for n in drawing.nodes)
    assert all(n.box.y >= 0 and n.box.y + n.box.h <= drawing.height for n in drawing.nodes)


def test_two_vms_of_one_network_on_one_host_stand_on_lines_of_their_own(plan: Plan) -> None:
    guest = next(g for g in plan.guests if not g.twin)
    nic = replace(guest.nics[0], addresses=(ip_interface("10.32.0.99/24"),))
    other = replace(guest, key=f"{guest.tenant}/second", vmid=999, nics=(nic,))
    drawing = draw(replace(plan, guests=(*plan.guests, other)))
    assert boxes_that_meet(drawing) == []
    boxes = {node.id: node.box for node in drawing.nodes}
    first, second = (boxes[f"vm:{guest.cluster}/{vmid}"] for vmid in (guest.vmid, 999))
    assert first.x == second.x
    assert first.y < second.y


def test_a_whole_regency_is_legible_on_a_sheet_of_a3_and_on_a_screen(plan: Plan) -> None:
    """Smallest letters: 11 px of the drawing. What margins, head and legend leave of A3 is 406 mm by 260 mm."""
    drawing = draw(grown(plan, 45, 2))
    assert 11 * min(406 / drawing.width, 260 / drawing.height) / 0.3528 >= 6
    assert drawing.width <= 1920 - 24 - 15


def test_the_page_of_a_whole_regency_stays_small(plan: Plan) -> None:
    assert len(render_map(grown(plan, 45, 2)).encode()) <= 1_500_000


@pytest.mark.parametrize("name", NAMES)
def test_no_name_of_a_tenant_is_cut(plan: Plan, name: str) -> None:
    tenant = replace(plan.tenants[0], name=name)
    label = next(
        n for n in draw(replace(plan, tenants=(tenant,), networks=())).nodes if n.id == f"tenant:{tenant.key}"
    )
    assert " ".join(text.text for text in label.texts) == name


def test_a_name_that_no_chip_can_hold_is_cut_and_no_other(plan: Plan) -> None:
    names = {"pendapatan": "pendapatan", "layanan-pengaduan-masyarakat": "layanan-pen"}
    for name, begin in names.items():
        guest = replace(plan.guests[0], key=f"{plan.guests[0].tenant}/{name}")
        drawing = draw(replace(plan, guests=(guest,)))
        shown = next(n for n in drawing.nodes if n.id.startswith("vm:")).texts[0].text
        assert shown.startswith(begin)
        assert shown.endswith("…") is (name != begin)
        assert texts_that_stick_out(drawing) == []


def test_tenants_with_several_offices_name_all_but_the_first(plan: Plan) -> None:
    large = grown(plan, 45, 0)
    nodes = {node.id: node for node in draw(large).nodes}
    offices = [n for n in large.networks if n.tenant == "skpd-05"]
    words = [[text.text for text in nodes[f"network:{office.key}"].texts] for office in offices]
    assert len(words) == 10
    assert len(words[0]) == 1
    assert [found[0] for found in words[1:]] == [office.title for office in offices[1:]]


def test_hostile_names_stay_text(plan: Plan) -> None:
    evil = replace(
        plan,
        regency=HOSTILE,
        tenants=tuple(replace(t, name=HOSTILE, source=HOSTILE) for t in plan.tenants),
        networks=tuple(replace(n, title=HOSTILE, transport=HOSTILE) for n in plan.networks),
        guests=tuple(replace(g, title=HOSTILE, applications=(HOSTILE,)) for g in plan.guests),
        flows=tuple(replace(f, why=HOSTILE) for f in plan.flows),
    )
    text = render_map(evil)
    tags = Counter(tag for tag, _ in Page(text).elements)
    assert tags["img"] == 0
    assert tags["script"] == 2
    assert "<script>alert" not in text
    assert not [a for _, a in Page(text).elements if any(name.startswith("on") for name in a)]
    block = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)
    assert block
    assert not set(block[1]) & set("<>&\u2028\u2029")
    assert any(HOSTILE in value for o in data_of(text)["objects"] for _, value in o["facts"])
    assert "{{ 7*7 }}" in text
    for drawing in (draw(evil), draw_hierarchy(evil), draw_approach(evil, Ways(evil), evil.guests[0].key)):
        assert boxes_that_meet(drawing) == []
        assert texts_that_stick_out(drawing) == []


def test_a_network_without_a_port_says_how_it_is_reached(plan: Plan) -> None:
    ported = {port.network for port in plan.gateways[0].interfaces}
    apart = [n for n in plan.networks if n.key not in ported and n.transport is None]
    styles = {link.id: link for link in draw(plan).links}
    for network in apart:
        assert "tunnel" in styles[f"lan:{network.key}"].style
    alone = draw(replace(plan, tunnels=()))
    for network in apart:
        assert (
            next(link for link in alone.links if link.id == f"lan:{network.key}")
            .texts[0]
            .text.startswith("no")
        )


def test_a_regency_that_has_only_begun_is_drawn_too(plan: Plan) -> None:
    """No cluster, no VM, no flow yet, and an address that nothing is done with."""
    elsewhere = replace(plan.gateways[0].snat[0], public=IPv4Address("198.51.100.9"))
    bare = replace(plan.gateways[0], dnat=(), snat=(elsewhere,), forward=())
    begun = replace(plan, clusters=(), guests=(), flows=(), names=(), exceptions=(), gateways=(bare,))
    drawing = draw(begun)
    assert boxes_that_meet(drawing) == []
    assert not [link for link in drawing.links if link.id.startswith(("tunnel:", "nic:", "port:"))]
    gateway = next(node for node in drawing.nodes if node.id.startswith("gateway:"))
    assert [text.text for text in gateway.texts].count("no translation") == len(plan.public)
    assert "CLUSTERS" not in " ".join(text.text for text in drawing.captions)
    render_map(replace(begun, public=(), tenants=(), networks=()))


def test_a_second_gateway_stands_on_the_same_post(plan: Plan) -> None:
    pair = replace(plan, gateways=(plan.gateways[0], replace(plan.gateways[0], host="gw2")))
    drawing = draw(pair)
    boxes = {node.id: node.box for node in drawing.nodes}
    assert boxes["gateway:gw2"].x > boxes[f"gateway:{plan.gateways[0].host}"].x
    assert texts_that_stick_out(drawing) == []
    assert {link.id for link in drawing.links} >= {"uplink:gw2"}
    render_map(pair)


@pytest.mark.parametrize("size", [9, 10, 12])
@pytest.mark.parametrize(
    "text", ["", "x", "Dinas Kependudukan dan Pencatatan Sipil", "W" * 80, "漢字" * 30, "10.32.144.210"]
)
def test_fitted_text_fits(text: str, size: int) -> None:
    for room in (40.0, 90.0, 200.0):
        assert measure.width(measure.fit(text, room, size), size) <= room
        assert measure.width(measure.fit_end(text, room, size), size) <= room
        lines = measure.wrap(text, room, size, 2)
        assert len(lines) <= 2
        assert all(measure.width(line, size) <= room for line in lines)


def test_an_address_that_is_too_long_keeps_its_end() -> None:
    assert measure.fit_end("10.32.144.210", 60, 10).endswith("144.210")
    assert measure.fit_end("Kantor Kecamatan Babakancikao", 90, 11) == "…Babakancikao"
