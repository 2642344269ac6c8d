# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of the benchmarks' own, empty at first and gone afterwards; whatever else runs on the machine is left alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from scripts.bench.measure import BenchError, run
from scripts.toolchain.paths import BUILD, ROOT, VENV

FOLDER = BUILD / "bench" / "lab"
STACK = "dc"
_AWAN = str(VENV / "bin" / "awan")


@contextmanager
def own_lab() -> Iterator[dict[str, str]]:
    """Start two empty clusters and give the environment in which plain `pulumi` works on them."""
    env = {**os.environ, "AWAN_LAB_DIR": str(FOLDER)}
    try:
        run([_AWAN, "lab", "reset"], env=env)  # what an interrupted run left
        run([_AWAN, "lab", "up"], env=env)
        yield _shell_env(env)
    finally:
        run([_AWAN, "lab", "reset"], env=env)


def _shell_env(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment after `eval "$(awan lab env)"`, as a person's shell has it."""
    script = f'lab=$("{_AWAN}" lab env) && eval "$lab" && env -0'
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, env=env, capture_output=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"`awan lab env` failed: {done.stderr.decode().strip()}")
    return dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0") if "=" in entry)
