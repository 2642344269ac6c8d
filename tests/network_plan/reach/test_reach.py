# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches what in a small regency, and which rule decides it; each line of the tables is one packet."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date

import pytest

from network_plan.model.plan import Plan
from network_plan.reach import Answer, ReachError, reach

D, K, S, C, N = (
    f"site/{name}.yml" for name in ("tenants/dinas", "tenants/kominfo", "services", "clusters", "networks")
)

SITE = (
    (S, "why: the public's page", "exception: own\n    why: the public's page"),
    (S, "flows:\n", """\
exceptions:
  own: {tenant: dinas, kind: public_address, until: 2027-06-30, reason: for a while, source: "assumption: for the test"}
flows:
  ssh: {from: [management], to: servers, ports: [tcp/22], why: upkeep}
  ntp: {from: [office:dinas], to: gateway, ports: [udp/123], why: the time, until: 2027-01-31}
"""),
    (S, "egress:\n", """\
egress:
  servers: {from: [vm:kominfo/state], ports: [tcp/443, icmp], why: updates, source: "assumption: for the test"}
"""),
    (D, "why: the counter", "ports: [tcp/443]\n    why: the counter"),
    (D, "serves: [tcp/443]", "serves: [tcp/443, tcp/8000-8009, icmp]"),
    (D, "flows:\n", """\
flows:
  state-to-app: {from: [vm:kominfo/state], to: vm:app, ports: [tcp/8000-8009], why: the register, until: 2026-12-31}
  worker-to-app: {from: [vm:worker], to: vm:app, ports: [tcp/8000], why: jobs}
  office-echo: {from: [office:dinas], to: vm:app, ports: [icmp], why: is it there}
  office-to-9000: {from: [office:dinas], to: vm:app, ports: [tcp/9000], why: nothing listens there}
  one-host: {from: [vm:kominfo/state], to: "network:dinas/servers", ports: [udp/514], why: logs}
"""),
    (D, "vms:\n", """\
vms:
  worker: {size: small, serves: [udp/514], source: "assumption: for the test"}
  far: {size: small, serves: [tcp/443], source: "assumption: for the test", cluster: drc, network: far}
"""),
    (D, "flows:\n", """\
networks:
  far: {role: servers, title: at the recovery center, source: "assumption: for the test", cluster: drc}
flows:
"""),
)  # fmt: skip


@pytest.fixture(scope="module")
def plan(planned: Callable[..., Plan]) -> Plan:
    return planned(*SITE)


def _steps(answer: Answer) -> str:
    return " > ".join(f"{'' if step.passed else '!'}{step.where}: {step.rule}" for step in answer.steps)


