# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of the documentation: one a view, without the tables, and never too large for the repository."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from network_plan.build import load_plan
from network_plan.render.map import render_map
from scripts.docs import pictures
from scripts.docs.pictures import VIEWS, take
from scripts.toolchain.paths import ROOT
from tests.small import SMALL

if TYPE_CHECKING:
    from scripts.docs.chromium import Browser

pytestmark = pytest.mark.browser


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "map.html"
    file.write_text(render_map(load_plan(SMALL)), encoding="utf-8")
    return file


def test_each_view_is_taken_as_wide_as_a_screen(
    browser: Browser, page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "VIEWS", {"map.png": VIEWS["map.png"]})
    (made,) = take(page, tmp_path, browser)
    assert made == tmp_path / "map.png"
    width, height = struct.unpack_from(">II", made.read_bytes(), 16)
    assert width == pictures.WIDTH
    assert 300 < height < 1000
    assert browser.js("document.querySelector('#tables').getBoundingClientRect().top") >= height
    monkeypatch.setattr(pictures, "LARGEST", 1000)
    monkeypatch.setattr(pictures, "small", bytes)
    with pytest.raises(ValueError, match="at most 1000 are kept"):
        take(page, tmp_path, browser)


def test_the_pictures_of_the_documentation_are_there_and_small() -> None:
    for name in VIEWS:
        picture = (ROOT / "docs" / name).read_bytes()
        assert len(picture) <= pictures.LARGEST
        assert struct.unpack_from(">I", picture, 16) == (pictures.WIDTH,)
