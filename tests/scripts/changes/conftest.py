# SPDX-License-Identifier: GPL-3.0-or-later
"""The regency in two clusters without guests and hosts, brought up once; and a copy of its files for each change."""

from __future__ import annotations

import difflib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from scripts.awan.main import run
from scripts.lab import environment, wiring
from scripts.lab.cluster import launch
from scripts.stack.engine import Stack
from scripts.toolchain.paths import ROOT
from tests.scripts.changes.cases import Case, Edit, Release

INVENTORY = ROOT / "inventory"
TODAY = "2026-11-24"


@dataclass(frozen=True, slots=True)
class Lines:
    """What is new and what is gone in one file."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A change in a copy of the files: file → lines."""

    site: Path
    lines: Mapping[str, Lines]


def _texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for part, suffix in (("site", "yml"), ("ledger", "ledger"))
        for path in (folder / part).rglob(f"*.{suffix}")
    }


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Lines]:
    found = {}
    for name in sorted(set(before) | set(after)):
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm=""))[2:]
            found[name] = Lines(
                tuple(line[1:] for line in lines if line.startswith("+")),
                tuple(line[1:] for line in lines if line.startswith("-")),
            )
    return found


def write(case: Case, folder: Path) -> Written:
    """Make a change in a copy: its steps, then `awan allot`, then `awan check`, each by its command."""
    shutil.copytree(INVENTORY / "site", folder / "site")
    shutil.copytree(INVENTORY / "ledger", folder / "ledger")
    before = _texts(folder)
    site = ("--site", str(folder / "site"))
    for step in case.steps:
        if isinstance(step, Edit):
            file = folder / "site" / step.file
            text = file.read_text(encoding="utf-8")
            assert text.count(step.old) == 1, f"{step.file} has not one place like {step.old!r}"
            file.write_text(text.replace(step.old, step.new), encoding="utf-8")
        elif isinstance(step, Release):
            with (folder / "ledger" / step.file).open("a", encoding="utf-8") as file_:
                file_.write(step.line + "\n")
        else:
            assert run([*step.args, "--today", TODAY, *site]) == 0
    assert run(["allot", *site]) == 0
    assert run(["check", "--today", TODAY, *site]) == 0
    return Written(folder / "site", _differences(before, _texts(folder)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """Two clusters that hold the regency as it stands in this repository."""

    folder: Path
    plan: Plan
    env: Mapping[str, str]

    def preview(self, site: Path) -> dict[str, subprocess.CompletedProcess[str]]:
        """`pulumi preview --json` of both stacks, at the same time."""

        def one(stack: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                ["pulumi", "preview", "--json", "--stack", stack, "--non-interactive"],
                cwd=ROOT / "pulumi",
                env={**self.env, "AWAN_SITE": str(site)},
                capture_output=True,
                text=True,
                check=False,
            )

        names = [cluster.name for cluster in self.plan.clusters]
        with ThreadPoolExecutor(len(names)) as pool:
            return dict(zip(names, pool.map(one, names), strict=True))

    def operations(self, site: Path) -> dict[str, list[str]]:
        """Stack → `OP TYPE NAME` of everything that a preview would do, sorted."""
        found = {}
        for name, result in self.preview(site).items():
            assert result.returncode == 0, result.stdout + result.stderr
            steps = json.loads(result.stdout)["steps"]
            found[name] = sorted(_said(step["op"], step["urn"]) for step in steps if step["op"] != "same")
        return found

    def retired(self, unlocked: Path, site: Path) -> dict[str, list[str]]:
        """The operations of a change after another was brought up, which is taken back again."""
        stack = Stack("dc", {**self.env, "AWAN_SITE": str(unlocked)})
        stack.up()
        try:
            return self.operations(site)
        finally:
            Stack("dc", self.env).up()


def _said(op: str, urn: str) -> str:
    kind, _, name = urn.rpartition("$")[2].partition("::")
    return f"{op} {kind.rpartition(':')[2]} {name}"


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The regency, up."""
    plan = load_plan(INVENTORY / "site")
    folder = tmp_path_factory.mktemp("changes") / "lab"
    try:
        for cluster in plan.clusters:
            launch.start(wiring.cluster_spec(cluster, folder, with_guests=False), folder / cluster.name)
        names = [cluster.name for cluster in plan.clusters]
        env = {**environment.full(folder, names), "AWAN_SITE": str(INVENTORY / "site")}
        env["PATH"] = environment.path_variable(os.environ)

        def up(name: str) -> None:
            stack = Stack(name, env)
            stack.ensure()
            stack.up()

        with ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(up, names))
        yield Lab(folder=folder, plan=plan, env=env)
    finally:
        for cluster in plan.clusters:
            launch.stop(folder / cluster.name)
