# SPDX-License-Identifier: GPL-3.0-or-later
"""The sites that tests start from, and the comparison with texts that people have reviewed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from network_plan import files
from network_plan.build import SITE_FILES, check_texts, load_plan
from network_plan.model.plan import Plan
from scripts.toolchain.paths import ROOT
from tests.small import SMALL

SITES = ROOT / "tests" / "sites"


@pytest.fixture(scope="session")
def minimal() -> dict[str, str]:
    """The texts of the minimal site and its ledger, by ``site/…`` and ``ledger/…``."""
    folder = SITES / "minimal"
    parts = {
        "site": files.read_texts(folder / "site", *SITE_FILES),
        "ledger": files.read_texts(folder / "ledger", "ledger"),
    }
    return {f"{part}/{name}": text for part, texts in parts.items() for name, text in texts.items()}


@pytest.fixture(scope="session")
def minimal_plan() -> Plan:
    """The Plan of the minimal site."""
    return load_plan(SITES / "minimal" / "site")


@pytest.fixture(scope="session")
def full_plan() -> Plan:
    """The Plan of the small site, which has a bit of everything."""
    return load_plan(SMALL)


@pytest.fixture(scope="session")
def dual_plan() -> Plan:
    """The Plan of the small site with IPv6 beside IPv4, a dated flow and a sanction that blocks."""
    return load_plan(SITES / "dual" / "site")


@pytest.fixture
def golden() -> Callable[[Path, str], None]:
    """Compare a text with the reviewed one; a mismatch leaves what was really made beside it."""

    def compare(file: Path, text: str) -> None:
        actual = file.with_name(f"{file.name}.actual")
        if os.environ.get("AWAN_GOLDEN") == "write":
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        reviewed = file.read_text(encoding="utf-8") if file.is_file() else ""
        if text == reviewed:
            actual.unlink(missing_ok=True)
            return
        actual.parent.mkdir(parents=True, exist_ok=True)
        actual.write_text(text, encoding="utf-8")
        pytest.fail(
            f"{file} differs from {actual.name}; is that right? then AWAN_GOLDEN=write, as in `make golden`"
        )

    return compare


Edit = tuple[str, str, str]


@pytest.fixture(scope="session")
def planned(minimal: dict[str, str]) -> Callable[..., Plan]:
    """The Plan of the minimal site with pieces of its files replaced; missing lines are allotted in memory."""

    def plan(*edits: Edit) -> Plan:
        texts = dict(minimal)
        for name, old, new in edits:
            assert old in texts[name], f"{name} no longer holds {old!r}"
            texts[name] = texts[name].replace(old, new)
        site = {name.removeprefix("site/"): text for name, text in texts.items() if name.startswith("site/")}
        ledger = {name.removeprefix("ledger/"): text for name, text in texts.items() if "ledger/" in name}
        checked = check_texts(site, ledger)
        for entry in checked.missing:
            ledger[entry.file] = ledger.get(entry.file, "schema 1\n") + f"{entry.line}\n"
        checked = check_texts(site, ledger)
        assert checked.plan is not None, checked.findings
        return checked.plan

    return plan
