# SPDX-License-Identifier: GPL-3.0-or-later
"""A preview without change must cost little more than the engine itself: the same program beside a null provider.

Wants a stack that is up and equal to the Plan, as `requests` leaves it.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.bench.lab import STACK
from scripts.bench.measure import Figure, run
from scripts.toolchain.paths import ROOT

RATIO = 1.25
TIMES = 5


def _beside(folder: Path) -> Path:
    """Make a project of the same program whose provider is the null one."""
    project = folder / "pulumi"
    project.mkdir()
    (folder / "build" / "pulumi").mkdir(parents=True)  # where Pulumi.yaml has the CLI keep a stack's salt
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / "pulumi" / name, project / name)
    starter = project / "bin" / "pulumi-resource-pve"
    starter.parent.mkdir()
    starter.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -P "{ROOT / "scripts/bench/null_provider.py"}" "$@"\n'
    )
    starter.chmod(0o755)
    return project


def figures(env: Mapping[str, str]) -> Iterator[Figure]:
    """Time both previews in turn, so that what the machine does meanwhile meets both."""
    with tempfile.TemporaryDirectory(prefix="awan-bench-") as name:
        folder = Path(name)
        project = _beside(folder)
        null_env = {
            **env,
            "AWAN_SITE": env.get("AWAN_SITE", str(ROOT / "inventory" / "site")),
            "PULUMI_BACKEND_URL": folder.as_uri(),
            "PYTHONPATH": f"{ROOT / 'pulumi'}:{ROOT}",
        }
        run(["pulumi", "stack", "init", STACK], env=null_env, cwd=project)
        run(["pulumi", "up", "--yes", "--skip-preview", "--stack", STACK], env=null_env, cwd=project)
        preview = ["pulumi", "preview", "--expect-no-changes", "--non-interactive", "--stack", STACK]
        ours: list[float] = []
        null: list[float] = []
        for turn in range(TIMES + 1):
            one = run(preview, env=env, cwd=ROOT / "pulumi").seconds
            other = run(preview, env=null_env, cwd=project).seconds
            if turn > 0:  # the first turn fills caches
                ours.append(one)
                null.append(other)
    fast, slow = statistics.median(null), statistics.median(ours)
    yield Figure(what=f"pulumi preview -s {STACK}, nothing to do", value=round(slow, 3), unit="s")
    yield Figure(what="the same program beside a provider that does nothing", value=round(fast, 3), unit="s")
    yield Figure(what="preview, ours to nothing", value=round(slow / fast, 3), unit="times", limit=RATIO)
