# SPDX-License-Identifier: GPL-3.0-or-later
"""The ground of the Pulumi benches: lab clusters, empty stacks and two projects of the same program, all temporary.

The projects differ in one word: the folder in which the engine finds the provider `pve`. Nothing is measured here.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from network_plan.model.plan import Plan
from scripts.bench.measure import BenchError, Took, run
from scripts.lab import environment, lab, wiring
from scripts.lab.cluster import launch
from scripts.lab.cluster.client import ControlClient
from scripts.lab.fabric import build as fabric_build
from scripts.lab.fabric import names, netns
from scripts.lab.fabric import spec as fabric_spec
from scripts.toolchain.paths import BUILD, ROOT, hosts_missing, pulumi_bin

PROGRAM = ROOT / "pulumi"
FOLDER = BUILD / "bench" / "lab"
"""One folder for all runs of this clone, so that the next one finds what a killed one left."""
NULL_PROVIDER = Path(__file__).with_name("null_provider.py")
QUIET = ("--non-interactive", "--color", "never")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A copy of the program's project, with a state of its own."""

    folder: Path
    env: dict[str, str]

    def pulumi(self, *words: str) -> Took:
        """Run one command of the CLI; it must succeed."""
        return run([str(pulumi_bin() / "pulumi"), *words, *QUIET], env=self.env, cwd=self.folder)

    def up(self, stack: str) -> Took:
        """`pulumi up` as the line runs it."""
        return self.pulumi("up", "--yes", "--skip-preview", "--stack", stack)

    def preview(self, stack: str) -> Took:
        """`pulumi preview` that must find nothing to do."""
        return self.pulumi("preview", "--expect-no-changes", "--stack", stack)

    def refreshed(self, stack: str) -> Took:
        """The same after every resource was read again."""
        return self.pulumi("preview", "--refresh", "--expect-no-changes", "--stack", stack)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Running clusters and the two projects: with our provider, and with one that does nothing."""

    ours: Project
    null: Project

    def lab(self, cluster: str) -> ControlClient:
        """The cluster's counters."""
        return ControlClient(FOLDER / cluster)


def shell(given: Mapping[str, str]) -> dict[str, str]:
    """A shell's variables without those of another lab or cluster: a token set there must not reach this lab."""
    kept = ("AWAN_CACHE", "AWAN_TEST_RUN")
    return {
        name: value
        for name, value in given.items()
        if name in kept or not name.startswith(("AWAN_", "PULUMI_"))
    }


def _plugin(folder: Path) -> Path:
    """The folder with the null provider's starter."""
    folder.mkdir()
    starter = folder / "pulumi-resource-pve"
    starter.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P "{NULL_PROVIDER}" "$@"\n', encoding="utf-8")
    starter.chmod(0o755)
    return folder


def _project(folder: Path, plugin: Path, stacks: list[str], env: dict[str, str]) -> Project:
    """The same program in a folder of its own."""
    folder.mkdir()
    settings = yaml.safe_load((PROGRAM / "Pulumi.yaml").read_text(encoding="utf-8"))
    settings["stackConfigDir"] = "config"
    settings["plugins"] = {"providers": [{"name": "pve", "path": str(plugin)}]}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    shutil.copy(PROGRAM / "__main__.py", folder)
    for name in ("config", "state", "home"):
        (folder / name).mkdir()
    own = {
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}?metadata=skip",
        "PULUMI_HOME": str(folder / "home"),
        "AWAN_PYTHON": sys.executable,
    }
    project = Project(folder=folder, env={**env, **own})
    for stack in stacks:
        project.pulumi("stack", "init", stack, "--no-select")
    return project


def _start(plan: Plan, folder: Path) -> None:
    """The clusters, and where this machine can, the network in which their VMs run: a start takes its time then."""
    guests = not hosts_missing()
    if guests:
        lab.write_guests(plan, folder)
        fabric = wiring.fabric(plan, folder)
        fabric_spec.save(fabric, folder / "fabric.json")
        fabric_build.ensure(fabric)
    for cluster in plan.clusters:
        launch.start(wiring.cluster_spec(cluster, folder, with_guests=guests), folder / cluster.name)


def _clear(folder: Path) -> None:
    """Stop and forget all of it, also what a killed run left."""
    for cluster in sorted(path.parent for path in folder.glob("*/spec.json")):
        launch.stop(cluster)
    if not hosts_missing():
        fabric_build.remove(names.prefix(folder))
    shutil.rmtree(folder, ignore_errors=not folder.exists())


@contextmanager
def ground(plan: Plan, site: Path = ROOT / "inventory" / "site") -> Iterator[Ground]:
    """Fresh clusters and fresh stacks below build/; nothing of them is left afterwards.

    Args:
        plan: what is built.
        site: the site files that it came from, which the program reads too.
    """
    if not (pulumi_bin() / "pulumi").exists():
        raise BenchError("the Pulumi CLI is not built; run `make setup`")
    stacks = [cluster.name for cluster in plan.clusters]
    try:
        with lab.exclusive(FOLDER.parent):
            _clear(FOLDER)
            FOLDER.mkdir()
            try:
                _start(plan, FOLDER)
                env = {**shell(os.environ), **environment.variables(FOLDER, stacks)}
                env["AWAN_SITE"] = str(site)
                env["PATH"] = environment.path_variable(env)
                plugin = _plugin(FOLDER / "plugin")
                yield Ground(
                    ours=_project(FOLDER / "ours", PROGRAM / "bin", stacks, env),
                    null=_project(FOLDER / "null", plugin, stacks, env),
                )
            finally:
                _clear(FOLDER)
    except (lab.LabBusy, launch.LaunchError, netns.NetworkError) as error:
        raise BenchError(str(error)) from error
