# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of the documentation: one a view, all that is drawn in it, and never too large for the repository."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from network_plan.render.map import Bundle
from scripts.docs import pictures
from scripts.docs.pictures import VIEWS, changed, take
from scripts.toolchain.paths import ROOT
from tests.scripts.browser.conftest import Browser

pytestmark = pytest.mark.browser


def test_a_view_is_taken_whole_and_as_wide_as_a_screen(
    browser: Browser, built: Bundle, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert built.script
    monkeypatch.setattr(pictures, "VIEWS", {"map.png": VIEWS["map.png"]})
    (made,) = take({"plain": file}, tmp_path, browser)
    assert made == tmp_path / "map.png"
    width, height = struct.unpack_from(">II", made.read_bytes(), 16)
    assert width == pictures.SCREEN[0]
    drawn = browser.js("awan.stage.onScreen(0, awan.stage.current.data.h).y")
    assert drawn <= browser.js("document.getElementById('stage').getBoundingClientRect().bottom") <= height
    monkeypatch.setattr(pictures, "LARGEST", 1000)
    monkeypatch.setattr(pictures, "small", bytes)
    with pytest.raises(ValueError, match="at most 1000 are kept"):
        take({"plain": file}, tmp_path, browser)


def test_the_change_of_the_picture_is_one_of_the_regencys_site(tmp_path: Path) -> None:
    _, compared = changed(ROOT / "inventory", tmp_path / "changed")
    assert {(thing.mark, thing.noun) for thing in compared.things} >= {
        ("added", "VM"),
        ("added", "flow"),
        ("changed", "flow"),
    }
    assert {path.mark for path in compared.paths} == {"allowed", "denied"}


def test_the_pictures_of_the_documentation_are_there_and_small() -> None:
    for name in VIEWS:
        picture = (ROOT / "docs" / name).read_bytes()
        assert len(picture) <= pictures.LARGEST
        assert struct.unpack_from(">I", picture, 16) == (pictures.SCREEN[0],)
