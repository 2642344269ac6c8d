# SPDX-License-Identifier: GPL-3.0-or-later
"""A site of one's own, and the command line as a function."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.awan.main import run
from scripts.toolchain.paths import ROOT


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


Awan = Callable[..., Said]


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the minimal site under ``inventory/`` of the working directory."""
    folder = tmp_path / "inventory"
    shutil.copytree(ROOT / "tests" / "sites" / "minimal", folder)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def awan(inventory: Path, capsys: pytest.CaptureFixture[str]) -> Awan:
    """Run ``awan`` in the folder above the site."""
    assert inventory.is_dir()

    def call(*args: str) -> Said:
        capsys.readouterr()
        code = run(list(args))
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def spoil(inventory: Path) -> Callable[[str, str, str], None]:
    """Replace a piece of one of the site's files."""

    def change(name: str, old: str, new: str) -> None:
        file = inventory / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    return change
