# SPDX-License-Identifier: GPL-3.0-or-later
"""What the map says by data beside its drawing: questions with every answer, and comparisons. The browser asks elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from network_plan.model.plan import Plan
from network_plan.reach import Asked, ReachError
from network_plan.render.map import Bundle, Question, page, render_map
from network_plan.render.map.comparison import ChangedPath, ChangedThing, Comparison
from network_plan.render.map.names import Names
from network_plan.render.map.routes import guest_id
from network_plan.space.ranges import covers

BUNDLE = Bundle(script="", style="", notice="")
VM = "dukcapil/siak"


def data_of(plan: Plan, **options: Any) -> dict[str, Any]:
    text = render_map(plan, BUNDLE, **options)
    found = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def numbers(ranges: list[list[int | str]]) -> tuple[tuple[int, int], ...]:
    return tuple((int(low), int(high)) for low, high in ranges)


def says(reach: dict[str, Any], source: str, target: str, service: str) -> set[int]:
    """Which ways some packets take, by whether they are delivered: read as the page reads it, with other code."""
    addresses = {
        family: numbers(ranges) for family, ranges in next(s for s in reach["sources"] if s[0] == source)[3]
    }
    number = dict(reach["services"])[service]
    found = set()
    for family, ways in next(t for t in reach["targets"] if t[0] == target)[3]:
        if family not in addresses:
            continue
        told: list[tuple[int, int]] = []
        for delivered, _, products in ways:
            for sources, services in products:
                if any(int(low) <= number <= int(high) for low, high in services):
                    met = [
                        (a, b)
                        for a, b in numbers(sources)
                        if any(a <= high and low <= b for low, high in addresses[family])
                    ]
                    told += met
                    if met and delivered != 2:
                        found.add(delivered)
        if any(not products for _, _, products in ways) and not covers(_union(told), addresses[family]):
            found.add(0)
    return found


def _union(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


@pytest.mark.parametrize("site", ["full_plan", "dual_plan"])
def test_the_answers_in_the_page_are_those_of_reach(site: str, request: pytest.FixtureRequest) -> None:
    plan: Plan = request.getfixturevalue(site)
    reach, asked = data_of(plan)["reach"], Asked(plan)
    counts = {"yes": 0, "part": 0, "no": 0}
    targets = [target[0] for target in reach["targets"]]
    for source in [source[0] for source in reach["sources"]][::4]:
        for target in targets[::3]:
            for service in ("tcp/443", "icmp"):
                try:
                    reply = asked.reach(source, target, service)
                except ReachError:
                    assert says(reach, source, target, service) == set(), (source, target)
                    continue
                expected = "yes" if reply.reachable else "part" if reply.anything else "no"
                told = {frozenset({1}): "yes", frozenset({0}): "no", frozenset({0, 1}): "part"}
                assert told[frozenset(says(reach, source, target, service))] == expected, (
                    source,
                    target,
                    service,
                )
                counts[expected] += 1
    assert counts["yes"] > 3
    assert counts["no"] > 20


def test_a_vm_tells_by_which_step_its_own_firewall_lets_it_send(full_plan: Plan) -> None:
    reach = data_of(full_plan)["reach"]
    steps = {source[0]: source[4] for source in reach["sources"]}
    wall, where, _, passed = reach["hops"][steps[VM]]
    assert (wall, passed) == ("sender", 1)
    assert VM in where
    assert steps["internet"] == -1


def test_a_vm_that_may_send_nothing_has_no_such_step(full_plan: Plan) -> None:
    silent = tuple(
        replace(g, firewall=replace(g.firewall, policy_out="DROP")) if g.key == VM else g
        for g in full_plan.guests
    )
    reach = data_of(replace(full_plan, guests=silent))["reach"]
    assert next(source for source in reach["sources"] if source[0] == VM)[4] == -1


def test_large_numbers_are_text_and_small_ones_are_not(dual_plan: Plan) -> None:
    reach = data_of(dual_plan)["reach"]
    kinds = {
        (family, type(low))
        for source in reach["sources"]
        for family, ranges in source[3]
        for low, _ in ranges
        if source[0] == VM
    }
    assert kinds == {(4, int), (6, str)}


def test_a_question_of_any_words_stands_in_the_page(full_plan: Plan) -> None:
    question = Question(source="office:dukcapil", target=VM, service="tcp/443")
    data = data_of(full_plan, question=question)
    asked = data["reach"]["asked"]
    reply = Asked(full_plan).reach("office:dukcapil", VM, "tcp/443")
    assert asked["says"] == ("yes" if reply.reachable else "part")
    assert asked["service"] == "tcp/443"
    delivered = next(hops for passed, hops in asked["ways"] if passed)
    assert [hop[0] for hop in delivered] == ["forward", "target"]
    assert [data["objects"][place]["id"] for place in asked["starts"]] == ["network:dukcapil/office-main"]
    (end,) = (data["objects"][place]["id"] for place in asked["ends"])
    assert end.startswith("vm:dc/")
    refused = data_of(full_plan, question=replace(question, source="internet", service="tcp/22"))["reach"][
        "asked"
    ]
    assert refused["says"] == "no"
    assert [passed for passed, _ in refused["ways"]] == [0]


def test_a_question_about_nothing_is_an_error(full_plan: Plan) -> None:
    with pytest.raises(ReachError, match="nothing in the Plan"):
        render_map(full_plan, BUNDLE, question=Question(source="nobody", target=VM, service=None))


def test_beyond_so_many_vms_neither_answers_nor_pictures_of_each_stand_in_the_page(
    full_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = data_of(full_plan)
    assert f"vm:{VM}" in few["scenes"]
    assert few["picks"]
    monkeypatch.setattr(page, "MOST_DRAWN", 2)
    many = data_of(full_plan, question=Question(source="internet", target=VM, service="tcp/443"))
    assert set(many["scenes"]) == {"map", "hierarchy"}
    assert (many["picks"], many["reach"]["sources"], many["reach"]["targets"]) == ([], [], [])
    assert "awan map --reach" in many["reach"]["left_out"]
    assert many["reach"]["asked"]["to"] == VM


def test_a_comparison_marks_each_side_and_names_what_is_gone(full_plan: Plan) -> None:
    gone = next(g for g in full_plan.guests if g.key == VM and g.running)
    new = replace(full_plan, guests=tuple(g for g in full_plan.guests if g.key != VM))
    other = next(g for g in new.guests if g.running)
    cluster = full_plan.clusters[0]
    things = (
        ChangedThing(mark="removed", noun="VM", key=f"{VM} in {gone.cluster}", words="gone"),
        ChangedThing(mark="changed", noun="VM", key=f"{other.key} in {other.cluster}", words="other size"),
        ChangedThing(mark="added", noun="backup job", key="x", words="is no object of the page"),
    )
    paths = (
        ChangedPath(mark="denied", sources=("offices",), targets=(f"vm:{VM}",), words="offices to siak"),
        ChangedPath(
            mark="allowed", sources=("internet",), targets=(f"hosts:{cluster.name}",), words="to hosts"
        ),
    )
    data = data_of(new, comparison=Comparison(rev="v1", before=full_plan, things=things, paths=paths))
    objects = data["objects"]

    def marks(scene: str) -> dict[str, str]:
        return {objects[place]["id"]: mark for place, mark in data["scenes"][scene]["marks"]}

    assert marks("map") == {guest_id(other): "changed"}
    assert marks("before") == {guest_id(gone): "removed", guest_id(other): "changed"}
    assert [views[0] for views in data["views"]][4] == "changes"
    assert "v1" in data["views"][4][2]
    diff = data["diff"]
    assert [place for _, place, _ in diff["objects"]][2] == -1
    denied = [{objects[place]["id"] for place in places} for places in diff["paths"][0][2:]]
    offices = {f"network:{n.key}" for n in full_plan.networks if n.role == "office"}
    assert denied == [offices, {guest_id(gone)}]
    allowed = [{objects[place]["id"] for place in places} for places in diff["paths"][1][2:]]
    assert allowed == [{"internet"}, {f"cluster:{cluster.name}"}]
    assert data["picks"]


def test_things_and_sources_are_found_by_the_words_of_others(full_plan: Plan) -> None:
    names, network = Names(full_plan), full_plan.networks[0]
    public, tenant = full_plan.public[0], full_plan.tenants[0]
    host = full_plan.clusters[0].nodes[0].name
    assert (
        names.thing("host", f"{host} in {full_plan.clusters[0].name}")
        == f"host:{full_plan.clusters[0].name}/{host}"
    )
    assert names.thing("public address", public.name) == f"public:{public.address}"
    assert names.thing("gateway", "gw1") == "gateway:gw1"
    assert names.thing("tenant", tenant.key) == f"tenant:{tenant.key}"
    assert names.thing("token", "x") is None
    assert list(names.source(f"{network.key} but some/vm")) == [f"network:{network.key}"]
    assert list(names.source(str(network.prefixes[0]))) == [f"network:{network.key}"]
    assert list(names.source("2001:db8:ffff::/64")) == []
    assert list(names.source(VM)) == [
        next(guest_id(g) for g in full_plan.guests if g.key == VM and g.running)
    ]
    assert list(names.target(f"network:{network.key}")) == [f"network:{network.key}"]


def test_sites_without_anything_to_ask_have_a_page_too(planned: Callable[..., Plan]) -> None:
    assert data_of(planned())["reach"]["sources"]
