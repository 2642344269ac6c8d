# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxmox VE's firewall as the Plan wants it: the second wall, at each VM.

Shapes follow ``/cluster/firewall`` and ``/nodes/{node}/qemu/{vmid}/firewall`` of the PVE API.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A named address or network (64 characters at most)."""

    name: str
    cidr: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IpSet:
    """A named set of networks; ``cidrs`` is sorted."""

    name: str
    cidrs: tuple[str, ...]
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, known by its key and not by its position.

    Attributes:
        key: stable id, unique in its list; the provider keeps it in the rule's comment.
        direction: ``in``, ``out`` or ``group`` (then ``action`` is the group's name).
        source: ``+dc/<ipset>``, ``dc/<alias>``, a CIDR, or empty for any.
        proto: ``tcp``, ``udp``, ``icmp``, ``icmpv6`` or empty.
        dport: ``443`` or ``5000:5010``, as PVE writes it; empty for any.
        icmp_type: PVE's name of the one ICMP type, ``echo-request``; empty for any.
    """

    key: str
    direction: Literal["in", "out", "group"]
    action: str
    source: str = ""
    dest: str = ""
    proto: str = ""
    dport: str = ""
    comment: str = ""
    icmp_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    """A named list of rules (18 characters at most)."""

    name: str
    comment: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFirewall:
    """Cluster-wide firewall; ``policy_in`` and ``policy_out`` are those of the hosts."""

    enable: bool
    policy_in: str
    policy_out: str
    aliases: tuple[Alias, ...]
    ipsets: tuple[IpSet, ...]
    groups: tuple[SecurityGroup, ...]
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestFirewall:
    """A VM's own firewall.

    Attributes:
        ndp: let IPv6 neighbour discovery pass.
        radv: let the VM advertise itself as a router: never, that is the guard against false routers.
        ipsets: ``ipfilter-net0``, the addresses it may use; PVE adds the link-local one of its MAC.
    """

    enable: bool
    policy_in: str
    policy_out: str
    ipfilter: bool
    macfilter: bool
    dhcp: bool
    ndp: bool
    radv: bool
    ipsets: tuple[IpSet, ...]
    rules: tuple[Rule, ...]
