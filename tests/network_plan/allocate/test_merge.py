# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken back after a merge: lines that are not on main, and what follows from them; nothing else."""

from __future__ import annotations

import dataclasses

import pytest

from network_plan import files
from network_plan.allocate.allot import allot
from network_plan.allocate.merge import taken_back
from network_plan.model.ledger import Entry, Ledger
from network_plan.model.site import Site
from network_plan.parse.ledger import parse_ledger


def _texts(site: Site) -> dict[str, str]:
    entries, findings = allot(site, Ledger())
    assert findings == []
    return files.with_entries({}, entries)


def _back(site: Site, before: dict[str, str], now: dict[str, str]) -> tuple[list[str], list[str]]:
    ledger, findings = parse_ledger(now, "l")
    assert findings == []
    back, stuck = taken_back(site, ledger, before, now)
    return [f"{entry.file} {entry.line}: {why}" for entry, why in back.items()], [str(f) for f in stuck]


@pytest.fixture
def main(base: Site) -> dict[str, str]:
    return _texts(base)


def _added(texts: dict[str, str], **lines: str) -> dict[str, str]:
    grown = dict(texts)
    for name, line in lines.items():
        kind, _, owner = name.partition("_")
        file = f"{kind}/{owner}.ledger"
        grown[file] = grown.get(file, "schema 1\n") + line + "\n"
    return grown


def test_a_clean_merge_takes_nothing_back(base: Site, main: dict[str, str]) -> None:
    assert _back(base, main, main) == ([], [])
    assert _back(base, main, _added(main, vmid_new="allot new/vm 150")) == ([], [])


def test_a_value_a_second_value_and_an_overlap_go_back(base: Site, main: dict[str, str]) -> None:
    now = _added(
        main,
        vmid_aaa="allot aaa/vm 100",
        vlan_dinas="allot dinas/servers 700",
        prefix_new="allot new/n 10.1.0.0/24",
    )
    back, stuck = _back(base, main, now)
    assert stuck == []
    assert sorted(back) == [
        "prefix/new.ledger allot new/n 10.1.0.0/24: dinas/servers has prefix 10.1.0.0/26 on main",
        "vlan/dinas.ledger allot dinas/servers 700: dinas/servers has vlan 1002 on main",
        "vmid/aaa.ledger allot aaa/vm 100: dinas/app has vmid 100 on main",
    ]


def test_what_stands_in_a_prefix_goes_with_it(base: Site, main: dict[str, str]) -> None:
    """The host's and the VM's addresses, which nobody else has, and the vnet of the VLAN; not those on main."""
    now = _added(main, prefix_x="allot x/n 10.1.0.0/26", vlan_x="allot x/n 1002")
    before = {name: text for name, text in now.items() if name.startswith(("prefix/x", "vlan/x"))}
    back, stuck = _back(base, before, now)
    assert stuck == []
    assert "address/dinas.ledger allot dinas/app/net0 10.1.0.10: it goes with prefix 10.1.0.0/26" in back
    assert "vnet/dinas.ledger allot dinas/servers vn1002: it goes with vlan 1002" in back
    assert len(back) == 4
    management = _added(main, prefix_x="allot x/n 10.0.0.0/26")
    back, _ = _back(base, {"prefix/x.ledger": management["prefix/x.ledger"]}, management)
    assert [line.partition(" ")[0] for line in back if "host/dc1" in line] == ["address/kominfo.ledger"]
    kept = {**before, "address/dinas.ledger": now["address/dinas.ledger"]}
    assert not [line for line in _back(base, kept, now)[0] if line.startswith("address/dinas")]


def test_of_two_lines_that_are_both_new_the_later_goes(base: Site) -> None:
    now = {"vmid/a.ledger": "schema 1\nallot a/v 100\n", "vmid/b.ledger": "schema 1\nallot b/v 100\n"}
    assert _back(base, {}, now) == (["vmid/b.ledger allot b/v 100: a/v has vmid 100"], [])


def test_a_line_twice_goes_back_once(base: Site) -> None:
    now = {"vmid/a.ledger": "schema 1\nallot a/v 100\nallot a/v 100\n"}
    before = {"vmid/a.ledger": "schema 1\nallot a/v 100\n"}
    ledger, _ = parse_ledger(now, "l")
    back, _ = taken_back(base, ledger, before, now)
    (line,) = back
    assert line.place is not None
    assert files.without_lines(now, [(line.file, line.place.line)]) == before


def test_what_is_on_main_twice_is_left_to_people(base: Site) -> None:
    now = {
        "vmid/a.ledger": "schema 1\nallot a/v 100\nallot a/v 101\n",
        "vmid/b.ledger": "schema 1\nallot b/v 100\n",
    }
    back, stuck = _back(base, now, now)
    assert back == []
    assert stuck == [
        "l/vmid/b.ledger:2: error: b/v has vmid 100, and a/v has 100 (l/vmid/a.ledger:2); both are on main; run 'awan allot --void KEY' with the key that does not use it yet [ledger/both]",
        "l/vmid/a.ledger:3: error: a/v has vmid 101, and a/v has 100 (l/vmid/a.ledger:2); both are on main; run 'awan allot --release a/v --kind vmid' [ledger/both]",
    ]


def test_lines_that_stand_in_no_file_are_nobody_s(base: Site) -> None:
    entry = next(iter(Ledger.of(allot(base, Ledger())[0]).entries))
    twice = Ledger.of([entry, dataclasses.replace(entry, key="x/y", owner="x")])
    back, stuck = taken_back(base, twice, {}, {entry.file: "schema 1\n", f"{entry.kind.value}/x.ledger": ""})
    assert (back, len(stuck)) == ({}, 1)
    assert isinstance(entry, Entry)


def test_of_vms_that_overfill_a_host_the_new_ones_go_elsewhere(base: Site, main: dict[str, str]) -> None:
    """Each branch saw room on the same host; with both of them there is none."""
    hosts = base.clusters.clusters["dc"].hosts
    tight = dataclasses.replace(
        base,
        clusters=dataclasses.replace(
            base.clusters,
            clusters={
                **base.clusters.clusters,
                "dc": dataclasses.replace(
                    base.clusters.clusters["dc"],
                    hosts=tuple(dataclasses.replace(g, memory_mib=g.reserve_mib + 1100) for g in hosts),
                ),
            },
        ),
    )
    now = {
        **main,
        "node/dinas.ledger": "schema 1\nallot dinas/app@dc dc1\n",
        "node/kominfo.ledger": "schema 1\nallot kominfo/state@dc dc1\nallot kominfo/state@drc drc1\n",
        "replica/kominfo.ledger": "schema 1\nallot kominfo/state@dc dc2\n",
    }
    before = {name: text for name, text in now.items() if not name.endswith("kominfo.ledger")}
    assert _back(tight, before, now) == (
        [
            "node/kominfo.ledger allot kominfo/state@dc dc1: dc1 has no room for it beside the others",
            "replica/kominfo.ledger allot kominfo/state@dc dc2: its VM stands elsewhere",
        ],
        [],
    )
    assert _back(tight, now, now) == ([], []), "what is on main stays, and people make room"
