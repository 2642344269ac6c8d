# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of every allotment: nobody is moved, nothing is given twice, the order of input is nothing."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping
from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from network_plan import files
from network_plan.allocate.allot import allot
from network_plan.allocate.fit import check_fit
from network_plan.allocate.replay import check_ledger
from network_plan.model.ledger import Act, Entry, Kind, Ledger, RoleEntry
from network_plan.model.site import Ipv6, Office, Site, Tenant, Vm
from network_plan.model.site.network import Transport
from network_plan.model.site.tenant import TenantKind
from network_plan.parse.ledger import parse_ledger

SOURCE = "assumption: for the test"
NAMES = st.sampled_from([f"{letter}{number}" for letter in "abkz" for number in range(4)])
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def tenants(draw: st.DrawFn) -> Tenant:
    """An agency with a few offices and VMs."""
    offices = draw(st.sets(NAMES, max_size=2))
    vms = draw(st.dictionaries(NAMES, st.integers(1, 2), max_size=3))
    return Tenant(
        schema=1,
        name="Dinas",
        kind=TenantKind.DINAS,
        source=SOURCE,
        offices={
            name: Office(title="Kantor", transport=Transport.FIBRE, hosts=9, source=SOURCE)
            for name in offices
        },
        vms={
            name: Vm(size="small", serves=("tcp/443",), source=SOURCE, priority=priority)
            for name, priority in vms.items()
        },
    )


def with_tenants(site: Site, more: Mapping[str, Tenant]) -> Site:
    return dataclasses.replace(site, tenants={**site.tenants, **more})


def allotted(site: Site, ledger: Ledger) -> Ledger:
    """The ledger after one allotment; there is room for everything here."""
    entries, findings = allot(site, ledger)
    assert findings == []
    return ledger.plus(entries)


EMPTY = Ledger(roles=(RoleEntry(epoch=1, primary="dc"),))


@quick
@given(before=st.dictionaries(NAMES, tenants(), max_size=4), name=NAMES, new=tenants())
def test_a_new_tenant_moves_no_one(base: Site, before: dict[str, Tenant], name: str, new: Tenant) -> None:
    others = {key: tenant for key, tenant in before.items() if key != name}
    ledger = allotted(with_tenants(base, others), EMPTY)
    grown = allotted(with_tenants(base, {**others, name: new}), ledger)
    assert grown.entries[: len(ledger.entries)] == ledger.entries
    assert grown.live().items() >= ledger.live().items()
    fresh = grown.entries[len(ledger.entries) :]
    assert all(entry.key.startswith(f"{name}/") for entry in fresh)


@quick
@given(more=st.dictionaries(NAMES, tenants(), max_size=6))
def test_nothing_overlaps(base: Site, more: dict[str, Tenant]) -> None:
    site = with_tenants(base, more)
    ledger = allotted(site, EMPTY)
    assert check_ledger(ledger, frozenset(site.clusters.clusters), "ledger") == []
    assert check_fit(site, ledger) == []
    for kind in set(Kind) - {Kind.NODE}:
        values = [entry.value for entry in ledger.entries if entry.kind is kind]
        assert len(values) == len(set(values))
    nets = [IPv4Network(entry.value) for entry in ledger.entries if entry.kind is Kind.PREFIX]
    assert not any(one.overlaps(other) for one, other in combinations([*nets, *site.dr.blocks], 2))


@quick
@given(more=st.dictionaries(NAMES, tenants(), max_size=6), seed=st.integers(0, 2**32))
def test_the_order_of_input_does_not_matter(base: Site, more: dict[str, Tenant], seed: int) -> None:
    chance = random.Random(seed)
    mixed = list({**base.tenants, **more}.items())
    chance.shuffle(mixed)
    shuffled = []
    for name, tenant in mixed:
        vms, offices = list(tenant.vms.items()), list(tenant.offices.items())
        chance.shuffle(vms)
        chance.shuffle(offices)
        shuffled.append((name, dataclasses.replace(tenant, vms=dict(vms), offices=dict(offices))))
    one, _ = allot(with_tenants(base, more), EMPTY)
    other, _ = allot(dataclasses.replace(base, tenants=dict(shuffled)), EMPTY)
    assert one == other


