# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxmox VE's firewall as its own files (``/etc/pve/firewall``), for reading and for review.

Nothing is configured from these texts: the provider writes the same values through the API.
"""

from __future__ import annotations

from network_plan.model.firewall import IpSet, Rule
from network_plan.model.plan import Plan


def _rule(rule: Rule) -> str:
    comment = f" # [{rule.key}] {rule.comment}"
    if rule.direction == "group":
        return f"GROUP {rule.action}{comment}"
    words = [rule.direction.upper(), rule.action]
    for flag, value in (
        ("-source", rule.source),
        ("-dest", rule.dest),
        ("-p", rule.proto),
        ("-dport", rule.dport),
        ("-icmp-type", rule.icmp_type),
    ):
        if value:
            words += [flag, value]
    return " ".join(words) + comment


def _ipset(ipset: IpSet) -> list[str]:
    return [f"[IPSET {ipset.name}] # {ipset.comment}", "", *ipset.cidrs, ""]


def render_pve_firewall(plan: Plan) -> dict[str, str]:
    """File name (``dc/cluster.fw``, ``dc/103.fw``) → text."""
    files = {}
    for cluster in plan.clusters:
        firewall = cluster.firewall
        lines = ["[OPTIONS]", "", f"enable: {int(firewall.enable)}", f"policy_in: {firewall.policy_in}"]
        lines += [f"policy_out: {firewall.policy_out}", "", "[ALIASES]", ""]
        lines += [f"{alias.name} {alias.cidr} # {alias.comment}" for alias in firewall.aliases] + [""]
        for ipset in firewall.ipsets:
            lines += _ipset(ipset)
        for group in firewall.groups:
            lines += [f"[group {group.name}] # {group.comment}", "", *map(_rule, group.rules), ""]
        files[f"{cluster.name}/cluster.fw"] = "\n".join(lines)
        for guest in plan.guests_of(cluster.name):
            own = guest.firewall
            lines = ["[OPTIONS]", "", f"enable: {int(own.enable)}", f"policy_in: {own.policy_in}"]
            lines += [f"policy_out: {own.policy_out}", f"ipfilter: {int(own.ipfilter)}"]
            lines += [
                f"macfilter: {int(own.macfilter)}",
                f"dhcp: {int(own.dhcp)}",
                f"ndp: {int(own.ndp)}",
                "",
            ]
            for ipset in own.ipsets:
                lines += _ipset(ipset)
            lines += ["[RULES]", "", *map(_rule, own.rules), ""]
            files[f"{cluster.name}/{guest.vmid}.fw"] = "\n".join(lines)
    return files
