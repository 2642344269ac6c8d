# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets of two sides: what the flow did, what stops them now, both families; complete, judged one by one."""

from __future__ import annotations

import itertools

import pytest

from network_plan.diff import Difference, compare, markdown
from tests.network_plan.diff.conftest import Sides
from tests.scripts.diff import brute

MINIMAL = "site/tenants/dinas.yml"


def _complete(found: Difference, sides: tuple[object, object], every: int) -> None:
    """Every boundary of the site, crossed; of these one in ``every``."""
    old, new = sides
    plans = (old.plan, new.plan)  # type: ignore[attr-defined]
    tenants = [tenant.key for plan in plans for tenant in plan.tenants]
    asked = brute.questions(brute.addresses(plans, tenants), brute.services(plans, 4, 3))
    delivered = brute.Delivered(old), brute.Delivered(new)  # type: ignore[arg-type]
    some = list(itertools.islice(asked, 0, None, every))
    assert len(some) > 300
    assert brute.wrong(delivered, found.allowed, found.denied, found.redirected, some) == []


def test_a_flow_that_is_changed(sides: Sides) -> None:
    two = sides("minimal", (MINIMAL, "    why: the counter", "    ports: [tcp/8443]\n    why: the counter"))
    found = compare(*two)
    said = {(item.row.services, item.state) for item in (*found.allowed, *found.denied)}
    assert said == {(("tcp/8443",), "changed"), (("tcp/443",), "changed")}
    _complete(found, two, 11)


def test_a_flow_that_is_taken_out(sides: Sides) -> None:
    two = sides(
        "minimal",
        (
            MINIMAL,
            "flows:\n  office-to-app:\n    from: [office:dinas]\n    to: vm:app\n    why: the counter\n",
            "",
        ),
    )
    found = compare(*two)
    assert {(item.flow, item.state, item.why) for item in found.denied} == {
        ("dinas/office-to-app", "taken out", "the counter")
    }
    assert found.idle == ()
    assert found.busy == ()
    _complete(found, two, 11)


def test_a_flow_that_another_hides_is_without_effect(sides: Sides) -> None:
    wide = "flows:\n  a-first:\n    from: [offices]\n    to: vm:app\n    why: all offices\n"
    two = sides("minimal", (MINIMAL, "flows:\n", wide))
    found = compare(*two)
    assert found.idle == ("dinas/office-to-app",)
    assert "<code>dinas/office-to-app</code> lets nothing through that another rule does not" in markdown(
        found
    )
    back = compare(two[1], two[0])
    assert back.busy == ("dinas/office-to-app",)
    assert "<code>dinas/office-to-app</code> lets something through again" in markdown(back)


def test_a_sanction_stops_what_flows_still_allow(sides: Sides) -> None:
    block = (
        "sanctions:\n  spam: {target: dinas, measure: block, until: 2026-12-31, reason: spam was sent, "
        'source: "assumption: a test of sanctions"}\n'
    )
    two = sides("minimal", ("site/services.yml", "schema: 1\n", f"schema: 1\n{block}"))
    found = compare(*two)
    assert {item.state for item in found.denied if item.flow == "dinas/office-to-app"} == {
        "stopped by gateway gw1 (forward): sanction/spam"
    }
    _complete(found, two, 11)


@pytest.mark.parametrize("every", [60])
def test_both_families(sides: Sides, every: int) -> None:
    """A publication opens the public address of IPv4 and the VM's own one of IPv6: each is said of its family alone."""
    publish = (
        "publish:\n  simrs:\n    vm: rsud/simrs\n    ports: [tcp/443]\n    why: patients book\n"
        '    source: "assumption: a test of sanctions"\n'
    )
    two = sides(
        "dual",
        ("site/services.yml", "publish:\n", publish),
        ("ledger/public/diskominfo.ledger", "schema 1\n", "schema 1\nallot publish/simrs 203.0.113.14\n"),
    )
    found = compare(*two)
    exposed = [item for item in found.allowed if item.exposed]
    assert {item.family for item in exposed} == {4, 6}
    said = markdown(found)
    assert "### Newly open to the internet" in said
    assert "(IPv4 alone)" in said
    assert "(IPv6 alone)" in said
    _complete(found, two, every)


def test_an_office_that_is_gone(sides: Sides) -> None:
    flows = "flows:\n  office-to-app:\n    from: [office:dinas]\n    to: vm:app\n    why: the counter\n"
    office = 'offices:\n  main: {title: Kantor, transport: fibre, hosts: 20, source: "assumption: twenty devices"}\n'
    two = sides("minimal", (MINIMAL, flows, ""), (MINIMAL, office, ""))
    found = compare(*two)
    gone = {item.state for item in found.denied if item.end_gone}
    assert gone == {"nobody has the source's address now", "nobody has the target's address now"}
    assert "### Denied because an end is gone" in markdown(found)
    _complete(found, two, 11)


def test_hostile_names_stay_text(sides: Sides) -> None:
    why = "    why: '</details><script>alert(1)</script> | **x** [y](z) @all'"
    two = sides("minimal", (MINIMAL, "    why: the counter", f"    ports: [icmp]\n{why}"))
    said = markdown(compare(*two))
    assert "<script" not in said
    assert said.count("</details>") == said.count("<details>")
    rows = [line for line in said.splitlines() if line.startswith("| ")]
    assert {line.count(" | ") for line in rows if "alert" in line} == {3}
