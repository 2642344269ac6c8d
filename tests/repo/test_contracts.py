# SPDX-License-Identifier: GPL-3.0-or-later
"""The direction of imports (CONTRIBUTING, "Direction") holds, and the core reaches neither clock nor network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.toolchain.paths import ROOT


def test_import_contracts_hold() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [program, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "import socket",
        "import random",
        "import time",
        "import proxmoxer",
        "import paramiko",
        "from pathlib import Path",
    ],
)
def test_the_core_may_not_reach_outside(line: str) -> None:
    """The ban is only worth something where it bites: a file of the core with such an import is refused."""
    ruff = str(Path(sys.executable).parent / "ruff")
    place = "network_plan/derive/x.py"
    command = [ruff, "check", "--select", "TID251", "--no-cache", "--stdin-filename", place, "-"]
    done = subprocess.run(command, cwd=ROOT, input=f"{line}\n", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "TID251" in done.stdout
