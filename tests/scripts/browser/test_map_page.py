# SPDX-License-Identifier: GPL-3.0-or-later
"""The map in headless Chromium: what people see, type, click and hear."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from network_plan.model.guest import Guest
from network_plan.model.plan import Plan
from network_plan.render.map import Bundle, render_map
from tests.scripts.browser.conftest import Browser, Map

pytestmark = pytest.mark.browser

HOSTILE = (
    "\"'><img src=x onerror=\"document.title='owned'\"></script><script>document.title='owned'</script>&lt;"
)


@pytest.fixture
def siak(plan: Plan) -> Guest:
    return next(guest for guest in plan.guests if guest.key == "dukcapil/siak" and not guest.twin)


def name(guest: Guest) -> str:
    return f"vm:{guest.cluster}/{guest.vmid}"


def arriving(plan: Plan, guest: Guest) -> list[Any]:
    own = guest.nics[0].network
    return [
        f for f in plan.flows if f.target.vm == guest.key or (own in f.target.networks and not f.target.vm)
    ]


def test_each_object_is_told_to_those_who_hear_the_page(page: Map, plan: Plan) -> None:
    """A canvas has no names: each object is an option of a list with the name that a screen reader says."""
    hosts = sum(len(cluster.nodes) for cluster in plan.clusters)
    parts = (plan.gateways, plan.public, plan.tenants, plan.networks, plan.clusters, plan.guests)
    assert len(page.shown()) == len(set(page.shown())) == 1 + hosts + sum(map(len, parts))
    page.browser.call("Accessibility.enable")
    tree = page.browser.call("Accessibility.getFullAXTree")["nodes"]
    page.browser.call("Accessibility.disable")
    heard = [node["name"]["value"] for node in tree if node.get("role", {}).get("value") == "option"]
    for guest in plan.guests:
        assert any(guest.key in words and str(guest.vmid) in words for words in heard)
    assert page.js("document.title") == f"{plan.regency}: map of the cloud"
    head = " ".join(page.texts("header .name")[0].split())
    assert f"primary since epoch {plan.role.epoch}" in head


def test_nothing_is_loaded_from_outside_and_no_foreign_script_runs(browser: Browser, file: Path) -> None:
    page = Map(browser, file)
    browser.call(
        "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
    )
    try:
        page.open()
        assert browser.requests() == [file.as_uri()]
        assert browser.complaints() == []
        refused = page.js(
            "(async () => { const found = []; document.addEventListener('securitypolicyviolation',"
            " (event) => found.push(event.effectiveDirective)); await fetch('http://127.0.0.1:9/').catch(() => 0);"
            " const script = document.createElement('script'); script.textContent = 'window.owned = 1';"
            " document.body.append(script); document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">');"
            " await new Promise((done) => setTimeout(done, 100)); return [window.owned ?? 0, ...found]; })()"
        )
        assert refused[0] == 0
        assert {word.partition("-src")[0] for word in refused[1:]} == {"connect", "script", "style"}
    finally:
        browser.call(
            "Network.emulateNetworkConditions",
            offline=False,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )


def test_a_search_from_the_keyboard_finds_and_opens_the_vm(page: Map, plan: Plan, siak: Guest) -> None:
    page.press("/")
    page.type("siak")
    expected = {name(guest) for guest in plan.guests if guest.key == siak.key}
    assert page.lit("hit") == expected
    page.press("Enter")
    assert siak.key in page.texts("#panel-title")[0]
    assert page.lit("chosen") <= expected
    page.press("Enter")
    assert len(page.lit("chosen")) == 1
    page.press("Escape")
    assert page.js("document.getElementById('panel').hidden") is True
    assert page.lit() == set()
    assert page.js("document.getElementById('query').value") == ""


def test_a_search_finds_addresses_vmids_and_vlans(page: Map, plan: Plan, siak: Guest) -> None:
    network = plan.network(siak.nics[0].network)
    words = {
        str(siak.nics[0].addresses[0].ip): siak.key,
        str(siak.vmid): siak.key,
        f"VLAN {network.vlan}": network.key,
    }
    for asked, wanted in words.items():
        page.press("/")
        page.type(asked)
        page.press("Enter")
        assert page.texts("#panel-title")[0].startswith(wanted)
        page.press("Escape")


def test_a_click_on_a_vm_tells_who_may_reach_it_through_which_rules(
    page: Map, plan: Plan, siak: Guest
) -> None:
    page.click_on(name(siak))
    flows = arriving(plan, siak)
    assert page.texts("#panel-flows h4")[0] == f"May reach it ({len(flows)})"
    rows: list[list[str]] = page.js(
        "[...document.querySelector('#panel-flows table').tBodies[0].rows]"
        ".map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    for row, flow in zip(rows, flows, strict=True):
        until = flow.until.isoformat() if flow.until else ""
        assert row[1] == ", ".join(map(str, flow.services))
        assert row[4:] == [flow.why, flow.owner, until]
        assert flow.key in row[2]
        assert flow.key in row[3] or row[3].startswith("group ")
    page.browser.hover(5, 5)  # off the panel, which lights the flow that is pointed at
    sources = {f"lan:{network}" for flow in flows for side in flow.sources for network in side.networks}
    assert sources <= page.lit("lit-to")
    assert siak.source in page.texts("#panel-source")[0]
    facts = " ".join(page.texts("#panel-facts"))
    assert all(word in facts for word in (str(siak.vmid), siak.nics[0].mac, siak.fqdn, siak.node))


def test_a_line_tells_what_runs_over_it(page: Map, plan: Plan, siak: Guest) -> None:
    network = siak.nics[0].network
    touching = {
        f.key for f in plan.flows if network in {n for s in (*f.sources, f.target) for n in s.networks}
    }
    page.browser.hover(*page.at(f"lan:{network}"))
    page.js("new Promise((done) => setTimeout(done, 100))")
    assert f"{len(touching)} flows over it" in page.texts("#tip")[0]
    page.click_on(f"lan:{network}")
    assert page.chosen() == f"lan:{network}"
    shown = page.js("[...document.querySelectorAll('#panel-flows tr[data-id]')].map((e) => e.dataset.id)")
    assert set(shown) == {f"flow:{key}" for key in touching}
    page.click("#panel-flows tbody tr")
    assert f"flow:{page.texts('#panel-title')[0]}" == shown[0]
    assert "rule at the gateway" in page.texts("#panel-facts dt")


def test_lists_hold_count_sift_and_sort(page: Map, plan: Plan) -> None:
    page.open("#view=lists")
    for table, objects in {
        "vms": plan.guests,
        "flows": plan.flows,
        "names": plan.names,
        "networks": plan.networks,
    }.items():
        page.click(f"#tab-{table}")
        assert len(page.texts("#table tbody tr")) == len(objects)
        assert page.texts(f"#tab-{table} .count") == [str(len(objects))]
    vlans = sorted(network.vlan for network in plan.networks)
    page.click("#table th:nth-child(4) button")
    assert [int(text) for text in page.texts("#table td:nth-child(4)")] == vlans
    page.press("Enter")  # the head has the focus again: once more is backwards
    assert [int(text) for text in page.texts("#table td:nth-child(4)")] == vlans[::-1]
    page.press("/")
    page.type("office")
    assert all("office" in row.lower() for row in page.texts("#table tbody tr"))
    page.js("document.querySelector('#table tbody tr').focus()")
    page.press("Enter")
    assert page.texts("#panel-kind") == ["office network"]


def test_it_can_be_walked_through_without_a_mouse(page: Map) -> None:
    for _ in range(40):
        page.press("Tab")
        if page.js("document.activeElement.id") == "stage":
            break
    assert page.js("document.activeElement.id") == "stage"
    active = "awan.page.objects[document.getElementById('stage').getAttribute('aria-activedescendant').slice(1)].id"
    start = page.js(active)
    assert start == page.shown()[0]
    page.press("ArrowRight")
    page.press("ArrowRight")
    page.press("ArrowDown")
    there = page.js(active)
    assert there != start
    assert page.js("document.querySelectorAll('.ring').length") == 1
    page.press("Enter")
    assert page.chosen() == there
    assert page.js("document.activeElement.id") == "panel-title"
    page.press("Escape")
    assert page.chosen() == ""
    assert page.js("document.activeElement.id") == "stage"
    assert page.js(active) == there
    unnamed = page.js(
        "[...document.querySelectorAll('button, input, select, [role=tab], [role=option], [role=listbox]')]"
        ".filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length)).length"
    )
    assert unnamed == 0


def test_dark_and_light_are_two_pictures(page: Map) -> None:
    pictures = []
    for scheme in ("light", "dark"):
        page.browser.emulate(prefers_color_scheme=scheme)
        page.js("new Promise((done) => setTimeout(done, 100))")
        page.settle()
        pictures.append(page.js("getComputedStyle(document.documentElement).getPropertyValue('--card')"))
        assert page.js("awan.stage.palette.of('card')") == pictures[-1]
    page.browser.emulate()
    assert pictures[0] != pictures[1]


def test_layers_are_switched_each_by_itself(page: Map, plan: Plan, siak: Guest) -> None:
    def painted(layer: str) -> set[str]:
        return {text["text"] for text in page.painted(f"document.getElementById('layer-{layer}').click()")}

    whole = {text["text"] for text in page.painted("awan.stage.repaint()")}
    address = str(siak.nics[0].addresses[0].ip)
    assert address in whole
    assert address not in painted("addresses")
    assert address in painted("addresses")
    over = str(
        len(
            {
                f.key
                for f in plan.flows
                if siak.nics[0].network in {n for s in (*f.sources, f.target) for n in s.networks}
            }
        )
    )
    assert over in painted("flows")
    everything = page.shown()
    assert not {f"HA {g.ha.replica}" for g in plan.guests if g.ha} & painted("dr")
    twins = {name(guest) for guest in plan.guests if guest.twin}
    assert set(everything) - set(page.shown()) == twins
    painted("dr")
    assert not {node.name for cluster in plan.clusters for node in cluster.nodes} & painted("placement")
    assert "fibre" in whole
    assert "fibre" not in painted("transport")


def test_hostile_names_are_text_everywhere(
    browser: Browser, plan: Plan, built: Bundle, tmp_path: Path
) -> None:
    evil: dict[str, Any] = {
        "regency": HOSTILE,
        "tenants": tuple(replace(tenant, name=HOSTILE, source=HOSTILE) for tenant in plan.tenants),
        "networks": tuple(replace(network, title=HOSTILE) for network in plan.networks),
        "guests": tuple(replace(guest, title=HOSTILE) for guest in plan.guests),
        "flows": tuple(replace(flow, why=HOSTILE) for flow in plan.flows),
    }
    file = tmp_path / "hostile.html"
    file.write_text(render_map(replace(plan, **evil), built), encoding="utf-8")
    page = Map(browser, file)
    page.open()
    for kind in ("tenant", "network", "vm"):
        page.click_on(next(identity for identity in page.shown() if identity.startswith(kind)))
        assert HOSTILE in " ".join(page.texts("#panel"))
        page.press("Escape")
    page.press("5")
    assert page.texts("#table tbody td:first-child")[0] == HOSTILE
    page.press("4")
    assert HOSTILE in " ".join(page.texts("#sources option"))
    assert page.js(
        "[document.querySelectorAll('img').length, document.querySelectorAll('script').length]"
    ) == [0, 2]
    assert page.js("document.title") == f"{HOSTILE}: map of the cloud"
    assert browser.complaints() == []
    assert json.dumps(browser.requests()) == json.dumps([file.as_uri()])
