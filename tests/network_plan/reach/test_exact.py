# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of sets of packets is what is said of each packet, in every kind of packet that a Plan tells apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.reach.judge import Judge
from network_plan.reach.packet import Packet, Step, Verdict
from network_plan.reach.permits import Permits
from network_plan.reach.places import Places
from network_plan.reach.target import targets_at
from network_plan.reach.trip import Way
from network_plan.reach.ways import Ways
from network_plan.space import services
from network_plan.space.prefixes import FAMILIES, WHOLE, Family, address
from network_plan.space.region import Region
from tests.network_plan.reach.world import TODAY, address_kinds, ingress_of, service_kinds, worlds

CASES = yaml.load(Path(__file__).with_name("cases.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@pytest.fixture(scope="module", params=["cases", "dual"])
def plan(request: pytest.FixtureRequest, planned: Callable[..., Plan]) -> Plan:
    if request.param == "cases":
        return planned(*((edit["file"], edit["old"], edit["new"]) for edit in CASES["edits"]))
    plan: Plan = request.getfixturevalue("dual_plan")
    return plan


def walls(steps: tuple[Step, ...]) -> list[Step]:
    """Without the sender's own firewall where that lets everything out: ways say it of single VMs only."""
    return [step for step in steps if step.wall != "sender" or not step.passed]


def ways_to(ways: Ways, destination: int) -> list[Way]:
    """Everything that is sent to an address, from everywhere."""
    found = [
        way
        for target in targets_at(ways.places, ((destination, destination),))
        for way in ways.to(target, WHOLE[ways.places.family])
    ]
    if any(low <= destination <= high for low, high in ways.places.public) and not found:
        found = ways.to_public(destination, WHOLE[ways.places.family])
    return found


def some(kinds: list[int], chance: Random | None) -> list[int]:
    """All kinds, or a dozen of them."""
    return kinds if chance is None else chance.sample(kinds, min(12, len(kinds)))


def compared(
    plan: Plan, family: Family, chance: Random | None = None, other: Plan | None = None
) -> Iterator[tuple[Way, Verdict, Packet]]:
    """Every kind of packet, or some by chance, with both answers; the single packets on another Plan where one is given."""
    ways, judge, places = Ways(plan, family, TODAY), Judge(other or plan, TODAY), Places(plan, family)
    wanted = some(service_kinds(plan), chance)
    kinds = address_kinds(plan, family)
    for destination in some(kinds, chance):
        found = ways_to(ways, destination)
        for source in some(kinds, chance):
            here = [way for way in found if any(a <= source <= b for a, b in way.region.sources)]
            ingress = ingress_of(places, source)
            for service in wanted:
                holding = [way for way in here if way.region.contains(source, destination, service)]
                assert len(holding) == 1, (address(family, source), address(family, destination), service)
                if ingress is None:
                    assert not holding[0].delivered
                    continue
                proto, port = services.decode(service)
                packet = Packet(
                    ingress=ingress,
                    source=address(family, source),
                    destination=address(family, destination),
                    proto=proto,
                    port=port,
                )
                yield holding[0], judge.judge(packet), packet


@dataclass(frozen=True)
class Kept:
    """A Plan that is not printed whole when a test fails."""

    plan: Plan = field(repr=False)


def agree(plan: Plan, chance: Random | None = None, families: Sequence[Family] = FAMILIES) -> int:
    """Compare everything; returns how many kinds of packets are delivered."""
    delivered = 0
    for family in families:
        for way, verdict, packet in compared(plan, family, chance):
            assert way.delivered is verdict.delivered, (packet, way.steps, verdict.steps)
            assert walls(way.steps) == walls(verdict.steps), packet
            assert not verdict.delivered or way.target == verdict.target, packet
            delivered += verdict.delivered
    return delivered


def test_of_a_compiled_plan(plan: Plan, request: pytest.FixtureRequest) -> None:
    """IPv4 in the site with the richer rules, IPv6 in the one that has it."""
    family: Family = 6 if request.node.callspec.params["plan"] == "dual" else 4
    assert agree(plan, families=(family,)) > 200


def test_the_permits_are_what_is_delivered(plan: Plan) -> None:
    permits = Permits(plan, TODAY)
    for family in FAMILIES:
        ways = Ways(plan, family, TODAY)
        wanted: dict[str, list[Region]] = {}
        for way in (way for number in address_kinds(plan, family) for way in ways_to(ways, number)):
            if way.delivered:
                wanted.setdefault(way.target, []).append(way.region)
        assert set(wanted) <= set(permits.targets)
        for key in permits.targets:
            assert permits.region(key, family).covers(Region.union(wanted.get(key, [])))
            of = [way.region for way in permits.of(key) if way.family == family]
            assert sum(region.count() for region in of) == permits.region(key, family).count(), key
    assert not permits.region("vm:nobody/nothing", 4)


def test_of_rules_that_no_compiler_writes(plan: Plan) -> None:
    """Rules to anywhere, chains that drop, walls that are off, senders that may not send: still packet by packet."""

    @settings(max_examples=50, deadline=None, derandomize=True)
    @given(worlds(plan).map(Kept), st.integers(0, 1000).map(Random))
    def check(world: Kept, chance: Random) -> None:
        agree(world.plan, chance)

    check()


def _forward(plan: Plan, key: str, **edit: Any) -> Plan:
    gateway = plan.gateways[0]
    rules = tuple(dataclasses.replace(r, **edit) if r.key == key else r for r in gateway.forward)
    return dataclasses.replace(plan, gateways=(dataclasses.replace(gateway, forward=rules),))


def _firewall(plan: Plan, key: str, **edit: Any) -> Plan:
    guests = tuple(
        dataclasses.replace(guest, firewall=dataclasses.replace(guest.firewall, **edit))
        if guest.key == key
        else guest
        for guest in plan.guests
    )
    return dataclasses.replace(plan, guests=guests)


def _named(plan: Plan, name: str) -> Plan:
    """An alias that means another address."""
    clusters = tuple(
        dataclasses.replace(
            cluster,
            firewall=dataclasses.replace(
                cluster.firewall,
                aliases=tuple(
                    dataclasses.replace(alias, cidr="192.0.2.1") if alias.name == name else alias
                    for alias in cluster.firewall.aliases
                ),
            ),
        )
        for cluster in plan.clusters
    )
    return dataclasses.replace(plan, clusters=clusters)


MUTANTS: dict[str, Callable[[Plan], Plan]] = {
    "a port more": lambda plan: _forward(
        plan, "dinas/office-to-app", services=(Service.parse("tcp/443-444"),)
    ),
    "a wider source": lambda plan: _forward(
        plan, "dinas/state-to-app", sources=plan.network("kominfo/servers").prefixes
    ),
    "another target": lambda plan: _forward(
        plan, "publish/www", destinations=plan.network("kominfo/servers").prefixes
    ),
    "a day sooner": lambda plan: _forward(plan, "dinas/state-to-app", until=date(2026, 11, 23)),
    "no rules of its own": lambda plan: _firewall(plan, "dinas/worker", rules=()),
    "another policy": lambda plan: _firewall(plan, "dinas/app", policy_in="ACCEPT"),
    "a wall that is off": lambda plan: _firewall(plan, "dinas/app", enable=False),
    "no address of its own": lambda plan: _firewall(plan, "dinas/worker", ipsets=()),
    "an alias of another": lambda plan: _named(plan, "vm-kominfo-state"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_rule_that_is_changed_is_noticed(planned: Callable[..., Plan], mutant: str) -> None:
    """So that the comparison above is one that can fail: the sets of one Plan, the packets of another."""
    plan = planned(*((edit["file"], edit["old"], edit["new"]) for edit in CASES["edits"]))
    changed = MUTANTS[mutant](plan)
    assert changed != plan
    assert any(
        (way.delivered, walls(way.steps)) != (verdict.delivered, walls(verdict.steps))
        for way, verdict, _ in compared(plan, 4, other=changed)
    )
