# SPDX-License-Identifier: GPL-3.0-or-later
"""The view of one VM (figure 4.6): what is drawn may pass both walls, and what may pass is drawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from network_plan.build import load_plan
from network_plan.model.flow import Endpoint
from network_plan.model.guest import Guest
from network_plan.model.plan import Plan
from network_plan.reach import Asked
from network_plan.render.map.approach import draw_approach
from network_plan.render.map.drawing import Drawing
from network_plan.render.map.ways import Way, Ways, stands
from tests.network_plan.render.grown import grown
from tests.network_plan.render.test_map import boxes_that_meet, texts_that_stick_out
from tests.small import SMALL


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(SMALL)


def guest_of(plan: Plan, key: str) -> Guest:
    return stands(plan, key)[0]


def keys(plan: Plan) -> list[str]:
    return sorted({guest.key for guest in plan.guests})


def ways_to(plan: Plan, key: str) -> tuple[Way, ...]:
    return Ways(plan).to(guest_of(plan, key))


def texts(drawing: Drawing) -> list[str]:
    shown = list(drawing.captions)
    shown += [text for node in drawing.nodes for text in node.texts]
    shown += [text for link in drawing.links for text in link.texts]
    return [text.text for text in shown]


def senders(way: Way) -> list[str]:
    """The sources in the words of ``awan reach``."""
    found = []
    for source in way.sources:
        found += [source.vm] if source.vm else list(source.networks) or ["internet"]
    return found


def test_all_that_is_drawn_passes_both_walls(plan: Plan) -> None:
    asked, answers = 0, Asked(plan)
    for key in keys(plan):
        for way in ways_to(plan, key):
            for sender in senders(way):
                if way.group == "same":
                    continue
                target = key
                if sender == "internet":
                    address = way.sources[0].id.partition(":")[2]
                    target = next(p.name for p in plan.public if str(p.address) == address)
                for service in way.flow.services:
                    asked += 1
                    answer = answers.reach(sender, target, str(service))
                    assert answer.reachable, (sender, target, service)
    assert asked > 15


def test_no_vm_and_no_network_that_passes_is_missing(plan: Plan) -> None:
    networks = {network.key for network in plan.networks}  # of a VM's own, its neighbours are asked as VMs
    denied, answers = 0, Asked(plan)
    for key in keys(plan):
        own = guest_of(plan, key).nics[0].network
        drawn = {
            (sender, str(service))
            for way in ways_to(plan, key)
            for sender in senders(way)
            for service in way.flow.services
        }
        services = {str(service) for guest in plan.guests for service in guest.serves}
        for sender in [*networks - {own}, *(other for other in keys(plan) if other != key)]:
            network = guest_of(plan, sender).nics[0].network if sender in keys(plan) else sender
            for service in services:
                allowed = answers.reach(sender, key, service).reachable
                denied += not allowed
                assert allowed is bool({(sender, service), (network, service)} & drawn), (
                    sender,
                    key,
                    service,
                )
    assert denied > 20


@pytest.mark.parametrize(("tenants", "vms"), [(0, 0), (45, 3)])
def test_nothing_overlaps_and_no_text_sticks_out(plan: Plan, tenants: int, vms: int) -> None:
    large = grown(plan, tenants, vms)
    ways = Ways(large)
    for key in keys(large):
        drawing = draw_approach(large, ways, key)
        assert boxes_that_meet(drawing) == [], key
        assert texts_that_stick_out(drawing) == [], key
        assert 11 * min(406 / drawing.width, 260 / drawing.height) / 0.3528 >= 6, key


def test_a_publication_comes_from_the_internet_by_its_address(plan: Plan) -> None:
    rule = next(rule for rule in plan.gateways[0].dnat if rule.key == "publish/portal")
    flow = next(f for f in plan.flows if f.key == rule.key)
    assert flow.target.vm
    way = next(w for w in ways_to(plan, flow.target.vm) if w.group == "outside")
    assert [source.id for source in way.sources] == [f"public:{rule.public}"]
    drawing = draw_approach(plan, Ways(plan), flow.target.vm)
    assert any(text.startswith("DNAT to lan") for text in texts(drawing))
    behind = next(w for key in keys(plan) for w in ways_to(plan, key) if w.sources[0].vm == flow.target.vm)
    assert any(str(rule.public) in line for line in behind.sources[0].lines)


def test_a_dated_way_says_when_it_ends(plan: Plan) -> None:
    flow = next(f for f in plan.flows if f.kind == "flow" and f.target.vm)
    dated = replace(flow, until=date(2031, 5, 6))
    changed = replace(plan, flows=tuple(dated if f is flow else f for f in plan.flows))
    assert flow.target.vm
    drawing = draw_approach(changed, Ways(changed), flow.target.vm)
    assert any(text.startswith("until 2031-05-06") for text in texts(drawing))
    assert "dated" in next(link.style for link in drawing.links if link.id == f"flow:{flow.key}")


def test_the_tunnel_leads_to_the_twin_and_carries_no_flow_yet(plan: Plan) -> None:
    away = {network.key for network in plan.networks if network.site != plan.gateways[0].site}
    assert away & {n for flow in plan.flows for side in flow.sources for n in side.networks}
    assert not away & {
        n for key in keys(plan) for w in ways_to(plan, key) for s in w.sources for n in s.networks
    }
    key = next(g.key for g in plan.guests if g.twin)
    tunnel = plan.tunnels[0]
    assert f"tunnel {tunnel.kind}, {tunnel.rate_kbit / 1000:g} Mbit/s" in texts(
        draw_approach(plan, Ways(plan), key)
    )
    cut = replace(plan, tunnels=())
    assert "no tunnel is declared" in texts(draw_approach(cut, Ways(cut), key))


def test_neighbours_of_one_network_do_not_pass_the_gateway(plan: Plan) -> None:
    flow = next(f for f in plan.flows if f.kind == "flow" and f.target.vm)
    key = str(flow.target.vm)
    own = guest_of(plan, key).nics[0]
    neighbour = replace(guest_of(plan, key), key=f"{key}-2", vmid=900, twin=False, ha=None)
    side = Endpoint(text="vm", kind="vm", prefixes=(), networks=(own.network,), vm=neighbour.key)
    itself = replace(side, vm=key)
    network = Endpoint(text="network", kind="networks", prefixes=(), networks=(own.network,), vm=None)
    for sources, words in (((side, itself), neighbour.key), ((network,), "no other VM stands in it")):
        inner = replace(flow, sources=sources)
        guests = (*plan.guests, neighbour) if side in sources else plan.guests
        changed = replace(plan, flows=(inner,), guests=guests)
        ways = ways_to(changed, key)
        assert [way.group for way in ways] == ["same"]
        drawing = draw_approach(changed, Ways(changed), key)
        assert words in texts(drawing)
        boxes = {node.id: node.box for node in drawing.nodes}
        post = boxes[f"gateway:{plan.gateways[0].host}"]
        source = next(node.box for node in drawing.nodes if node.box.x < 20)
        assert post.y + post.h <= source.y + source.h / 2


def test_a_vm_that_nothing_may_reach_says_so(plan: Plan) -> None:
    silent = replace(plan, flows=())
    key = keys(plan)[0]
    drawing = draw_approach(silent, Ways(silent), key)
    assert "Nothing may: no flow leads to it." in texts(drawing)
    assert drawing.links == ()


def test_the_vm_stands_where_it_runs_with_what_stands_in_for_it(plan: Plan) -> None:
    guest = next(g for g in plan.guests if g.ha and any(t.twin and t.key == g.key for t in plan.guests))
    twin = next(g for g in plan.guests if g.twin and g.key == guest.key)
    assert guest.ha
    nodes = {node.id: node for node in draw_approach(plan, Ways(plan), guest.key).nodes}
    assert f"host:{guest.cluster}/{guest.ha.replica}" in nodes
    assert "twin" in nodes[f"vm:{twin.cluster}/{twin.vmid}"].style
    turned = replace(
        plan,
        guests=tuple(replace(g, running=g.twin, ha=None) if g.key == guest.key else g for g in plan.guests),
        tiers=(),
    )
    drawing = draw_approach(turned, Ways(turned), guest.key)
    subject = next(node for node in drawing.nodes if "subject" in node.style)
    assert subject.id == f"vm:{twin.cluster}/{twin.vmid}"
    assert not any(node.id.startswith("host:") for node in drawing.nodes)
    assert not any("RPO" in text for text in texts(drawing))


def test_a_vm_without_a_card_is_drawn_too(plan: Plan) -> None:
    key = keys(plan)[0]
    bare = replace(plan, guests=tuple(replace(g, nics=()) if g.key == key else g for g in plan.guests))
    drawing = draw_approach(bare, Ways(bare), key)
    assert [node.style for node in drawing.nodes if "subject" in node.style]
    for other in keys(bare):
        draw_approach(bare, Ways(bare), other)
