# SPDX-License-Identifier: GPL-3.0-or-later
"""The map as text and geometry; what a browser makes of it stands in tests/scripts/browser."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from ipaddress import IPv4Address, IPv4Network, ip_interface
from typing import Any

import pytest

from network_plan.build import load_plan
from network_plan.model.network import Reservation
from network_plan.model.plan import Plan
from network_plan.render.map import Bundle, measure, render_map
from network_plan.render.map.approach import draw_approach
from network_plan.render.map.drawing import Drawing, Node
from network_plan.render.map.facts import wall_words
from network_plan.render.map.hierarchy import draw_hierarchy
from network_plan.render.map.layout import draw
from network_plan.render.map.routes import Routes
from network_plan.render.map.tables import Table, TableRow
from network_plan.render.map.ways import Ways
from tests.network_plan.render.grown import NAMES, grown
from tests.small import SMALL

SIZES = {"title": (12, True), "name": (12, False), "caption": (11, True), "title cap": (12, True)}
BUNDLE = Bundle(
    script='"use strict"; /* what draws */', style=".library { color: red; }", notice="A library, MIT"
)
HOSTILE = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>&amp;\u2028{{ 7*7 }}'


class Page(HTMLParser):
    """What stands in the page: elements with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(SMALL)


def data_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


@pytest.fixture(scope="module")
def data(plan: Plan) -> dict[str, Any]:
    return data_of(render_map(plan, BUNDLE))


def drawn(data: dict[str, Any], style: str = "", scene: str = "map") -> list[str]:
    """Ids of the nodes of a picture that have a word in their style."""
    return [
        data["objects"][node[0]]["id"]
        for node in data["scenes"][scene]["nodes"]
        if not style or style in data["styles"][node[1]].split()
    ]


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


def test_the_page_loads_nothing_and_runs_nothing_but_its_own_script(plan: Plan) -> None:
    text = render_map(plan, BUNDLE)
    page = Page(text)
    policy = next(
        str(a["content"]) for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"
    )
    script = base64.b64encode(hashlib.sha256(BUNDLE.script.encode()).digest()).decode()
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style
    sheet = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert (
        policy
        == f"default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{sheet}'; img-src data:"
    )
    assert f"<script>{BUNDLE.script}</script>" in text
    assert not [tag for tag, _ in page.elements if tag in ("link", "img", "iframe", "object", "base")]
    assert not [a for _, a in page.elements if a.get("src") or not str(a.get("href", "#")).startswith("#")]
    assert not [a for _, a in page.elements if a.get("style")]
    assert not re.search(r"https?://|url\(|@import|fetch\(|XMLHttp|WebSocket", text)
    assert BUNDLE.notice in text


def test_equal_plans_give_equal_bytes(plan: Plan) -> None:
    assert render_map(plan, BUNDLE) == render_map(load_plan(SMALL), BUNDLE)


def test_every_object_of_the_plan_is_a_node_once(plan: Plan, data: dict[str, Any]) -> None:
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
    ids = drawn(data)
    assert Counter(identity.partition(":")[0] for identity in ids) == expected
    assert len(set(ids)) == len(ids)
    assert Counter(drawn(data, "twin")) == {f"vm:{g.cluster}/{g.vmid}": 1 for g in plan.guests if g.twin}
    assert all(node[7] for node in data["scenes"]["map"]["nodes"])  # what a screen reader says


def test_each_layer_holds_what_its_name_says(plan: Plan, data: dict[str, Any]) -> None:
    names = ["", *(key for key, _, _ in data["layers"])]
    scene = data["scenes"]["map"]

    def linked(layer: str) -> set[str]:
        return {data["objects"][link[0]]["id"] for link in scene["links"] if names[link[2]] == layer}

    def written(layer: str) -> set[str]:
        texts = [
            text
            for shape in (*scene["nodes"], *scene["links"])
            for text in shape[6 if shape in scene["nodes"] else 5]
        ]
        return {text[2] for text in texts if names[text[5]] == layer}

    offices = {network.key for network in plan.networks if network.role == "office"}
    assert linked("transport") == {f"lan:{key}" for key in offices}
    assert {node[0] for node in scene["nodes"] if names[node[2]] == "dr"} == {
        index for index, one in enumerate(data["objects"]) if one["id"] in drawn(data, "twin")
    }
    addresses = {str(address.ip) for guest in plan.guests for nic in guest.nics for address in nic.addresses}
    assert addresses <= written("addresses")
    hosts = {f"host:{cluster.name}/{node.name}" for cluster in plan.clusters for node in cluster.nodes}
    assert {
        data["objects"][node[0]]["id"] for node in scene["nodes"] if names[node[2]] == "placement"
    } == hosts
    assert any(text.startswith("HA ") for text in written("dr"))
    over = {one["id"]: len(one.get("over", ())) for one in data["objects"]}
    for link in scene["links"]:
        counts = [text[2] for text in link[5] if names[text[5]] == "flows"]
        identity = data["objects"][link[0]]["id"]
        assert counts == ([str(over[identity])] if identity.startswith("lan:") and over[identity] else [])