@quick
@given(steps=st.lists(st.dictionaries(NAMES, tenants(), max_size=3), min_size=1, max_size=4))
def test_the_ledger_only_grows_and_is_never_asked_twice(base: Site, steps: list[dict[str, Tenant]]) -> None:
    """Tenants come and go; who comes back finds everything as it was."""
    ledger = EMPTY
    for more in steps:
        site = with_tenants(base, more)
        grown = allotted(site, ledger)
        assert grown.entries[: len(ledger.entries)] == ledger.entries
        assert allot(site, grown) == ((), [])
        ledger = grown


@settings(parent=quick, max_examples=15)
@given(
    more=st.dictionaries(NAMES, tenants(), max_size=3), later=st.dictionaries(NAMES, tenants(), max_size=2)
)
def test_what_is_read_back_is_what_was_written(
    base: Site, more: dict[str, Tenant], later: dict[str, Tenant], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("ledger")
    one = with_tenants(base, more)
    both = with_tenants(one, {key: tenant for key, tenant in later.items() if key not in more})
    ledger = EMPTY
    for site in (one, both):
        entries, _ = allot(site, ledger)
        files.append_entries(folder, entries)
        ledger = ledger.plus(entries)
    read, findings = parse_ledger(files.read_texts(folder, "ledger"), "ledger")
    assert findings == []
    assert read.live() == ledger.live()
    assert {entry.line for entry in read.entries} == {entry.line for entry in ledger.entries}


def test_a_pool_with_pieces_too_small_is_passed_over(base: Site) -> None:
    """What somebody allotted by hand leaves gaps smaller than a network: they stay free."""
    odd = Entry(kind=Kind.PREFIX, owner="x", act=Act.ALLOT, key="x/odd", value="10.1.0.64/28")
    live = allotted(base, _with(EMPTY, odd)).live()
    assert live[Kind.PREFIX, "dinas/servers"] == "10.1.0.0/26"
    assert live[Kind.PREFIX, "kominfo/servers"] == "10.1.0.128/26"


def test_without_a_network_its_addresses_are_not_asked_for(base: Site) -> None:
    full = {
        role: dataclasses.replace(pool, prefix=IPv4Network((int(pool.prefix.network_address), 26)))
        for role, pool in base.networks.pools.items()
    }
    site = dataclasses.replace(base, networks=dataclasses.replace(base.networks, pools=full))
    entries, findings = allot(site, EMPTY)
    assert {finding.what for finding in findings} == {
        "pool office has nothing left for kominfo/office-main",
        "pool servers has nothing left for kominfo/servers",
        "pool management has nothing left for kominfo/management-drc",
    }
    addresses = {entry.key for entry in entries if entry.kind is Kind.ADDRESS}
    assert addresses == {"dinas/app/net0", "host/dc1", "host/dc2", "host/dc3"}


def _with(ledger: Ledger, *entries: Entry) -> Ledger:
    return ledger.plus(entries)


def test_a_released_value_is_not_given_again(base: Site) -> None:
    ledger = allotted(base, EMPTY)
    old = ledger.live()[Kind.VMID, "dinas/app"]
    released = _with(
        ledger, Entry(kind=Kind.VMID, owner="dinas", act=Act.RELEASE, key="dinas/app", value=old)
    )
    new = allotted(base, released).live()[Kind.VMID, "dinas/app"]
    assert new != old
    assert new not in ledger.used(Kind.VMID)


def test_a_vm_released_from_a_host_goes_to_another(base: Site) -> None:
    ledger = allotted(base, EMPTY)
    key = "dinas/app@dc"
    old = ledger.live()[Kind.NODE, key]
    moved = _with(ledger, Entry(kind=Kind.NODE, owner="dinas", act=Act.RELEASE, key=key, value=old))
    again = allotted(base, moved)
    assert again.live()[Kind.NODE, key] != old
    assert allot(base, again) == ((), [])


def test_a_pinned_vm_needs_no_line_and_takes_room(base: Site) -> None:
    dinas = base.tenants["dinas"]
    pinned = dataclasses.replace(dinas, vms={"app": dataclasses.replace(dinas.vms["app"], node="dc2")})
    entries, findings = allot(with_tenants(base, {"dinas": pinned}), EMPTY)
    assert findings == []
    places = {entry.key: entry.value for entry in entries if entry.kind is Kind.NODE}
    assert "dinas/app@dc" not in places
    assert places["kominfo/state@dc"] == "dc1"


def test_every_network_has_a_64_of_its_roles_quarter_of_the_ipv6_block(base: Site) -> None:
    from ipaddress import IPv6Address, IPv6Interface, IPv6Network

    block = Ipv6(
        prefix=IPv6Network("2001:db8:100::/56"),
        wan=IPv6Interface("2001:db8::2/64"),
        isp=IPv6Address("fe80::1"),
        source="RFC 3849 documentation space",
    )
    site = dataclasses.replace(base, networks=dataclasses.replace(base.networks, ipv6=block))
    entries, findings = allot(site, EMPTY)
    assert findings == []
    given_out = {e.key: e.value for e in entries if e.kind is Kind.PREFIX6}
    assert given_out == {
        "kominfo/management-dc": "2001:db8:100::/64",
        "kominfo/management-drc": "2001:db8:100:1::/64",
        "dinas/servers": "2001:db8:100:40::/64",
        "kominfo/servers": "2001:db8:100:41::/64",
        "dinas/office-main": "2001:db8:100:c0::/64",
        "kominfo/office-main": "2001:db8:100:c1::/64",
    }
    assert set(given_out) == {e.key for e in entries if e.kind is Kind.PREFIX}


def test_another_providers_ipv6_block_leaves_the_old_networks_behind(base: Site) -> None:
    """Each is named with what releases it; nothing is moved by itself."""
    from ipaddress import IPv6Address, IPv6Interface, IPv6Network

    block = Ipv6(
        prefix=IPv6Network("2001:db8:100::/56"),
        wan=IPv6Interface("2001:db8::2/64"),
        isp=IPv6Address("fe80::1"),
        source="RFC 3849 documentation space",
    )
    site = dataclasses.replace(base, networks=dataclasses.replace(base.networks, ipv6=block))
    ledger = allotted(site, EMPTY)
    assert check_fit(site, ledger) == []
    moved = dataclasses.replace(block, prefix=IPv6Network("2001:db8:200::/56"))
    site = dataclasses.replace(base, networks=dataclasses.replace(base.networks, ipv6=moved))
    found = check_fit(site, ledger)
    assert len(found) == sum(kind is Kind.PREFIX6 for kind, _ in ledger.live())
    assert "dinas/servers has prefix6 2001:db8:100:40::/64, which is not in 2001:db8:200:40::/58" in {
        finding.what for finding in found
    }


def test_public_addresses_fixed_in_the_site_are_left_to_it(base: Site) -> None:
    from ipaddress import IPv4Address

    www = dataclasses.replace(base.services.publish["www"], address=None)
    egress = dataclasses.replace(base.services.egress["offices"], address=IPv4Address("203.0.113.0"))
    services = dataclasses.replace(base.services, publish={"www": www}, egress={"offices": egress})
    entries, _ = allot(dataclasses.replace(base, services=services), EMPTY)
    given_out = {entry.key: entry.value for entry in entries if entry.kind is Kind.PUBLIC}
    assert given_out == {"publish/www": "203.0.113.1", "egress/offices": "203.0.113.0"}


def test_on_a_link_the_edges_and_the_provider_are_left_out(base: Site) -> None:
    from ipaddress import IPv4Address

    public = dataclasses.replace(base.networks.public, delivery="on_link", isp=IPv4Address("203.0.113.1"))
    site = dataclasses.replace(base, networks=dataclasses.replace(base.networks, public=public))
    entries, _ = allot(site, EMPTY)
    assert {e.value for e in entries if e.kind is Kind.PUBLIC} == {"203.0.113.2", "203.0.113.3"}
