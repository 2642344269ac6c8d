# SPDX-License-Identifier: GPL-3.0-or-later
"""The map while it is moved and made larger: every frame that Chromium, slowed four times, shows of it.

Hands are the browser's own events: a wheel and a drag. A frame's time is what passes between two calls of
``requestAnimationFrame``, whatever the machine does meanwhile; its work is what the page's thread computes for it, by
the browser's own trace. Beside the map of 2,000 VMs stands the regency's own, moved likewise.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from network_plan.build import load_plan
from network_plan.render.map import render_map
from scripts.awan.bundle import bundle
from scripts.awan.problem import Problem
from scripts.bench.measure import BenchError, Row
from scripts.docs.chromium import Browser
from scripts.synthetic.__main__ import write
from scripts.synthetic.size import Size
from scripts.toolchain import paths

SIZE = Size(tenants=180, vms=2000, flows=8000)
SLOWED = 4
LIMIT = 50.0  # ms
ROUNDS = 3
MIDDLE = (900, 600)
_RECORD = (
    "(() => { window.frames_ = []; window.on_ = true; let last = performance.now();"
    " const next = (now) => { if (!window.on_) return; window.frames_.push(now - last); last = now;"
    " requestAnimationFrame(next); }; requestAnimationFrame(next); })()"
)


def _wheel(browser: Browser, dx: float, dy: float, modifiers: int = 0) -> None:
    x, y = MIDDLE
    browser.call(
        "Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=dx, deltaY=dy, modifiers=modifiers
    )


def _pan(browser: Browser) -> None:
    for _ in range(50):
        _wheel(browser, 6, 50)


def _drag(browser: Browser) -> None:
    browser.drag(1000, 800, -300, -480)


def _zoom(browser: Browser, steps: int) -> None:
    for _ in range(abs(steps)):
        _wheel(browser, 0, 100 if steps > 0 else -100, modifiers=2)
        time.sleep(0.3)


GESTURES: tuple[Callable[[Browser], None], ...] = (
    _pan,
    _drag,
    lambda browser: _zoom(browser, 8),
    _pan,
    lambda browser: _zoom(browser, -8),
    _pan,
)


def moved(browser: Browser, page: Path) -> tuple[list[float], list[float]]:
    """Times and work of all frames, ms, while a page is moved as people move it."""
    browser.open(page, width=1920, height=1080, fragment="#view=map")
    browser.js("new Promise((done) => setTimeout(done, 1000))")
    browser.call("Emulation.setCPUThrottlingRate", rate=SLOWED)
    browser.call("Tracing.start", categories="toplevel,devtools.timeline,cc", transferMode="ReportEvents")
    times: list[float] = []
    for gesture in GESTURES:
        browser.js(_RECORD)
        gesture(browser)
        time.sleep(0.5)
        times += browser.js("(window.on_ = false, window.frames_.slice(1))")
    work = _work(browser.trace())
    browser.call("Emulation.setCPUThrottlingRate", rate=1)
    return times, work


def _work(events: list[dict[str, Any]]) -> list[float]:
    """Of each frame of the page's own thread, the time that it computed, ms."""
    threads = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e.get("name") == "thread_name"}
    return [
        event["tdur"] / 1000
        for event in events
        if event.get("name") == "ProxyMain::BeginMainFrame"
        and "tdur" in event
        and threads.get((event["pid"], event["tid"])) == "CrRendererMain"
    ]


def share(frames: list[float], part: float) -> float:
    """The time that so large a part of the frames keep to."""
    return sorted(frames)[min(len(frames) - 1, int(len(frames) * part))]


def pages(folder: Path) -> tuple[Path, Path]:
    """The map of 2,000 VMs and the regency's own.

    Raises:
        BenchError: the map's script is not built, or the synthetic site does not hold.
    """
    try:
        script = bundle()
    except Problem as error:
        raise BenchError(str(error)) from error
    errors = write(folder / "large", SIZE)
    if errors:
        raise BenchError(errors[0])
    sites = {"large": folder / "large" / "site", "regency": paths.ROOT / "inventory" / "site"}
    made = []
    for name, site in sites.items():
        made.append(folder / f"{name}.html")
        made[-1].write_text(render_map(load_plan(site), script), encoding="utf-8")
    return made[0], made[1]


def rows() -> Iterator[Row]:
    """The frames of both maps, in turns.

    Raises:
        BenchError: there is no Chromium, or what :func:`pages` raises.
    """
    program = paths.browser()
    if program is None:
        raise BenchError("no Chromium installed; `make status` says what brings it")
    with tempfile.TemporaryDirectory(prefix="awan-bench-") as folder:
        large, regency = pages(Path(folder))
        browser = Browser(program, Path(folder) / "profile")
        frames: dict[Path, tuple[list[float], list[float]]] = {large: ([], []), regency: ([], [])}
        try:
            for _ in range(ROUNDS):
                for page, found in frames.items():
                    times, work = moved(browser, page)
                    found[0].extend(times)
                    found[1].extend(work)
        finally:
            browser.close()
    for place, what in ((0, "time"), (1, "work of the page's thread")):
        told = [
            f"{share(found, 0.5):.0f} / {share(found, 0.95):.0f} / {max(found):.0f} ms of {len(found)} frames"
            for found in (frames[large][place], frames[regency][place])
        ]
        # A screen of 60 Hz shows frames after whole sixtieths of a second; three of them are read as 50.0 or 50.1 ms.
        value, base = (float(round(share(frames[page][place], 0.95))) for page in (large, regency))
        name = f"map of {SIZE.vms:,} VMs, Chromium slowed {SLOWED} x: {what} of a frame, 95 of 100"
        yield Row(name=name, value=value, unit="ms", limit=LIMIT, spread=told[0])
        yield Row(
            name="the same beside the regency's own map", value=value, unit="ms", base=base, spread=told[1]
        )
