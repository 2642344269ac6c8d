# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is asked what: every tenant of the regency, every kind of place, each with the Plan's answer."""

from __future__ import annotations

from collections import Counter
from datetime import date
from ipaddress import ip_address

import pytest

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from network_plan.reach import INTERNET, Packet, judge
from scripts.line import probes
from scripts.line.probes import Result, summary
from scripts.line.questions import ECHO, INBOUND, KINDS, Question, matrix
from scripts.toolchain.paths import ROOT
from tests.small import SMALL

TODAY = date(2026, 11, 24)
OFFICE = KINDS[:5]
IPV4 = tuple(kind for kind in KINDS if kind != INBOUND[6])


@pytest.fixture(scope="module")
def regency() -> Plan:
    return load_plan(ROOT / "inventory" / "site")


@pytest.fixture(scope="module")
def asked(regency: Plan) -> list[Question]:
    return matrix(regency, "aw-", TODAY)


def test_every_tenant_asks_for_every_kind_of_place(regency: Plan, asked: list[Question]) -> None:
    """Only one without VMs of its own can't ask for those; still it asks the other four."""
    with_vms = {guest.tenant for guest in regency.guests if guest.running}
    assert len(regency.tenants) == 45
    for tenant in regency.tenants:
        kinds = {
            q.kind for q in asked if q.source.tenant == tenant.key and q.source.word.startswith("office")
        }
        assert kinds == set(OFFICE) - (set() if tenant.key in with_vms else {"own VMs"}), tenant.key
    assert len(asked) >= 5 * 45


def test_every_vm_and_every_publication_has_its_turn(regency: Plan, asked: list[Question]) -> None:
    running = {f"VM {guest.key}" for guest in regency.guests if guest.running}
    for kind in ("another tenant's VM", "operator"):
        assert running <= {q.target.word for q in asked if q.kind == kind}, kind
    published = {rule.key for rule in regency.gateways[0].dnat}
    for kind in ("published service", "inbound through NAT"):
        assert {q.target.word for q in asked if q.kind == kind} == published, kind


def test_each_has_the_plans_answer_and_no_kind_has_one_answer_only(
    regency: Plan, asked: list[Question]
) -> None:
    for q in asked[::7]:
        source = ip_address(q.source.address)
        wanted = Packet.of(
            q.source.network or INTERNET, source, ip_address(q.target.address), q.target.service
        )
        assert q.verdict == judge(regency, wanted, TODAY)
    answers = Counter((q.kind, q.answered) for q in asked)
    uniform = {kind for kind in IPV4 if not answers[kind, True] or not answers[kind, False]}
    assert uniform == {"internet", "management", "operator"}, answers
    assert not answers["management", True]
    assert not answers["internet", False]
    assert sum(q.second_wall for q in asked) >= 2


def test_the_same_ones_every_time(regency: Plan, asked: list[Question]) -> None:
    assert matrix(regency, "aw-", TODAY) == asked


def test_the_summary_counts_kinds_and_says_when_packets_disagree(asked: list[Question]) -> None:
    def result(question: Question, *, wrong: bool) -> Result:
        outcome = "answered" if question.answered is not wrong else "silent"
        return probes.Result(question=question, outcome=outcome, peer="", expected_peer="")

    right = summary([result(q, wrong=False) for q in asked])
    assert right[0].startswith(f"{len(asked)} probes, all as the Plan says: ")
    assert [line.strip().partition(":")[0] for line in right[1:]] == list(IPV4)
    assert "1 NOT as the Plan says" in summary([result(q, wrong=q is asked[0]) for q in asked])[0]


def test_a_site_with_ipv6_is_asked_in_both_families() -> None:
    """The same kinds from the same places; what is published is reached at the VM's own address, and echoes are asked."""
    dual = matrix(load_plan(ROOT / "tests" / "sites" / "dual" / "site"), "aw-", TODAY)
    six = [q for q in dual if ":" in q.source.address]
    four = [q for q in dual if q not in six]
    assert not any(":" in q.target.address for q in matrix(load_plan(SMALL), "aw-", TODAY))
    assert all(":" in q.target.address for q in six)
    assert {q.source.word for q in six} == {q.source.word for q in four}
    assert {q.kind for q in six} == {q.kind for q in four} - {INBOUND[4]} | {INBOUND[6]}
    answers = Counter((q.kind, q.answered) for q in six)
    assert answers[INBOUND[6], True]
    assert answers[INBOUND[6], False]
    echoes = Counter(q.answered for q in six if q.target.service == ECHO)
    assert echoes[False]
    assert sum(q.second_wall for q in six) >= 2
