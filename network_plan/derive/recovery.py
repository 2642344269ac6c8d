# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery: who is primary, the targets per tier, the tunnel's two ends."""

from __future__ import annotations

from ipaddress import IPv4Interface

from network_plan.model.dr import RecoveryPlace, Risk, SiteRole, Tier, Tunnel
from network_plan.model.ledger import Ledger
from network_plan.model.site import Site


def derive_role(ledger: Ledger) -> SiteRole:
    """The role of the highest epoch."""
    last = max(ledger.roles, key=lambda role: role.epoch)
    return SiteRole(epoch=last.epoch, primary=last.primary)


def derive_tiers(site: Site) -> tuple[Tier, ...]:
    """The recovery targets, sorted by priority."""
    return tuple(
        Tier(
            priority=priority,
            rpo_minutes=tier.rpo_minutes,
            rto_minutes=tier.rto_minutes,
            twin=tier.twin,
            ha_minutes=tier.ha_minutes,
            backup=tier.backup.schedule if tier.backup else None,
            backups_kept=tier.backup.keep_daily + tier.backup.keep_weekly if tier.backup else 0,
            source=tier.source,
        )
        for priority, tier in sorted(site.dr.tiers.items())
    )


def derive_tunnels(site: Site) -> tuple[Tunnel, ...]:
    """The line between the data center and the recovery center (if any): first address here, second there."""
    tunnel = site.dr.tunnel
    if tunnel is None or site.dr.cluster is None:
        return ()
    ends = (site.clusters.default_cluster, site.dr.cluster)
    addresses = (IPv4Interface((tunnel.prefix[1 + index], tunnel.prefix.prefixlen)) for index in range(2))
    return (
        Tunnel(
            key="-".join(ends),
            kind=tunnel.kind,
            ends=tuple(zip(ends, addresses, strict=True)),
            rate_kbit=tunnel.rate_kbit,
            source=tunnel.source,
        ),
    )


def derive_risks(site: Site) -> tuple[Risk, ...]:
    """The risk study, sorted by key."""
    return tuple(
        Risk(
            key=key,
            kind=item.kind.value,
            title=item.title,
            likelihood=item.likelihood,
            impact=item.impact,
            mitigation=item.mitigation,
            source=item.source,
        )
        for key, item in sorted(site.dr.risks.items())
    )


def derive_place(site: Site) -> RecoveryPlace | None:
    """What the recovery center's place was weighed by."""
    place = site.dr.place
    if place is None:
        return None
    return RecoveryPlace(
        distance=place.distance, cost=place.cost, service_level=place.service_level, source=place.source
    )
