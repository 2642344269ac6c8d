# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles of a cluster (``/access/roles``); who holds one is bound per tenant in ``tenant_pool``."""

from __future__ import annotations

import pulumi
import pulumi_pve as pve
from network_plan.model.node import Cluster


class Access(pulumi.ComponentResource):
    """The cluster's own roles, by name."""

    def __init__(self, cluster: Cluster, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("awan:pve:Access", cluster.name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.roles = {
            role.name: pve.Role(role.name, roleid=role.name, privs=list(role.privileges), opts=child)
            for role in cluster.roles
        }
        self.register_outputs({})
