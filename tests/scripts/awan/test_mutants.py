# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand spoilt sites: findings or success, never a traceback, each within two seconds and 300 MiB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve()
SITES = HERE.parents[2] / "sites"
MUTANTS = int(os.environ.get("AWAN_MUTANTS", "1000"))
SECONDS = 2
MIB = 300


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_thousand_spoilt_sites_are_answered_in_sentences(seed: int) -> None:
    """Half of them a seed, so that two processes share the work; processor seconds, since the machine is shared."""
    done = subprocess.run(
        [sys.executable, HERE.with_name("mutants.py"), SITES, str(MUTANTS // 2), str(seed)],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == MUTANTS // 2
    wrong = [row for row in rows if row["code"] not in (0, 1) or row["traceback"] or not row["said"]]
    assert not wrong, wrong[:3]
    slow = [row for row in rows if row["cpu"] > SECONDS or row["mib"] > MIB]
    assert not slow, slow[:3]
    found = sum(row["code"] == 1 for row in rows)
    assert found > len(rows) // 2, "spoiling should spoil"
    assert found < len(rows), "some spoilt sites are still right: a dropped title, a released twin"
