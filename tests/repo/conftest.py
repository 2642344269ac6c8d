# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository as its tests see it: the files that git has or would take."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scripts.toolchain.paths import ROOT

GENERATED = ("pulumi/pulumi_pve/",)


@pytest.fixture(scope="session")
def files() -> list[Path]:
    """Every file of the project, relative to its root; generated ones too, ignored ones not."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = sorted(set(listing.stdout.decode().split("\0")) - {""})
    return [Path(name) for name in names if (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def written(files: list[Path]) -> list[Path]:
    """Every file that people write: all but the generated ones."""
    return [file for file in files if not file.as_posix().startswith(GENERATED)]