YES = [
    ("office:dinas", "dinas/app", "tcp/443", "gateway gw1 (forward): dinas/office-to-app > firewall of VM 100 (dinas/app): dinas/office-to-app:office-dinas:tcp-443"),
    ("10.2.0.77", "10.1.0.10", "443/tcp", "gateway gw1 (forward): dinas/office-to-app > firewall of VM 100 (dinas/app): dinas/office-to-app:office-dinas:tcp-443"),
    ("offices", "vm:dinas/app", "icmp", "gateway gw1 (forward): dinas/office-echo > firewall of VM 100 (dinas/app): dinas/office-echo:office-dinas:icmp"),
    ("kominfo/management-dc", "app.dinas.minimal.example", "tcp/22", "gateway gw1 (forward): regency/ssh > firewall of VM 100 (dinas/app): ssh/regency/ssh:management:tcp-22"),
    ("dinas/worker", "dinas/app", "tcp/8000", "firewall of VM 103 (dinas/worker): policy ACCEPT (out), own address only > network dinas/servers: neighbours, no gateway between > firewall of VM 100 (dinas/app): dinas/worker-to-app:vm-dinas-worker:tcp-8000"),
    ("kominfo-state", "100", "tcp/8003-8005", "firewall of VM 101 (kominfo/state): policy ACCEPT (out), own address only > gateway gw1 (forward): dinas/state-to-app > firewall of VM 100 (dinas/app): dinas/state-to-app:vm-kominfo-state:tcp-8000-8009"),
    ("internet", "www", "tcp/443", "gateway gw1 (publish): publish/www: to 10.1.0.10 > gateway gw1 (forward): publish/www > firewall of VM 100 (dinas/app): publish/www:internet:tcp-443"),
    ("192.0.2.10", "203.0.113.0", "tcp/443", "gateway gw1 (publish): publish/www: to 10.1.0.10 > gateway gw1 (forward): publish/www > firewall of VM 100 (dinas/app): publish/www:internet:tcp-443"),
    ("office:dinas/main", "www.minimal.example", "tcp/443", "gateway gw1 (publish): publish/www: to 10.1.0.10 > gateway gw1 (forward): dinas/office-to-app > firewall of VM 100 (dinas/app): dinas/office-to-app:office-dinas:tcp-443"),
    ("office:dinas", "internet", "udp/53", "gateway gw1 (forward): egress/offices"),
    ("10.2.0.5", "192.0.2.80", "icmp", "gateway gw1 (forward): egress/offices"),
    ("kominfo/state", "192.0.2.80", "tcp/443", "firewall of VM 101 (kominfo/state): policy ACCEPT (out), own address only > gateway gw1 (forward): egress/servers"),
    ("kominfo/state", "internet", "icmp", "firewall of VM 101 (kominfo/state): policy ACCEPT (out), own address only > gateway gw1 (forward): egress/servers"),
    ("office:dinas", "10.2.0.1", "udp/53", "gateway gw1 (input): regency/dns"),
    ("network:dinas/servers", "gateway", "udp/53", "gateway gw1 (input): regency/dns"),
    ("office:dinas", "gateway", "udp/123", "gateway gw1 (input): regency/ntp"),
    ("kominfo/management-dc", "gw1.node.minimal.example", "tcp/22", "gateway gw1 (input): gateway/ssh"),
    ("dinas/worker", "gateway", "icmp", "firewall of VM 103 (dinas/worker): policy ACCEPT (out), own address only > gateway gw1 (input): echo from inside"),
    ("kominfo/management-dc", "dc1", "tcp/8006", "network kominfo/management-dc: neighbours, no gateway between > firewall of the hosts of dc: ipset management"),
    ("office:dinas", "10.2.0.9", "tcp/139", "network dinas/office-main: neighbours, no gateway between"),
    ("kominfo/state", "dinas/worker", "udp/514", ""),
]  # fmt: skip

