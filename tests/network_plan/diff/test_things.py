# SPDX-License-Identifier: GPL-3.0-or-later
"""What moved is loud, a number that changed hands is seen, the rest is sorted into what was done and what follows."""

from __future__ import annotations

import dataclasses
import json
from datetime import date

import pytest

from network_plan.build import check_texts
from network_plan.diff import compare, markdown, side
from network_plan.diff.things import Thing, taken, things
from network_plan.model.finding import Finding, Severity
from network_plan.model.plan import Plan
from network_plan.model.text import plain
from tests.network_plan.diff.conftest import TODAY, Sides


def test_a_plan_and_itself(full_plan: Plan) -> None:
    assert things(full_plan, full_plan) == ()
    assert taken(full_plan, full_plan) == ()


def test_nothing_differs(sides: Sides) -> None:
    said = markdown(compare(*sides("minimal")))
    assert said == (
        "## Minimal: from <code>before</code> to <code>after</code>, on 2026-11-24\n\n"
        "Nothing differs: the same packets are let in, nothing moved, came or went.\n"
    )


def test_a_site_without_a_plan_is_no_side() -> None:
    with pytest.raises(ValueError, match="the file is missing"):
        side("before", check_texts({}, {}), TODAY)


def test_what_moves_is_loud(sides: Sides) -> None:
    """A ledger line that was edited: the VM has another address, and the page says so first."""
    old, new = sides(
        "minimal",
        ("ledger/address/dinas.ledger", "allot dinas/app/net0 10.1.0.10", "allot dinas/app/net0 10.1.0.99"),
        ("ledger/node/dinas.ledger", "allot dinas/app@dc dc1", "allot dinas/app@dc dc2"),
    )
    found = compare(old, new)
    moved = {f"{thing.noun} {thing.key}": [change.path for change in thing.moved] for thing in found.moved}
    assert moved["VM dinas/app in dc"] == ["nics.net0.addresses", "node"]
    assert "name app.dinas.minimal.example (internal)" in moved
    said = markdown(found)
    assert "- **Moved or renumbered**: **2**, see below" in said
    assert "⚠ Moved or renumbered" in said
    assert (
        "- **VM <code>dinas/app in dc</code>**: nics.net0.addresses 10.1.0.10/24 → 10.1.0.99/24; node dc1 → dc2"
        in said
    )


def test_a_number_that_changed_hands_is_seen(full_plan: Plan, sides: Sides) -> None:
    one, other, *rest = sorted(full_plan.guests, key=lambda guest: (guest.cluster, guest.key))
    assert one.key != other.key
    guests = (
        dataclasses.replace(one, vmid=other.vmid, nics=other.nics),
        dataclasses.replace(other, vmid=one.vmid, nics=one.nics),
        *rest,
    )
    found = taken(full_plan, dataclasses.replace(full_plan, guests=guests))
    assert {item.kind for item in found} == {"VMID", "MAC", "address"}
    mac = next(item for item in found if item.kind == "MAC")
    assert {mac.was, mac.now} == {one.key, other.key}
    old, new = sides("minimal")
    said = markdown(dataclasses.replace(compare(old, new), taken=found, ledger_lines=1, things=(_CAME,)))
    assert (
        f"- **MAC <code>{mac.value}</code>** was <code>{mac.was}</code>'s and is <code>{mac.now}</code>'s now"
        in said
    )


_CAME = Thing(noun="tenant", key="dishub", what="added")


def test_more_memory_is_a_change_and_no_move(sides: Sides) -> None:
    old, new = sides(
        "minimal", ("site/tenants/dinas.yml", "    size: small", "    size: small\n    memory_mib: 999")
    )
    found = compare(old, new)
    assert found.moved == ()
    assert [(thing.key, [change.path for change in thing.changes]) for thing in found.things] == [
        ("dinas/app in dc", ["memory_mib"])
    ]
    assert (found.allowed, found.denied, found.redirected) == ((), (), ())
    share = next(share for share in found.cost.shares if share.name == "MiB of memory in dc")
    assert (
        share.used[1] - share.used[0] == share.left[0] - share.left[1] == 999 - old.plan.guests[0].memory_mib
    )
    assert "| MiB of memory in dc | " in markdown(found)


