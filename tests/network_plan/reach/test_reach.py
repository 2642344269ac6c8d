# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches what in a small regency, and which rule decides it; each line of the tables is one question."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from network_plan.model.plan import Plan
from network_plan.reach import Asked, ReachError, Reply, Row

CASES = yaml.load(Path(__file__).with_name("cases.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
TODAY = date(2026, 11, 24)


def _name(case: dict[str, str]) -> str:
    return f"{case['from']} to {case['to']} {case['service']}"


@pytest.fixture(scope="module")
def plan(planned: Callable[..., Plan]) -> Plan:
    return planned(*((edit["file"], edit["old"], edit["new"]) for edit in CASES["edits"]))


@pytest.fixture(scope="module")
def asked(plan: Plan) -> Asked:
    return Asked(plan, TODAY)


def _reach(plan: Plan, source: str, target: str, service: str, today: date | None = None) -> Reply:
    return Asked(plan, today).reach(source, target, service)


def _steps(row: Row) -> list[str]:
    return [f"{'' if step.passed else '!'}{step.where}: {step.rule}" for step in row.steps]


def _only(reply: Reply) -> Row:
    assert len(reply.answers) == 1, reply
    assert len(reply.answers[0].rows) == 1, reply.answers[0].rows
    return reply.answers[0].rows[0]


@pytest.mark.parametrize("case", CASES["passes"], ids=_name)
def test_what_is_let_through(asked: Asked, case: dict[str, Any]) -> None:
    reply = asked.reach(case["from"], case["to"], case["service"])
    assert reply.reachable
    assert _steps(_only(reply)) == case["steps"]


@pytest.mark.parametrize("case", CASES["stops"], ids=_name)
def test_what_is_stopped(asked: Asked, case: dict[str, Any]) -> None:
    reply = asked.reach(case["from"], case["to"], case["service"])
    assert not reply.anything
    assert _steps(_only(reply)) == case["steps"]


@pytest.mark.parametrize("case", CASES["parts"], ids=_name)
def test_what_a_part_of_may(asked: Asked, case: dict[str, Any]) -> None:
    """Each row with who, what and which rule decides; together they are all that was asked."""
    reply = asked.reach(case["from"], case["to"], case["service"])
    assert reply.answers[0].says == "part"
    assert not reply.reachable
    assert reply.anything
    assert [
        f"{'yes' if row.delivered else 'no'}: {', '.join(row.sources)} → {', '.join(row.targets)} "
        f"{', '.join(row.services)}: {row.rule}"
        for row in reply.answers[0].rows
    ] == case["rows"]


@pytest.mark.parametrize(
    ("source", "target", "service", "last"),
    [
        ("internet", "www", "tcp/443", date(2027, 6, 30)),
        ("kominfo/state", "dinas/app", "tcp/8000", date(2026, 12, 31)),
        ("office:dinas", "gateway", "udp/123", date(2027, 1, 31)),
    ],
)
def test_a_dated_rule_holds_on_its_last_day_and_not_after(
    plan: Plan, source: str, target: str, service: str, last: date
) -> None:
    assert _reach(plan, source, target, service, last).reachable
    assert not _reach(plan, source, target, service, date.fromordinal(last.toordinal() + 1)).anything
    assert _reach(plan, source, target, service).reachable


@pytest.mark.parametrize(
    ("source", "target", "service", "words"),
    [
        ("dinas/ap", "internet", "icmp", "did you mean 'dinas/app'?"),
        ("xyzzy", "internet", "icmp", "'xyzzy' is nothing in the Plan; name an address"),
        ("vm:app", "internet", "icmp", "'vm:app' is nothing in the Plan"),
        ("office:nobody", "internet", "icmp", "'office:nobody' is nothing in the Plan"),
        ("network:x", "internet", "icmp", "write network:TENANT/NAME"),
        ("gateway", "internet", "icmp", "gateway is the gateway, whose own packets nothing filters"),
        ("10.2.0.1", "internet", "icmp", "10.2.0.1 is the gateway"),
        ("office:dinas", "0.0.0.0/0", "icmp", "ask for 'internet'"),
        ("office:dinas", "10.2.0.9/24", "icmp", "ask for 10.2.0.9 or for 10.2.0.0/24"),
        (
            "office:dinas",
            "2001:db8::1",
            "icmp",
            "dinas/office-main and 2001:db8::1 have no address family in common",
        ),
        ("dinas/app", "dinas/app", "tcp/443", "both ends are one machine"),
        ("office:dinas", "internet", "443", "'/443' is no service"),
        ("office:dinas", "internet", "tcp/70000", "ports run from 1 to 65535"),
        ("office:dinas", "internet", "sctp/5", "'sctp/5' is no service"),
    ],
)
def test_a_question_that_means_nothing_is_answered_with_what_to_ask(
    plan: Plan, source: str, target: str, service: str, words: str
) -> None:
    with pytest.raises(ReachError) as caught:
        _reach(plan, source, target, service)
    assert words in str(caught.value)


def test_a_vm_whose_firewall_lets_nothing_out_stops_there(plan: Plan) -> None:
    guests = tuple(
        dataclasses.replace(guest, firewall=dataclasses.replace(guest.firewall, policy_out="DROP"))
        for guest in plan.guests
    )
    reply = _reach(dataclasses.replace(plan, guests=guests), "dinas/worker", "dinas/app", "tcp/8000")
    assert _steps(_only(reply)) == ["!firewall of VM 103 (dinas/worker): policy DROP (out), own address only"]


def test_after_a_failover_the_twin_answers_at_the_same_address(plan: Plan) -> None:
    """The Plan of another epoch: what runs is asked, not what is declared first."""
    running = {guest.cluster for guest in plan.guests if guest.key == "kominfo/state" and guest.running}
    assert running == {"dc"}
    swapped = tuple(
        dataclasses.replace(guest, running=not guest.running) if guest.key == "kominfo/state" else guest
        for guest in plan.guests
    )
    moved = dataclasses.replace(plan, guests=swapped)
    reply = _reach(moved, "kominfo/state", "dinas/app", "tcp/8000")
    assert _only(reply).steps[0].where == "firewall of VM 101 (kominfo/state)"


def test_what_nobody_listens_to_is_let_in_and_said(asked: Asked) -> None:
    """No wall stops what comes to a closed port; that nothing answers there is a note."""
    row = _only(asked.reach("office:dinas", "dinas/app", "tcp/9000"))
    assert row.delivered
    assert row.unserved == ("tcp/9000",)
    assert _only(asked.reach("office:dinas", "dinas/app", "tcp/443")).unserved == ()


def _said(reply: Reply) -> list[str]:
    return [
        f"{', '.join(row.services)}: {', '.join(row.sources)} → {', '.join(row.targets)}: {row.rule}"
        for answer in reply.answers
        for row in answer.rows
    ]


def test_who_reaches_a_vm_is_asked_at_its_public_address_too(asked: Asked) -> None:
    reply = asked.who("dinas/app", "tcp/443")
    assert (reply.source, reply.target, reply.services) == ("everybody", "dinas/app", ("tcp/443",))
    assert reply.anything
    assert _said(reply) == [
        "tcp/443: dinas/servers but dinas/app → vm:dinas/app: publish/www:internet:tcp-443",
        "tcp/443: dinas/office-main → vm:dinas/app: dinas/office-to-app",
        "tcp/443: dinas/office-main → vm:dinas/app: dinas/office-to-app",
        "tcp/443: internet → vm:dinas/app: publish/www",
    ]
    assert [row.destinations for row in reply.answers[0].rows] == [("10.1.0.10",)] * 2 + [
        ("203.0.113.0",)
    ] * 2


def test_who_reaches_what_is_published_nowhere(asked: Asked) -> None:
    assert _said(asked.who("dinas/worker", "tcp/22")) == [
        "tcp/22: kominfo/management-dc → vm:dinas/worker: regency/ssh"
    ]


def test_everything_that_may_pass_to_it(asked: Asked) -> None:
    assert not asked.reach("internet", "dinas/worker").anything
    assert _said(asked.reach("kominfo", "dinas/worker")) == [
        "udp/514: kominfo/state → vm:dinas/worker: dinas/one-host",
        "tcp/22: kominfo/management-dc → vm:dinas/worker: regency/ssh",
    ]


def test_what_it_reaches_is_all_that_lets_it_in(asked: Asked) -> None:
    assert _said(asked.what("kominfo/state")) == [
        "icmp: kominfo/state → gateway:gw1: echo from inside",
        "udp/53: kominfo/state → gateway:gw1: regency/dns",
        "udp/514: kominfo/state → vm:dinas/app, vm:dinas/worker: dinas/one-host",
        "tcp/8000-8009: kominfo/state → vm:dinas/app: dinas/state-to-app",
        "tcp/443, icmp: kominfo/state → internet: egress/servers",
    ]


def test_the_internet_reaches_what_is_published(asked: Asked) -> None:
    assert _said(asked.what("internet")) == ["tcp/443: internet → vm:dinas/app: publish/www"]


def test_a_host_has_a_name_too(asked: Asked) -> None:
    row = _only(asked.reach("dc1", "dinas/app", "tcp/22"))
    assert row.sources == ("dc1",)


def test_what_is_published_is_over_ipv6_the_vm_itself(dual_plan: Plan) -> None:
    reply = Asked(dual_plan, TODAY).reach("internet", "portal", "tcp/443")
    assert [(answer.family, answer.says) for answer in reply.answers] == [(4, "yes"), (6, "yes")]
    public, vm = (answer.rows[0] for answer in reply.answers)
    assert (public.path, vm.path) == ("published", "forward")
    assert public.targets == vm.targets == ("vm:diskominfo/proxy",)


def test_a_sanction_stops_what_the_gateway_forwards_until_its_day_ends(planned: Callable[..., Plan]) -> None:
    sanction = (
        "sanctions:\n"
        "  spam: {target: dinas/app, measure: block, until: 2026-12-31, reason: it sent spam, "
        'source: "assumption: for the test"}\n'
        "flows:"
    )
    plan = planned(("site/services.yml", "flows:", sanction))
    reply = _reach(plan, "office:dinas", "dinas/app", "tcp/443", date(2026, 12, 31))
    assert _steps(_only(reply)) == ["!gateway gw1 (forward): sanction/spam"]
    assert (
        _steps(_only(_reach(plan, "internet", "www", "tcp/443", TODAY)))[-1]
        == "!gateway gw1 (forward): sanction/spam"
    )
    assert _reach(plan, "office:dinas", "dinas/app", "tcp/443", date(2027, 1, 1)).reachable
    assert _reach(plan, "dinas/app", "gateway", "udp/53", TODAY).reachable
