# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan allot`` appends what is missing, once, and nothing while the site is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from network_plan.files import only_writer

Awan = Callable[..., Any]
Spoil = Callable[[str, str, str], None]

TENANT = """\
schema: 1
name: Badan
kind: badan
source: "assumption: a new agency"
offices: {main: {title: Kantor, transport: fibre, hosts: 9, source: "assumption: for the test"}}
vms: {site: {size: small, serves: [tcp/80], source: "assumption: for the test"}}
"""


def _ledger(inventory: Path) -> dict[str, str]:
    return {
        path.relative_to(inventory).as_posix(): path.read_text(encoding="utf-8")
        for path in (inventory / "ledger").rglob("*.*")
    }


def test_a_complete_ledger_is_left_alone(awan: Awan, inventory: Path) -> None:
    before = _ledger(inventory)
    said = awan("allot")
    assert (said.code, said.out) == (0, "the ledger is complete\n")
    assert _ledger(inventory) == before


def test_a_new_tenant_appends_lines_and_a_second_run_none(awan: Awan, inventory: Path) -> None:
    """Must show 4: six lines of YAML, and whatever was there before is where it was."""
    before = _ledger(inventory)
    assert TENANT.count("\n") <= 6
    (inventory / "site/tenants/baru.yml").write_text(TENANT, encoding="utf-8")
    said = awan("allot")
    assert said.code == 0
    assert said.out.splitlines() == [
        "inventory/ledger/address/baru.ledger: allot baru/site/net0 10.1.2.10",
        "inventory/ledger/mac/baru.ledger: allot baru/site/net0 02:61:77:00:00:03",
        "inventory/ledger/node/baru.ledger: allot baru/site@dc dc1",
        "inventory/ledger/prefix/baru.ledger: allot baru/office-main 10.2.2.0/24",
        "inventory/ledger/prefix/baru.ledger: allot baru/servers 10.1.2.0/24",
        "inventory/ledger/vlan/baru.ledger: allot baru/office-main 32",
        "inventory/ledger/vlan/baru.ledger: allot baru/servers 22",
        "inventory/ledger/vmid/baru.ledger: allot baru/site 102",
        "inventory/ledger/vnet/baru.ledger: allot baru/office-main vn32",
        "inventory/ledger/vnet/baru.ledger: allot baru/servers vn22",
        "10 lines written",
    ]
    after = _ledger(inventory)
    assert {name: text for name, text in after.items() if name in before} == before
    assert awan("check").code == 0
    assert awan("allot").out == "the ledger is complete\n"
    assert _ledger(inventory) == after


def test_a_dry_run_writes_nothing(awan: Awan, inventory: Path) -> None:
    (inventory / "site/tenants/baru.yml").write_text(TENANT, encoding="utf-8")
    before = _ledger(inventory)
    said = awan("allot", "--dry-run")
    assert said.out.splitlines()[-1] == "10 lines would be written"
    assert _ledger(inventory) == before


def test_json_lists_the_lines(awan: Awan, inventory: Path) -> None:
    (inventory / "ledger/vmid/dinas.ledger").unlink()
    assert json.loads(awan("allot", "--json").out) == [
        {"file": "vmid/dinas.ledger", "line": "allot dinas/app 100"}
    ]


def test_nothing_is_allotted_while_anything_is_wrong(awan: Awan, inventory: Path, spoil: Spoil) -> None:
    (inventory / "ledger/vmid/dinas.ledger").unlink()
    spoil("site/tenants/kominfo.yml", "to: vm:state", "to: vm:stat")
    before = _ledger(inventory)
    said = awan("allot")
    assert said.code == 2
    assert said.err.splitlines()[-1] == "nothing was allotted; mend the errors first"
    assert "there is no vm 'kominfo/stat'" in said.err
    assert _ledger(inventory) == before


def test_what_policy_forbids_does_not_stop_the_numbers(awan: Awan, inventory: Path, spoil: Spoil) -> None:
    """A rule of the plan is mended in the same change; `check` goes on failing until then."""
    (inventory / "ledger/vmid/dinas.ledger").unlink()
    spoil("site/services.yml", "why: the public's page", "holder: dinas\n    why: the public's page")
    assert awan("allot").code == 0
    assert "[GW-2]" in awan("check").err