NO = [
    ("office:dinas", "dinas/app", "tcp/8000", "!gateway gw1 (forward): policy drop"),
    ("office:dinas", "dinas/app", "tcp/442-443", "!gateway gw1 (forward): policy drop"),
    ("office:dinas", "dinas/app", "tcp/9000", "gateway gw1 (forward): dinas/office-to-9000 > firewall of VM 100 (dinas/app): dinas/office-to-9000:office-dinas:tcp-9000 > !VM 100: serves no tcp/9000"),
    ("office:dinas", "kominfo/state", "tcp/5432", "!gateway gw1 (forward): policy drop"),
    ("dinas/worker", "dinas/app", "tcp/443-444", "firewall of VM 103 (dinas/worker): policy ACCEPT (out), own address only > network dinas/servers: neighbours, no gateway between > !firewall of VM 100 (dinas/app): policy DROP"),
    ("dinas/worker", "dinas/app", "tcp/8001", "firewall of VM 103 (dinas/worker): policy ACCEPT (out), own address only > network dinas/servers: neighbours, no gateway between > !firewall of VM 100 (dinas/app): policy DROP"),
    ("dinas/worker", "www", "tcp/443", "firewall of VM 103 (dinas/worker): policy ACCEPT (out), own address only > gateway gw1 (publish): publish/www: to 10.1.0.10 > !gateway gw1 (forward): not back into the network it came from"),
    ("internet", "dinas/app", "tcp/443", "!gateway gw1 (forward): policy drop"),
    ("internet", "203.0.113.0", "tcp/22", "!gateway gw1: publishes no tcp/22 there"),
    ("internet", "203.0.113.7", "tcp/443", "!gateway gw1: publishes no tcp/443 there"),
    ("office:dinas", "203.0.113.7", "tcp/443", "!gateway gw1: publishes no tcp/443 there"),
    ("internet", "198.51.100.2", "icmp", "!gateway gw1 (input): nothing comes in by the WAN"),
    ("internet", "198.51.100.2", "tcp/22", "!gateway gw1 (input): nothing comes in by the WAN"),
    ("office:dinas", "gateway", "tcp/22", "!gateway gw1 (input): policy drop"),
    ("internet", "192.0.2.80", "tcp/443", "!internet: neither side is behind the gateway"),
    ("203.0.113.5", "www", "tcp/443", "!gateway gw1: an own public address comes from nowhere else"),
    ("203.0.113.0/30", "www", "tcp/443", "!gateway gw1: an own public address comes from nowhere else"),
    ("kominfo/state", "internet", "tcp/80", "firewall of VM 101 (kominfo/state): policy ACCEPT (out), own address only > !gateway gw1 (forward): policy drop"),
    ("kominfo/servers", "internet", "tcp/443", "!gateway gw1 (forward): policy drop (only a part of kominfo/servers may, by egress/servers)"),
    ("kominfo/servers", "dinas/app", "tcp/8000", "!gateway gw1 (forward): policy drop (only a part of kominfo/servers may, by dinas/state-to-app)"),
    ("kominfo/management-drc", "dinas/app", "tcp/22", "!gateway gw1 (forward): kominfo/management-drc lies in drc: no way there yet"),
    ("management", "dinas/app", "tcp/22", "!gateway gw1 (forward): kominfo/management-drc lies in drc: no way there yet"),
    ("office:dinas", "dinas/far", "tcp/443", "!gateway gw1 (forward): dinas/far lies in drc: no way there yet"),
    ("kominfo/management-dc", "servers", "tcp/22", ""),
    ("kominfo/state", "dinas/servers", "udp/514", "firewall of VM 101 (kominfo/state): policy ACCEPT (out), own address only > gateway gw1 (forward): dinas/one-host > firewall of VM 100 (dinas/app): one-host/dinas/one-host:vm-kominfo-state:udp-514 > !VM 100: serves no udp/514"),
    ("kominfo/management-dc", "10.1.0.200", "tcp/22", "gateway gw1 (forward): regency/ssh > !network dinas/servers: no running VM has this address"),
    ("kominfo/management-dc", "dc1", "tcp/443", "network kominfo/management-dc: neighbours, no gateway between > !firewall of the hosts of dc: policy DROP"),
    ("10.1.0.99", "drc1", "tcp/8006", "!gateway gw1 (forward): kominfo/management-drc lies in drc: no way there yet"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "target", "service", "steps"), YES)
def test_what_is_let_through(plan: Plan, source: str, target: str, service: str, steps: str) -> None:
    answer = reach(plan, source, target, service, date(2026, 11, 24))
    assert answer.reachable, _steps(answer)
    assert not steps or _steps(answer) == steps


@pytest.mark.parametrize(("source", "target", "service", "steps"), NO)
def test_what_is_stopped(plan: Plan, source: str, target: str, service: str, steps: str) -> None:
    answer = reach(plan, source, target, service, date(2026, 11, 24))
    assert not answer.reachable, _steps(answer)
    assert not answer.steps[-1].passed
    assert not steps or _steps(answer) == steps


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
    assert _steps(answer) == "!firewall of VM 103 (dinas/worker): policy DROP (out), own address only"


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
