# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole life of a value: given, released, at rest, reclaimed, given again; prefixes that grow and shrink in place."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from network_plan import files
from network_plan.allocate import acts
from network_plan.allocate.acts import ActError
from network_plan.allocate.allot import allot
from network_plan.allocate.declared import check_retired, retired
from network_plan.allocate.fit import check_fit
from network_plan.allocate.replay import SHARED, check_ledger
from network_plan.allocate.sequence import rests_of
from network_plan.model.ledger import Act, Entry, Kind, Ledger, RoleEntry
from network_plan.model.row import Row
from network_plan.model.site import Office, Site, Tenant, Vm
from network_plan.model.site.network import Reservation, Role, Transport
from network_plan.parse.ledger import parse_ledger

SOURCE = "assumption: for the test"
DAY = date(2027, 1, 1)
CLUSTERS = frozenset({"dc", "drc"})
EMPTY = Ledger(roles=(RoleEntry(epoch=1, primary="dc"),))


def tenant(site: Site, vms: int, hosts: int = 9) -> Tenant:
    return dataclasses.replace(
        site.tenants["dinas"],
        networks={},
        flows={},
        offices={"main": Office(title="Kantor", transport=Transport.FIBRE, hosts=hosts, source=SOURCE)},
        vms={f"v{number}": Vm(size="small", serves=("tcp/443",), source=SOURCE) for number in range(vms)},
    )


def with_tenants(site: Site, **vms: int) -> Site:
    return dataclasses.replace(
        site, tenants={**site.tenants, **{name: tenant(site, number) for name, number in vms.items()}}
    )


def allotted(site: Site, ledger: Ledger) -> Ledger:
    entries, findings = allot(site, ledger)
    assert findings == []
    return ledger.plus(entries)


def whole(site: Site, ledger: Ledger, today: date | None = None) -> None:
    """The ledger holds together, in memory and read back from its files."""
    assert check_ledger(ledger, CLUSTERS, "ledger", today) == []
    texts = {**files.with_entries({}, ledger.entries), "site_role.ledger": "schema 1\nprimary 1 dc\n"}
    read, findings = parse_ledger(texts, "ledger")
    assert findings == []
    assert read.live() == ledger.live()
    assert {kind: read.used(kind) for kind in Kind} == {kind: ledger.used(kind) for kind in Kind}
    assert check_ledger(read, CLUSTERS, "ledger", today) == []
    assert check_fit(site, ledger) == []


STEP = st.one_of(
    st.tuples(st.just("declare"), st.sampled_from("xyz"), st.integers(0, 3)),
    st.tuples(st.just("withdraw"), st.sampled_from("xyz"), st.just(0)),
    st.tuples(st.just("retire"), st.just(""), st.just(0)),
    st.tuples(st.just("wait"), st.just(""), st.integers(1, 100)),
    st.tuples(st.just("rested"), st.just(""), st.just(0)),
    st.tuples(st.just("grow"), st.sampled_from("xyz"), st.integers(20, 26)),
    st.tuples(st.just("split"), st.sampled_from("xyz"), st.integers(26, 29)),
    st.tuples(st.just("renumber"), st.sampled_from("xyz"), st.just(0)),
)