def test_tables_have_a_row_an_object_and_an_order_for_each_column(plan: Plan, data: dict[str, Any]) -> None:
    counted = {table["id"]: len(table["rows"]) for table in data["tables"]}
    assert counted == {
        "tenants": len(plan.tenants),
        "networks": len(plan.networks),
        "vms": len(plan.guests),
        "applications": len(plan.applications),
        "hosts": sum(len(cluster.nodes) for cluster in plan.clusters),
        "public": len(plan.public),
        "flows": len(plan.flows),
        "names": len(plan.names),
    }
    for table in data["tables"]:
        assert all(sorted(order) == list(range(len(table["rows"]))) for order in table["orders"])
    networks = next(table for table in data["tables"] if table["id"] == "networks")
    vlans = [int(networks["rows"][row][4]) for row in networks["orders"][3]]
    assert vlans == sorted(vlans)
    styles = dict(networks["heads"])
    assert (styles["VLAN"], styles["Network"]) == ("number", "")


def test_columns_are_sorted_as_people_read_them() -> None:
    cells = [
        "10.10.0.0/24",
        "10.2.0.0/24, 10.9.0.0/24",
        "2001:db8::10",
        "2001:db8::9",
        "vm10",
        "vm9",
        "siak:vm",
        "",
    ]
    table = Table(
        id="t", title="T", heads=("A",), rows=tuple(TableRow(id="", cells=(cell,)) for cell in cells)
    )
    assert [cells[row] for row in table.orders[0]] == [
        "", "10.2.0.0/24, 10.9.0.0/24", "10.10.0.0/24", "2001:db8::9", "2001:db8::10", "siak:vm", "vm9", "vm10",
    ]  # fmt: skip
    assert table.columns == (("A", ""),)


def test_every_flow_stands_behind_some_line_and_every_line_is_drawn_once(
    plan: Plan, data: dict[str, Any]
) -> None:
    objects = data["objects"]
    lines = [
        o for o in objects if o["id"].partition(":")[0] in ("lan", "nic", "port", "wan", "nat", "uplink")
    ]
    behind = {objects[place]["title"] for line in lines for place in line.get("over", ())}
    assert behind == {flow.key for flow in plan.flows}
    assert len({o["id"] for o in objects}) == len(objects)
    assert {link.id for link in draw(plan).links} == {
        o["id"] for o in objects if o["kind"] in ("line", "tunnel")
    }


def test_a_vm_knows_the_flows_that_its_own_firewall_admits(plan: Plan) -> None:
    """The map's flows of a VM and the rules of its second wall come from one source: none may be missing in either."""
    routes = Routes(plan)
    for guest in plan.guests:
        walls = wall_words(guest)
        assert set(routes.of_guest(guest).arriving) == set(walls), guest.key
        assert all(walls.values())


def test_many_rules_of_one_flow_are_counted_and_few_are_named(plan: Plan) -> None:
    guest = next(g for g in plan.guests if g.running)
    rule = next(rule for rule in guest.firewall.rules if rule.direction == "in")
    many = tuple(replace(rule, key=f"dinas/flow:office-{number}") for number in range(3))
    many += (replace(rule, key="dinas/out", direction="out"),)
    wide = replace(guest, firewall=replace(guest.firewall, rules=(*many, replace(rule, key="other:one"))))
    assert wall_words(wide) == {"dinas/flow": "3 rules dinas/flow:…", "other": "other:one"}


