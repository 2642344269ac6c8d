# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every test: its tier, what this machine can't run, and that nothing goes on running afterwards.

Fixtures of one part stand beside that part's tests, not here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from scripts.toolchain import paths

TIERS = ("plain", "lab", "browser", "hosts")  # also the order in which they run: what answers fast goes first
LONG = ("test_regency.py", "test_kills.py", "test_changes.py", "test_line.py", "test_drill.py")
"""Files that take a minute or more on their own: first in their tier, so that none is left to run alone at the end."""
HOSTS_TIMEOUT = 600  # s: booting hosts and converging them, on two busy cores
BURST = 5  # s: signals of one cause arrive within
_MARK = "AWAN_TEST_RUN"
_WORKER = "PYTEST_XDIST_WORKER"
_interrupted = -float(BURST + 1)


def tier_of(item: pytest.Item) -> str:
    """Return the tier of a test: the last of its markers in the order of TIERS; without one it is plain."""
    found = [tier for tier in TIERS if item.get_closest_marker(tier)]
    return found[-1] if found else "plain"


@cache
def why_not(tier: str) -> str:
    """Return why this machine can't run a tier; empty where it can."""
    if tier == "hosts":
        reasons = [*paths.hosts_missing()]
        if not (paths.pulumi_bin() / "pulumi").exists():
            reasons.append("Pulumi is not built")
        if not reasons and not _makes_namespaces():
            reasons.append("the kernel lets nobody make a network namespace here")
        return "; ".join(reasons)
    if tier == "browser" and paths.browser() is None:
        return "no Chromium installed"
    return ""


def _makes_namespaces() -> bool:
    unshare = shutil.which("unshare")
    if unshare is None:
        return False
    return (
        subprocess.run([unshare, "--net", "--mount", "true"], capture_output=True, check=False).returncode
        == 0
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order by tier, skip with a reason what can't run here, and give booted hosts their time."""
    items.sort(key=lambda item: (TIERS.index(tier_of(item)), item.path.name not in LONG))
    for item in items:
        tier = tier_of(item)
        if reason := why_not(tier):
            item.add_marker(pytest.mark.skip(reason=f"{tier}: {reason} (`make status` says what brings it)"))
        if tier == "hosts" and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(HOSTS_TIMEOUT))
        item.user_properties.append(("tier", tier))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the count per tier, and what this machine left out and why, just before pytest's closing line."""
    counts: dict[str, Counter[str]] = {tier: Counter() for tier in TIERS}
    for outcome in ("passed", "failed", "error", "skipped", "xfailed", "xpassed"):
        for report in terminalreporter.stats.get(outcome, []):
            tier = dict(getattr(report, "user_properties", [])).get("tier")
            if tier in counts:
                counts[tier][outcome] += 1
    terminalreporter.section("tiers", sep="-")
    for tier, count in counts.items():
        if count:
            words = ", ".join(f"{number} {outcome}" for outcome, number in count.items())
            reason = why_not(tier)
            terminalreporter.write_line(
                f"{tier}: {words}" + (f" (left out here: {reason})" if reason else "")
            )


def pytest_sessionstart() -> None:
    """Mark the environment, so that whatever this run starts can be told from everything else on the machine.

    A worker of pytest-xdist keeps the mark of the run that started it, which looks for leftovers of all workers.
    """
    if _WORKER not in os.environ:
        os.environ[_MARK] = uuid.uuid4().hex
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _interrupt_once)


def _interrupt_once(_number: int, _frame: object) -> None:
    """Take a burst of SIGINT for one: make, timeout and the terminal each send their own.

    A second KeyboardInterrupt would break off the teardown that the first began, and leave labs running. A person
    who insists, seconds later, is heard.
    """
    global _interrupted  # noqa: PLW0603 - a signal handler has no other place to remember in
    now = time.monotonic()
    if now - _interrupted > BURST:
        _interrupted = now
        raise KeyboardInterrupt


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run when a process that a test started is still there, and end it: nothing of ours goes on."""
    if _WORKER in os.environ:
        return
    mark = os.environ.pop(_MARK, None)
    left = list(_running_with(mark)) if mark else []
    patience = time.monotonic() + 5  # an ssh master may still be noticing that its host is gone
    while left and mark and time.monotonic() < patience:
        time.sleep(0.2)
        left = list(_running_with(mark))
    for pid, command in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        if command.startswith("ssh: ") and "[mux]" in command:
            continue  # Ansible's idle connection would have ended by itself within a minute
        print(f"\na test left process {pid} running, ended now: {command}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _workers(pid: int) -> set[int]:
    """This process and the workers of pytest-xdist, which end after it has looked: its children that run pytest."""
    found = {pid}
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in file.read_text(encoding="ascii").split():
            with contextlib.suppress(OSError):
                if b"exec(eval(sys.stdin.readline()))" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.add(int(child))
    return found


def _running_with(mark: str) -> Iterator[tuple[int, str]]:
    """Yield the processes, except this one, that inherited the mark of this run."""
    wanted = f"{_MARK}={mark}".encode()
    workers = _workers(os.getpid())
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) in workers:
            continue
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                yield (
                    int(folder.name),
                    (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"),
                )
        except OSError:
            continue  # ended meanwhile, or not ours to see
