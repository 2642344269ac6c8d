# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that people may write anywhere can't become a rule, a record or a page's code."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from network_plan.model.plan import Plan
from network_plan.render.map import Bundle, render_map
from network_plan.render.targets import render_target

D, K, S, C, N, R = (
    f"site/{name}.yml"
    for name in ("tenants/dinas", "tenants/kominfo", "services", "clusters", "networks", "regency")
)
HOSTILE = 'a" accept comment \\" # \' ; } {{ 7*7 }} {% x %} </script><b>& $(id) `id` \\'
YAML = json.dumps(HOSTILE)


@pytest.fixture(scope="module")
def plan(planned: Callable[..., Plan]) -> Plan:
    return planned(
        (R, "name: Minimal", f"name: {YAML}"),
        (D, "name: Dinas", f"name: {YAML}"),
        (D, "title: Kantor", f"title: {YAML}"),
        (D, "why: the counter", f"why: {YAML}"),
        (D, "    size: small", f"    title: {YAML}\n    size: small"),
        (K, "title: hosts", f"title: {YAML}"),
        (S, "why: the public's page", f"why: {YAML}"),
        (S, "why: internet access", f"why: {YAML}"),
        (S, "why: names are resolved at the gateway", f"why: {YAML}"),
        ("site/applications.yml", "title: Counter", f"title: {YAML}"),
        ("site/facilities.yml", "title: Servers", f"title: {YAML}"),
        ("site/dr.yml", "title: Fire", f"title: {YAML}"),
        (C, "title: Data center", f"title: {YAML}"),
        (N, "RFC 5737 documentation space", f'"RFC 5737 {YAML[1:]}'),
    )


def test_in_the_gateways_rules_it_stands_in_a_comment_only(plan: Plan, planned: Callable[..., Plan]) -> None:
    (hostile,) = render_target(plan, "nftables").values()
    (plain,) = render_target(planned(), "nftables").values()
    differing = [line for line in hostile.splitlines() if line not in plain.splitlines()]
    assert differing == [
        f"# Rules of the gateway of {HOSTILE}, rendered from the Plan. Edit the site files, not this file."
    ]


def test_in_dns_it_stands_nowhere(plan: Plan, planned: Callable[..., Plan]) -> None:
    assert render_target(plan, "dns") == render_target(planned(), "dns")


def test_in_pves_firewall_it_stands_behind_a_number_sign(plan: Plan, planned: Callable[..., Plan]) -> None:
    def rules(plan: Plan) -> dict[str, list[str]]:
        files = render_target(plan, "pve")
        return {name: [line.split(" # ")[0] for line in text.splitlines()] for name, text in files.items()}

    assert rules(plan) == rules(planned())


def test_the_plan_keeps_it_as_it_is(plan: Plan) -> None:
    assert json.loads(plan.to_json())["regency"] == HOSTILE


def test_in_the_page_it_is_text(plan: Plan) -> None:
    page = render_map(plan, Bundle(script="", style="", notice=""))
    assert "</script><b>" not in page
    assert "{{ 7*7 }}" in page.replace("&#123;", "{").replace("&#125;", "}")


@pytest.mark.hosts
def test_the_kernel_reads_the_comment_as_one(plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "gw.nft"
    file.write_text(render_target(plan, "nftables")["gw1.nft"], encoding="utf-8")
    command = ["unshare", "--net", "sh", "-ec", 'nft -f "$0" && nft list ruleset', str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "chain forward" in done.stdout
    assert "policy drop" in done.stdout
