# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan capacity``: on the printed figures, and with what it says bought, until all of it fits."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.awan.main import run
from scripts.toolchain.paths import ROOT
from tests.scripts.awan.conftest import Awan


def _capacity(capsys: pytest.CaptureFixture[str], site: Path, *options: str) -> tuple[int, str]:
    capsys.readouterr()
    code = run(["capacity", "--site", str(site), *options])
    return code, capsys.readouterr().out


def _answers(capsys: pytest.CaptureFixture[str], site: Path) -> tuple[int, Mapping[str, Any]]:
    code, out = _capacity(capsys, site, "--json")
    return code, {answer["key"]: answer for answer in json.loads(out)["answers"]}


def _edit(file: Path, change: Callable[[Any], None]) -> None:
    data = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    change(data)
    file.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")


@pytest.fixture
def regency(tmp_path: Path) -> Path:
    """A copy of the regency's own site and ledger."""
    for part in ("site", "ledger"):
        shutil.copytree(ROOT / "inventory" / part, tmp_path / "inventory" / part)
    return tmp_path / "inventory" / "site"


def _more(site: Path, key: str, each: Mapping[str, int]) -> None:
    """Declare more in some hosts: each of them becomes a group of its own."""

    def change(data: Any) -> None:
        for cluster in data["clusters"].values():
            groups = []
            for group in cluster["hosts"]:
                groups += [
                    {**group, "names": [name], key: group[key] + each.get(name, 0)} for name in group["names"]
                ]
            cluster["hosts"] = groups

    _edit(site / "clusters.yml", change)


def _set(file: Path, part: str, name: str, key: str, number: str) -> None:
    _edit(file, lambda data: data[part][name].update({key: int(number)}))


def _follow(site: Path, answers: Mapping[str, Any]) -> None:
    """Do what the page says: buy each purchase and write down what stands beside it."""
    for answer in answers.values():
        for buy in answer["buy"]:
            if buy["each"]:
                key = re.search(r"(memory_mib|disk_gib)", buy["declare"])
                assert key is not None
                _more(site, key[1], dict(buy["each"]))
            elif found := re.match(r"facilities\.yml: (power|needs)\.(\w+)\.(\w+): (\d+)", buy["declare"]):
                _set(site / "facilities.yml", *found.groups())
            elif buy["declare"] == "clusters.yml: clusters.drc: without 'first_purchase'":
                _edit(site / "clusters.yml", lambda data: data["clusters"]["drc"].pop("first_purchase"))
            else:
                assert buy["declare"] == "facilities.yml: power.drc: all its keys"
                _edit(
                    site / "facilities.yml",
                    lambda data: data["power"].update(
                        drc={
                            **data["power"]["dc"],
                            "supply_w": 2200,
                            "peak_w": 1800,
                            "ups_va": 4000,
                            "average_w": 1300,
                            "source": "assumption: measured for three hosts",
                        }
                    ),
                )


def test_on_the_printed_figures_it_says_plainly_what_does_not_fit(
    regency: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = _capacity(capsys, regency, "--short")
    assert code == 1
    assert out.startswith("Purwakarta: 2 of 8 questions have no yes\n")
    assert "14 fit on the printed 100 GB of memory, 19 do not" in out
    assert "3 memory modules of 8,192 MiB, one in each of dc1, dc2, dc3" in out
    assert "640 W more from the mains" in out
    assert "Sources" not in out


def test_who_does_what_it_says_has_room_for_all_and_with_any_module_less_has_not(
    regency: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answers = _answers(capsys, regency)
    assert code == 1
    _follow(regency, answers)
    code, out = _capacity(capsys, regency, "--short")
    assert code == 0, out
    assert out.startswith("Purwakarta: everything fits\n")
    assert "To buy" not in out
    modules = [
        host
        for buy in answers["applications"]["buy"]
        for host, mib in buy["each"]
        for _ in range(mib // 8192)
    ]
    assert len(modules) == 5
    for host in modules:
        _more(regency, "memory_mib", {host: -8192})
        assert _capacity(capsys, regency, "--short")[0] == 1, host
        _more(regency, "memory_mib", {host: 8192})
    assert _capacity(capsys, regency, "--short")[0] == 0


def test_the_vms_that_were_planned_come_and_all_is_as_it_was_said(
    regency: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what it says bought, the allotment itself finds a host for each, and check finds no error."""
    _follow(regency, _answers(capsys, regency)[1])
    rows = yaml.load((regency / "applications.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    coming = {
        key: row for key, row in rows["applications"].items() if row["state"] == "planned" and "size" in row
    }
    assert len(coming) == 33

    def declare(key: str, row: Mapping[str, Any]) -> Callable[[Any], None]:
        vm = {
            "size": row["size"],
            "priority": row["priority"],
            "serves": ["tcp/443"],
            "applications": [key],
            "source": "assumption: it was planned",
        }

        def change(data: Any) -> None:
            data.setdefault("vms", {})[f"new-{key}"[:30].rstrip("-")] = vm

        return change

    for key, row in coming.items():
        _edit(regency / "tenants" / f"{row['owner']}.yml", declare(key, row))
    assert run(["allot", "--site", str(regency)]) == 0
    assert run(["check", "--site", str(regency), "--today", "2026-11-24"]) == 0
    code, out = _capacity(capsys, regency)
    assert code == 0
    assert "52 have VMs; of 0 that are planned and need room 0 fit" in out


def test_the_arithmetic_names_its_sources_once(awan: Awan) -> None:
    said = awan("capacity")
    assert said.code == 0
    assert said.out.startswith("Minimal: everything fits\n")
    page, _, sources = said.out.partition("\nSources\n")
    numbers = {int(number) for number in re.findall(r"\[(\d+)\]", page)}
    assert numbers == set(range(1, len(numbers) + 1))
    listed = re.findall(r"^  \[(\d+)\]  +(.*)", sources, flags=re.MULTILINE)
    assert [int(number) for number, _ in listed] == sorted(numbers)
    assert all(" — " in text for _, text in listed)


def test_without_a_plan_there_is_no_capacity(awan: Awan, spoil: Callable[[str, str, str], None]) -> None:
    spoil("site/clusters.yml", "schema: 1", "schema: 2")
    assert awan("capacity").code == 2
