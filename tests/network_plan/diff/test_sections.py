# SPDX-License-Identifier: GPL-3.0-or-later
"""Every value of the Plan is in one section, so that no change of it can be missed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from network_plan.diff.flat import Leaf, changes, leaves
from network_plan.diff.sections import LISTED, SECTIONS
from network_plan.model.plan import Plan
from network_plan.model.text import plain

PLANS = ["minimal_plan", "full_plan", "dual_plan"]


def _count(data: object) -> int:
    """Plain values and lists of them, in plain data."""
    if isinstance(data, Mapping):
        return sum(_count(item) for item in data.values())
    if isinstance(data, list) and any(isinstance(item, (list, Mapping)) for item in data):
        return sum(_count(item) for item in data)
    return 1


@pytest.mark.parametrize("name", PLANS)
def test_no_value_is_in_no_section_or_in_two(name: str, request: pytest.FixtureRequest) -> None:
    plan: Plan = request.getfixturevalue(name)
    found = sum(
        len(leaves(section.view(item), section.without))
        for section in SECTIONS
        for _, item in section.items(plan)
    )
    said_together = sum(
        len(flow.sources) - 1 for flow in plan.flows
    )  # the words of a flow's sources are one list
    assert found == _count(plain(plan)) - _empty(plan) - said_together


def _empty(plan: Plan) -> int:
    """Lists that hold nothing count as a value in the whole, and as no thing of their section."""
    lists = [getattr(plan, name) for name in LISTED]
    for cluster in plan.clusters:
        lists += [
            cluster.nodes,
            cluster.vnets,
            cluster.roles,
            cluster.access,
            cluster.storages,
            cluster.backups,
        ]
        lists += [cluster.tokens, cluster.firewall.aliases, cluster.firewall.ipsets, cluster.firewall.groups]
        lists += [cluster.firewall.rules]
    for gateway in plan.gateways:
        lists += [gateway.forward, gateway.input, gateway.dnat, gateway.snat, gateway.blocked]
    return sum(not item for item in (*lists, *(guest.firewall.rules for guest in plan.guests)))


@pytest.mark.parametrize("name", PLANS)
def test_no_two_things_of_a_section_share_a_key(name: str, request: pytest.FixtureRequest) -> None:
    plan: Plan = request.getfixturevalue(name)
    for section in SECTIONS:
        keys = [key for key, _ in section.items(plan)]
        assert len(keys) == len({*keys}), section.noun
        for _, item in section.items(plan):
            assert isinstance(section.brief(item), str)


def test_the_fields_that_have_a_section_are_the_plans() -> None:
    assert {field.name for field in dataclasses.fields(Plan)} >= LISTED


def test_values_as_people_read_them() -> None:
    data = {"a": [1, 2], "b": [{"key": "x", "on": True}, {"key": "x", "on": None}], "c": [], "d": [[1], [2]]}
    assert {path: str(leaf) for path, leaf in leaves(data, frozenset({"c"})).items()} == {
        "a": "1, 2",
        "b.0.key": "x",
        "b.0.on": "yes",
        "b.1.key": "x",
        "b.1.on": "none",
        "d.0": "1",
        "d.1": "2",
    }
    assert leaves(7) == {"": Leaf(path="", texts=("7",))}


def test_of_two_lists_only_what_the_other_lacks_is_said() -> None:
    old, new = leaves({"a": ["x", "y"], "b": ["x", "y"]}), leaves({"a": ["y", "z"], "b": ["y", "x"], "c": 1})
    assert [(item.path, item.old, item.new) for item in changes(old, new)] == [
        ("a", "x", "z"),
        ("b", "x, y", "y, x"),
        ("c", None, "1"),
    ]