def test_a_ledger_that_can_t_be_written_is_named(
    awan: Awan, inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inventory / "ledger/vmid/dinas.ledger").unlink()

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)
    said = awan("allot")
    assert (said.code, said.err) == (
        2,
        "inventory/ledger/vmid/dinas.ledger: Permission denied; make the ledger writable, and run the same command again\n",
    )


def test_a_vm_that_is_gone_is_warned_of_released_and_reclaimed(
    awan: Awan, inventory: Path, spoil: Spoil
) -> None:
    (inventory / "site/tenants/baru.yml").write_text(TENANT, encoding="utf-8")
    assert awan("allot").code == 0
    (inventory / "site/tenants/baru.yml").unlink()
    said = awan("check")
    assert said.code == 0
    assert "no site file declares baru/site, which holds address 10.1.2.10" in said.err
    assert "run 'awan allot --release baru/site', or declare it again [ledger/retired]" in said.err
    said = awan("allot", "--retired", "--until", "2027-01-31", "--today", "2026-11-24")
    assert said.out.splitlines()[-1] == "10 lines written"
    assert "inventory/ledger/vmid/baru.ledger: release baru/site 102 2027-01-31" in said.out
    assert "[ledger/retired]" not in awan("check").err
    said = awan("allot", "--reclaim", "baru/site", "--today", "2027-01-31")
    assert said.code == 2
    assert "nothing of baru/site can be reclaimed; address 10.1.2.10 rests until 2027-01-31" in said.err
    spoil(
        "site/tenants/dinas.yml",
        "vms:\n",
        'vms:\n  web: {size: small, memory_mib: 256, serves: [tcp/80], source: "assumption: for the test"}\n',
    )
    assert "allot dinas/web 103" in awan("allot", "--dry-run").out
    said = awan("allot", "--rested", "--today", "2027-02-01")
    assert "reclaim baru/site 102 2027-02-01" in said.out
    assert "allot dinas/web 102" in said.out, "what is reclaimed is free again"
    assert awan("check", "--today", "2027-02-01").code == 0
    assert "was decided on a day to come" in awan("check", "--today", "2027-01-01").err


def test_the_rest_is_ninety_days_unless_said_otherwise(awan: Awan, inventory: Path) -> None:
    assert inventory.is_dir()
    said = awan("allot", "--dry-run", "--release", "dinas/app", "--kind", "vmid", "--today", "2026-11-24")
    assert said.out.splitlines() == [
        "inventory/ledger/vmid/dinas.ledger: release dinas/app 100 2027-02-22",
        "inventory/ledger/vmid/dinas.ledger: allot dinas/app 102",
        "2 lines would be written",
    ]


def test_a_network_grows_and_is_split(awan: Awan, spoil: Spoil) -> None:
    spoil("site/tenants/kominfo.yml", "hosts: 20", "hosts: 300")
    said = awan("allot")
    assert said.code == 2
    assert "run 'awan allot --grow kominfo/office-main', or divide the network [ledger/fit]" in said.err
    said = awan("allot", "--grow", "kominfo/office-main")
    assert (said.code, said.err) == (
        2,
        "kominfo/office-main can't grow to a /23: 10.2.1.0/24 lies in the upper part of 10.2.0.0/23, and the gateway's address would move; declare a second network for what is new\n",
    )
    spoil("site/tenants/kominfo.yml", "hosts: 300", "hosts: 20")
    said = awan("allot", "--split", "kominfo/office-main")
    assert (said.code, said.err) == (
        2,
        "--split needs the length of what the network keeps; add --to LENGTH\n",
    )
    said = awan("allot", "--split", "kominfo/office-main", "--to", "25", "--until", "2027-01-31")
    assert said.out.splitlines() == [
        "inventory/ledger/prefix/kominfo.ledger: split kominfo/office-main 10.2.1.0/25 2027-01-31",
        "1 line written",
    ]
    assert awan("allot", "--grow", "kominfo/office-main").out.splitlines() == [
        "inventory/ledger/prefix/kominfo.ledger: grow kominfo/office-main 10.2.1.0/24",
        "1 line written",
    ]
    assert awan("check").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("vm", "isp/modem", "100"), "there is no kind 'vm'; write one of prefix, "),
        (("vmid", "Modem", "150"), "'Modem' is no key; write lower-case words with slashes: isp/modem\n"),
        (
            ("vmid", "isp/modem", "99"),
            "'99' is no vmid: a VMID is 100 to 999999999; write the value as it is used\n",
        ),
        (("vmid", "isp/modem", "100"), "vmid 100 of isp/modem was given to dinas/app before"),
        (("vmid", "dinas/app", "150"), "dinas/app has vmid 100 already; release it first\n"),
    ],
)
def test_what_can_t_be_reserved(awan: Awan, inventory: Path, words: tuple[str, ...], said: str) -> None:
    before = _ledger(inventory)
    found = awan("allot", "--reserve", *words)
    assert found.code == 2
    assert said in found.err
    assert _ledger(inventory) == before