class World:
    """A site and its ledger through a number of changes, with what must hold after each."""

    def __init__(self, site: Site) -> None:
        self.base, self.ledger, self.today = site, EMPTY, DAY
        self.tenants: dict[str, int] = {}

    @property
    def site(self) -> Site:
        return with_tenants(self.base, **self.tenants)

    def act(self, verb: str, name: str, number: int) -> list[Entry]:
        until = self.today + timedelta(days=30)
        if verb == "declare":
            self.tenants[name] = number
        elif verb == "withdraw":
            self.tenants.pop(name, None)
        elif verb == "wait":
            self.today += timedelta(days=number)
        elif verb == "retire":
            return acts.release_retired(self.site, self.ledger, until)
        elif verb == "rested":
            return acts.reclaim(self.ledger, None, None, self.today)
        elif verb == "grow":
            return acts.grow(self.site, self.ledger, f"{name}/office-main", number)
        elif verb == "split":
            return acts.split(self.site, self.ledger, f"{name}/office-main", number, until)
        else:
            return acts.release(self.site, self.ledger, f"{name}/v0", Kind.VMID, until)
        return []

    def step(self, verb: str, name: str, number: int) -> None:
        before, resting = self.ledger, self.resting()
        try:
            lines = self.act(verb, name, number)
        except ActError:
            lines = []
        self.ledger = allotted(self.site, self.ledger.plus(lines))
        fresh = self.ledger.entries[len(before.entries) :]
        assert self.ledger.entries[: len(before.entries)] == before.entries
        whole(self.site, self.ledger, self.today)
        touched = {(entry.kind, entry.key) for entry in lines}
        for where, value in before.live().items():
            if where not in touched:
                assert self.ledger.live()[where] == value, "somebody was moved"
        reclaimed = {(entry.kind, entry.value) for entry in lines if entry.act is Act.RECLAIM}
        for entry in fresh:
            if entry.act is Act.ALLOT and entry.kind not in SHARED:
                assert (entry.kind, entry.value) not in resting - reclaimed, "reused before it was reclaimed"

    def resting(self) -> set[tuple[Kind, str]]:
        return {
            (kind, value)
            for (kind, _), lines in self.ledger.histories.items()
            for value, _ in rests_of(lines)
        }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=1, max_size=10))
def test_whatever_is_done_nobody_moves_and_nothing_overlaps(
    base: Site, steps: list[tuple[str, str, int]]
) -> None:
    world = World(base)
    for step in steps:
        world.step(*step)


def test_a_released_value_rests_until_it_is_reclaimed(base: Site) -> None:
    ledger = allotted(with_tenants(base, a=1), EMPTY)
    old = ledger.live()[Kind.VMID, "a/v0"]
    ledger = ledger.plus(acts.release_retired(base, ledger, date(2027, 3, 31)))
    again = allotted(with_tenants(base, b=1), ledger)
    assert again.live()[Kind.VMID, "b/v0"] != old
    with pytest.raises(ActError, match=f"vmid {old} rests until 2027-03-31"):
        acts.reclaim(ledger, "a/v0", Kind.VMID, date(2027, 3, 31))
    ledger = ledger.plus(acts.reclaim(ledger, "a/v0", Kind.VMID, date(2027, 4, 1)))
    ledger = allotted(with_tenants(base, b=1), ledger)
    assert ledger.live()[Kind.VMID, "b/v0"] == old
    whole(with_tenants(base, b=1), ledger, date(2027, 4, 1))
    with pytest.raises(ActError, match="nothing of a/v0 can be reclaimed; nothing of it rests"):
        acts.reclaim(ledger, "a/v0", Kind.VMID, date(2027, 4, 1))


@pytest.mark.parametrize("again", [False, True])
def test_what_came_back_can_be_released_and_reclaimed_once_more(again: bool) -> None:
    """The order of lines is nothing, as after a union merge."""
    lines = ["allot a/v 100", "release a/v 100 2027-02-01", "reclaim a/v 100 2027-02-02", "allot a/v 100"]
    if again:
        lines += ["release a/v 100 2027-05-01", "reclaim a/v 100 2027-06-01"]
    for order in (lines, lines[::-1], sorted(lines)):
        ledger, findings = parse_ledger(
            {
                "vmid/a.ledger": "\n".join(["schema 1", *order, ""]),
                "site_role.ledger": "schema 1\nprimary 1 dc\n",
            },
            "l",
        )
        assert findings == []
        assert check_ledger(ledger, CLUSTERS, "l") == []
        assert ledger.live() == ({} if again else {(Kind.VMID, "a/v"): "100"})
        assert ledger.used(Kind.VMID) == (frozenset() if again else {"100"})


def test_what_is_declared_is_renumbered_only_by_its_kind(base: Site) -> None:
    site = with_tenants(base, a=1)
    ledger = allotted(site, EMPTY)
    with pytest.raises(ActError, match=r"a/v0 is declared .* with --kind \(address, mac, node, vmid\)"):
        acts.release(site, ledger, "a/v0", None, DAY)
    with pytest.raises(ActError, match="nobody of the name 'a/v9' has anything"):
        acts.release(site, ledger, "a/v9", None, DAY)
    with pytest.raises(ActError, match="nobody of the name 'a/v0' has a vlan"):
        acts.release(site, ledger, "a/v0", Kind.VLAN, DAY)
    (line,) = acts.release(site, ledger, "a/v0", Kind.ADDRESS, DAY)
    assert line.line == f"release a/v0/net0 {ledger.live()[Kind.ADDRESS, 'a/v0/net0']} 2027-01-01"
    grown = allotted(site, ledger.plus([line]))
    assert {where for where, value in grown.live().items() if ledger.live()[where] != value} == {
        (Kind.ADDRESS, "a/v0/net0")
    }


