# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m scripts.docs.pictures [FOLDER]`` takes the pictures of the map's views anew, from the regency's own Plan.

No test compares them: letters look a little different on every machine. The picture of a comparison shows a change
that is made for it, in a copy of the site that is thrown away.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from network_plan.build import SITE_FILES, Checked, check_texts, load_plan
from network_plan.diff import side
from network_plan.files import append_entries, read_texts
from network_plan.render.map import Question, render_map
from network_plan.render.map.comparison import Comparison
from scripts.awan.bundle import bundle
from scripts.awan.compared import comparison
from scripts.docs.chromium import Browser
from scripts.docs.png import small
from scripts.toolchain import paths

QUESTION = Question(source="rsud/simrs", target="dukcapil/siak", service="tcp/8443")
VIEWS: Mapping[str, tuple[str, str]] = {
    "map.png": ("plain", "#view=map"),
    "map-hierarchy.png": ("plain", "#view=hierarchy"),
    "map-reach.png": ("plain", "#vm=dukcapil/siak"),
    "map-vm.png": ("plain", "#vm:dc/103"),
    "map-question.png": ("asked", "#view=question"),
    "map-diff.png": ("compared", "#view=changes"),
}
"""Which page, and at which address of it."""
WHOLE = ("map.png", "map-hierarchy.png", "map-reach.png")
"""As high as what is drawn; the others as high as a screen."""
SCREEN = (1920, 1080)
LARGEST = 400_000  # bytes of a picture: the repository keeps every version
PATIENCE = 20  # s
FILE = "tenants/dukcapil.yml"
VM = """vms:
  antrean:
    title: Queue of the counter
    size: small
    priority: 2
    serves: [tcp/443]
    source: "assumption: 2026-11-24, made for a picture"
"""
FLOW = """flows:
  office-to-antrean:
    from: [office:dukcapil]
    to: vm:antrean
    ports: [tcp/443]
    why: the counter calls the next number
"""
CHANGE = (("vms:\n", VM), ("flows:\n", FLOW), ("from: [vm:rsud/simrs]", "from: [vm:dinkes/simpus]"))
"""A VM more, whom it serves, and one flow that is another's."""


def _checked(folder: Path) -> Checked:
    site, ledger = folder / "site", folder / "ledger"
    return check_texts(read_texts(site, *SITE_FILES), read_texts(ledger, "ledger"), today=date(2026, 11, 24))


def changed(inventory: Path, folder: Path) -> tuple[Path, Comparison]:
    """A copy of the inventory with the change in it and its numbers allotted, and what that changes.

    Raises:
        ValueError: the site no longer has what the change is about.
    """
    shutil.copytree(inventory, folder)
    file = folder / "site" / FILE
    text = file.read_text(encoding="utf-8")
    for old, new in CHANGE:
        if text.count(old) != 1:
            raise ValueError(
                f"{FILE} has {text.count(old)} times {old!r}; mend the change that is made for the picture"
            )
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    append_entries(folder / "ledger", _checked(folder).missing)
    day = date(2026, 11, 24)
    sides = side("HEAD", _checked(inventory), day), side("the working tree", _checked(folder), day)
    return folder / "site", comparison(*sides)


def pages(inventory: Path, folder: Path) -> dict[str, Path]:
    """The three pages that pictures are taken of."""
    plan, script = load_plan(inventory / "site"), bundle()
    site, compared = changed(inventory, folder / "changed")
    texts = {
        "plain": render_map(plan, script),
        "asked": render_map(plan, script, question=QUESTION),
        "compared": render_map(load_plan(site), script, comparison=compared),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


def _still(browser: Browser) -> None:
    end = time.monotonic() + PATIENCE
    while not browser.js("new Promise((done) => setTimeout(() => done(awan.stage.still), 200))"):
        if time.monotonic() > end:
            raise TimeoutError("the page is still painting")


def take(made: Mapping[str, Path], folder: Path, browser: Browser) -> list[Path]:
    """One picture a view."""
    taken = []
    for name, (page, fragment) in VIEWS.items():
        width, height = SCREEN
        browser.open(made[page], width, height, fragment=fragment)
        if name in WHOLE:
            lacks = browser.js(
                "Math.ceil(awan.stage.current.data.h * awan.stage.scale)"
                " - document.getElementById('stage').clientHeight"
            )
            browser.open(made[page], width, height + int(lacks), fragment=fragment)
        _still(browser)
        picture = small(browser.screenshot())
        if len(picture) > LARGEST:
            raise ValueError(f"{name} has {len(picture)} bytes; at most {LARGEST} are kept: show less in it")
        taken.append(folder / name)
        taken[-1].write_bytes(picture)
    return taken


def main(arguments: list[str]) -> int:
    """Write the pictures into docs/, or into the folder that is named."""
    program = paths.browser()
    if program is None:
        print("no Chromium installed; `make status` says what brings it", file=sys.stderr)
        return 3
    folder = Path(arguments[0]) if arguments else paths.ROOT / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        made = pages(paths.ROOT / "inventory", Path(work))
        browser = Browser(program, Path(work) / "profile")
        try:
            for path in take(made, folder, browser):
                print(path)
        finally:
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
