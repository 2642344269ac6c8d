# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway's rules as ``nft`` lists them against those of the Plan: which line, where, and nothing besides."""

from __future__ import annotations

from network_plan.model.plan import Plan
from scripts.verify.difference import Report
from scripts.verify.host import EXPECTED, LIST, TABLES, compare_host

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


class Kernel:
    """A host whose ``nft`` lists what the test says; everything else is silent."""

    name = "gw1"

    def __init__(self, live: str, tables: str = "table inet awan\n") -> None:
        self._said = {LIST: live, EXPECTED: LISTING, TABLES: tables}

    def run(self, command: str, text: str = "") -> tuple[int, str, str]:
        assert bool(text) == (command == EXPECTED), "the planned rules go to the one command that loads them"
        return 0, self._said.get(command, ""), ""


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
    report = _report(plan, LISTING, "table inet awan\ntable ip docker\n")
    assert [found.thing for found in report.unmanaged] == ["nftables table ip docker"]
