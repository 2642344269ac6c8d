# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache of its own for every test of the toolchain: none touches what the machine really has."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("AWAN_CACHE", str(folder))
    return folder
