# SPDX-License-Identifier: GPL-3.0-or-later
"""A preview without change must cost little more than the engine itself: the same program beside a null provider.

Needs a lab that `make up` has brought up: the figure is about a stack that is there and equal to the Plan.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scripts.bench.measure import BenchError, Figure, run
from scripts.toolchain.paths import ROOT, VENV

RATIO = 1.25
TIMES = 5
STACK = "dc"


def lab_env() -> dict[str, str]:
    """Return the environment that `awan lab env` sets up in a shell."""
    script = f'lab=$("{VENV / "bin" / "awan"}" lab env) && eval "$lab" && env -0'
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"no lab to measure in; run `make up` first: {done.stderr.decode().strip()}")
    pairs = (entry.split("=", 1) for entry in done.stdout.decode().split("\0") if "=" in entry)
    return dict(pairs)


def _beside(folder: Path) -> Path:
    """Make a project of the same program whose provider is the null one."""
    project = folder / "pulumi"
    project.mkdir()
    for name in ("Pulumi.yaml", f"Pulumi.{STACK}.yaml", "__main__.py"):
        shutil.copy(ROOT / "pulumi" / name, project / name)
    starter = project / "bin" / "pulumi-resource-pve"
    starter.parent.mkdir()
    starter.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -P "{ROOT / "scripts/bench/null_provider.py"}" "$@"\n'
    )
    starter.chmod(0o755)
    return project


def figures() -> Iterator[Figure]:
    """Time both previews in turn, so that what the machine does meanwhile meets both."""
    env = {**os.environ, **lab_env()}
    with tempfile.TemporaryDirectory(prefix="awan-bench-") as name:
        folder = Path(name)
        project = _beside(folder)
        null_env = {
            **env,
            "PULUMI_BACKEND_URL": folder.as_uri(),
            "PYTHONPATH": f"{ROOT / 'pulumi'}:{ROOT}",
            "AWAN_SITE": env.get("AWAN_SITE", str(ROOT / "inventory" / "site")),
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
