# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule sets by key: any live order becomes the wanted one with the fewest moves, as PVE makes them."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pve_provider.resources.firewall_rules import converge, decode, encode, next_move

KEYS = [f"k{number}" for number in range(7)]


def moved(live: list[str], source: int, target: int) -> list[str]:
    """PVE's `moveto`: in front of the rule now at the target, counted before the move."""
    rest = [key for index, key in enumerate(live) if index != source]
    at = target - 1 if source < target else target
    return [*rest[:at], live[source], *rest[at:]]


def longest_rising(ranks: list[int]) -> int:
    for size in range(len(ranks), 0, -1):
        if any(list(found) == sorted(found) for found in combinations(ranks, size)):
            return size
    return 0


@settings(deadline=None)
@given(st.permutations(KEYS), st.integers(0, 7), st.lists(st.sampled_from(["x1", "x2"]), unique=True))
def test_the_wanted_order_comes_with_the_fewest_moves(
    live: list[str], count: int, strange: list[str]
) -> None:
    wanted = KEYS[:count]
    here = [key for key in live if key in wanted]
    for index, key in enumerate(strange):
        here.insert(min(len(here), index * 3), key)
    ranks = [wanted.index(key) for key in here if key in wanted]
    moves = 0
    while (move := next_move(wanted, here)) is not None:
        here = moved(here, *move)
        moves += 1
        assert moves <= len(wanted)
    assert [key for key in here if key in wanted] == wanted
    assert moves == len(wanted) - longest_rising(ranks)


def as_sent(rule: dict[str, Any]) -> dict[str, Any]:
    """As the API receives it: no booleans."""
    return {name: int(value) if isinstance(value, bool) else value for name, value in rule.items()}


class Firewall:
    """A rule list that behaves as PVE's does."""

    def __init__(self, rules: list[dict[str, Any]]) -> None:
        self.rules, self.writes = rules, 0

    def get(self, _path: str) -> list[dict[str, Any]]:
        return [{**rule, "pos": index, "digest": str(self.writes)} for index, rule in enumerate(self.rules)]

    def post(self, _path: str, _policy: object, **rule: Any) -> None:
        self.writes += 1
        self.rules.insert(0, as_sent(rule))

    def put(self, path: str, _policy: object, digest: str, **given: Any) -> None:
        assert digest == str(self.writes)
        self.writes += 1
        at = int(path.rpartition("/")[2])
        if "moveto" in given:
            target = given["moveto"]
            rule = self.rules[at]
            rest = [item for index, item in enumerate(self.rules) if index != at]
            self.rules = [*rest[: target - (at < target)], rule, *rest[target - (at < target) :]]
            return
        for name in (given.pop("delete") or "").split(","):
            self.rules[at].pop(name, None)
        self.rules[at].update(as_sent(given))

    def delete(self, path: str, _policy: object, digest: str) -> None:
        assert digest == str(self.writes)
        self.writes += 1
        del self.rules[int(path.rpartition("/")[2])]


class Run:
    """The part of a run that rules use."""

    def __init__(self, firewall: Firewall) -> None:
        self.api = firewall


RULE = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["in", "out"]),
        "action": st.sampled_from(["ACCEPT", "DROP"]),
        "enable": st.booleans(),
    },
    optional={"dport": st.sampled_from(["22", "443"]), "log": st.just("info"), "comment": st.just("why")},
)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(KEYS), RULE),
    st.dictionaries(st.sampled_from(KEYS), RULE),
    st.lists(RULE, max_size=3),
    st.randoms(use_true_random=False),
)
def test_any_rule_set_becomes_the_wanted_one(
    live: dict[str, Any], wanted: dict[str, Any], foreign: list[dict[str, Any]], random: Any
) -> None:
    here = [as_sent(encode({"key": key, **rule})) for key, rule in live.items()]
    here += [as_sent(rule) for rule in foreign]
    random.shuffle(here)
    firewall = Firewall(here)
    run: Any = Run(firewall)
    rules = [{"key": key, **rule} for key, rule in wanted.items()]
    converge(run, "/rules", rules)
    assert decode(firewall.get("/rules")) == rules
    before = firewall.writes
    converge(run, "/rules", rules)
    assert firewall.writes == before


def test_a_key_that_stands_twice_is_foreign_the_second_time() -> None:
    rows = [{"pos": n, "type": "in", "action": "DROP", "enable": 1, "comment": "[a] text"} for n in range(2)]
    assert [rule["key"] for rule in decode(rows)] == ["a", "foreign-1"]