def test_a_flow_leads_from_its_networks_to_the_vm_that_runs(plan: Plan, data: dict[str, Any]) -> None:
    flow = next(f for f in plan.flows if f.kind == "flow" and f.target.vm and f.sources[0].kind == "networks")
    guest = next(g for g in plan.guests if g.key == flow.target.vm and g.running)
    routes = Routes(plan)
    assert routes.nodes(flow, flow.sources[0]) == tuple(f"network:{key}" for key in flow.sources[0].networks)
    vm = f"vm:{guest.cluster}/{guest.vmid}"
    assert routes.nodes(flow, flow.target) == (*(f"network:{key}" for key in flow.target.networks), vm)
    objects = data["objects"]
    homes = {
        objects[node]["id"]: [objects[link]["id"] for link in links]
        for node, links in data["scenes"]["map"]["homes"]
    }
    assert homes[vm][0] == f"lan:{guest.nics[0].network}"
    assert f"nic:{vm.removeprefix('vm:')}" in homes[vm]


def test_a_publication_runs_over_its_own_public_address(plan: Plan) -> None:
    routes = Routes(plan)
    for rule in plan.gateways[0].dnat:
        assert rule.key in routes.of_public(str(rule.public)).over
        flow = next(flow for flow in plan.flows if flow.key == rule.key)
        assert f"public:{rule.public}" in routes.nodes(flow, flow.sources[0])
        assert rule.key in routes.over_uplink().over


def test_dated_exceptions_are_marked_on_address_line_and_flow(plan: Plan) -> None:
    day = date(2031, 5, 6)
    dated = replace(plan.public[0], until=day)
    flow = replace(plan.flows[0], until=day)
    told = data_of(
        render_map(replace(plan, public=(dated, *plan.public[1:]), flows=(flow, *plan.flows[1:])), BUNDLE)
    )
    assert f"public:{dated.address}" in drawn(told, "dated")
    lines = {
        told["objects"][link[0]]["id"]
        for link in told["scenes"]["map"]["links"]
        if "dated" in told["styles"][link[1]]
    }
    assert f"nat:{dated.address}" in lines
    assert any(row[0] == flow.key and row[6] == "2031-05-06" for row in told["flows"].values())


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
    assert len(render_map(grown(plan, 45, 2), BUNDLE).encode()) <= 1_500_000


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
    assert len(words[0]) == 2  # prefix and transport
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
    text = render_map(evil, BUNDLE)
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
    render_map(replace(begun, public=(), tenants=(), networks=()), BUNDLE)


def test_what_is_counted_and_not_named_stands_below_the_networks(plan: Plan) -> None:
    kept = Reservation(
        key="desa", title="Offices of the villages", role="office", prefix=IPv4Network("10.127.192.0/18"), length=26, count=183,
        transport="leased", source="assumption: made for a test",
    )  # fmt: skip
    words = [text.text for text in draw(replace(plan, reservations=(kept,))).captions]
    assert "COUNTED, NOT NAMED YET: KEPT FREE" in words
    assert "Offices of the villages: 10.127.192.0/18, a /26 for each of 183, leased" in words


def test_much_memory_is_told_without_decimals(plan: Plan) -> None:
    cluster = plan.clusters[0]
    large = tuple(replace(node, memory_mib=node.memory_mib + 1024 * 10_000) for node in cluster.nodes)
    drawing = draw(replace(plan, clusters=(replace(cluster, nodes=large), *plan.clusters[1:])))
    hosts = [node for node in drawing.nodes if node.id.startswith(f"host:{cluster.name}/")]
    assert all(re.fullmatch(r"\d+/\d+ GiB", host.texts[2].text) for host in hosts)
    assert texts_that_stick_out(drawing) == []


def test_a_second_gateway_stands_on_the_same_post(plan: Plan) -> None:
    pair = replace(plan, gateways=(plan.gateways[0], replace(plan.gateways[0], host="gw2")))
    drawing = draw(pair)
    boxes = {node.id: node.box for node in drawing.nodes}
    assert boxes["gateway:gw2"].x > boxes[f"gateway:{plan.gateways[0].host}"].x
    assert texts_that_stick_out(drawing) == []
    assert {link.id for link in drawing.links} >= {"uplink:gw2"}
    render_map(pair, BUNDLE)


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
