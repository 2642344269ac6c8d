# SPDX-License-Identifier: GPL-3.0-or-later
"""The map's views at the size of a regency: legible on a screen and on A3, reached by keys, mouse and address."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from network_plan.render.map import render_map
from scripts.toolchain.paths import ROOT
from tests.network_plan.render.grown import grown
from tests.scripts.browser.paper import papers
from tests.small import SMALL

if TYPE_CHECKING:
    from scripts.docs.chromium import Browser

pytestmark = pytest.mark.browser

SCREEN = (1920, 1080)
VM = "dukcapil/siak"
VIEWS = {"map": "#view=map", "hierarchy": "#view=hierarchy", "reach": f"#vm={VM}"}
SHIFT, CTRL = 8, 2


@pytest.fixture(scope="module", params=["grown", "regency"])
def plan(request: pytest.FixtureRequest) -> Plan:
    """A small site made large, and the regency itself."""
    if request.param == "regency":
        return load_plan(ROOT / "inventory" / "site")
    return grown(load_plan(SMALL), 45, 1, public=8)


@pytest.fixture(scope="module")
def file(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("views") / "map.html"
    path.write_text(render_map(plan), encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Browser]:
    """The browser, which opens the page as a test asks; the page must not complain or ask for anything."""
    yield browser
    assert browser.complaints() == []
    assert {url.partition("#")[0] for url in browser.requests()} == {file.as_uri()}


def show(page: Browser, file: Path, fragment: str) -> None:
    page.open(file, *SCREEN, fragment=fragment)


def current(page: Browser) -> str:
    assert page.js("document.querySelectorAll('.view:not([hidden])').length") == 1
    name = str(page.js("document.querySelector('.view:not([hidden])').id"))
    assert page.js("document.querySelector('.views [aria-selected=true]').id") == name.replace("view", "show")
    return name.removeprefix("view-")


def chosen(page: Browser) -> str:
    """The VM whose ways are shown."""
    return str(page.js("document.querySelector('#view-reach .subject')?.dataset.id ?? ''"))


def scale(page: Browser) -> float:
    return float(
        page.js(
            "(() => { const d = document.querySelector('.view:not([hidden]) .drawing');"
            " return d.getBoundingClientRect().width / d.viewBox.baseVal.width; })()"
        )
    )


def labels(page: Browser) -> list[dict[str, Any]]:
    """Every text of the picture that is shown: its box, its letters' size on the screen, and its object."""
    found: list[dict[str, Any]] = page.js(
        "[...document.querySelectorAll('.view:not([hidden]) .drawing text')].map((text) => {"
        " const r = text.getBoundingClientRect(); const m = text.getScreenCTM();"
        " return {text: text.textContent, x: r.x, y: r.y + r.height * 0.18, w: r.width, h: r.height * 0.62,"
        " size: parseFloat(getComputedStyle(text).fontSize) * m.a}; })"
    )
    return found


