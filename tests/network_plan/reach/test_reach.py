# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches what in a small regency, and which rule decides it; each line of the tables is one packet."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from network_plan.model.plan import Plan
from network_plan.reach import Answer, ReachError, reach

CASES = yaml.load(Path(__file__).with_name("cases.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
TODAY = date(2026, 11, 24)


def _name(case: dict[str, str]) -> str:
    return f"{case['from']} to {case['to']} {case['service']}"


@pytest.fixture(scope="module")
def plan(planned: Callable[..., Plan]) -> Plan:
    return planned(*((edit["file"], edit["old"], edit["new"]) for edit in CASES["edits"]))


def _steps(answer: Answer) -> list[str]:
    return [f"{'' if step.passed else '!'}{step.where}: {step.rule}" for step in answer.steps]


@pytest.mark.parametrize("case", CASES["passes"], ids=_name)
def test_what_is_let_through(plan: Plan, case: dict[str, Any]) -> None:
    answer = reach(plan, case["from"], case["to"], case["service"], TODAY)
    assert answer.reachable, _steps(answer)
    assert _steps(answer) == case["steps"]


@pytest.mark.parametrize("case", CASES["stops"], ids=_name)
def test_what_is_stopped(plan: Plan, case: dict[str, Any]) -> None:
    answer = reach(plan, case["from"], case["to"], case["service"], TODAY)
    assert not answer.reachable, _steps(answer)
    assert _steps(answer) == case["steps"]


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
    assert reach(plan, source, target, service, last).reachable
    assert not reach(plan, source, target, service, date.fromordinal(last.toordinal() + 1)).reachable
    assert reach(plan, source, target, service).reachable


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
        ("office:dinas", "10.0.0.0/8", "icmp", "10.0.0.0/8 spans dinas/far, dinas/office-main"),
        ("office:dinas", "0.0.0.0/0", "icmp", "ask for 'internet'"),
        ("office:dinas", "10.2.0.9/24", "icmp", "ask for 10.2.0.9 or for 10.2.0.0/24"),
        ("office:dinas", "2001:db8::1", "icmp", "no rule is compiled for IPv6 yet"),
        ("office:dinas", "internet", "443", "'/443' is no service"),
        ("office:dinas", "internet", "tcp/70000", "ports run from 1 to 65535"),
        ("office:dinas", "internet", "sctp/5", "'sctp/5' is no service"),
    ],
)
def test_a_question_that_means_nothing_is_answered_with_what_to_ask(
    plan: Plan, source: str, target: str, service: str, words: str
) -> None:
    with pytest.raises(ReachError) as caught:
        reach(plan, source, target, service)
    assert words in str(caught.value)


def test_a_vm_whose_firewall_lets_nothing_out_stops_there(plan: Plan) -> None:
    guests = tuple(
        dataclasses.replace(guest, firewall=dataclasses.replace(guest.firewall, policy_out="DROP"))
        for guest in plan.guests
    )
    answer = reach(dataclasses.replace(plan, guests=guests), "dinas/worker", "dinas/app", "tcp/8000")
    assert _steps(answer) == ["!firewall of VM 103 (dinas/worker): policy DROP (out), own address only"]


def test_after_a_failover_the_twin_answers_at_the_same_address(plan: Plan) -> None:
    """The Plan of another epoch: what runs is asked, not what is declared first."""
    running = {guest.cluster for guest in plan.guests if guest.key == "kominfo/state" and guest.running}
    assert running == {"dc"}
    swapped = tuple(
        dataclasses.replace(guest, running=not guest.running) if guest.key == "kominfo/state" else guest
        for guest in plan.guests
    )
    answer = reach(dataclasses.replace(plan, guests=swapped), "kominfo/state", "dinas/app", "tcp/8000")
    assert answer.steps[0].where == "firewall of VM 101 (kominfo/state)"
