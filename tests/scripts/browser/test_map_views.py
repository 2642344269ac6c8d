# SPDX-License-Identifier: GPL-3.0-or-later
"""The views of the map in headless Chromium: their texts, their paper, their keys; questions and comparisons."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from network_plan.model.plan import Plan
from network_plan.reach import Asked, ReachError
from network_plan.render.map import Bundle, Question, render_map
from network_plan.render.map.comparison import ChangedPath, ChangedThing, Comparison
from tests.scripts.browser.conftest import Browser, Map
from tests.scripts.browser.paper import papers

pytestmark = pytest.mark.browser

VM = "dukcapil/siak"
SHIFT, CTRL = 8, 2
VIEWS: Mapping[str, str] = {"map": "#view=map", "hierarchy": "#view=hierarchy", "reach": f"#vm={VM}"}
FACES = ("", "DejaVu Sans", "Verdana")


def labels(page: Map, face: str = "") -> list[dict[str, Any]]:
    """Every text of the picture with the box of its letters, measured in a face; and the frame that it stands in."""
    found: list[dict[str, Any]] = page.js(
        "((face) => { const c = document.createElement('canvas').getContext('2d'); const d = awan.stage.current.data;"
        " const own = getComputedStyle(document.body).fontFamily; const words = awan.page.styles;"
        " const told = (list, node) => list.map(([x, y, text, style, anchor]) => {"
        " const s = words[style].split(' ');"
        " const bold = (s.includes('title') && !(node && words[node[1]].includes('twin'))) || s.some((w) => ['caption', 'word', 'count'].includes(w));"
        " const size = s.includes('title') || s.includes('name') ? 12 : 11;"
        " c.font = `${bold ? 'bold ' : ''}${size}px ${face || own}`; const w = c.measureText(text).width;"
        " return {text, x: x - [0, w / 2, w][anchor], y: y - size * 0.72, w, h: size * 0.72, layer: style === -1,"
        " counts: s.includes('count'), frame: node ? node[3].slice(0, 4) : null}; });"
        " return [...told(d.captions), ...d.links.flatMap((l) => told(l[5])), ...d.nodes.flatMap((n) => told(n[6], n))]; })"
        f"({face!r})"
    )
    return [text for text in found if not text["counts"]]


def overlapping(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of texts whose letters meet."""
    found = sorted(found, key=lambda text: text["x"])
    pairs = []
    for index, one in enumerate(found):
        for other in itertools.islice(found, index + 1, None):
            if other["x"] >= one["x"] + one["w"]:
                break
            if other["y"] < one["y"] + one["h"] and one["y"] < other["y"] + other["h"]:
                pairs.append((one["text"], other["text"]))
    return pairs


def sticking_out(found: list[dict[str, Any]]) -> list[str]:
    """Texts that are wider than the frame that they stand in."""
    return [
        text["text"]
        for text in found
        if text["frame"]
        and not (
            text["frame"][0] <= text["x"] and text["x"] + text["w"] <= text["frame"][0] + text["frame"][2]
        )
    ]


@pytest.mark.parametrize("view", VIEWS)
def test_texts_are_apart_whole_and_within_their_frames_in_each_face(page: Map, view: str) -> None:
    page.open(VIEWS[view])
    assert page.view() == view
    for face in FACES:
        found = labels(page, face)
        assert len(found) > 40
        assert overlapping(found) == []
        assert sticking_out(found) == []
    assert [text["text"] for text in labels(page) if "…" in text["text"]] == []


def test_overlapping_and_wide_texts_would_be_noticed(page: Map) -> None:
    page.js("awan.stage.current.data.nodes.forEach((n) => n[6].forEach((t) => (t[1] = 300)))")
    assert overlapping(labels(page))
    assert sticking_out(labels(page, "monospace"))


