# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan reach``: what it prints, in words and as JSON, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from scripts.awan.commands.reach import split_target

Awan = Callable[..., Any]
Spoil = Callable[[str, str, str], None]


@pytest.mark.parametrize(
    ("text", "target", "service"),
    [
        ("rsud/simrs:443/tcp", "rsud/simrs", "tcp/443"),
        ("vm:rsud/simrs:443/tcp", "vm:rsud/simrs", "tcp/443"),
        ("office:rsud", "office:rsud", None),
        ("10.0.0.1:5000-5010/udp", "10.0.0.1", "udp/5000-5010"),
        ("[2001:db8::1]:443/tcp", "2001:db8::1", "tcp/443"),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("2001:db8::1", "2001:db8::1", None),
        ("2001:db8::5/128", "2001:db8::5/128", None),
        ("[2001:db8::1]:icmp", "2001:db8::1", "icmp"),
        ("rsud/simrs:icmp", "rsud/simrs", "icmp"),
        ("vm:rsud/simrs-2", "vm:rsud/simrs-2", None),
    ],
)
def test_a_target_is_taken_apart(text: str, target: str, service: str | None) -> None:
    assert split_target(text) == (target, service)


@pytest.mark.parametrize(
    ("target", "cure"),
    [
        ("dinas/app:443", "write dinas/app:443/tcp"),
        ("dinas/app:tcp/443", "write dinas/app:443/tcp"),
        ("dinas/app:udp/53", "write dinas/app:53/udp"),
        ("vm:dinas/app:443", "write vm:dinas/app:443/tcp"),
        ("10.1.0.10:443/sctp", "write 10.1.0.10:443/tcp"),
    ],
)
def test_a_port_in_another_form_is_no_unknown_name(awan: Awan, target: str, cure: str) -> None:
    said = awan("reach", "office:dinas", target)
    assert (said.code, said.out) == (2, "")
    assert f"a port stands as PORT/tcp or PORT/udp; {cure}\n" in said.err


def test_reach_yes_exits_0(awan: Awan) -> None:
    said = awan("reach", "office:dinas", "dinas/app:443/tcp")
    assert said.code == 0
    assert said.out.splitlines() == [
        "yes: dinas/office-main → dinas/app tcp/443",
        "  passes  gateway gw1 (forward): dinas/office-to-app",
        "  passes  firewall of VM 100 (dinas/app): dinas/office-to-app:office-dinas:tcp-443",
    ]


def test_reach_no_exits_1_and_json_says_the_same(awan: Awan) -> None:
    said = awan("reach", "internet", "dinas/app:443/tcp", "--json")
    assert said.code == 1
    answer = json.loads(said.out)
    assert answer["reachable"] is False
    assert [(item["family"], item["says"]) for item in answer["answers"]] == [(4, "no")]
    (row,) = answer["answers"][0]["rows"]
    assert row["steps"] == [
        {"wall": "forward", "where": "gateway gw1 (forward)", "rule": "policy drop", "passed": False}
    ]
    assert awan("reach", "internet", "dinas/app:443/tcp").out.startswith("no: internet → dinas/app tcp/443\n")


def test_reach_of_nothing_exits_2(awan: Awan) -> None:
    said = awan("reach", "internet", "dinas/ap:443/tcp")
    assert (said.code, said.err) == (2, "'dinas/ap' is nothing in the Plan; did you mean 'dinas/app'?\n")


def test_reach_asks_for_a_day(awan: Awan, spoil: Spoil) -> None:
    spoil("site/tenants/dinas.yml", "why: the counter", "why: the counter\n    until: 2027-01-31")
    question = ("reach", "office:dinas", "dinas/app:443/tcp", "--today")
    assert awan(*question, "2027-01-31").code == 0
    assert awan(*question, "2027-02-01").code == 1
