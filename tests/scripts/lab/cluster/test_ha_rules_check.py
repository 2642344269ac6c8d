# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which HA rules contradict each other."""

from __future__ import annotations

import pytest

from scripts.lab.cluster.ha_rules_check import check_feasibility

NODES = ["dc1", "dc2", "dc3"]
ON_1 = {"type": "node-affinity", "resources": ["vm:1"], "nodes": {"dc1": 2, "dc2": 1}}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"a": ON_1}, {}),
        ({"a": ON_1, "b": {**ON_1, "disable": 1}}, {}),
        ({"a": ON_1, "b": ON_1}, {"a": "already used in another node", "b": "already used in another node"}),
        ({"a": {**ON_1, "affinity": "negative", "nodes": dict.fromkeys(NODES, 0)}}, {"a": "all cluster nodes"}),
        ({"a": {**ON_1, "affinity": "negative"}}, {"a": "must not specify node priorities"}),
        ({"t": {"type": "resource-affinity", "affinity": "positive", "resources": ["vm:1"]}}, {"t": "ineffective"}),
        (
            {"n": {"type": "resource-affinity", "affinity": "negative", "resources": [f"vm:{n}" for n in range(4)]}},
            {"n": "more resources than available nodes"},
        ),
        (
            {
                "t": {"type": "resource-affinity", "affinity": "positive", "resources": ["vm:1", "vm:2"]},
                "u": {"type": "resource-affinity", "affinity": "positive", "resources": ["vm:2", "vm:3"]},
                "n": {"type": "resource-affinity", "affinity": "negative", "resources": ["vm:1", "vm:3"]},
            },
            dict.fromkeys("tun", "shares two or more resources"),
        ),
        (
            {"a": ON_1, "t": {"type": "resource-affinity", "affinity": "positive", "resources": ["vm:1", "vm:2"]}},
            {"a": "multiple priorities", "t": "multiple priorities"},
        ),
        (
            {
                "a": {**ON_1, "nodes": {"dc1": 0}},
                "b": {**ON_1, "resources": ["vm:2"], "nodes": {"dc2": 0}},
                "t": {"type": "resource-affinity", "affinity": "positive", "resources": ["vm:1", "vm:2"]},
            },
            {"a": "at least one other", "b": "at least one other", "t": "in multiple node affinity rules"},
        ),
        (
            {
                "a": {**ON_1, "resources": ["vm:1", "vm:2"], "nodes": {"dc1": 0}},
                "n": {"type": "resource-affinity", "affinity": "negative", "resources": ["vm:1", "vm:2"]},
            },
            {"a": "restrict these to less nodes", "n": "restricted to less nodes"},
        ),
    ],
)  # fmt: skip
def test_rules_that_contradict_each_other(
    rules: dict[str, dict[str, object]], expected: dict[str, str]
) -> None:
    errors = check_feasibility(rules, NODES)
    assert set(errors) == set(expected)
    for name, words in expected.items():
        assert words in " ".join(why for reasons in errors[name].values() for why in reasons)
