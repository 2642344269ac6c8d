# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules make of the numbers; sites that fail are in ``tests/sites/broken/cld_*``."""

from __future__ import annotations

import dataclasses

from network_plan.model.plan import Plan
from network_plan.policy.planned import check_planned


def _with_planned(plan: Plan, *sizes: int) -> Plan:
    """So many applications of priority 1, planned; beside nothing else."""
    like = plan.applications[0]
    return dataclasses.replace(
        plan,
        applications=tuple(
            dataclasses.replace(
                like,
                key=f"new{place}",
                state="planned",
                vms=(),
                cores=1,
                memory_mib=mib,
                disk_gib=16,
                twin=False,
            )
            for place, mib in enumerate(sizes)
        ),
    )


def test_what_is_planned_is_said_only_where_it_does_not_fit(full_plan: Plan) -> None:
    assert check_planned(_with_planned(full_plan, 1024, 1024), None) == []
    found = check_planned(_with_planned(full_plan, 1024, 8192), None)
    assert [finding.path[-1] for finding in found] == ["hosts", "new1"]
    assert "of all that is planned in dc (2 with 9216 MiB beside" in found[0].what
    assert (
        "the planned new1 (priority 1) has no room: it needs 8192 MiB, dc with 1 host down has"
        in found[1].what
    )


def test_memory_that_a_host_has_not_is_the_allotment_s_business(full_plan: Plan) -> None:
    """``ledger/room`` says it, as an error: then nothing is said here, nor of what is planned."""
    clusters = tuple(
        dataclasses.replace(
            cluster,
            nodes=tuple(dataclasses.replace(node, memory_mib=node.reserve_mib) for node in cluster.nodes),
        )
        for cluster in full_plan.clusters
    )
    plan = dataclasses.replace(_with_planned(full_plan, 1024), clusters=clusters)
    assert check_planned(plan, None) == []