def test_what_no_file_declares_any_more_is_warned_of(base: Site) -> None:
    ledger = allotted(with_tenants(base, a=1), EMPTY)
    ledger = ledger.plus(acts.reserve(base, ledger, Kind.VLAN, "isp/modem", "77"))
    assert check_retired(with_tenants(base, a=1), ledger) == []
    read, _ = parse_ledger(files.with_entries({}, ledger.entries), "ledger")
    found = [str(finding) for finding in check_retired(base, read)]
    assert found == [
        "ledger/address/a.ledger:2: warning: no site file declares a/v0, which holds address 10.1.0.10, mac 02:61:77:00:00:01, node dc1, vmid 100; run 'awan allot --release a/v0', or declare it again [ledger/retired]",
        "ledger/prefix/a.ledger:2: warning: no site file declares a/office-main, which holds prefix 10.2.0.0/26, vlan 2002, vnet vn2002; run 'awan allot --release a/office-main', or declare it again [ledger/retired]",
        "ledger/prefix/a.ledger:3: warning: no site file declares a/servers, which holds prefix 10.1.0.0/26, vlan 1002, vnet vn1002; run 'awan allot --release a/servers', or declare it again [ledger/retired]",
    ]
    ledger = ledger.plus(acts.release_retired(base, ledger, DAY))
    assert retired(base, ledger) == []
    assert ledger.live()[Kind.VLAN, "isp/modem"] == "77"


def test_a_network_grows_in_place_and_everybody_keeps_the_address(base: Site) -> None:
    site = with_tenants(base, z=3)
    ledger = allotted(site, EMPTY)
    have = IPv4Network(ledger.live()[Kind.PREFIX, "z/servers"])
    more = with_tenants(base, z=60)
    (finding,) = [f for f in check_fit(more, ledger) if "needs" in f.what]
    assert finding.what == f"z/servers needs 60 addresses, its {have} has room for 53"
    grown = ledger.plus(acts.grow(more, ledger, "z/servers", None))
    grown = allotted(more, grown)
    now = IPv4Network(grown.live()[Kind.PREFIX, "z/servers"])
    assert have.subnet_of(now)
    assert (now.network_address, now.prefixlen) == (have.network_address, 25)
    assert (
        grown.live().items()
        >= {where: value for where, value in ledger.live().items() if where[0] is not Kind.PREFIX}.items()
    )
    assert all(
        IPv4Address(value) in now
        for (kind, key), value in grown.live().items()
        if kind is Kind.ADDRESS and key.startswith("z/")
    )
    whole(more, grown)


def test_a_network_that_can_t_grow_says_why(base: Site) -> None:
    site = with_tenants(base, a=1, b=1, c=1)
    ledger = allotted(site, EMPTY)
    live = ledger.live()
    assert [live[Kind.PREFIX, f"{name}/servers"] for name in "abc"] == [
        "10.1.0.0/26",
        "10.1.0.64/26",
        "10.1.0.128/26",
    ]
    for key, length, why in (
        ("a/servers", None, r"the block beside it is taken by 10.1.0.64/26 \(b/servers\)"),
        ("b/servers", None, "10.1.0.64/26 lies in the upper part of 10.1.0.0/25"),
        ("a/servers", 26, "a /26 is no larger"),
        ("a/servers", 15, "lies in the upper part of"),
        ("a/nothing", None, "no site file declares a network 'a/nothing'"),
    ):
        with pytest.raises(ActError, match=why):
            acts.grow(site, ledger, key, length)
    gone = ledger.plus(acts.release_retired(with_tenants(base, a=1, c=1), ledger, DAY))
    with pytest.raises(ActError, match=r"10.1.0.64/26 \(rests\)"):
        acts.grow(site, gone, "a/servers", None)
    with pytest.raises(ActError, match="b/servers has no prefix; run 'awan allot'"):
        acts.grow(site, gone, "b/servers", None)
    first = dataclasses.replace(site.networks.pools["servers"], prefix=IPv4Network("10.1.0.0/25"))  # type: ignore[index]
    small = dataclasses.replace(
        site,
        networks=dataclasses.replace(site.networks, pools={**site.networks.pools, "servers": first}),  # type: ignore[dict-item]
    )
    with pytest.raises(ActError, match=r"can't grow to 10.1.0.0/24: it leaves the pool 10.1.0.0/25"):
        acts.grow(small, ledger, "a/servers", 24)