def overlapping(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of texts whose letters meet; a box is taken without the room above and below the letters."""
    found = sorted(found, key=lambda text: text["x"])
    pairs = []
    for index, one in enumerate(found):
        for other in itertools.islice(found, index + 1, None):
            if other["x"] >= one["x"] + one["w"]:
                break
            if other["y"] < one["y"] + one["h"] and one["y"] < other["y"] + other["h"]:
                pairs.append((one["text"], other["text"]))
    return pairs


@pytest.mark.parametrize("view", VIEWS)
def test_all_texts_are_apart_whole_and_large_enough(page: Browser, file: Path, view: str) -> None:
    show(page, file, VIEWS[view])
    assert current(page) == view
    found = labels(page)
    assert len(found) > 40
    assert min(text["size"] for text in found) >= 11
    assert overlapping(found) == []
    assert [text["text"] for text in found if "…" in text["text"]] == []
    assert [text for text in found if text["x"] < 0 or text["x"] + text["w"] > SCREEN[0]] == []
    others = page.js(
        "[...document.querySelectorAll('header *, .views *, .legend *, #tables th *, .told')].filter((e) =>"
        " e.children.length === 0 && e.textContent.trim() && e.getClientRects().length)"
        ".map((e) => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(others) >= 11


def test_overlapping_texts_would_be_noticed(page: Browser, file: Path) -> None:
    show(page, file, VIEWS["map"])
    page.js("document.querySelectorAll('.drawing .name').forEach((e) => e.setAttribute('y', '300'))")
    assert overlapping(labels(page))


@pytest.mark.parametrize("view", VIEWS)
def test_no_object_covers_another(page: Browser, file: Path, view: str) -> None:
    show(page, file, VIEWS[view])
    boxes: list[list[float]] = page.js(
        "[...document.querySelectorAll('.view:not([hidden]) .node > .card')].map((card) => {"
        " const b = card.getBBox(); return [b.x, b.y, b.x + b.width, b.y + b.height]; })"
    )
    meets = [(a, b) for a, b in itertools.combinations(boxes, 2)
             if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]]  # fmt: skip
    assert meets == []


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_prints_on_one_sheet_of_a3_in_letters_of_6_points(
    page: Browser, file: Path, view: str
) -> None:
    show(page, file, VIEWS[view])
    count = len(labels(page))
    sheets = papers(page.pdf())
    assert {(round(sheet.width), round(sheet.height)) for sheet in sheets} == {(1191, 842)}
    assert min(sheets[0].letters) >= 6
    assert len(sheets[0].letters) > count  # all of the picture stands on the first sheet
    assert (len(sheets) > 1) is (view == "map")  # tables follow the map alone


def test_keys_change_the_view_and_each_has_an_address(page: Browser, file: Path) -> None:
    show(page, file, "")
    assert current(page) == "map"
    for key, view in (("2", "hierarchy"), ("3", "reach"), ("1", "map")):
        page.press(key)
        assert current(page) == view
        assert page.js("location.hash") == f"#view={view}"
    page.js("document.querySelector('#show-map').focus()")
    page.press("ArrowRight")
    assert current(page) == "hierarchy"
    assert page.js("document.activeElement.id") == "show-hierarchy"
    page.press("ArrowLeft")
    page.press("ArrowLeft")
    assert current(page) == "reach"
    page.press("/")
    page.type("2")
    assert current(page) == "reach"  # whoever types a number into the search stays where he is
    page.click("#show-map")
    assert current(page) == "map"


def test_a_vm_is_chosen_by_address_list_search_and_details(page: Browser, file: Path, plan: Plan) -> None:
    ids = {guest.key: f"vm:{guest.cluster}/{guest.vmid}" for guest in plan.guests if guest.running}
    show(page, file, f"#vm={VM}")
    assert chosen(page) == ids[VM]
    assert page.js("document.querySelector('#pick').value") == VM
    page.js(
        "(() => { const p = document.querySelector('#pick'); p.value = 'rsud/simrs';"
        " p.dispatchEvent(new Event('change')); })()"
    )
    assert chosen(page) == ids["rsud/simrs"]
    assert page.js("location.hash") == "#vm=rsud/simrs"
    page.press("/")
    page.type("diskominfo/ns1")
    page.press("Enter")
    assert chosen(page) == ids["diskominfo/ns1"]
    page.press("Escape")
    page.press("1")
    page.click(f"#map [data-id={json.dumps(ids[VM])}]")
    page.click("#panel-reach")
    assert current(page) == "reach"
    assert chosen(page) == ids[VM]
    assert page.js("document.getElementById('panel').hidden") is True


def test_without_a_vm_the_view_says_how_to_choose_one(page: Browser, file: Path) -> None:
    for fragment in ("#view=reach", "#vm=nobody/nothing"):
        show(page, file, fragment)
        assert current(page) == "reach"
        assert chosen(page) == ""
        assert "Choose a VM" in str(page.js("document.querySelector('#view-reach .sheet').textContent"))


def test_what_is_drawn_leads_to_the_vm_and_opens_its_flow(page: Browser, file: Path, plan: Plan) -> None:
    show(page, file, f"#vm={VM}")
    guest = next(g for g in plan.guests if g.key == VM and g.running)
    local = {nic.network for nic in guest.nics}
    leading = {
        f"flow:{flow.key}"
        for flow in plan.flows
        if flow.target.vm == VM or (flow.target.vm is None and local & set(flow.target.networks))
    }
    drawn = set(
        page.js("[...document.querySelectorAll('#view-reach .drawing .link')].map((e) => e.dataset.id)")
    )
    assert drawn == leading
    line = "#view-reach .drawing .link"
    page.js(f"document.querySelector('{line}').dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
    title = str(page.js("document.getElementById('panel-title').textContent"))
    assert f"flow:{title}" in leading
    assert "rule at the gateway" in page.js("document.getElementById('panel-facts').textContent")


def test_the_hierarchy_is_walked_and_opened_without_a_mouse(page: Browser, file: Path) -> None:
    show(page, file, VIEWS["hierarchy"])
    page.js("document.querySelector('#hierarchy .cluster').focus()")
    seen = []
    for _ in range(3):
        page.press("ArrowDown")
        seen.append(str(page.js("document.activeElement.dataset.id")).partition(":")[0])
    assert seen[0] == "host"
    assert seen[1:] == ["vm", "vm"]
    name = page.js("document.activeElement.dataset.id")
    page.press("Enter")
    assert page.js("document.querySelector('#hierarchy .chosen').dataset.id") == name
    page.press("Escape")
    assert page.js("document.activeElement.dataset.id") == name
    page.click("#hierarchy .application")
    assert "counted with" in page.js("document.getElementById('panel-facts').textContent")


def test_the_picture_is_made_larger_and_moved_by_keys_and_by_mouse(page: Browser, file: Path) -> None:
    show(page, file, "")
    page.js("document.activeElement.blur()")
    place = "[document.querySelector('#view-map .sheet').scrollLeft, window.scrollY]"
    first = scale(page)
    page.press("+")
    page.press("+")
    assert scale(page) == pytest.approx(first * 1.25**2, rel=0.02)
    page.press("ArrowRight", SHIFT)
    page.press("ArrowDown", SHIFT)
    assert page.js(place) == [120, 120]
    page.drag(900, 700, -200, -100)
    assert page.js(place) == [320, 220]
    assert page.js("document.getElementById('panel').hidden") is True  # a drag is no click
    page.press("-")
    assert scale(page) == pytest.approx(first * 1.25, rel=0.02)
    page.press("0")
    assert scale(page) == pytest.approx(first)
    page.wheel(900, 700, -100, CTRL)
    page.js("new Promise((done) => setTimeout(done, 200))")
    assert scale(page) == pytest.approx(first * 1.25, rel=0.02)
    page.press("f")
    box = page.js(
        "(() => { const r = document.querySelector('#map').getBoundingClientRect(); return [r.top, r.bottom]; })()"
    )
    assert box[0] >= 0
    assert box[1] <= SCREEN[1]
    assert re.fullmatch(r"\d+ %", str(page.js("document.getElementById('size').textContent")))


def test_views_have_roles_and_names(page: Browser, file: Path) -> None:
    show(page, file, VIEWS["reach"])
    wrong = page.js(
        "[...document.querySelectorAll('.drawing .node, .drawing .link')].filter((e) => e.getAttribute('role') !== 'button'"
        " || !e.getAttribute('aria-label')).length"
    )
    assert wrong == 0
    assert page.js("document.querySelectorAll('.views [role=tab]').length") == 3
    assert page.js("document.querySelectorAll('.view[role=tabpanel][aria-labelledby]').length") == 3
    assert page.js("document.querySelectorAll('.view .drawing[role=group][aria-label]').length") == 3
