# SPDX-License-Identifier: GPL-3.0-or-later
"""A git clone of the regency's inventory for each change: the old side is its commit, the new one its working tree."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from network_plan.allocate.acts import release_retired
from network_plan.build import check
from network_plan.diff import Side, side
from network_plan.files import append_entries
from scripts.awan.main import run
from scripts.toolchain.paths import ROOT
from tests.scripts.changes.cases import Command
from tests.scripts.diff.cases import CASES, Case

REST = date(2027, 3, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clone:
    """A repository with a change in its working tree.

    Attributes:
        site: the changed site; its ledger lies beside it.
        old, new: both sides, each on its day.
    """

    case: Case
    folder: Path
    site: Path
    old: Side
    new: Side


def git(folder: Path, *args: str) -> str:
    """One git command, whoever runs the tests."""
    own = ("-c", "user.name=t", "-c", "user.email=t@example", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *own, "-C", str(folder), *args], capture_output=True, text=True, check=True)
    return done.stdout


def commit_all(folder: Path, message: str) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


def _allot(site: Path) -> None:
    """What `awan allot --retired` and then `awan allot` write."""
    checked = check(site)
    assert checked.site is not None
    append_entries(site.parent / "ledger", release_retired(checked.site, checked.ledger, REST))
    append_entries(site.parent / "ledger", check(site).missing)


def make(case: Case, folder: Path) -> Clone:
    """The inventory committed, and the change made in it by hand or by command, and allotted."""
    site = folder / "inventory" / "site"
    shutil.copytree(ROOT / "inventory" / "site", site)
    shutil.copytree(ROOT / "inventory" / "ledger", site.parent / "ledger")
    git(folder, "init", "-q")
    commit_all(folder, "The regency")
    old = side("HEAD", check(site, today=date.fromisoformat(case.since)), date.fromisoformat(case.since))
    where = ("--site", str(site))
    for step in case.steps:
        if isinstance(step, Command):
            assert run([*step.args, *where]) == 0
            continue
        file = site / step.file
        if step.old == "*":
            file.unlink()
            continue
        text = file.read_text(encoding="utf-8")
        assert text.count(step.old) == 1, f"{step.file} has not one place like {step.old!r}"
        file.write_text(text.replace(step.old, step.new), encoding="utf-8")
    _allot(site)
    today = date.fromisoformat(case.today)
    return Clone(
        case=case,
        folder=folder,
        site=site,
        old=old,
        new=side("the working tree", check(site, today=today), today),
    )


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.key)
def clone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Each of the five changes."""
    return make(request.param, tmp_path_factory.mktemp(request.param.key))