@pytest.mark.parametrize("width", [1280, 1366, 1920])
def test_no_letter_is_smaller_than_11_px_in_any_window_at_any_size(page: Map, width: int) -> None:
    for view, fragment in VIEWS.items():
        page.open(fragment, width, 800)
        assert page.js("awan.stage.scale") >= 1
        for act in (
            "awan.stage.repaint()",
            "awan.stage.larger(-1)",
            "awan.stage.whole(), awan.stage.repaint()",
        ):
            painted = page.painted(act)
            assert painted, (view, act)
            assert min(text["size"] for text in painted) >= 10.99, (view, act)
    others = page.js(
        "[...document.querySelectorAll('header *, nav *, .bar *, #legend *, footer *')].filter((e) =>"
        " e.children.length === 0 && e.textContent.trim() && e.getClientRects().length)"
        ".map((e) => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(others) >= 11


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_prints_on_one_sheet_of_a3_in_letters_of_6_points(page: Map, view: str) -> None:
    page.open(VIEWS[view])
    count = len(labels(page))
    sheets = papers(page.browser.pdf())
    assert {(round(sheet.width), round(sheet.height)) for sheet in sheets} == {(1191, 842)}
    assert min(sheets[0].letters) >= 6
    assert len(sheets[0].letters) > count  # all of the picture stands on the first sheet
    assert (len(sheets) > 1) is (view == "map")  # lists follow the map alone


def test_keys_change_the_view_and_each_has_an_address(page: Map) -> None:
    assert page.view() == "map"
    for key, view in (("2", "hierarchy"), ("3", "reach"), ("4", "question"), ("5", "lists"), ("1", "map")):
        page.press(key)
        assert page.view() == view
        assert page.js("location.hash") == f"#view={view}"
    page.js("document.querySelector('#show-map').focus()")
    page.press("ArrowRight")
    assert page.view() == "hierarchy"
    assert page.js("document.activeElement.id") == "show-hierarchy"
    page.press("/")
    page.type("2")
    assert page.view() == "hierarchy"  # whoever types a number into the search stays where he is
    page.click("#show-map")
    assert page.view() == "map"


def test_a_vm_is_chosen_by_address_list_search_and_details(page: Map, plan: Plan) -> None:
    ids = {guest.key: f"vm:{guest.cluster}/{guest.vmid}" for guest in plan.guests if guest.running}

    def subject() -> str:
        return str(
            page.js(
                "awan.page.objects[awan.stage.current.nodes.find((n) =>"
                " awan.page.styles[n[1]].includes('subject'))[0]].id"
            )
        )

    page.open(f"#vm={VM}")
    assert subject() == ids[VM]
    page.js(
        "(() => { const p = document.querySelector('#pick'); p.value = 'rsud/simrs';"
        " p.dispatchEvent(new Event('change')); })()"
    )
    assert subject() == ids["rsud/simrs"]
    assert page.js("location.hash") == "#vm=rsud/simrs"
    page.press("1")
    page.click_on(ids[VM])
    page.click("#panel-reach")
    assert page.view() == "reach"
    assert subject() == ids[VM]
    assert page.js("document.getElementById('panel').hidden") is True
    page.open("#vm=nobody/nothing")
    assert page.view() == "reach"
    assert "Choose a VM" in page.texts("#empty")[0]
    assert page.js("document.getElementById('stage').hidden") is True


def test_what_is_drawn_of_a_vm_leads_to_it_and_opens_its_flow(page: Map, plan: Plan) -> None:
    page.open(f"#vm={VM}")
    guest = next(g for g in plan.guests if g.key == VM and g.running)
    local = {nic.network for nic in guest.nics}
    leading = {
        f"flow:{flow.key}"
        for flow in plan.flows
        if flow.target.vm == VM or (flow.target.vm is None and local & set(flow.target.networks))
    }
    assert set(page.js("awan.stage.current.data.links.map((l) => awan.page.objects[l[0]].id)")) == leading
    page.click_on(min(leading))
    assert page.chosen() in leading


def test_the_hierarchy_is_walked_and_opened_without_a_mouse(page: Map) -> None:
    page.open(VIEWS["hierarchy"])
    page.js("document.getElementById('stage').focus()")
    seen = []
    for _ in range(3):
        page.press("ArrowDown")
        seen.append(str(page.js("awan.page.objects[awan.stage.focused].id")).partition(":")[0])
    assert seen == ["host", "vm", "vm"]
    page.press("Enter")
    assert page.chosen().startswith("vm:")


def test_the_picture_is_made_larger_and_moved_by_keys_and_by_mouse(page: Map) -> None:
    page.open("", 1600, 520)
    corner = "Object.values(awan.stage.onScreen(0, 0))"
    first, (x, y) = page.js("awan.stage.scale"), page.js(corner)
    page.press("ArrowDown", SHIFT)
    assert page.js(corner) == pytest.approx([x, y - 120], abs=1)
    page.browser.wheel(900, 300, 60)
    page.js("new Promise((done) => setTimeout(done, 200))")
    assert page.js(corner) == pytest.approx([x, y - 180], abs=1)
    page.browser.drag(900, 350, 0, -100)
    assert page.js(corner)[1] < y - 250
    assert page.chosen() == ""  # a drag is no click
    page.press("0")
    page.press("+")
    page.js("new Promise((done) => setTimeout(done, 500))")
    assert page.js("awan.stage.scale") == pytest.approx(first * 1.25, rel=0.01)
    page.browser.wheel(900, 300, 100, CTRL)
    page.js("new Promise((done) => setTimeout(done, 500))")
    assert page.js("awan.stage.scale") == pytest.approx(first, rel=0.01)
    page.press("f")
    page.settle()
    w, h = page.js("[awan.stage.current.data.w, awan.stage.current.data.h].map((v) => v * awan.stage.scale)")
    box = page.js(
        "(() => { const b = document.getElementById('stage').getBoundingClientRect(); return [b.width, b.height]; })()"
    )
    assert w <= box[0]
    assert h <= box[1]
    assert re.fullmatch(r"\d+ %", page.texts("#size")[0])


def test_the_page_answers_as_awan_reach_does(page: Map, plan: Plan) -> None:
    """Of every source, target and service that can be asked in the page, many; and many of each answer."""
    asked = Asked(plan)
    reach = page.js("awan.page.reach")
    combinations = list(
        itertools.product(
            range(len(reach["sources"])), range(len(reach["targets"])), range(len(reach["services"]))
        )
    )
    chosen = random.Random(7).sample(combinations, 1500)
    said: list[dict[str, Any] | None] = page.js(
        f"{[list(one) for one in chosen]}.map(([a, b, c]) => {{ const r = awan.page.reach;"
        " return awan.ask(r.sources[a], r.targets[b], r.services[c]); })"
    )
    counts = {"yes": 0, "part": 0, "no": 0, "none": 0}
    for (a, b, c), answer in zip(chosen, said, strict=True):
        words = reach["sources"][a][0], reach["targets"][b][0], reach["services"][c][0]
        try:
            reply = asked.reach(*words)
        except ReachError:
            assert answer is None, words
            counts["none"] += 1
            continue
        assert answer is not None, words
        expected = "yes" if reply.reachable else "part" if reply.anything else "no"
        assert answer["says"] == expected, words
        counts[expected] += 1
        steps = {
            tuple((s.where, s.rule, s.passed) for s in way.steps) for one in reply.answers for way in one.ways
        }
        for _, hops in answer["ways"]:
            assert tuple((where, rule, bool(passed)) for _, where, rule, passed in hops) in steps, words
    assert counts["yes"] > 20
    assert counts["no"] > 500


def test_a_question_is_drawn_as_a_path_hop_by_hop(
    browser: Browser, plan: Plan, built: Bundle, tmp_path: Path
) -> None:
    file = tmp_path / "asked.html"
    question = Question(source="office:dukcapil", target=VM, service="tcp/443")
    file.write_text(render_map(plan, built, question=question), encoding="utf-8")
    page = Map(browser, file)
    page.open()
    assert page.view() == "question"
    assert page.texts("#answer .verdict")[0] in ("Yes", "In part")
    rules = page.texts("#answer ol:first-of-type .rule")
    assert any("office-to-siak" in rule for rule in rules)
    assert [text.strip() for text in page.texts(".hop")] == [str(n + 1) for n in range(len(rules))]
    guest = next(g for g in plan.guests if g.key == VM and g.running)
    assert {
        f"vm:{guest.cluster}/{guest.vmid}",
        f"lan:{guest.nics[0].network}",
        "lan:dukcapil/office-main",
    } <= page.lit()
    for field, word in (("ask-from", "rsud/simrs"), ("ask-to", VM)):
        page.js(
            f"(() => {{ const e = document.getElementById('{field}'); e.value = '{word}';"
            " e.dispatchEvent(new Event('input')); })()"
        )
    page.js(
        "(() => { const e = document.getElementById('ask-service'); e.value = 'tcp/53';"
        " e.dispatchEvent(new Event('input')); })()"
    )
    assert page.texts("#answer .verdict") == ["No"]
    assert "✕" in [text.strip() for text in page.texts(".hop")]
    page.js(
        "(() => { const e = document.getElementById('ask-to'); e.value = 'nobody'; e.dispatchEvent(new Event('input')); })()"
    )
    assert page.js("document.getElementById('ask-to').getAttribute('aria-invalid')") == "true"
    assert browser.complaints() == []


def test_a_comparison_shows_before_and_after(
    browser: Browser, plan: Plan, built: Bundle, tmp_path: Path
) -> None:
    gone = next(g for g in plan.guests if g.key == VM and g.running)
    twin = next(g for g in plan.guests if g.key == VM and not g.running)
    new = replace(plan, guests=tuple(g for g in plan.guests if g.key != VM))
    there = next(g for g in new.guests if g.running)
    comparison = Comparison(
        rev="HEAD~1",
        before=plan,
        things=(
            ChangedThing(mark="removed", noun="VM", key=f"{VM} in {gone.cluster}", words=f"VM {VM} is gone"),
            ChangedThing(mark="changed", noun="VM", key=f"{there.key} in {there.cluster}", words="another size"),
        ),
        paths=(
            ChangedPath(mark="denied", sources=("dukcapil/office-main",), targets=(f"vm:{VM}",), words="office to siak"),
            ChangedPath(mark="allowed", sources=("internet",), targets=(f"vm:{there.key}",), words="internet to it"),
        ),
    )  # fmt: skip
    file = tmp_path / "compared.html"
    file.write_text(render_map(new, built, comparison=comparison), encoding="utf-8")
    page = Map(browser, file)
    page.open()
    marks = "Object.fromEntries([...awan.stage.current.marks].map(([p, m]) => [awan.page.objects[p].id, m]))"
    name = f"vm:{gone.cluster}/{gone.vmid}"
    changed = f"vm:{there.cluster}/{there.vmid}"
    assert page.view() == "changes"
    assert page.js(marks) == {changed: "changed"}
    assert name not in page.shown()
    assert f"nic:{there.cluster}/{there.vmid}" in page.lit("lit-added")
    page.click("#side-before")
    assert page.js(marks) == {name: "removed", changed: "changed"}
    assert {name, f"vm:{twin.cluster}/{twin.vmid}"} <= set(page.shown())
    assert "lan:dukcapil/office-main" in page.lit("lit-removed")
    assert page.texts("#changes h3") == ["Newly allowed (1)", "Newly denied (1)", "Objects (2)"]
    page.click("#changes ul:first-of-type button")
    assert page.js(marks) == {changed: "changed"}
    page.press("1")
    assert name not in page.shown()
    assert browser.complaints() == []
