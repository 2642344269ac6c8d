# SPDX-License-Identifier: GPL-3.0-or-later
"""`.ci/run` runs `make test` alone, ends with the tests' closing line and code, and leaves nothing running."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from scripts.toolchain.paths import ROOT

PASSED = "=== 7 passed, 2 skipped in 3.21s ==="
# These tests may themselves run below make, whose variables would make the inner one talk of directories.
ENV = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
FAILED = "=== 1 failed, 6 passed in 75.20s (0:01:15) ==="


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    return tmp_path


def _makefile(clone: Path, recipe: str) -> None:
    (clone / "Makefile").write_text(f"test:\n\t@{recipe}\n")


def _run(clone: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [clone / ".ci" / "run"], capture_output=True, text=True, env=ENV, timeout=30, check=False
    )


def test_a_good_run_ends_with_the_closing_line(clone: Path) -> None:
    _makefile(clone, f"echo progress; echo '{PASSED}'")
    done = _run(clone)
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["progress", PASSED]


def test_a_failed_run_too_though_make_has_the_last_word(clone: Path) -> None:
    _makefile(clone, f"echo '{FAILED}'; exit 1")
    done = _run(clone)
    assert done.returncode != 0
    assert done.stdout.splitlines()[-1] == FAILED
    assert "Error 1" in done.stdout


def test_an_end_from_outside_reaches_what_make_started(clone: Path) -> None:
    _makefile(
        clone, 'trap "echo taken down > ended; exit 130" INT; echo $$$$ > pid; while :; do sleep 0.1; done'
    )
    running = subprocess.Popen([clone / ".ci" / "run"], stdout=subprocess.PIPE, text=True, env=ENV)
    for _ in range(100):
        if (clone / "pid").exists() and (clone / "pid").read_text().strip():
            break
        time.sleep(0.05)
    inner = int((clone / "pid").read_text())
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=20)
    assert running.returncode != 0
    assert (clone / "ended").read_text() == "taken down\n"
    with pytest.raises(ProcessLookupError):
        os.kill(inner, 0)