def test_a_split_keeps_the_first_part_and_the_rest_can_be_given_after_its_rest(base: Site) -> None:
    site = with_tenants(base, a=2)
    ledger = allotted(site, EMPTY)
    for length, why in (
        (26, "of which a /26 is no part"),
        (29, "a/servers needs 2 addresses, 10.1.0.0/29 has room for -3"),
    ):
        with pytest.raises(ActError, match=why):
            acts.split(site, ledger, "a/servers", length, DAY)
    ledger = ledger.plus(acts.split(site, ledger, "a/servers", 27, DAY))
    assert ledger.live()[Kind.PREFIX, "a/servers"] == "10.1.0.0/27"
    whole(site, ledger)
    fine = dataclasses.replace(
        site,
        networks=dataclasses.replace(
            site.networks,
            pools={role: dataclasses.replace(pool, length=27) for role, pool in site.networks.pools.items()},
        ),
    )
    more = with_tenants(fine, a=2, b=1)
    assert allotted(more, ledger).live()[Kind.PREFIX, "b/servers"] != "10.1.0.32/27"
    with pytest.raises(ActError, match="rests until 2027-01-01"):
        acts.reclaim(ledger, "a/servers", Kind.PREFIX, DAY)
    ledger = ledger.plus(acts.reclaim(ledger, "a/servers", Kind.PREFIX, DAY + timedelta(days=1)))
    assert rests_of(ledger.histories[Kind.PREFIX, "a/servers"]) == []
    ledger = allotted(more, ledger)
    assert ledger.live()[Kind.PREFIX, "b/servers"] == "10.1.0.32/27"
    whole(more, ledger)
    with pytest.raises(ActError, match=r"taken by 10.1.0.32/27 \(b/servers\)"):
        acts.grow(more, ledger, "a/servers", 26)


def test_a_split_leaves_no_address_outside(base: Site) -> None:
    site = with_tenants(base, a=30)
    ledger = allotted(site, EMPTY)
    few = with_tenants(base, a=30)
    kept = dataclasses.replace(few.tenants["a"], vms={"v9": few.tenants["a"].vms["v9"]})
    few = dataclasses.replace(few, tenants={**few.tenants, "a": kept})
    with pytest.raises(ActError, match=r"outside of it is a/v9/net0 \(10.1.0.39\)"):
        acts.split(few, ledger, "a/servers", 27, DAY)


def test_what_is_reserved_is_given_to_nobody_else(base: Site) -> None:
    site = with_tenants(base, a=1)
    ledger = EMPTY.plus(acts.reserve(site, EMPTY, Kind.VMID, "isp/modem", "100"))
    assert [entry.file for entry in ledger.entries] == ["vmid/kominfo.ledger"]
    ledger = ledger.plus(acts.reserve(site, ledger, Kind.VMID, "a/v0", "105"))
    grown = allotted(site, ledger)
    assert grown.live()[Kind.VMID, "a/v0"] == "105"
    assert "100" not in {
        entry.value for entry in grown.entries if entry.kind is Kind.VMID and entry.act is Act.ALLOT
    }
    with pytest.raises(ActError, match="a/v0 has vmid 105 already; release it first"):
        acts.reserve(site, ledger, Kind.VMID, "a/v0", "106")
    whole(site, grown)


