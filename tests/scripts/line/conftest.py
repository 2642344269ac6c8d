# SPDX-License-Identifier: GPL-3.0-or-later
"""The line in a lab of its own, made once: everything here runs the commands that a person would type."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from pve_provider.client.api import Api
from pve_provider.client.connect import Settings
from pve_provider.client.stop import Stop
from scripts.lab import environment
from scripts.lab.cluster import launch
from scripts.stack.engine import Stack
from tests.small import SMALL

REPOSITORY = Path(__file__).resolve().parents[3]
AWAN = Path(sys.executable).with_name("awan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A lab folder and the ways into it."""

    folder: Path
    plan: Plan

    def environment(self, **more: str) -> dict[str, str]:
        """What `eval "$(awan lab env)"` gives a shell."""
        known = environment.full(self.folder, [c.name for c in self.plan.clusters])
        return {**known, "AWAN_SITE": str(SMALL), **more}

    def run(
        self, *command: str, cwd: Path = REPOSITORY, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """One command, as typed."""
        return subprocess.run(
            command,
            cwd=cwd,
            env=env or self.environment(),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def awan(self, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
        """One `awan` command."""
        return self.run(str(AWAN), *args, env=self.environment(**more))

    def stack(self, name: str, **more: str) -> Stack:
        """A Pulumi stack of this lab."""
        return Stack(name, self.environment(**more))

    def root(self, cluster: str) -> Api:
        """A cluster as its administrator's hand reaches it, past Pulumi."""
        running = launch.status(self.folder / cluster)
        assert running is not None
        settings = Settings(
            endpoints=(running.endpoint,),
            api_token=running.token("root"),
            fingerprint=running.fingerprint,
            ca_file="",
            cluster=running.name,
        )
        return Api(settings, Stop())

    def guest(self, key: str, cluster: str = "dc") -> str:
        """API path of a guest of the Plan."""
        guest = next(g for g in self.plan.guests_of(cluster) if g.key == key)
        return f"/nodes/{guest.node}/qemu/{guest.vmid}"

    def secrets(self) -> list[str]:
        """The secret halves of every token of the lab."""
        files = sorted(self.folder.glob("*/tokens/*"))
        return [file.read_text(encoding="utf-8").strip().partition("=")[2] for file in files]


@pytest.fixture(scope="session")
def plan() -> Plan:
    return load_plan(SMALL)


@contextmanager
def lab_up(folder: Path, plan: Plan, site: Path) -> Iterator[tuple[Lab, str]]:
    """The whole line of a site up in a lab of its own, and the words of `awan lab up --all`; all gone afterwards."""
    lab = Lab(folder=folder, plan=plan)
    env = {**os.environ, "AWAN_LAB_DIR": str(folder), "AWAN_SITE": str(site)}
    env["PATH"] = environment.path_variable(env)
    try:
        result = lab.run(str(AWAN), "lab", "up", "--all", env=env)
        assert result.returncode == 0, result.stdout + result.stderr
        yield lab, result.stdout
    finally:
        done = lab.run(str(AWAN), "lab", "reset", env=env)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory, plan: Plan) -> Iterator[Lab]:
    """The small site's line up: `awan lab up --all` passed, and its words are kept in `first.txt`."""
    with lab_up(tmp_path_factory.mktemp("line") / "lab", plan, SMALL) as (lab, said):
        (lab.folder / "first.txt").write_text(said, encoding="utf-8")
        yield lab


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A copy of the site and its ledger that a test may change."""
    for part in ("site", "ledger"):
        shutil.copytree(SMALL.parent / part, tmp_path / part)
    return tmp_path / "site"


def steps(lab: Lab, stack: str, *args: str, **more: str) -> list[dict[str, Any]]:
    """The steps of a preview, without those that change nothing."""
    result = lab.run(
        "pulumi",
        "preview",
        "--json",
        "--stack",
        stack,
        "--non-interactive",
        *args,
        cwd=REPOSITORY / "pulumi",
        env=lab.environment(**more),
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return [step for step in json.loads(result.stdout)["steps"] if step["op"] not in ("same", "refresh")]
