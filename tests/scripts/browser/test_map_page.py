# SPDX-License-Identifier: GPL-3.0-or-later
"""The map in headless Chromium: what people see, type and click."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from network_plan.build import load_plan
from network_plan.model.guest import Guest
from network_plan.model.plan import Plan
from network_plan.render.map import render_map
from tests.small import SMALL

if TYPE_CHECKING:
    from tests.scripts.browser.conftest import Browser

pytestmark = pytest.mark.browser

A3 = (1191, 842)  # points, rounded
HOSTILE = (
    "\"'><img src=x onerror=\"document.title='owned'\"></script><script>document.title='owned'</script>&lt;"
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(SMALL)


@pytest.fixture(scope="module")
def file(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.html"
    path.write_text(render_map(plan), encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Browser]:
    """The map, freshly opened; whatever a test does, the page must not complain or ask for anything."""
    browser.open(file)
    yield browser
    assert browser.complaints() == []
    assert browser.requests() == [file.as_uri()]


@pytest.fixture
def siak(plan: Plan) -> Guest:
    return next(guest for guest in plan.guests if guest.key == "dukcapil/siak" and not guest.twin)


def shape(guest: Guest) -> str:
    return f'#map [data-id="vm:{guest.cluster}/{guest.vmid}"]'


def texts(page: Browser, selector: str) -> list[str]:
    found: list[str] = page.js(f"[...document.querySelectorAll({selector!r})].map((e) => e.textContent)")
    return found


def ids(page: Browser, selector: str) -> set[str]:
    return set(page.js(f"[...document.querySelectorAll({selector!r})].map((e) => e.dataset.id)"))


def test_it_shows_each_object_once_and_asks_for_nothing(page: Browser, plan: Plan) -> None:
    hosts = sum(len(cluster.nodes) for cluster in plan.clusters)
    parts = (plan.gateways, plan.public, plan.tenants, plan.networks, plan.clusters, plan.guests)
    assert len(texts(page, "#map .node")) == 1 + hosts + sum(map(len, parts))
    assert page.js("document.title") == f"{plan.regency}: map of the cloud"
    head = " ".join(texts(page, "header .name")[0].split())
    assert f"primary since epoch {plan.role.epoch}" in head
    assert all(cluster.title in head for cluster in plan.clusters)


@pytest.mark.parametrize("face", ["", "DejaVu Sans", "Verdana", "monospace"])
def test_no_text_is_wider_than_its_box(page: Browser, face: str) -> None:
    if face == "monospace":  # wider than what the page allows for: the measure itself is measured
        page.js("document.getElementById('map').style.fontFamily = 'monospace'")
        page.js("document.getElementById('map').style.letterSpacing = '3px'")
    elif face:
        page.js(f"document.getElementById('map').style.fontFamily = {face!r}")
    outside = page.js(
        "[...document.querySelectorAll('#map .node')].flatMap((node) => {"
        " const box = node.querySelector('rect').getBBox();"
        " return [...node.querySelectorAll('text')].filter((text) => { const own = text.getBBox();"
        " return own.x < box.x || own.x + own.width > box.x + box.width; }).map((text) => text.textContent); })"
    )
    assert (outside != []) is (face == "monospace")


def test_a_search_from_the_keyboard_finds_and_opens_the_vm(page: Browser, plan: Plan, siak: Guest) -> None:
    page.press("/")
    page.type("siak")
    expected = {f"vm:{guest.cluster}/{guest.vmid}" for guest in plan.guests if guest.key == siak.key}
    assert ids(page, "#map .node.hit") == expected
    assert all("siak" in row for row in texts(page, "#tables tbody tr:not([hidden])"))
    page.press("Enter")
    assert siak.key in texts(page, "#panel-title")[0]
    assert ids(page, "#map .node.chosen") <= expected
    page.press("Enter")
    assert len(ids(page, "#map .node.chosen")) == 1
    page.press("Escape")
    assert page.js("document.getElementById('panel').hidden") is True
    assert ids(page, "#map .hit, #map .lit-to, #map .chosen") == {None} or not texts(
        page, "#map .node.hit, #map .lit-to"
    )
    assert page.js("document.getElementById('query').value") == ""


@pytest.mark.parametrize("question", ["address", "vmid", "vlan"])
def test_a_search_finds_addresses_vmids_and_vlans(
    page: Browser, plan: Plan, siak: Guest, question: str
) -> None:
    network = plan.network(siak.nics[0].network)
    words = {
        "address": str(siak.nics[0].addresses[0].ip),
        "vmid": str(siak.vmid),
        "vlan": f"VLAN {network.vlan}",
    }
    page.press("/")
    page.type(words[question])
    page.press("Enter")
    wanted = network.key if question == "vlan" else siak.key
    assert texts(page, "#panel-title")[0].startswith(wanted)


def test_a_click_on_a_vm_tells_who_may_reach_it_and_why(page: Browser, plan: Plan, siak: Guest) -> None:
    page.click(shape(siak))
    heads = texts(page, "#panel-flows h4")
    arriving = [
        f
        for f in plan.flows
        if f.target.vm == siak.key or (siak.nics[0].network in f.target.networks and not f.target.vm)
    ]
    assert heads[0] == f"Flows that lead to it ({len(arriving)})"
    rows: list[list[str]] = page.js(
        "[...document.querySelector('#panel-flows table').tBodies[0].rows]"
        ".map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    assert [row[0] for row in rows] == [flow.key for flow in arriving]
    for row, flow in zip(rows, arriving, strict=True):
        until = flow.until.isoformat() if flow.until else ""
        assert row[3:] == [", ".join(map(str, flow.services)), flow.why, flow.owner, until]
    sources = {f"lan:{network}" for flow in arriving for side in flow.sources for network in side.networks}
    assert sources <= ids(page, "#map .link.lit-to")
    assert siak.source in texts(page, "#panel-source")[0]
    facts = " ".join(texts(page, "#panel-facts"))
    assert all(word in facts for word in (str(siak.vmid), siak.nics[0].mac, siak.fqdn, siak.node))


def test_a_line_tells_what_runs_over_it(page: Browser, plan: Plan, siak: Guest) -> None:
    network = siak.nics[0].network
    line = f'#map [data-id="lan:{network}"]'
    x, y = page.js(
        f"(() => {{ const r = document.querySelector({line!r} + ' .hit').getBoundingClientRect();"
        " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
    )
    page.hover(x, y)
    assert f"lan:{network}" in ids(page, "#map .link.lit-to")
    tip = texts(page, f"{line} title")[0]
    page.click(f"{line} .hit")
    shown = texts(page, "#panel-flows tbody td:first-child")
    touching = {
        f.key for f in plan.flows if network in {n for s in (*f.sources, f.target) for n in s.networks}
    }
    assert set(shown) == touching
    assert f"{len(touching)} flows" in tip
    page.click("#panel-flows tbody tr")
    assert texts(page, "#panel-title") == [shown[0]]
    assert "rule at the gateway" in texts(page, "#panel-facts dt")


def test_tables_hold_count_filter_and_sort(page: Browser, plan: Plan) -> None:
    rows = {"vms": plan.guests, "flows": plan.flows, "names": plan.names, "networks": plan.networks}
    for table, objects in rows.items():
        page.click(f"#tab-{table}")
        assert len(texts(page, f"#table-{table} tbody tr")) == len(objects)
        assert texts(page, f"#tab-{table} .count") == [str(len(objects))]
    column = "#table-networks tbody td:nth-child(4)"
    page.click("#table-networks th:nth-child(4) button")
    assert [int(text) for text in texts(page, column)] == sorted(network.vlan for network in plan.networks)
    page.click("#table-networks th:nth-child(4) button")
    assert [int(text) for text in texts(page, column)] == sorted(
        (n.vlan for n in plan.networks), reverse=True
    )
    page.click("#filter")
    page.type("office")
    shown = texts(page, "#table-networks tbody tr:not([hidden]) td:nth-child(3)")
    assert shown
    assert set(shown) == {"office"}
    page.click("#table-networks tbody tr:not([hidden])")
    assert texts(page, "#panel-kind") == ["office network"]


def test_it_can_be_walked_through_without_a_mouse(page: Browser) -> None:
    page.js("document.querySelector('#map .network.servers').focus()")
    start = page.js("document.activeElement.dataset.id")
    page.press("ArrowRight")
    assert page.js("document.activeElement.dataset.id") != start
    assert page.js("document.activeElement.matches('#map .node')")
    chosen = page.js("document.activeElement.dataset.id")
    page.press("Enter")
    assert ids(page, "#map .node.chosen") == {chosen}
    page.press("Escape")
    assert page.js("document.activeElement.dataset.id") == chosen
    unnamed = page.js(
        "[...document.querySelectorAll('#map .node')]"
        ".filter((node) => node.tabIndex !== 0 || !node.getAttribute('aria-label')).length"
    )
    assert unnamed == 0


def test_dark_and_light_differ_and_both_are_readable(page: Browser) -> None:
    """WCAG's contrast of at least 4.5 for the text of cards, in both schemes."""
    grounds = []
    for scheme in ("light", "dark"):
        page.emulate(prefers_color_scheme=scheme)
        ink, quiet, card, ground = page.js(
            "['.network .title', '.network .small', '.network .card', '.band'].map((s) => {"
            " const e = document.querySelector('#map ' + s); return getComputedStyle(e).fill; })"
        )
        grounds.append(card)
        assert contrast(ink, card) >= 7
        assert contrast(quiet, card) >= 4.5
        assert contrast(quiet, ground) >= 4.5
    page.emulate()
    assert grounds[0] != grounds[1]


