# SPDX-License-Identifier: GPL-3.0-or-later
"""Headless Chromium over its own debugging pipe: real keys and clicks, what a page logs and what it asks for.

The protocol is NUL-separated JSON on file descriptors 3 and 4 (``--remote-debugging-pipe``), so no driver program
and no open port are needed. Tests of pages and the pictures of the documentation are made with it.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PATIENCE = 60  # s: starting a browser on two busy cores
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--hide-scrollbars",
    "--force-color-profile=srgb", "--remote-debugging-pipe",
)  # fmt: skip
# The two ends that the browser reads and writes become its descriptors 3 and 4; the process stays the same one.
_ONTO_3_AND_4 = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); "
    "os.execv(sys.argv[3], sys.argv[3:])"
)
_KEYS = {"Enter": ("Enter", 13, "\r"), "Escape": ("Escape", 27, ""), "Tab": ("Tab", 9, ""),
         "ArrowRight": ("ArrowRight", 39, ""), "ArrowDown": ("ArrowDown", 40, ""),
         "ArrowLeft": ("ArrowLeft", 37, ""), "ArrowUp": ("ArrowUp", 38, "")}  # fmt: skip


class Browser:
    """One headless Chromium with one page."""

    def __init__(self, program: Path, profile: Path) -> None:
        ends = [end for _ in range(2) for end in os.pipe()]
        read_by_it, self._to, self._from, written_by_it = (_high(end) for end in ends)
        self._process = subprocess.Popen(
            [
                sys.executable, "-c", _ONTO_3_AND_4, str(read_by_it), str(written_by_it),
                str(program), *FLAGS, f"--user-data-dir={profile}", "about:blank",
            ],
            pass_fds=(read_by_it, written_by_it), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(read_by_it)
        os.close(written_by_it)
        self._buffer = b""
        self._last = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self._page()
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def _page(self) -> str:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for target in self.call("Target.getTargets")["targetInfos"]:
                if target["type"] == "page":
                    return str(target["targetId"])
            time.sleep(0.1)
        raise TimeoutError("Chromium opened no page")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command and its answer; events that come meanwhile are kept in :attr:`events`."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])
            self.events.append(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from], [], [], PATIENCE)
            piece = os.read(self._from, 1 << 16) if ready else b""
            if not piece:
                raise TimeoutError("Chromium does not answer")
            self._buffer += piece
        head, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(head))

    def open(self, file: Path, width: int = 1600, height: int = 1000, fragment: str = "") -> None:
        """Load a page from disk, at the given fragment, and wait until it is finished."""
        self.events.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.call("Page.navigate", url="about:blank")  # a change of the fragment alone would load nothing
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())
        self.events.clear()
        self.call("Page.navigate", url=file.as_uri() + fragment)
        end = time.monotonic() + PATIENCE
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            if time.monotonic() > end:
                raise TimeoutError(f"{file.name} did not finish loading")
            self.events.append(self._next())

    def js(self, expression: str) -> Any:
        """The value of an expression in the page, as JSON's types."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"].get("description", "the page threw"))
        return result["result"].get("value")

    def press(self, key: str, modifiers: int = 0) -> None:
        """One key of the keyboard, down and up; ``modifiers`` as the protocol counts them (8 is Shift)."""
        # A letter's key code is its capital's; of others the code would be another key's ("." is Delete's 46).
        number = ord(key.upper()) if len(key) == 1 and key.isalnum() else 0
        code, number, text = _KEYS.get(key, (key, number, key))
        pressed = {
            "key": code,
            "modifiers": modifiers,
            "windowsVirtualKeyCode": number,
            **({"text": text} if text else {}),
        }
        self.call("Input.dispatchKeyEvent", type="keyDown", **pressed)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=code, windowsVirtualKeyCode=number)

    def type(self, text: str) -> None:
        """Text, key by key."""
        for letter in text:
            self.press(letter)

    def click(self, selector: str) -> None:
        """The left mouse button in the middle of an element, wherever the page shows it."""
        x, y = self.js(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center'});"
            " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def drag(self, x: float, y: float, dx: float, dy: float) -> None:
        """The left mouse button held from a point of the window to another."""
        places = [("mousePressed", 0.0), ("mouseMoved", 0.5), ("mouseMoved", 1.0), ("mouseReleased", 1.0)]
        for kind, part in places:
            at = {"x": x + dx * part, "y": y + dy * part}
            self.call("Input.dispatchMouseEvent", type=kind, button="left", buttons=1, clickCount=1, **at)

    def wheel(self, x: float, y: float, delta: float, modifiers: int = 0) -> None:
        """The wheel turned over a point; ``modifiers`` as in :meth:`press` (2 is Ctrl)."""
        self.call(
            "Input.dispatchMouseEvent",
            type="mouseWheel",
            x=x,
            y=y,
            deltaX=0,
            deltaY=delta,
            modifiers=modifiers,
        )

    def hover(self, x: float, y: float) -> None:
        """The mouse, moved to a point of the window."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def emulate(self, media: str = "", **features: str) -> None:
        """Print or screen, dark or light."""
        names = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", media=media, features=names)

    def screenshot(self, whole: bool = False) -> bytes:
        """What is seen, or the whole page, as PNG."""
        return base64.b64decode(
            self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        )

    def pdf(self) -> bytes:
        """The page as it prints, on the paper that it asks for."""
        return base64.b64decode(
            self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"]
        )

    def trace(self) -> list[dict[str, Any]]:
        """End a trace that was started, and return what it recorded."""
        self.events.clear()
        self.call("Tracing.end")
        while not any(event.get("method") == "Tracing.tracingComplete" for event in self.events):
            self.events.append(self._next())
        parts = [event for event in self.events if event.get("method") == "Tracing.dataCollected"]
        return [entry for part in parts for entry in part["params"]["value"]]

    def complaints(self) -> list[str]:
        """What the page threw or logged as a warning or an error since it was opened."""
        found = []
        for event in self.events:
            params = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"].get("exception", {}).get("description")))
            elif event.get("method") == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
                found.append(str([item.get("value") for item in params["args"]]))
            elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                found.append(str(params["entry"]["text"]))
        return found

    def requests(self) -> list[str]:
        """What the page asked for since it was opened, itself included."""
        return [
            str(event["params"]["request"]["url"])
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]

    def close(self) -> None:
        """End the browser that was started here, politely and then not."""
        try:
            self._session = None
            self.call("Browser.close")
            self._process.wait(10)
        except (OSError, RuntimeError, TimeoutError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait(10)
        finally:
            os.close(self._to)
            os.close(self._from)


def _high(end: int) -> int:
    """The same pipe end under a number beyond 3 and 4."""
    high = fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(end)
    return high
