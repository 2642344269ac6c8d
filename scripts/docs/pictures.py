# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m scripts.docs.pictures [FOLDER]`` takes the pictures of the map's views anew, from the regency's own Plan.

No test compares them: letters look a little different on every machine.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from network_plan.build import load_plan
from network_plan.render.map import render_map
from scripts.awan.bundle import bundle
from scripts.docs.chromium import Browser
from scripts.docs.png import small
from scripts.toolchain import paths

VIEWS: Mapping[str, str] = {
    "map.png": "#view=map",
    "map-hierarchy.png": "#view=hierarchy",
    "map-reach.png": "#vm=dukcapil/siak",
}
WIDTH = 1920
LARGEST = 400_000  # bytes of a picture: the repository keeps every version


def take(page: Path, folder: Path, browser: Browser) -> list[Path]:
    """One picture a view, as high as the view without its tables."""
    made = []
    for name, fragment in VIEWS.items():
        browser.open(page, width=WIDTH, fragment=fragment)
        height = browser.js("document.querySelector('.view:not([hidden])').getBoundingClientRect().bottom")
        browser.open(page, width=WIDTH, height=int(height), fragment=fragment)
        picture = small(browser.screenshot())
        if len(picture) > LARGEST:
            raise ValueError(f"{name} has {len(picture)} bytes; at most {LARGEST} are kept: show less in it")
        made.append(folder / name)
        made[-1].write_bytes(picture)
    return made


def main(arguments: list[str]) -> int:
    """Write the pictures into docs/, or into the folder that is named."""
    program = paths.browser()
    if program is None:
        print("no Chromium installed; `make status` says what brings it", file=sys.stderr)
        return 3
    folder = Path(arguments[0]) if arguments else paths.ROOT / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        page = Path(work) / "map.html"
        page.write_text(render_map(load_plan(paths.ROOT / "inventory" / "site"), bundle()), encoding="utf-8")
        browser = Browser(program, Path(work) / "profile")
        try:
            for path in take(page, folder, browser):
                print(path)
        finally:
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
