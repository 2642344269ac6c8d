# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `python3 scripts/toolchain`: brings every part side by side, or says how they stand.

Exit codes: 0 all that is needed is there (what is left out is said), 2 wrong usage, 3 a needed part cannot be
brought, 4 interrupted: the same command goes on.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036  (said in words before a syntax or import error says it worse)
    sys.exit("toolchain: Python 3.11 or newer is needed; run it as: make up PYTHON=/path/to/python3.11")

sys.path[0] = str(Path(__file__).resolve().parents[2])

from scripts.toolchain import base_image, debian, lock, paths, pulumi_cli, python_env, status, web  # noqa: E402
from scripts.toolchain.part import PartError  # noqa: E402


def _hosts() -> None:
    debian.ensure()
    base_image.ensure()


def _web() -> None:
    if paths.which("npm") is None:
        debian.ensure()  # npm is one of those packages
    web.ensure()


def _bring(steps: dict[str, Callable[[], object]]) -> list[tuple[str, PartError]]:
    """Run the steps side by side (one waits for the network while another compiles); return what failed."""
    failures: list[tuple[str, PartError]] = []

    def one(name: str, step: Callable[[], object]) -> None:
        try:
            step()
        except PartError as error:
            failures.append((name, error))

    threads = [threading.Thread(target=one, args=item, daemon=True) for item in steps.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def _ensure() -> int:
    steps: dict[str, Callable[[], object]]
    steps = {"python": python_env.ensure, "pulumi": pulumi_cli.ensure, "hosts": _hosts, "web": _web}
    failures = _bring(steps)
    for name, error in failures:
        print(f"toolchain: {name}: {error}\n    what brings it: {error.command}", file=sys.stderr)
    found = status.parts()
    for entry in status.write_left_out(found):
        print(
            f"left out: {entry['without']}: {entry['why']}\n    what brings it: {entry['command']}",
            file=sys.stderr,
        )
    return 0 if all(part.ok for part in found if part.needed) else 3


def main() -> int:
    """Read the command line and do the one thing it asks for."""
    parser = argparse.ArgumentParser(
        prog="python3 scripts/toolchain",
        description="Bring what the project works with: Python environment, Pulumi, Debian packages, base image, map.",
        epilog="example: python3 scripts/toolchain status --json",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    verbs.add_parser("ensure", help="bring what is missing (the default); a second run does nothing")
    shown = verbs.add_parser("status", help="say what is there, what is missing, and what brings it")
    shown.add_argument("--json", action="store_true", help="for programs")
    locked = verbs.add_parser("lock", help="write requirements/*.txt from the .in files")
    locked.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    asked = parser.parse_args()
    if asked.verb == "status":
        found = status.parts()
        print(status.as_json(found) if asked.json else status.as_text(found))
        return 0
    if asked.verb == "lock":
        try:
            lock.write_locks(upgrade=asked.upgrade)
        except PartError as error:
            print(f"toolchain: lock: {error}\n    what brings it: {error.command}", file=sys.stderr)
            return 3
        return 0
    return _ensure()


if __name__ == "__main__":
    try:
        code = main()
    except KeyboardInterrupt:
        print("toolchain: interrupted; the same command goes on", file=sys.stderr)
        code = 4
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(code)  # threads of an interrupted run must not hold the process
