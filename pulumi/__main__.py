# SPDX-License-Identifier: GPL-3.0-or-later
"""The program of both stacks: the same Plan, the same site role; the stack's name says which cluster."""

import pulumi
from network_plan.build import load_plan
from pve_components.access import Access
from pve_components.environment import operator_keys, provider, site_folder
from pve_components.firewall import Firewall
from pve_components.operations import Operations
from pve_components.sdn import Sdn
from pve_components.tenant_pool import TenantPool

stack = pulumi.get_stack()
plan = load_plan(site_folder())
cluster = plan.cluster(stack)
guests = plan.guests_of(stack)
opts = pulumi.ResourceOptions(provider=provider(stack))

access, sdn, firewall = Access(cluster, opts), Sdn(cluster, opts), Firewall(cluster, opts)
pools = {}
for share in cluster.access:
    own = [guest for guest in guests if guest.tenant == share.pool]
    tenant = TenantPool(share, own, cluster.vm_storage, operator_keys(), access, sdn, firewall, opts)
    pools[share.pool] = tenant.pool
operations = Operations(cluster, access, pools, opts)

pulumi.export("cluster", {"name": cluster.name, "primary": plan.role.primary, "epoch": plan.role.epoch})
addresses = {guest.key: str(guest.nics[0].addresses[0].ip) for guest in guests}
pulumi.export(
    "guests", {g.key: {"vmid": g.vmid, "node": g.node, "address": addresses[g.key]} for g in guests}
)
pulumi.export("tokens", operations.tokens)
pulumi.export("pools", {share.pool: share.comment for share in cluster.access})
