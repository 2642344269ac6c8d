# SPDX-License-Identifier: GPL-3.0-or-later
"""All clusters and hosts that the environment names, compared with the Plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from network_plan.model.plan import Plan
from pve_provider.errors import ProviderError
from pve_provider.provider_config import verify as check_cluster
from scripts.awan.problem import SYSTEM, Problem
from scripts.verify.compare import compare_cluster
from scripts.verify.connect import Host, cluster_run
from scripts.verify.difference import Report
from scripts.verify.host import compare_host
from scripts.verify.live import Live, read_live

Say = Callable[[str], None]

NEEDS = {("/", "Sys.Audit"), ("/vms", "VM.Audit"), ("/pool", "Pool.Audit"), ("/sdn", "SDN.Audit")}
"""What a token must be allowed to read, so that nothing is taken for missing that was only hidden."""


def read_cluster(name: str, env: Mapping[str, str]) -> tuple[Live, str]:
    """Read one cluster, and say its own name; refuses another cluster, a bad token, missing privileges."""
    run = cluster_run(name, env)
    expected = run.settings.cluster
    try:
        check_cluster(run, NEEDS)
        return read_live(run.api), expected
    except ProviderError as error:
        raise Problem(f"cluster {expected}: {error}", SYSTEM) from error


def verify_cluster(plan: Plan, name: str, env: Mapping[str, str]) -> Report:
    """Read one cluster and compare it."""
    live, expected = read_cluster(name, env)
    return compare_cluster(plan, name, live, expected)


def verify(
    plan: Plan, env: Mapping[str, str], *, clusters: Iterable[str], hosts: Iterable[str], say: Say
) -> list[Report]:
    """Compare the named clusters and hosts.

    Raises:
        Problem: one of them is unreachable or refuses (exit 3).
    """
    reports = []
    for name in clusters:
        say(f"reading cluster {name}")
        reports.append(verify_cluster(plan, name, env))
    for gateway in plan.gateways:
        if gateway.host in hosts:
            say(f"reading host {gateway.host}")
            with Host(gateway.host, env) as host:
                reports.append(compare_host(plan, gateway, host))
    return reports
