# SPDX-License-Identifier: GPL-3.0-or-later
"""A tenant's share of a cluster: pool, the groups of its posts and their rights (``/pools``, ``/access``), its VMs."""

from __future__ import annotations

from collections.abc import Iterable

import pulumi
import pulumi_pve as pve
from network_plan.model.guest import Guest
from network_plan.model.node import Access as Share
from pve_components.access import Access
from pve_components.firewall import Firewall
from pve_components.guest import make_guest
from pve_components.sdn import Sdn


class TenantPool(pulumi.ComponentResource):
    """One tenant in one cluster; ``pool`` is what a job over its VMs names."""

    def __init__(
        self,
        share: Share,
        guests: Iterable[Guest],
        storage: str,
        keys: list[str],
        access: Access,
        sdn: Sdn,
        firewall: Firewall,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("awan:pve:TenantPool", share.pool, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.pool = pve.Pool(share.pool, poolid=share.pool, comment=share.comment, opts=child)
        for people in share.groups:
            group = pve.Group(people.name, groupid=people.name, comment=share.comment, opts=child)
            pve.Acl(
                people.name,
                path=self.pool.poolid.apply(lambda poolid: f"/pool/{poolid}"),
                roleid=access.roles[people.role].roleid,
                type="group",
                ugid=group.groupid,
                propagate=True,
                opts=child,
            )
        for guest in guests:
            needs: list[pulumi.Resource] = [self.pool, sdn.applied]
            make_guest(guest, storage, keys, needs, [*firewall.named, firewall.options], self)
        self.register_outputs({})
