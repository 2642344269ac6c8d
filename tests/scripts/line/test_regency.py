# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole regency, once: up, again, and the packets of all its tenants through the booted gateway."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from scripts.lab.host import keys
from scripts.toolchain.paths import ROOT
from tests.scripts.line.conftest import Lab, lab_up

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(600)]

SITE = ROOT / "inventory" / "site"


@pytest.fixture(scope="module")
def regency() -> Plan:
    return load_plan(SITE)


@pytest.fixture(scope="module")
def first(regency: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, str]]:
    with lab_up(tmp_path_factory.mktemp("regency") / "lab", regency, SITE) as made:
        yield made


def test_all_tenants_packets_do_as_the_plan_says(first: tuple[Lab, str], regency: Plan) -> None:
    said = first[1]
    assert "live equals plan" in said
    counted = re.search(r"(\d+) probes, all as the Plan says: (\d+) answered, (\d+) denied", said)
    assert counted, said
    assert int(counted[1]) >= 5 * len(regency.tenants)
    assert min(int(counted[2]), int(counted[3])) >= 2 * len(regency.tenants)
    twins = len(regency.replication)
    assert f"{twins} of {twins} VMs have a new point" in said


def test_every_agencys_name_is_the_portal_inside_and_outside(first: tuple[Lab, str], regency: Plan) -> None:
    """The resolver gives the proxy's own address, the public zone the published one; for one subdomain per SKPD."""
    rule = next(rule for rule in regency.gateways[0].dnat if rule.key == "publish/portal")
    asked = " ".join(f"{tenant.key}.{regency.domain}" for tenant in regency.tenants)
    config = str(keys.ssh_config(first[0].folder))
    for server, address in (("", rule.target), ("@127.0.0.1 -p 5300", rule.public)):
        command = f"dig +short +time=2 {server} {asked}"
        answers = first[0].run("ssh", "-F", config, regency.gateways[0].host, command).stdout.split()
        assert answers == [str(address)] * len(regency.tenants), server


def test_the_second_run_changes_nothing(first: tuple[Lab, str]) -> None:
    result = first[0].awan("lab", "up", "--all", AWAN_SITE=str(SITE))
    assert result.returncode == 0, result.stdout + result.stderr
    stacks = re.findall(r"stack (\w+): (.+)", result.stdout.partition("Summary")[2])
    assert [name for name, _ in stacks] == ["dc", "drc"]
    assert all(re.fullmatch(r"\d+ same", outcome) for _, outcome in stacks), stacks
    assert re.search(r"Ansible: ok=\d+ changed=0 ", result.stdout)
