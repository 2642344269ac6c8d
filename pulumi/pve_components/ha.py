# SPDX-License-Identifier: GPL-3.0-or-later
"""What lets another host take a VM over: HA manager, the rule that names the hosts, the copies of its disks."""

from __future__ import annotations

import pulumi
import pulumi_pve as pve
from network_plan.model.availability import HighAvailability


def make_available(
    key: str, vmid: int, ha: HighAvailability, power: pve.VmPower, parent: pulumi.Resource
) -> None:
    """Register a VM with the HA manager, then bind it to its two hosts, then have its disks copied.

    PVE wants the rule's VM to be known to HA. The copies come last because a change of the rule moves the VM, and a
    host can't keep copies of what it runs.

    Args:
        key: the guest's key in the Plan.
        power: what brings the VM into its state before HA keeps it there.
    """
    resource = pve.HaResource(
        key, sid=f"vm:{vmid}", state=ha.state, opts=pulumi.ResourceOptions(parent=parent, depends_on=[power])
    )
    rule = pve.HaRule(
        key,
        rule=f"awan-{vmid}",
        resources=[resource.sid],
        nodes=[f"{ha.home}:2", f"{ha.replica}:1"],
        strict=True,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    pve.Replication(
        key,
        jobid=f"{vmid}-0",
        target=ha.replica,
        schedule=ha.schedule,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[rule]),
    )
