# SPDX-License-Identifier: GPL-3.0-or-later
"""HA, backups, storages, tokens and options: what a cluster does for its VMs beside running them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from network_plan.model.availability import BackupJob, HighAvailability, Storage, Token
from network_plan.model.guest import Guest
from network_plan.model.ledger import Kind
from network_plan.model.network import Network
from network_plan.model.site import Site
from network_plan.model.site.expand import DeclaredVm, has_replica

Live = Mapping[tuple[Kind, str], str]

TOOLS = (
    Token(
        user="awan-monitor@pve",
        token="read",  # noqa: S106 - the name of a token
        role="PVEAuditor",
        path="/pool",
        comment="monitoring reads the state of the VMs (MON-1)",
    ),
    Token(
        user="awan-drill@pve",
        token="read",  # noqa: S106 - the name of a token
        role="PVEAuditor",
        path="/pool",
        comment="drills read where a VM lives now (DR-3)",
    ),
)
"""One token for each tool beside the one that builds and the one that verifies, which are there before the stack.

All of them hold on ``/pool``: giving rights elsewhere would ask for ``Permissions.Modify`` on ``/``, and the token
that builds is not to have that.
"""


def derive_ha(
    site: Site, live: Live, vm: DeclaredVm, cluster: str, node: str, *, running: bool
) -> HighAvailability | None:
    """HA of one VM in its home cluster; a twin has none: its disks are replication's, not the cluster's."""
    minutes = site.dr.tiers[vm.vm.priority].ha_minutes
    if minutes is None or cluster != vm.cluster or not has_replica(site, vm):
        return None
    return HighAvailability(
        state="started" if running else "stopped",
        home=node,
        replica=live[Kind.REPLICA, f"{vm.key}@{cluster}"],
        schedule=f"*/{minutes}",
        minutes=minutes,
    )


def derive_storages(site: Site, cluster: str) -> tuple[Storage, ...]:
    """The storage for backups, where the site declares one."""
    backup = site.clusters.clusters[cluster].backup
    if backup is None:
        return ()
    return (
        Storage(
            name=backup.storage,
            kind="dir",
            path=backup.path,
            machine=backup.machine,
            content=("backup",),
            source=backup.source,
        ),
    )


def derive_backups(site: Site, cluster: str, guests: Sequence[Guest]) -> tuple[BackupJob, ...]:
    """A job per tenant with disks of its own here, as often as its most urgent VM asks.

    A job over a pool takes new VMs in by itself; a twin's disks are replication's.
    """
    backup = site.clusters.clusters[cluster].backup
    if backup is None:
        return ()
    urgent: dict[str, int] = {}
    for guest in guests:
        if guest.cluster == cluster and not guest.twin and site.dr.tiers[guest.tier].backup is not None:
            urgent[guest.tenant] = min(guest.tier, urgent.get(guest.tenant, guest.tier))
    found = []
    for tenant, tier in sorted(urgent.items()):
        wanted = site.dr.tiers[tier].backup
        assert wanted is not None  # only such tiers were taken
        found.append(
            BackupJob(
                id=f"awan-{tenant}",
                pool=tenant,
                storage=backup.storage,
                schedule=wanted.schedule,
                keep=(("keep-daily", wanted.keep_daily), ("keep-weekly", wanted.keep_weekly)),
                comment=f"backups of {tenant}, priority {tier} (CLD-7)",
            )
        )
    return tuple(found)


def derive_options(site: Site, cluster: str, networks: Sequence[Network]) -> tuple[tuple[str, str], ...]:
    """Datacenter options: how HA treats a shutdown, where migrations run, which ids a person's own VM gets.

    New VMs made by hand take VMIDs above the range of the ledger (``next-id``), and MACs of another prefix.
    """
    management = next(
        network for network in networks if network.key == site.clusters.clusters[cluster].network
    )
    last = site.clusters.vmids[1]
    return (
        ("ha", "shutdown_policy=migrate"),
        ("migration", f"type=secure,network={management.prefixes[0]}"),
        ("next-id", f"lower={last + 1},upper={last + 100_000}"),
    )
