# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan allot`` appends what is missing, once, and nothing while the site is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