def test_a_table_of_today_is_taken_over_or_refused_whole(awan: Awan, inventory: Path) -> None:
    (inventory / "site/tenants/baru.yml").write_text(TENANT, encoding="utf-8")
    table = inventory.parent / "today.csv"
    table.write_text(
        "key,kind,value\nbaru/site,vmid,700\nbaru/servers,prefix,10.1.77.0/24\nprinter,address,10.1.0.99\n",
        encoding="utf-8",
    )
    said = awan("allot", "--import", str(table))
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[:3] == [
        "inventory/ledger/vmid/baru.ledger: allot baru/site 700",
        "inventory/ledger/prefix/baru.ledger: allot baru/servers 10.1.77.0/24",
        "inventory/ledger/address/kominfo.ledger: reserve printer 10.1.0.99",
    ]
    assert "inventory/ledger/address/baru.ledger: allot baru/site/net0 10.1.77.10" in lines
    assert awan("check").code == 0
    before = _ledger(inventory)
    table.write_text("key,kind,value\nbaru/site,vmid,701\nx,vmid,100\nx,vm,1\n", encoding="utf-8")
    said = awan("allot", "--import", str(table))
    assert (said.code, said.err.count("today.csv:")) == (2, 1)
    table.write_text("key,kind,value\nbaru/site,vmid,701\nx,vmid,100\n", encoding="utf-8")
    said = awan("allot", "--import", str(table))
    assert said.err.splitlines() == [
        "today.csv:2: error: baru/site has vmid 700 already, not 701; say which is true: correct the row, or release what the ledger has [ledger/import]",
        "today.csv:3: error: vmid 100 of x is given to dinas/app; say which is true: correct the row, or release what the ledger has [ledger/import]",
        "nothing was allotted; mend the errors first",
    ]
    assert (
        "No such file or directory; name a table that can be read" in awan("allot", "--import", "no.csv").err
    )
    assert _ledger(inventory) == before


def test_acts_need_a_site_that_can_be_read(awan: Awan, spoil: Spoil) -> None:
    spoil("site/clusters.yml", "schema: 1", "schema: 2")
    said = awan("allot", "--retired")
    assert said.code == 2
    assert said.err.endswith("nothing was allotted; mend the errors first\n")


def test_two_at_once_are_one_too_many(awan: Awan, inventory: Path) -> None:
    before = _ledger(inventory)
    with only_writer(inventory / "ledger"):
        said = awan("allot")
        assert (said.code, said.err) == (
            2,
            "inventory/ledger: another 'awan allot' writes to it; wait for its end, and run the same command again\n",
        )
        assert awan("allot", "--dry-run").code == 0
    assert awan("allot").code == 0
    assert _ledger(inventory) == before


def test_the_use_of_the_pools(awan: Awan, inventory: Path) -> None:
    uses = {use["pool"]: use for use in json.loads(awan("allot", "--use", "--json").out)}
    assert uses["vmid"]["live"] == 2
    assert uses["prefix servers"]["free"] + uses["prefix servers"]["live"] == uses["prefix servers"]["size"]
    assert uses["public"]["runs_out"] is None
    said = awan("allot", "--use").out
    assert "no pace is known: git has no day after the first on which anything was allotted" in said
    (inventory / "site/dr.yml").unlink()
    assert awan("allot", "--use").code == 2