def test_a_line_is_void_only_where_another_key_has_the_value(base: Site) -> None:
    site = with_tenants(base, a=1, b=1)
    twice = EMPTY.plus(
        Entry(kind=kind, owner=name, act=Act.ALLOT, key=f"{name}/{what}", value=value)
        for name in "ab"
        for kind, what, value in ((Kind.VMID, "v0", "100"), (Kind.PREFIX, "servers", "10.1.0.0/26"))
    )
    with pytest.raises(ActError, match="nothing of c/v0 was given to another key too"):
        acts.void(twice, "c/v0", None)
    lines = [line for key in ("b/v0", "b/servers") for line in acts.void(twice, key, None)]
    assert [line.line for line in lines] == ["void b/v0 100", "void b/servers 10.1.0.0/26"]
    ledger = allotted(site, twice.plus(lines))
    assert ledger.live()[Kind.VMID, "a/v0"] == "100"
    assert ledger.live()[Kind.VMID, "b/v0"] == "101"
    whole(site, ledger)


def test_what_exists_today_is_taken_over(base: Site) -> None:
    site = with_tenants(base, a=1)
    rows = [
        Row(kind=Kind.VMID, key="a/v0", value="777"),
        Row(kind=Kind.VMID, key="old/thing", value="100"),
        Row(kind=Kind.PREFIX, key="a/servers", value="10.1.9.0/24"),
        Row(kind=Kind.ADDRESS, key="a/v0/net0", value="10.1.9.77"),
        Row(kind=Kind.NODE, key="a/v0@dc", value="dc2"),
    ]
    lines, findings = acts.take_over(site, EMPTY, rows)
    assert findings == []
    assert [f"{line.file}: {line.line}" for line in lines] == [
        "vmid/a.ledger: allot a/v0 777",
        "vmid/kominfo.ledger: reserve old/thing 100",
        "prefix/a.ledger: allot a/servers 10.1.9.0/24",
        "address/a.ledger: allot a/v0/net0 10.1.9.77",
        "node/a.ledger: allot a/v0@dc dc2",
    ]
    ledger = allotted(site, EMPTY.plus(lines))
    whole(site, ledger)
    assert acts.take_over(site, ledger, rows) == ([], [])
    wrong = [
        Row(kind=Kind.VMID, key="a/v0", value="778"),
        Row(kind=Kind.VMID, key="b/v0", value="777"),
        Row(kind=Kind.VMID, key="c/v0", value="900"),
        Row(kind=Kind.VMID, key="c/v0", value="901"),
    ]
    rested = ledger.plus(acts.release(site, ledger, "old/thing", Kind.VMID, DAY))
    lines, findings = acts.take_over(site, rested, [*wrong, Row(kind=Kind.VMID, key="d/v0", value="100")])
    assert [line.line for line in lines] == ["reserve c/v0 900"]
    assert [finding.what for finding in findings] == [
        "a/v0 has vmid 777 already, not 778",
        "vmid 777 of b/v0 is given to a/v0",
        "c/v0 has vmid 900 already, not 901",
        "vmid 100 of d/v0 rests",
    ]


def test_a_vnet_that_rests_while_its_vlan_is_free_is_said(base: Site) -> None:
    site = with_tenants(base, a=1)
    ledger = allotted(site, EMPTY)
    ledger = ledger.plus(acts.release_retired(base, ledger, DAY))
    ledger = ledger.plus(acts.reclaim(ledger, "a/servers", Kind.VLAN, DAY + timedelta(days=1)))
    _, findings = allot(with_tenants(base, b=1), ledger)
    assert [str(finding) for finding in findings] == [
        "error: vnet vn1002, named after the VLAN of b/servers, is not free; release vlan 1002 of b/servers with 'awan allot --release', or reclaim vnet vn1002 [ledger/full]"
    ]


def test_what_is_counted_but_not_named_is_declared(base: Site) -> None:
    desa = Reservation(
        title="Desa", role=Role.OFFICE, count=4, length=26, transport=Transport.LEASED, source=SOURCE
    )
    site = dataclasses.replace(base, networks=dataclasses.replace(base.networks, reservations={"desa": desa}))
    assert check_fit(site, EMPTY) == []
    ledger = allotted(site, EMPTY)
    assert ledger.live()[Kind.PREFIX, "reserved/desa"] == "10.2.255.0/24"
    assert check_retired(site, ledger) == []
    assert [thing for _, thing, _ in retired(base, ledger)] == ["reserved/desa"]
