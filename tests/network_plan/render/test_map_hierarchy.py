# SPDX-License-Identifier: GPL-3.0-or-later
"""The view cluster → server → VM (figure 4.5): everything is there once, to scale, and what is kept is true."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import pytest

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from network_plan.render.map.drawing import Drawing, Node
from network_plan.render.map.hierarchy import draw_hierarchy, waiting
from tests.network_plan.render.grown import grown
from tests.network_plan.render.test_map import boxes_that_meet, texts_that_stick_out
from tests.small import SMALL


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(SMALL)


def words(drawing: Drawing) -> list[str]:
    return [text.text for text in drawing.captions]


def alone(plan: Plan) -> Plan:
    """The VMs without HA: no replica anywhere."""
    return replace(plan, guests=tuple(replace(guest, ha=None) for guest in plan.guests))


def heights(drawing: Drawing) -> dict[str, float]:
    return {node.id: node.box.h for node in drawing.nodes if "replica" not in node.style}


@pytest.mark.parametrize(("tenants", "vms"), [(0, 0), (45, 1), (45, 6), (45, 12)])
def test_everything_is_there_once_and_nothing_overlaps(plan: Plan, tenants: int, vms: int) -> None:
    large = grown(plan, tenants, vms)
    drawing = draw_hierarchy(large)
    assert boxes_that_meet(drawing) == []
    assert texts_that_stick_out(drawing) == []
    kinds = Counter(node.id.partition(":")[0] for node in drawing.nodes if "replica" not in node.style)
    assert kinds == {
        "cluster": len(large.clusters),
        "host": sum(len(cluster.nodes) for cluster in large.clusters),
        "vm": len(large.guests),
        "application": len(waiting(large)),
    }
    replicas = Counter(node.id for node in drawing.nodes if "replica" in node.style)
    assert replicas == {f"vm:{g.cluster}/{g.vmid}": 1 for g in large.guests if g.ha}
    assert all(node.box.y + node.box.h <= drawing.height for node in drawing.nodes)


def test_a_regency_prints_legibly_on_a3(plan: Plan) -> None:
    drawing = draw_hierarchy(grown(plan, 45, 1))
    assert 11 * min(406 / drawing.width, 260 / drawing.height) / 0.3528 >= 6


def test_a_vm_stands_in_its_hosts_column_and_is_as_tall_as_its_memory(plan: Plan) -> None:
    drawing = draw_hierarchy(plan)
    boxes = {node.id: node.box for node in drawing.nodes if "replica" not in node.style}
    for guest in plan.guests:
        own, host = boxes[f"vm:{guest.cluster}/{guest.vmid}"], boxes[f"host:{guest.cluster}/{guest.node}"]
        assert (own.x, own.w) == (host.x, host.w)
        assert own.y > host.y
    memory = {f"vm:{guest.cluster}/{guest.vmid}": guest.memory_mib for guest in plan.guests}
    for one, other in itertools.combinations(memory, 2):
        if memory[one] != memory[other]:
            assert (heights(drawing)[one] > heights(drawing)[other]) is (memory[one] > memory[other])


def test_what_is_kept_for_a_failed_host_is_what_its_replicas_need(plan: Plan) -> None:
    guest = next(g for g in plan.guests if g.ha and not g.twin)
    assert guest.ha
    only = replace(plan, guests=tuple(g if g.key == guest.key else replace(g, ha=None) for g in plan.guests))
    said = [text for text in words(draw_hierarchy(only)) if "'s VMs" in text]
    assert said == [f"{guest.memory_mib / 1024:.1f} GiB for {guest.node}'s VMs"]
    assert [
        text for text in words(draw_hierarchy(alone(plan))) if "'s VMs" in text or "REPLICAS" in text
    ] == []


def test_two_hosts_to_spare_keep_for_two(plan: Plan) -> None:
    home = plan.cluster(plan.role.primary)
    first, second, third = (node.name for node in home.nodes[:3])
    guests = [g for g in plan.guests if g.ha]
    assert len(guests) >= 2
    moved = {
        guests[0].key: replace(guests[0], node=first, ha=replace(guests[0].ha, home=first, replica=third)),  # type: ignore[type-var]
        guests[1].key: replace(guests[1], node=second, ha=replace(guests[1].ha, home=second, replica=third)),  # type: ignore[type-var]
    }
    twice = replace(
        plan,
        clusters=tuple(replace(c, spare_hosts=2) if c is home else c for c in plan.clusters),
        guests=tuple(moved.get(g.key, replace(g, ha=None)) if g.ha else g for g in plan.guests),
    )
    both = (guests[0].memory_mib + guests[1].memory_mib) / 1024
    assert f"{both:.1f} GiB for {first}+{second}'s VMs" in words(draw_hierarchy(twice))


def test_a_host_without_room_says_how_much_is_missing(plan: Plan) -> None:
    guest = next(g for g in plan.guests if g.ha and not g.twin)
    assert guest.ha
    home = plan.cluster(guest.cluster)

    def with_memory(mib: int) -> Plan:
        nodes = tuple(
            replace(node, memory_mib=mib + node.reserve_mib) if node.name == guest.ha.replica else node  # type: ignore[union-attr]
            for node in home.nodes
        )
        clusters = tuple(replace(c, nodes=nodes) if c.name == home.name else c for c in plan.clusters)
        return replace(plan, clusters=clusters)

    tight = with_memory(0)
    assert any("too little" in text for text in words(draw_hierarchy(tight)))
    assert boxes_that_meet(draw_hierarchy(tight)) == []
    assert not any("too little" in text for text in words(draw_hierarchy(with_memory(64 * 1024))))


def test_planned_applications_stand_below_with_what_they_ask(plan: Plan) -> None:
    large = grown(plan, 5, 0)
    apps = waiting(large)
    drawing = draw_hierarchy(large)
    shown: list[Node] = [node for node in drawing.nodes if node.style == "application"]
    assert [node.id for node in shown] == [f"application:{app.key}" for app in apps]
    assert [app.priority for app in apps] == sorted(app.priority for app in apps)
    asked = sum(app.memory_mib or 0 for app in apps) / 1024
    assert any(f"{len(apps)} APPLICATIONS, {asked:.1f} GiB" in text for text in words(drawing))
    assert not any("PLANNED" in text for text in words(draw_hierarchy(replace(plan, applications=()))))


def test_a_vm_says_by_what_it_outlives_its_host_and_its_site(plan: Plan) -> None:
    drawing = draw_hierarchy(plan)
    nodes = {node.id: node for node in drawing.nodes if "replica" not in node.style}
    guest = next(g for g in plan.guests if g.ha and any(t.twin and t.key == g.key for t in plan.guests))
    twin = next(g for g in plan.guests if g.twin and g.key == guest.key)
    assert guest.ha
    said = [text.text for text in nodes[f"vm:{guest.cluster}/{guest.vmid}"].texts]
    assert f"replica {guest.ha.replica}, twin {twin.node}" in said
    assert f"twin of {guest.node}" in [text.text for text in nodes[f"vm:{twin.cluster}/{twin.vmid}"].texts]
    bare = {node.id: node for node in draw_hierarchy(alone(plan)).nodes}
    said = [text.text for text in bare[f"vm:{guest.cluster}/{guest.vmid}"].texts]
    assert f"no HA, twin {twin.node}" in said


def test_a_cloud_that_has_only_begun_is_drawn_too(plan: Plan) -> None:
    drawing = draw_hierarchy(replace(plan, clusters=(), guests=(), applications=()))
    assert drawing.nodes == ()
    empty = replace(plan, guests=())
    assert all("taken" not in node.label for node in draw_hierarchy(empty).nodes)
    full = tuple(
        replace(c, nodes=tuple(replace(n, memory_mib=n.reserve_mib) for n in c.nodes)) for c in plan.clusters
    )
    assert boxes_that_meet(draw_hierarchy(replace(empty, clusters=full))) == []
