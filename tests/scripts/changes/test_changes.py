# SPDX-License-Identifier: GPL-3.0-or-later
"""Small changes as an engineer would make them: the lines they write, and that nothing else is touched.

The exact operations stand in ``docs/reference/changes.md`` (written by ``AWAN_GOLDEN=write``); what a change may touch
at most stands beside it in ``cases``, so that a page written anew can't hide a fault.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from scripts.toolchain.paths import ROOT
from tests.scripts.changes.cases import CASES, Case
from tests.scripts.changes.conftest import INVENTORY, Lab, write
from tests.scripts.changes.page import Seen, page, row, section

OFTEN = {"retire", "priority", "vm", "network"}
ANEW = "AWAN_GOLDEN=write pytest tests/scripts/changes"
PAGE = ROOT / "docs" / "reference" / "changes.md"


@pytest.mark.lab  # no double is asked, but each one allots and checks the whole regency
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_the_files_say_it_in_a_few_lines(case: Case, tmp_path: Path) -> None:
    """At most six lines of YAML; of the ledger no line is edited; the page shows these very lines."""
    lines = write(case, tmp_path / "inventory").lines
    site = {name: item for name, item in lines.items() if name.startswith("site/")}
    assert len(site) == 1
    assert sum(len(item.added) for item in site.values()) <= 6
    assert not any(item.removed for name, item in lines.items() if name.startswith("ledger/"))
    shown = PAGE.read_text(encoding="utf-8").partition(f"## {case.title}\n")[2].partition("\n## ")[0]
    for name, item in lines.items():
        block = [f"-{line}" for line in item.removed] + [f"+{line}" for line in item.added]
        assert "\n".join([f"# inventory/{name}", *block]) in shown, f"run {ANEW}"


def _chosen() -> tuple[Case, ...]:
    """All of them where the page is written or they are asked for, else those that do most."""
    every = os.environ.get("AWAN_GOLDEN") == "write" or os.environ.get("AWAN_CHANGES") == "all"
    return CASES if every else tuple(case for case in CASES if case.key in OFTEN)


@pytest.mark.hosts
@pytest.mark.timeout(900)
def test_each_change_touches_what_it_should_and_nothing_else(lab: Lab, tmp_path: Path) -> None:
    """Four of them, in a minute or two; `AWAN_CHANGES=all` previews every one and takes thrice as long."""
    assert set(map(len, lab.operations(INVENTORY / "site").values())) == {0}, "it is not up"
    seen = []
    for case in _chosen():
        written = write(case, tmp_path / case.key)
        operations = lab.operations(written.site) if case.key != "retire" else _retire(lab, written.site)
        said = [name for names in operations.values() for name in names]
        too_much = [name for name in said if not any(re.fullmatch(rule, name) for rule in case.may)]
        assert not too_much, f"{case.title}: {too_much}"
        assert not [name for name in said if "replace" in name], case.title
        seen.append(Seen(case=case, lines=written.lines, operations=operations))
    if os.environ.get("AWAN_GOLDEN") == "write":
        PAGE.write_text(page(seen), encoding="utf-8")
    shown = PAGE.read_text(encoding="utf-8")
    for piece in (*map(row, seen), *map(section, seen)):
        assert f"{piece}\n" in shown, f"{piece}\nrun {ANEW}"
    if len(seen) == len(CASES):
        assert shown == page(seen), f"run {ANEW}"


def _retire(lab: Lab, site: Path) -> dict[str, list[str]]:
    """Refused by the preview while the VM is protected; what goes is seen once its protection was taken off."""
    refused = lab.preview(site)["dc"]
    assert refused.returncode != 0
    assert "diskominfo/monitor" in refused.stdout + refused.stderr
    assert "protected" in refused.stdout + refused.stderr
    unlock = next(case for case in CASES if case.key == "unlock")
    return lab.retired(write(unlock, site.parent.with_name("unlocked")).site, site)
