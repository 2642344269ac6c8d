# SPDX-License-Identifier: GPL-3.0-or-later
"""Broken sites give exactly their findings, all in one run; equal input gives equal bytes, in any order."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from network_plan import files
from network_plan.build import Checked, PlanError, check_texts, load_plan
from network_plan.model.finding import Severity
from network_plan.model.plan import Plan
from scripts.toolchain.paths import ROOT
from tests.small import SMALL

BROKEN = sorted(folder for folder in (ROOT / "tests/sites/broken").iterdir() if folder.is_dir())
TODAY = date(2026, 11, 24)

Texts = Mapping[str, str]


def _part(texts: Texts, part: str) -> dict[str, str]:
    return {name.partition("/")[2]: text for name, text in texts.items() if name.startswith(f"{part}/")}


def _check(texts: Texts, today: date | None = TODAY, before: Texts | None = None) -> Checked:
    return check_texts(_part(texts, "site"), _part(texts, "ledger"), today=today, before=before)


def _changed(texts: Texts, edits: list[dict[str, Any]]) -> dict[str, str]:
    """The minimal site with the edits of a ``change.yml``: a piece of a file replaced, or a whole file."""
    changed = dict(texts)
    for edit in edits:
        name = edit["file"]
        if "old" in edit:
            assert changed[name].count(edit["old"]) >= 1, f"{name} no longer holds {edit['old']!r}"
            changed[name] = changed[name].replace(edit["old"], edit["new"], 1)
        elif edit["text"] is None:
            del changed[name]
        else:
            changed[name] = edit["text"]
    return changed


def _lines(checked: Checked) -> str:
    return "".join(f"{finding}\n" for finding in checked.report)


def test_the_minimal_site_has_no_finding(minimal: dict[str, str]) -> None:
    checked = _check(minimal, before=_part(minimal, "ledger"))
    assert checked.findings == ()
    assert checked.missing == ()
    assert checked.plan is not None


@pytest.mark.parametrize("folder", BROKEN, ids=lambda folder: folder.name)
def test_a_broken_site_gives_exactly_its_findings(
    folder: Path, minimal: dict[str, str], golden: Callable[[Path, str], None]
) -> None:
    change = yaml.load((folder / "change.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    texts = _changed(minimal, change["edits"])
    before = _part(minimal, "ledger") if change.get("before") == "minimal" else None
    checked = _check(texts, change.get("today", TODAY), before)
    lines = _lines(checked)
    assert lines, "a broken site without a finding"
    golden(folder / "expected.txt", lines)
    assert bool(checked.errors) or checked.plan is not None or bool(checked.missing)


def test_a_site_with_errors_has_no_plan(minimal: dict[str, str], tmp_path: Path) -> None:
    texts = {**minimal, "site/dr.yml": "schema: 1\n"}
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(PlanError, match="'tiers' is missing") as caught:
        load_plan(tmp_path / "site")
    assert all(finding.severity is Severity.ERROR for finding in caught.value.findings)


def test_nothing_is_allotted_by_asking_for_the_plan(minimal: dict[str, str], tmp_path: Path) -> None:
    for name, text in minimal.items():
        if name.startswith("site/") or "site_role" in name:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(PlanError, match=r"not allotted yet: .* and 30 more; run 'awan allot'"):
        load_plan(tmp_path / "site")
    assert [path.name for path in (tmp_path / "ledger").iterdir()] == ["site_role.ledger"]


def test_the_plan_is_the_one_of_the_folders(minimal: dict[str, str], minimal_plan: Plan) -> None:
    assert _check(minimal, None).plan == minimal_plan


def _shuffled(data: Any, chance: random.Random) -> Any:
    """The same data with the keys of every mapping in another order; lists mean their order."""
    if isinstance(data, list):
        return [_shuffled(item, chance) for item in data]
    if not isinstance(data, dict):
        return data
    keys = list(data)
    chance.shuffle(keys)
    return {key: _shuffled(data[key], chance) for key in keys}


@pytest.mark.parametrize("seed", range(5))
def test_tenants_files_and_keys_in_another_order_give_the_same_bytes(full_plan: Plan, seed: int) -> None:
    """Must show 5."""
    chance = random.Random(seed)
    texts = {}
    for part, suffix in (("site", "yml"), ("ledger", "ledger")):
        read = list(files.read_texts(SMALL.parent / part, suffix).items())
        chance.shuffle(read)
        for name, text in read:
            data = yaml.load(text, Loader=yaml.CSafeLoader) if part == "site" else None
            mixed = yaml.dump(_shuffled(data, chance), sort_keys=False, allow_unicode=True)
            texts[f"{part}/{name}"] = mixed if part == "site" else text
    checked = _check(texts)
    assert checked.errors == ()
    assert checked.plan is not None
    assert checked.plan.to_json() == full_plan.to_json()


def test_ledger_lines_in_another_order_give_the_same_plan(
    minimal: dict[str, str], minimal_plan: Plan
) -> None:
    """A union merge keeps lines, not their order."""
    texts = {
        name: "\n".join(["schema 1", *sorted(text.splitlines()[1:], reverse=True), ""])
        if name.startswith("ledger/") and "role" not in name
        else text
        for name, text in minimal.items()
    }
    assert _check(texts).plan == minimal_plan


def test_the_serial_grows_with_every_line(minimal: dict[str, str], minimal_plan: Plan) -> None:
    texts = {**minimal, "ledger/vmid/old.ledger": "schema 1\nallot old/vm 150\nrelease old/vm 150\n"}
    plan = _check(texts).plan
    assert plan is not None
    assert plan.serial == minimal_plan.serial + 2
    assert dataclasses.replace(plan, serial=minimal_plan.serial) == minimal_plan