def contrast(one: str, other: str) -> float:
    lights = []
    for colour in (one, other):
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        lights.append(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_it_prints_on_a3_with_all_tables(page: Browser) -> None:
    boxes = re.findall(rb"/MediaBox ?\[ ?0 0 ([\d.]+) ([\d.]+)", page.pdf())
    assert {(round(float(w)), round(float(h))) for w, h in boxes} == {A3}
    page.emulate(media="print")
    hidden = page.js(
        "[...document.querySelectorAll('.table')].filter((t) => getComputedStyle(t).display === 'none').length"
    )
    assert hidden == 0
    assert page.js("getComputedStyle(document.getElementById('find')).display") == "none"
    page.emulate()


def test_hostile_names_are_text_everywhere(browser: Browser, plan: Plan, tmp_path: Path) -> None:
    evil: dict[str, Any] = {
        "regency": HOSTILE,
        "tenants": tuple(replace(tenant, name=HOSTILE, source=HOSTILE) for tenant in plan.tenants),
        "networks": tuple(replace(network, title=HOSTILE) for network in plan.networks),
        "guests": tuple(replace(guest, title=HOSTILE) for guest in plan.guests),
        "flows": tuple(replace(flow, why=HOSTILE) for flow in plan.flows),
    }
    file = tmp_path / "hostile.html"
    file.write_text(render_map(replace(plan, **evil)), encoding="utf-8")
    browser.open(file)
    for kind in ("tenant", "network", "guest"):
        browser.click(f"#map .node.{kind}")
        assert HOSTILE in " ".join(texts(browser, "#panel"))
    browser.press("Escape")
    assert browser.js("document.querySelectorAll('img').length") == 0
    assert browser.js("document.querySelectorAll('script').length") == 2
    assert browser.js("document.title") == f"{HOSTILE}: map of the cloud"
    assert texts(browser, "#table-tenants tbody td:first-child")[0] == HOSTILE
    assert browser.complaints() == []
    assert browser.requests() == [file.as_uri()]
