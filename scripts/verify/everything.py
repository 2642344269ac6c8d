# SPDX-License-Identifier: GPL-3.0-or-later
"""All clusters and hosts that the environment names, compared with the Plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from network_plan.model.plan import Plan
from pve_provider.errors import ProviderError
from scripts.awan.problem import SYSTEM, Problem
from scripts.verify.compare import compare_cluster
from scripts.verify.connect import Host, cluster_api
from scripts.verify.difference import Report
from scripts.verify.host import compare_host
from scripts.verify.live import read_live

Say = Callable[[str], None]


def verify_cluster(plan: Plan, name: str, env: Mapping[str, str]) -> Report:
    """Read one cluster and compare it; refuses a cluster with another name."""
    api, expected = cluster_api(name, env)
    try:
        live = read_live(api)
    except ProviderError as error:
        raise Problem(f"cluster {expected}: {error}", SYSTEM) from error
    if live.name != expected:
        raise Problem(
            f"the endpoint of {name} is cluster {live.name!r}, not {expected!r}; "
            f"AWAN_{name.upper()}_ENDPOINTS and _CLUSTER must mean the same one",
            SYSTEM,
        )
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
