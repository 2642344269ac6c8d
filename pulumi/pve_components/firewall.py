# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster's firewall (``/cluster/firewall``): names first, groups that use them, the switch last."""

from __future__ import annotations

from collections.abc import Iterable

import pulumi
import pulumi_pve as pve
from network_plan.model.firewall import Rule
from network_plan.model.node import Cluster


def rule_args(rules: Iterable[Rule]) -> list[pve.FirewallRuleArgs]:
    """Rules of the Plan as the SDK's arguments; empty texts are left out."""
    return [
        pve.FirewallRuleArgs(
            key=rule.key,
            type=rule.direction,
            action=rule.action,
            source=rule.source or None,
            dest=rule.dest or None,
            proto=rule.proto or None,
            dport=rule.dport or None,
            icmp_type=rule.icmp_type or None,
            comment=rule.comment or None,
        )
        for rule in rules
    ]


class Firewall(pulumi.ComponentResource):
    """Aliases, ipsets, security groups and options; ``named`` is what a VM's rules depend on."""

    def __init__(self, cluster: Cluster, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("awan:pve:Firewall", cluster.name, None, opts)
        firewall = cluster.firewall
        child = pulumi.ResourceOptions(parent=self)
        names: list[pulumi.Resource] = [
            pve.FirewallAlias(alias.name, name=alias.name, cidr=alias.cidr, comment=alias.comment, opts=child)
            for alias in firewall.aliases
        ]
        names += [
            pve.FirewallIpset(
                ipset.name,
                name=ipset.name,
                comment=ipset.comment,
                entries=[pve.FirewallIpsetEntryArgs(cidr=cidr) for cidr in ipset.cidrs],
                opts=child,
            )
            for ipset in firewall.ipsets
        ]
        after_names = pulumi.ResourceOptions(parent=self, depends_on=names)
        groups = [
            pve.FirewallGroup(
                group.name,
                group=group.name,
                comment=group.comment,
                rules=rule_args(group.rules),
                opts=after_names,
            )
            for group in firewall.groups
        ]
        self.named: list[pulumi.Resource] = [*names, *groups]
        self.options = pve.FirewallOptions(
            cluster.name,
            enable=firewall.enable,
            policy_in=firewall.policy_in,
            policy_out=firewall.policy_out,
            opts=pulumi.ResourceOptions(parent=self, depends_on=self.named),
        )
        self.register_outputs({})
