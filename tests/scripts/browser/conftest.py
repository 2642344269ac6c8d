# SPDX-License-Identifier: GPL-3.0-or-later
"""One Chromium for the tests of this folder, and the map as it asks to be looked at. What is tested stands in the test files."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from network_plan.render.map import Bundle, render_map
from scripts.awan.bundle import bundle
from scripts.docs.chromium import Browser
from scripts.toolchain import paths, web
from tests.small import SMALL

__all__ = ["Browser", "Map"]
SCREEN = (1920, 1080)
PATIENCE = 20  # s


class Map:
    """A page of the map in a browser: what is drawn of it is asked of the page's own data, and of what it paints."""

    def __init__(self, browser: Browser, file: Path) -> None:
        self.browser = browser
        self.file = file
        self.js = browser.js
        self.press = browser.press
        self.type = browser.type
        self.click = browser.click

    def open(self, fragment: str = "", width: int = SCREEN[0], height: int = SCREEN[1]) -> None:
        """Load it at an address and wait until all that is in sight is painted."""
        self.browser.open(self.file, width, height, fragment=fragment)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing more is painted."""
        end = time.monotonic() + PATIENCE
        while self.js("new Promise((done) => setTimeout(() => done(awan.stage.still), 60))") is not True:
            assert time.monotonic() < end, "the page is still painting"

    def texts(self, selector: str) -> list[str]:
        found: list[str] = self.js(
            f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)"
        )
        return found

    def lit(self, style: str = "") -> set[str]:
        """Ids of what is lit, all of it or in one style."""
        found = self.js(
            "[...(awan.stage.lit ?? [])].map(([place, style]) => [awan.page.objects[place].id, style])"
        )
        return {identity for identity, how in found if not style or style in how.split()}

    def shown(self) -> list[str]:
        """Ids of the nodes of the picture, as they are told to a screen reader."""
        found: list[str] = self.js(
            "[...document.querySelectorAll('#listbox [role=option]')].map((e) => awan.page.objects[e.id.slice(1)].id)"
        )
        return found

    def at(self, identity: str) -> tuple[float, float]:
        """The middle of an object in the window, brought into sight."""
        x, y = self.js(
            f"(() => {{ const place = awan.page.objects.findIndex((o) => o.id === {json.dumps(identity)});"
            " const b = awan.stage.current.box(place); awan.stage.reveal(b);"
            " const p = awan.stage.onScreen(b.x + b.w / 2, b.y + b.h / 2); return [p.x, p.y]; })()"
        )
        return x, y

    def click_on(self, identity: str) -> None:
        """The left mouse button on an object of the picture."""
        x, y = self.at(identity)
        for kind in ("mousePressed", "mouseReleased"):
            self.browser.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def chosen(self) -> str:
        """The object whose details are open."""
        return str(self.js("awan.chosen()"))

    def view(self) -> str:
        """The view that is shown."""
        selected = self.texts("#views [aria-selected=true]")
        assert len(selected) == 1
        return str(self.js("document.body.dataset.view"))

    def painted(self, act: str) -> list[dict[str, Any]]:
        """Every text that the page paints while a script runs and after it: its letters' size in the window."""
        self.js(
            "(() => { const proto = OffscreenCanvasRenderingContext2D.prototype; window.told = [];"
            " window.plain ??= proto.fillText; proto.fillText = function (text, x, y) {"
            " window.told.push({text, size: parseFloat(this.font.match(/([\\d.]+)px/)[1]) * this.getTransform().a});"
            " return window.plain.call(this, text, x, y); }; })()"
        )
        self.js(act)
        self.settle()
        found: list[dict[str, Any]] = self.js(
            "(OffscreenCanvasRenderingContext2D.prototype.fillText = window.plain, window.told)"
        )
        return found


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests of this folder; tests without Chromium are skipped before they ask for it."""
    program = paths.browser()
    if program is None:
        pytest.skip("no Chromium installed")
    opened = Browser(program, tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def built() -> Bundle:
    """The script that draws."""
    part = web.check()
    if not part.ok:
        pytest.skip(f"{part.why}; {part.command}")
    return bundle()


@pytest.fixture(scope="session")
def plan() -> Plan:
    return load_plan(SMALL)


@pytest.fixture(scope="session")
def file(plan: Plan, built: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.html"
    path.write_text(render_map(plan, built), encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Map]:
    """The map, freshly opened; whatever a test does, the page must not complain or ask for anything."""
    opened = Map(browser, file)
    opened.open()
    yield opened
    assert browser.complaints() == []
    assert {url.partition("#")[0] for url in browser.requests()} == {file.as_uri()}
