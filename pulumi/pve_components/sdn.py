# SPDX-License-Identifier: GPL-3.0-or-later
"""The SDN of a cluster (``/cluster/sdn``): one VLAN zone, a vnet and subnets per network, one apply."""

from __future__ import annotations

import pulumi
import pulumi_pve as pve
from network_plan.model.node import Cluster


class Sdn(pulumi.ComponentResource):
    """The zone with its vnets; ``applied`` is what a VM on one of them depends on."""

    def __init__(self, cluster: Cluster, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("awan:pve:Sdn", cluster.name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        zone = pve.SdnZone(cluster.zone, zone=cluster.zone, type="vlan", bridge=cluster.bridge, opts=child)
        made: list[pulumi.Resource] = [zone]
        triggers = [f"{cluster.zone} {cluster.bridge}"]
        for net in cluster.vnets:
            vnet = pve.SdnVnet(
                net.vnet, vnet=net.vnet, zone=zone.zone, tag=net.tag, alias=net.alias, opts=child
            )
            made.append(vnet)
            triggers.append(f"{net.vnet} {net.tag} {net.alias}")
            for cidr, gateway in net.subnets:
                name = f"{net.vnet}/{cidr}"
                made.append(
                    pve.SdnSubnet(
                        name, vnet=vnet.vnet, zone=zone.zone, cidr=cidr, gateway=gateway, opts=child
                    )
                )
                triggers.append(f"{name} {gateway}")
        self.applied = pve.SdnApply(
            cluster.name, triggers=triggers, opts=pulumi.ResourceOptions(parent=self, depends_on=made)
        )
        self.register_outputs({})
