# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway's rules as ``nft`` lists them against those of the Plan: which line, where, and nothing besides."""

from __future__ import annotations

import json

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from network_plan.render.shaping import render_trees
from scripts.toolchain.paths import ROOT
from scripts.verify.difference import Report
from scripts.verify.host import CLASSES, OURS, TABLES, compare_host, expected, listed
from tests.small import SMALL

LISTING = """table inet awan {
    set flows {
        type ipv4_addr . inet_service
        elements = { 10.0.0.1 . 22 comment "a",
                 10.0.0.2 . 443 comment "b, with a comma",
                 10.0.0.3 . 53 comment "c" }
    }

    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state vmap { established : accept, related : accept }
    }
}
"""


SHAPE = "table inet awan_shape {\n    chain up {\n    }\n}\n"


class Kernel:
    """A host whose ``nft`` lists what the test says; everything else is silent."""

    name = "gw1"

    def __init__(self, live: str, tables: str, classes: str = "[]") -> None:
        self._said = {listed(OURS[0]): live, expected(OURS[0]): LISTING, TABLES: tables}
        self._said |= {listed(OURS[1]): SHAPE, expected(OURS[1]): SHAPE, CLASSES.format("wan0"): classes}

    def run(self, command: str, text: str = "") -> tuple[int, str, str]:
        loads = command in map(expected, OURS)
        assert bool(text) == loads, "the planned rules go to the commands that load them, and to no other"
        return int(command == CLASSES.format("trunk0")), self._said.get(command, ""), ""


def _report(plan: Plan, live: str, tables: str = "table inet awan\n") -> Report:
    return compare_host(plan, plan.gateways[0], Kernel(live, tables))


def _rules(plan: Plan, live: str) -> list[str]:
    return [str(found) for found in _report(plan, live).differences if found.thing.startswith("nftables")]


def test_equal_rules_are_no_difference(plan: Plan) -> None:
    assert _rules(plan, LISTING) == []


def test_a_lost_first_element_is_one_difference(plan: Plan) -> None:
    live = LISTING.replace('elements = { 10.0.0.1 . 22 comment "a",\n                 ', "elements = { ")
    assert _rules(plan, live) == [
        'gw1: nftables set flows: the line is missing, the Plan says 10.0.0.1 . 22 comment "a"'
    ]


def test_an_element_and_a_rule_too_many(plan: Plan) -> None:
    live = LISTING.replace('comment "c" }', 'comment "c",\n                 10.9.9.9 . 1 }')
    live = live.replace("related : accept }", "related : accept }\n        accept")
    assert _rules(plan, live) == [
        "gw1: nftables set flows: the line 10.9.9.9 . 1 is not in the Plan",
        "gw1: nftables chain forward: the line accept is not in the Plan",
    ]


def test_another_table_is_only_listed(plan: Plan) -> None:
    report = _report(plan, LISTING, "table inet awan\ntable inet awan_shape\ntable ip docker\n")
    assert [found.thing for found in report.unmanaged] == ["nftables table ip docker"]


def test_a_class_that_is_missing_is_a_difference_and_a_trunk_that_is_not_there_none(plan: Plan) -> None:
    (up, down) = render_trees(plan, plan.gateways[0])
    assert down.device == "trunk0"

    def said(handles: tuple[str, ...]) -> list[str]:
        rows = json.dumps([{"handle": handle} for handle in handles])
        report = compare_host(plan, plan.gateways[0], Kernel(LISTING, "table inet awan\n", rows))
        return [str(found) for found in report.differences if "classes" in str(found)]

    assert said(up.handles) == []
    (difference,) = said(up.handles[:-1])
    assert difference.startswith("gw1: interface wan0: classes of the line is")


def test_of_ipv6_forwarding_belief_in_routers_and_the_default_route_are_compared() -> None:
    """A site without IPv6 asks nothing of it."""
    dual = load_plan(ROOT / "tests" / "sites" / "dual" / "site")
    found = {found.what: found.planned for found in _report(dual, LISTING).differences}
    assert found["net.ipv6.conf.all.forwarding"] == "1"
    assert found["net.ipv6.conf.wan0.accept_ra"] == "0"
    assert found["IPv6 default route"] == str(dual.gateways[0].isp6)
    four = {found.what for found in _report(load_plan(SMALL), LISTING).differences}
    assert not any("ipv6" in what.lower() for what in four)
