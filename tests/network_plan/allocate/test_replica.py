# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host takes an HA VM over: another one, with room, and it stays."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import date

import pytest

from network_plan.allocate.allot import allot
from network_plan.allocate.fit import check_fit
from network_plan.model.ledger import Act, Entry, Kind, Ledger, RoleEntry
from network_plan.model.site import Cluster, Site, Vm
from network_plan.parse.site import parse_site

EMPTY = Ledger(roles=(RoleEntry(epoch=1, primary="dc"),))
SOURCE = "assumption: for the test"


def _site(minimal: dict[str, str], hosts: tuple[str, ...], vms: int) -> Site:
    """The minimal site with HA for every VM, these hosts in the DC and so many VMs in one agency."""
    parsed = parse_site(
        {name.removeprefix("site/"): text for name, text in minimal.items() if "site/" in name}, "s"
    )
    assert parsed.site is not None
    site = parsed.site
    tiers = {key: dataclasses.replace(tier, ha_minutes=5) for key, tier in site.dr.tiers.items()}
    dinas = dataclasses.replace(
        site.tenants["dinas"],
        vms={f"v{number}": Vm(size="small", serves=(), source=SOURCE) for number in range(vms)},
    )
    return dataclasses.replace(
        site,
        dr=dataclasses.replace(site.dr, tiers=tiers),
        clusters=dataclasses.replace(
            site.clusters, clusters={**site.clusters.clusters, "dc": _with_hosts(site, hosts)}
        ),
        tenants={**site.tenants, "dinas": dinas},
    )


def _with_hosts(site: Site, hosts: tuple[str, ...]) -> Cluster:
    cluster = site.clusters.clusters["dc"]
    return dataclasses.replace(cluster, hosts=(dataclasses.replace(cluster.hosts[0], names=hosts),))


def _allotted(site: Site, ledger: Ledger = EMPTY) -> Ledger:
    entries, findings = allot(site, ledger)
    assert findings == []
    return ledger.plus(entries)


def test_replicas_stand_elsewhere_and_are_spread(minimal: dict[str, str]) -> None:
    live = _allotted(_site(minimal, ("dc1", "dc2", "dc3", "dc4"), 7)).live()
    replicas = {key: value for (kind, key), value in live.items() if kind is Kind.REPLICA}
    assert len(replicas) == 8
    assert all(live[Kind.NODE, key] != target for key, target in replicas.items())
    assert max(Counter(replicas.values()).values()) == 2


def test_a_new_vm_moves_no_replica(minimal: dict[str, str]) -> None:
    hosts = ("dc1", "dc2", "dc3")
    before = _allotted(_site(minimal, hosts, 3))
    grown = _allotted(_site(minimal, hosts, 6), before)
    assert grown.live().items() >= before.live().items()


def test_a_released_host_is_not_chosen_again(minimal: dict[str, str]) -> None:
    site = _site(minimal, ("dc1", "dc2", "dc3"), 1)
    ledger = _allotted(site)
    target = ledger.live()[Kind.REPLICA, "dinas/v0@dc"]
    release = Entry(kind=Kind.REPLICA, owner="dinas", act=Act.RELEASE, key="dinas/v0@dc", value=target)
    again = _allotted(site, ledger.plus([release]))
    assert again.live()[Kind.REPLICA, "dinas/v0@dc"] != target
    rested = [
        dataclasses.replace(release, day=date(2027, 1, 1)),
        dataclasses.replace(release, act=Act.RECLAIM, day=date(2027, 1, 2)),
    ]
    back = _allotted(site, ledger.plus(rested))
    assert back.live()[Kind.REPLICA, "dinas/v0@dc"] == target, "a reclaimed host may be chosen again"


@pytest.mark.parametrize(
    ("hosts", "why"), [(("dc1", "dc3"), "which is no host of dc"), (("dc1", "dc2"), "which is its own host")]
)
def test_a_replica_that_no_longer_fits_is_said(
    minimal: dict[str, str], hosts: tuple[str, ...], why: str
) -> None:
    ledger = _allotted(_site(minimal, ("dc1", "dc2"), 1))
    site = _site(minimal, hosts, 1)
    if "dc2" in hosts:  # pinned onto the host of its own replica
        vm = dataclasses.replace(
            site.tenants["dinas"].vms["v0"], node=ledger.live()[Kind.REPLICA, "dinas/v0@dc"]
        )
        site = dataclasses.replace(
            site,
            tenants={**site.tenants, "dinas": dataclasses.replace(site.tenants["dinas"], vms={"v0": vm})},
        )
    found = [finding.what for finding in check_fit(site, ledger)]
    assert any(what.startswith("dinas/v0@dc has replica") and what.endswith(why) for what in found)


def test_when_every_other_host_was_released_it_is_said(minimal: dict[str, str]) -> None:
    site = _site(minimal, ("dc1", "dc2"), 1)
    ledger = _allotted(site)
    target = ledger.live()[Kind.REPLICA, "dinas/v0@dc"]
    release = Entry(kind=Kind.REPLICA, owner="dinas", act=Act.RELEASE, key="dinas/v0@dc", value=target)
    entries, findings = allot(site, ledger.plus([release]))
    assert not [entry for entry in entries if entry.kind is Kind.REPLICA]
    assert [finding.what for finding in findings] == ["dc has no other host left for dinas/v0@dc"]


def test_what_has_no_host_has_no_replica(minimal: dict[str, str]) -> None:
    entries, findings = allot(_site(minimal, ("dc1", "dc2"), 40), EMPTY)
    placed = {entry.key for entry in entries if entry.kind is Kind.NODE and entry.key.endswith("@dc")}
    assert {entry.key for entry in entries if entry.kind is Kind.REPLICA} == placed
    assert findings