def test_the_json_is_the_whole_value(sides: Sides) -> None:
    old, new = sides("minimal", ("site/tenants/dinas.yml", "kind: dinas", "kind: badan"))
    found = json.loads(json.dumps(plain(compare(old, new))))
    assert found["schema"] == 1
    assert found["things"][0]["changes"] == [
        {"path": "kind", "old": "dinas", "new": "badan", "derived": False}
    ]


def test_ledger_lines_alone_are_a_difference(sides: Sides) -> None:
    old, new = sides("minimal")
    more = dataclasses.replace(new, plan=dataclasses.replace(new.plan, serial=new.plan.serial + 2))
    found = compare(old, more)
    assert found.differs
    assert "What is compiled from it: 1 changed, +2 ledger lines" in markdown(found)


def test_long_lists_are_folded_and_whole(sides: Sides) -> None:
    flows = "".join(
        f"  many-{number}:\n    from: [office:dinas]\n    to: vm:app\n    ports: [tcp/{9000 + 2 * number}]\n    why: n\n"
        for number in range(14)
    )
    said = markdown(compare(*sides("minimal", ("site/tenants/dinas.yml", "flows:\n", f"flows:\n{flows}"))))
    assert "<details><summary>14 things</summary>" in said
    assert "<details><summary>14 passages</summary>" in said
    assert said.count("- added: flow ") == 14
    assert said.count("<details>") == said.count("</details>") == 3


def test_an_answer_of_capacity_that_turns_is_said(sides: Sides) -> None:
    """Memory is taken out of the hosts: what fitted fits no longer."""
    old, new = sides("minimal")
    nodes = [
        tuple(dataclasses.replace(node, memory_mib=node.reserve_mib + 1) for node in cluster.nodes)
        for cluster in new.plan.clusters
    ]
    clusters = tuple(
        dataclasses.replace(cluster, nodes=made)
        for cluster, made in zip(new.plan.clusters, nodes, strict=True)
    )
    small = dataclasses.replace(new, plan=dataclasses.replace(new.plan, clusters=clusters))
    found = compare(old, small)
    assert ("yes", "no") in {item.fits for item in found.cost.verdicts}
    assert "- Have the VMs memory, cores and disk? yes: " in markdown(found)


def test_a_finding_that_says_something_else_is_no_new_one(sides: Sides) -> None:
    old, new = sides("minimal")
    finding = Finding(
        severity=Severity.WARNING, rule="GW-3", what="it ends, in 9 days", cure="x", path=("a",)
    )
    later = dataclasses.replace(finding, what="it ends, in 1 day")
    other = dataclasses.replace(finding, what="it ended")
    elsewhere = dataclasses.replace(finding, what="another", path=())
    before = dataclasses.replace(old, findings=(finding,))
    assert not compare(before, dataclasses.replace(new, findings=(later,))).differs
    found = compare(before, dataclasses.replace(new, findings=(other, elsewhere)))
    assert (found.found, found.gone, found.reworded) == ((elsewhere,), (), ((finding, other),))
    assert "- warning that now says: it ended; before: it ends, in 9 days (GW-3)" in markdown(found)
    twice = compare(
        before, dataclasses.replace(new, findings=(other, dataclasses.replace(other, what="gone")))
    )
    assert (len(twice.found), len(twice.gone), twice.reworded) == (2, 1, ())


def test_what_ends_between_two_days(sides: Sides) -> None:
    edit = (
        "site/tenants/dinas.yml",
        "    why: the counter",
        "    why: the <b>counter</b>\n    until: 2026-12-31",
    )
    days = {"since": date(2026, 12, 31), "today": date(2027, 1, 1)}
    dated = sides("minimal", edit)[1]
    old, new = (dataclasses.replace(dated, today=day) for day in days.values())
    found = compare(old, new)
    assert [(item.noun, item.key, item.until) for item in found.ended] == [
        ("flow", "dinas/office-to-app", date(2026, 12, 31))
    ]
    assert {item.state for item in found.denied} == {"ran out after 2026-12-31"}
    assert found.idle == ()
    assert "the &lt;b&gt;counter&lt;/b&gt;" in markdown(found)
