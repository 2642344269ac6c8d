# SPDX-License-Identifier: GPL-3.0-or-later
"""One VM: made stopped, then its firewall, its power and HA, so that it never runs without its rules."""

from __future__ import annotations

import pulumi
import pulumi_pve as pve
from network_plan.model.guest import Guest
from pve_components.firewall import rule_args
from pve_components.ha import make_available


def _cloud_init(guest: Guest, storage: str, keys: list[str]) -> pve.VmCloudInitArgs:
    return pve.VmCloudInitArgs(
        storage=storage,
        user="awan",
        ssh_keys=keys or None,
        nameservers=[str(address) for address in guest.nameservers],
        search_domain=guest.fqdn.partition(".")[2],
        ip_configs=[
            pve.VmIpConfigArgs(
                slot=nic.slot,
                ip=next((str(a) for a in nic.addresses if a.version == 4), None),
                gw=next((str(a) for a in nic.gateways if a.version == 4), None),
                ip6=next((str(a) for a in nic.addresses if a.version == 6), None),
                gw6=next((str(a) for a in nic.gateways if a.version == 6), None),
            )
            for nic in guest.nics
        ],
    )


def make_guest(
    guest: Guest,
    storage: str,
    keys: list[str],
    needs: list[pulumi.Resource],
    named: list[pulumi.Resource],
    parent: pulumi.Resource,
) -> pve.Vm:
    """Register a guest's resources under ``parent``: VM, firewall, power, and what lets another host take it over.

    Args:
        storage: where the cloud-init drive lies; a twin, whose disks replication brings, has none.
        keys: public ssh keys of the operators.
        needs: what must be there before the VM (pool, networks).
        named: what its rules name (aliases, ipsets, groups).
    """
    vm = pve.Vm(
        guest.key,
        vmid=guest.vmid,
        node=guest.node,
        name=guest.name,
        pool=guest.pool,
        description=guest.title,
        tags=list(guest.tags),
        cores=guest.cores,
        cpu="x86-64-v2-AES",
        memory=guest.memory_mib,
        balloon=0,
        os_type="l26",
        scsihw="virtio-scsi-single",
        agent=True,
        onboot=guest.running,
        protection=guest.protect,
        boot_order=[disk.slot for disk in guest.disks] or None,
        disks=[
            pve.VmDiskArgs(
                slot=disk.slot,
                storage=disk.storage,
                size_gib=disk.size_gib,
                import_from=disk.import_from,
                discard=True,
                iothread=True,
            )
            for disk in guest.disks
        ],
        networks=[
            pve.VmNetworkArgs(slot=nic.slot, bridge=nic.vnet, mac=nic.mac, firewall=True)
            for nic in guest.nics
        ],
        cloud_init=_cloud_init(guest, storage, keys) if guest.disks else None,
        # Pulumi's own word too: a preview refuses to take a protected VM out, before HA or a copy of it is touched.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=needs, protect=guest.protect),
    )
    own = guest.firewall
    firewall = pve.VmFirewall(
        guest.key,
        vmid=vm.vmid,
        enable=own.enable,
        policy_in=own.policy_in,
        policy_out=own.policy_out,
        ipfilter=own.ipfilter,
        macfilter=own.macfilter,
        dhcp=own.dhcp,
        ndp=own.ndp,
        radv=own.radv,
        ipsets=[
            pve.VmFirewallIpsetArgs(
                name=ipset.name,
                comment=ipset.comment,
                entries=[pve.FirewallIpsetEntryArgs(cidr=cidr) for cidr in ipset.cidrs],
            )
            for ipset in own.ipsets
        ],
        rules=rule_args(own.rules),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=named),
    )
    power = pve.VmPower(
        guest.key,
        vmid=vm.vmid,
        started=guest.running,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[firewall]),
    )
    if guest.ha is not None:
        make_available(guest.key, guest.vmid, guest.ha, power, parent)
    return vm
