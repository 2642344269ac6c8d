# SPDX-License-Identifier: GPL-3.0-or-later
"""The least number of requests with which the Plan's objects can be made in PVE. Pure; knows no provider.

Counted per kind from what PVE's API offers: the writes that it takes, one status per task that it starts, one read per
object with fields that PVE fills in. Not counted: looking before writing, verifying the cluster, waiting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from network_plan.model.firewall import ClusterFirewall, GuestFirewall, IpSet
from network_plan.model.guest import Guest
from network_plan.model.node import Cluster
from network_plan.model.plan import Plan

Calls = Counter[tuple[str, str]]
"""(method, path as PVE's schema writes it) → how often."""

TASK = ("GET", "/nodes/{node}/tasks/{upid}/status")
VM = "/nodes/{node}/qemu/{vmid}"


def _access(cluster: Cluster) -> Calls:
    """A role, a pool and a group are one POST each; an entry of the access list is one PUT, of one path and role."""
    shares = len(cluster.access)
    groups = sum(len(share.groups) for share in cluster.access)
    return Calls(
        {
            ("POST", "/access/roles"): len(cluster.roles),
            ("POST", "/pools"): shares,
            ("POST", "/access/groups"): groups,
            ("PUT", "/access/acl"): groups,
        }
    )


def _sdn(cluster: Cluster) -> Calls:
    """Zone, vnet and subnet are one POST each; all of it runs after one PUT /cluster/sdn, which is a task."""
    return Calls(
        {
            ("POST", "/cluster/sdn/zones"): 1,
            ("POST", "/cluster/sdn/vnets"): len(cluster.vnets),
            ("POST", "/cluster/sdn/vnets/{vnet}/subnets"): sum(len(vnet.subnets) for vnet in cluster.vnets),
            ("PUT", "/cluster/sdn"): 1,
            TASK: 1,
        }
    )


def _sets(sets: Iterable[IpSet], base: str) -> Calls:
    """A set is one POST, and one more for each member: POST takes no list."""
    calls = Calls()
    for ipset in sets:
        calls["POST", base] += 1
        calls["POST", f"{base}/{{name}}"] += len(ipset.cidrs)
    return calls


def _firewall(firewall: ClusterFirewall) -> Calls:
    """An alias, a group and a rule are one POST each; the options are one PUT."""
    calls = _sets(firewall.ipsets, "/cluster/firewall/ipset")
    calls["POST", "/cluster/firewall/aliases"] += len(firewall.aliases)
    for group in firewall.groups:
        calls["POST", "/cluster/firewall/groups"] += 1
        calls["POST", "/cluster/firewall/groups/{group}"] += len(group.rules)
    calls["POST", "/cluster/firewall/rules"] += len(firewall.rules)
    calls["PUT", "/cluster/firewall/options"] += 1
    return calls


def _guest_firewall(firewall: GuestFirewall) -> Calls:
    """Options in one PUT, sets as above, one POST per rule."""
    calls = _sets(firewall.ipsets, f"{VM}/firewall/ipset")
    calls["PUT", f"{VM}/firewall/options"] += 1
    calls["POST", f"{VM}/firewall/rules"] += len(firewall.rules)
    return calls


def _operations(cluster: Cluster) -> Calls:
    """A storage, a user, a token and a backup job are one POST each; all options are one PUT.

    A token may do what both it and its user may, so that a grant is two entries of the access list.
    """
    return Calls(
        {
            ("POST", "/storage"): len(cluster.storages),
            ("PUT", "/cluster/options"): int(bool(cluster.options)),
            ("POST", "/access/users"): len({token.user for token in cluster.tokens}),
            ("POST", "/access/users/{userid}/token/{tokenid}"): len(cluster.tokens),
            ("PUT", "/access/acl"): 2 * len(cluster.tokens),
            ("POST", "/cluster/backup"): len(cluster.backups),
        }
    )


def _available(guest: Guest) -> Calls:
    """HA resource, rule and replication job: one POST each, none of them a task."""
    if guest.ha is None:
        return Calls()
    return Calls(
        {
            ("POST", "/cluster/ha/resources"): 1,
            ("POST", "/cluster/ha/rules"): 1,
            ("POST", "/cluster/replication"): 1,
        }
    )


def _guest(guest: Guest) -> Calls:
    """One POST (a task), with pool, disks, interfaces and cloud-init in it.

    A disk made from an image has the image's size, so it is grown: one PUT, a task. Power comes after the firewall, so
    it can't be the POST's `start`: one POST, a task. PVE fills in the volumes' names: one read.
    """
    calls = _guest_firewall(guest.firewall) + _available(guest)
    grown = sum(disk.import_from is not None for disk in guest.disks)
    started = int(guest.running)
    calls["POST", "/nodes/{node}/qemu"] += 1
    calls["PUT", f"{VM}/resize"] += grown
    calls["POST", f"{VM}/status/start"] += started
    calls["GET", f"{VM}/pending"] += 1
    calls[TASK] += 1 + grown + started
    return calls


def least(plan: Plan, cluster: str) -> Calls:
    """All of it for one cluster, without kinds that it has none of."""
    where = plan.cluster(cluster)
    calls = _access(where) + _sdn(where) + _firewall(where.firewall) + _operations(where)
    for guest in plan.guests_of(cluster):
        calls += _guest(guest)
    return +calls
