# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that are not resolved: the zones, and a real unbound that refuses what is listed and answers what is not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from network_plan.model.plan import Plan
from network_plan.render.blocked import render_blocked
from network_plan.render.dns import ZONES, render_dns, render_resolver
from tests.network_plan.render.asked import asked
from tests.network_plan.render.checkers import checked, written


def test_a_name_and_all_below_it_are_listed(minimal_plan: Plan) -> None:
    (text,) = render_blocked(minimal_plan).values()
    assert text.splitlines()[-2:] == ["bad.example CNAME .", "*.bad.example CNAME ."]


def test_without_a_list_the_resolver_is_not_told_of_any(minimal_plan: Plan) -> None:
    plan = dataclasses.replace(minimal_plan, blocked=())
    assert render_blocked(plan) == {}
    text = render_resolver(plan, plan.gateways[0])
    assert "rpz" not in text
    assert "respip" not in text


UPSTREAM = """
ip address add 192.0.2.53/32 dev lo
mkdir -p /run/nsd /tmp/up
printf '%s\\n' '$ORIGIN example.' '@ 60 IN SOA a. b. 1 60 60 60 60' '@ 60 IN NS ns' 'ns 60 IN A 192.0.2.53' \
  'bad 60 IN A 192.0.2.66' 'www.bad 60 IN A 192.0.2.66' 'good 60 IN A 192.0.2.80' 'notbad 60 IN A 192.0.2.81' \
  'points 60 IN CNAME bad' > /tmp/up/example
printf '%s\\n' 'server:' ' ip-address: 192.0.2.53' ' username: ""' ' zonesdir: "/tmp/up"' ' pidfile: ""' \
  'remote-control:' ' control-enable: no' 'zone:' ' name: example' ' zonefile: example' > /tmp/up/nsd.conf
nsd -d -c /tmp/up/nsd.conf >/mnt/nsd.log 2>&1 &
sleep 0.3
"""


@pytest.mark.hosts
def test_a_listed_name_is_refused_and_another_answered(minimal_plan: Plan, tmp_path: Path) -> None:
    gateway = dataclasses.replace(minimal_plan.gateways[0], resolvers=(IPv4Address("192.0.2.53"),))
    plan = dataclasses.replace(minimal_plan, gateways=(gateway,))
    app = f"app.dinas.{plan.domain}"
    expected = {
        "10.2.0.20 A good.example": "NOERROR 192.0.2.80",
        "10.2.0.20 A notbad.example": "NOERROR 192.0.2.81",
        "10.2.0.20 A bad.example": "NXDOMAIN",
        "10.2.0.20 A www.bad.example": "NXDOMAIN",
        "10.2.0.20 A points.example": "NXDOMAIN bad.example.",
        "10.0.0.20 A bad.example": "NXDOMAIN",
        f"10.2.0.20 A {app}": "NOERROR 10.1.0.10",
    }
    assert asked(plan, tmp_path / "dns", *expected, before=UPSTREAM) == expected
    assert "known" in (tmp_path / "dns" / "log").read_text(encoding="utf-8"), "the log names the list"
    open_plan = dataclasses.replace(plan, blocked=())
    question = "10.2.0.20 A bad.example"
    assert asked(open_plan, tmp_path / "open", question, before=UPSTREAM) == {question: "NOERROR 192.0.2.66"}


@pytest.mark.hosts
def test_a_hundred_thousand_names_are_taken(planned: Callable[..., Plan], tmp_path: Path) -> None:
    many = "".join(f"host{number}.bad.example\n" for number in range(100_000))
    plan = planned(("site/blocked/known.txt", "bad.example\n", many))
    folder = written(render_dns(plan), tmp_path / "dns")
    script = (
        "nsd-checkzone known.blocked /mnt/internal/known.blocked.zone\n"
        f"mkdir -p {ZONES} && mount --bind /mnt/internal {ZONES} && unbound-checkconf /mnt/gw1.unbound.conf"
    )
    done = checked(script, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "zone known.blocked is ok" in done.stdout
