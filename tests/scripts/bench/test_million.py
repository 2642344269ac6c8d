# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger that is measured is one that holds, with everything that a ledger has."""

from __future__ import annotations

from network_plan.allocate.replay import check_ledger
from network_plan.model.ledger import Act, Kind
from network_plan.parse.ledger import parse_ledger
from scripts.bench.million import ledger_texts

LINES = 20_000


def test_the_measured_ledger_holds_together() -> None:
    texts = {**ledger_texts(LINES), "site_role.ledger": "schema 1\nprimary 1 dc\n"}
    ledger, findings = parse_ledger(texts, "l")
    assert findings == []
    assert check_ledger(ledger, frozenset({"dc"}), "l") == []
    assert LINES <= ledger.lines <= LINES + 10
    assert {entry.act for entry in ledger.entries} == {Act.ALLOT, Act.RELEASE, Act.RECLAIM}
    assert {kind for kind, _ in ledger.live()} == {
        Kind.VMID,
        Kind.MAC,
        Kind.ADDRESS,
        Kind.NODE,
        Kind.REPLICA,
        Kind.PREFIX,
    }


def test_the_check_that_is_measured_finds_what_is_wrong() -> None:
    texts = ledger_texts(LINES)
    texts["vmid/t0.ledger"] += "allot t0/thief 201\n"
    ledger, _ = parse_ledger(texts, "l")
    found = [finding.rule for finding in check_ledger(ledger, None, "l")]
    assert found == ["ledger/taken", "ledger/role"]
