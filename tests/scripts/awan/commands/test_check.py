# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan check`` prints every finding to stderr, a summary to stdout, and exits 0 or 1."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

Spoil = Callable[[str, str, str], None]
Awan = Callable[..., Any]

EXCEPTION = (
    "exceptions:\n  own: {tenant: dinas, kind: public_address, until: 2027-06-30, reason: for a while, "
    'source: "assumption: for the test"}\nflows:\n'
)


def test_a_sound_site_exits_0(awan: Awan) -> None:
    said = awan("check")
    assert said.code == 0
    assert said.err == ""
    assert said.out == (
        "Minimal: 2 tenants, 6 networks, 3 VMs in 2 clusters, 5 flows; 0 errors, 0 warnings\n"
    )


def test_every_error_is_printed_with_its_place_and_exits_1(awan: Awan, spoil: Spoil) -> None:
    spoil("site/tenants/dinas.yml", "hosts: 20", "hosts: many")
    spoil("site/tenants/kominfo.yml", "to: vm:state", "to: vm:stat")
    said = awan("check")
    assert said.code == 1
    assert said.err.splitlines() == [
        "inventory/site/tenants/dinas.yml:6:43: error: 'hosts' can't be 'many'; write a whole number, without quotes [site/type]",
        "inventory/site/tenants/kominfo.yml:19:5: error: there is no vm 'kominfo/stat'; did you mean 'kominfo/state'? [site/vm]",
    ]  # fmt: skip
    assert said.out == "2 errors, 0 warnings; there is no Plan until they are mended\n"


def test_json_holds_the_same(awan: Awan, spoil: Spoil) -> None:
    assert json.loads(awan("check", "--json").out) == {"errors": 0, "findings": []}
    spoil("site/tenants/dinas.yml", "hosts: 20", "hosts: many")
    said = awan("check", "--json")
    assert said.code == 1
    assert said.err == ""
    (finding,) = json.loads(said.out)["findings"]
    assert finding == {
        "severity": "error",
        "rule": "site/type",
        "what": "'hosts' can't be 'many'",
        "cure": "write a whole number, without quotes",
        "path": ["tenants", "dinas", "offices", "main", "hosts"],
        "place": {"file": "inventory/site/tenants/dinas.yml", "line": 6, "column": 43},
    }


@pytest.mark.parametrize(("day", "code", "word"), [("2027-06-30", 0, "warning"), ("2027-07-01", 1, "error")])
def test_exceptions_are_judged_on_the_day_that_is_named(
    awan: Awan, spoil: Spoil, day: str, code: int, word: str
) -> None:
    spoil("site/services.yml", "why: the public's page", "holder: dinas\n    exception: own\n    why: a page")
    spoil("site/services.yml", "flows:\n", EXCEPTION)
    said = awan("check", "--today", day)
    assert (said.code, f" {word}: the exception own of dinas" in said.err) == (code, True)
    assert said.out.endswith("; 1 error, 0 warnings\n" if code else "; 0 errors, 1 warning\n")


def test_today_is_today(awan: Awan, spoil: Spoil) -> None:
    yesterday = date.fromordinal(date.today().toordinal() - 1)
    spoil("site/tenants/dinas.yml", "why: the counter", f"why: the counter\n    until: {yesterday}")
    assert f"ended on {yesterday}" in awan("check").err


def test_missing_lines_fail_and_say_what_writes_them(awan: Awan, inventory: Path) -> None:
    (inventory / "ledger/vmid/dinas.ledger").unlink()
    said = awan("check")
    assert said.code == 1
    assert said.err == (
        "error: not allotted yet: vmid of dinas/app; run 'awan allot' and commit the new lines [ledger/missing]\n"
    )


def test_the_ledger_may_stand_elsewhere(awan: Awan, inventory: Path) -> None:
    (inventory / "ledger").rename(inventory.parent / "numbers")
    assert awan("check").code == 1
    assert awan("check", "--ledger", "numbers").code == 0
    assert awan("check", "--site", "nowhere").err == (
        "nowhere: there is no such folder; name the site's with --site\n"
    )


def _git(folder: Path, *args: str) -> None:
    name = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *name, *args], cwd=folder, check=True, capture_output=True)


def test_a_ledger_line_that_was_edited_on_a_branch_is_found(awan: Awan, inventory: Path) -> None:
    """Committed or not: the merge base decides. A line more is fine."""
    folder = inventory.parent
    _git(folder, "init")
    _git(folder, "add", ".")
    _git(folder, "commit", "-m", "start")
    assert awan("check").code == 0
    _git(folder, "checkout", "-b", "mine")
    file = inventory / "ledger/vmid/dinas.ledger"
    file.write_text("schema 1\nallot dinas/app 105\nreserve dinas/other 106\n", encoding="utf-8")
    expected = (
        "inventory/ledger/vmid/dinas.ledger:2: error: the line 'allot dinas/app 100' was there before, "
        "'allot dinas/app 105' stands now; a ledger line is never edited or removed; restore it, and add a line "
        "[ledger/edited]\n"
    )
    assert awan("check").err == expected
    _git(folder, "commit", "-am", "edit")
    assert awan("check").err == expected
    file.write_text("schema 1\nallot dinas/app 100\nreserve dinas/other 106\n", encoding="utf-8")
    assert awan("check").code == 0


def test_on_main_itself_the_last_commit_is_the_measure(
    awan: Awan, inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = inventory.parent
    _git(folder, "init")
    assert awan("check").code == 0
    _git(folder, "add", ".")
    _git(folder, "commit", "-m", "start")
    (inventory / "ledger/mac/dinas.ledger").unlink()
    monkeypatch.setenv("GIT_DIR", "/nonexistent")  # as a hook of another repository would have it
    said = awan("check")
    assert said.code == 1
    assert (
        "ledger/mac/dinas.ledger:1: error: the file with its 2 lines was there before and is gone" in said.err
    )


def test_without_git_nothing_is_said_of_the_past(
    awan: Awan, inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(inventory))
    assert awan("check").code == 0
