# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan reach``: what it prints, in words and as JSON, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from scripts.awan.commands.reach import split_target
from scripts.toolchain.paths import ROOT

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


def test_a_part_is_no_yes_and_each_part_says_its_rule(awan: Awan) -> None:
    said = awan("reach", "dinas", "dinas/app:443/tcp")
    assert said.code == 0
    said = awan("reach", "servers", "dinas/app:443/tcp")
    assert said.code == 1
    assert said.out.splitlines() == [
        "part: servers → dinas/app tcp/443",
        "  yes  dinas/servers but dinas/app → dinas/app tcp/443",
        "       passes  network dinas/servers: neighbours, no gateway between",
        "       passes  firewall of VM 100 (dinas/app): publish/www:internet:tcp-443",
        "  no   kominfo/servers → dinas/app tcp/443",
        "       stops   gateway gw1 (forward): policy drop",
    ]


def test_without_a_port_everything_that_may_pass_is_listed(awan: Awan) -> None:
    said = awan("reach", "dinas", "dinas")
    assert said.code == 0
    assert said.out.splitlines() == [
        "may pass: dinas → dinas, 2 rows",
        "  tcp/443  dinas/servers but dinas/app  → dinas/app  publish/www:internet:tcp-443",
        "  tcp/443  dinas/office-main            → dinas/app  dinas/office-to-app",
    ]
    said = awan("reach", "internet", "dinas/app")
    assert (said.code, said.out) == (1, "nothing may pass: internet → dinas/app\n")


def test_who_reaches_it(awan: Awan) -> None:
    said = awan("reach", "--who", "dinas/app:443/tcp")
    assert said.code == 0
    assert said.out.splitlines() == [
        "may pass: everybody → dinas/app tcp/443, 4 rows",
        "  tcp/443  dinas/servers but dinas/app  → dinas/app                 publish/www:internet:tcp-443",
        "  tcp/443  dinas/office-main            → dinas/app                 dinas/office-to-app",
        "  tcp/443  dinas/office-main            → dinas/app at 203.0.113.0  dinas/office-to-app",
        "  tcp/443  internet                     → dinas/app at 203.0.113.0  publish/www",
    ]
    assert awan("reach", "--who", "kominfo/state:443/tcp").code == 1


@pytest.mark.parametrize("option", ["--what", "--from"])
def test_what_it_reaches(awan: Awan, option: str) -> None:
    said = awan("reach", option, "dinas/app")
    assert said.code == 0
    assert said.out.splitlines() == [
        "may pass: dinas/app → everything, 2 rows",
        "  icmp    dinas/app  → gw1  echo from inside",
        "  udp/53  dinas/app  → gw1  regency/dns",
    ]


def test_the_hosts_answer_to_the_management_and_say_so(awan: Awan) -> None:
    said = awan("reach", "--who", "dc1:8006/tcp")
    assert said.out.splitlines()[1] == "  tcp/8006  kominfo/management-dc  → hosts of dc  ipset management"


def test_an_address_that_no_vm_has_is_the_rest_of_its_network(awan: Awan, spoil: Spoil) -> None:
    spoil(
        "site/services.yml",
        "flows:",
        "flows:\n  ssh: {from: [management], to: servers, ports: [tcp/22], why: upkeep}",
    )
    said = awan("reach", "management", "10.1.0.200/30:22/tcp")
    assert said.code == 1
    assert "→ the rest of dinas/servers tcp/22\n" in said.out
    assert "stops   network dinas/servers: no running VM has this address\n" in said.out


def test_a_closed_port_is_let_in_with_a_note(awan: Awan, spoil: Spoil) -> None:
    spoil("site/tenants/dinas.yml", "why: the counter", "ports: [tcp/444]\n    why: the counter")
    said = awan("reach", "office:dinas", "dinas/app:444/tcp")
    assert said.code == 0
    assert said.out.endswith("\n  note    dinas/app serves no tcp/444: nothing there answers\n")


def test_each_family_has_its_answer(awan: Awan) -> None:
    dual = ("--site", str(ROOT / "tests" / "sites" / "dual" / "site"))
    said = awan("reach", "office:rsud", "rsud/simrs:443/tcp", *dual)
    assert said.code == 0
    assert [line for line in said.out.splitlines() if not line.startswith(" ")] == [
        "yes: rsud/office-main → rsud/simrs tcp/443 over IPv4",
        "yes: rsud/office-main → rsud/simrs tcp/443 over IPv6",
    ]
    said = awan("reach", "--who", "dukcapil/siak:443/tcp", *dual)
    assert "\nmay pass: everybody → dukcapil/siak tcp/443 over IPv6, 4 rows\n" in said.out
    said = awan("reach", "10.64.6.9", "[2001:db8:100:4001::103]:443/tcp", *dual)
    assert (said.code, said.out) == (2, "")
    assert said.err == "10.64.6.9 and 2001:db8:100:4001::103 have no address family in common\n"


def test_names_of_many_are_cut_and_json_has_them_all(awan: Awan) -> None:
    small = ("--site", str(ROOT / "tests" / "sites" / "small" / "site"))
    said = awan("reach", "10.0.0.0/8", "rsud/simrs:443/tcp", *small)
    cut = [line for line in said.out.splitlines() if " more → " in line]
    assert cut
    rows = json.loads(awan("reach", "10.0.0.0/8", "rsud/simrs:443/tcp", "--json", *small).out)
    (answer,) = rows["answers"]
    assert answer["says"] == "part"
    assert sum(row["delivered"] for row in answer["rows"]) == 1
    assert max(len(row["sources"]) for row in answer["rows"]) > 6
    assert sorted(answer["rows"][0]) == [
        "delivered",
        "destinations",
        "path",
        "rule",
        "services",
        "source_prefixes",
        "sources",
        "steps",
        "targets",
        "unserved",
    ]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("office:dinas",),
        ("office:dinas", "dinas/app", "--who", "dinas/app"),
        ("--who", "dinas/app", "--what", "dinas/app"),
    ],
)
def test_a_question_has_two_ends_or_one_option(awan: Awan, words: tuple[str, ...]) -> None:
    said = awan("reach", *words)
    assert (said.code, said.out) == (2, "")
    assert "name FROM and TO, or --who TO, or --what FROM" in said.err
