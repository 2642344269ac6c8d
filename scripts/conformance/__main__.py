# SPDX-License-Identifier: GPL-3.0-or-later
"""The command behind `make conformance`: what the provider relies on in PVE, against the lab or a real cluster.

Without variables it starts a lab cluster of its own. With ENDPOINT, FINGERPRINT and TOKEN (or TOKEN_FILE) it checks
that cluster; NODE, STORAGE, BRIDGE, UPLINK, IMAGE and VMIDS (9000-9099) say what it may use there, ONLY and SKIP which
checks it makes, by the beginnings of their names. All that it makes is called awan-conf…, in SDN awconf…, and is
removed again: at the end, or by the next run after a kill. The checks sdn. apply the SDN configuration, which has every
node read its network configuration anew; SKIP=sdn. leaves them out. The check ha.power puts a VM under HA, which arms
the watchdog of its node where HA was not used before; SKIP=ha.power leaves it out.

Example: make conformance ENDPOINT=https://pve1:8006 FINGERPRINT=AA:BB:… TOKEN_FILE=/root/token STORAGE=local-zfs

Exit codes: 0 all as expected, 1 differences, 2 wrong usage, 3 unreachable, 4 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from scripts.conformance import cluster
from scripts.conformance.client import Unreachable
from scripts.conformance.lab import lab_target
from scripts.conformance.run import DIFFERS, LEFT_OUT, OK, Report, Result, chosen, run
from scripts.conformance.target import Foreign, Target
from scripts.lab.cluster.launch import LaunchError

DIFFERENCES, USAGE, SYSTEM, INTERRUPTED = 1, 2, 3, 4


@contextmanager
def _target() -> Iterator[Target]:
    if cluster.given(os.environ):
        yield cluster.target(os.environ)
        return
    with lab_target() as (target, _folder):
        yield target


def _stopped(*_signal: object) -> None:
    raise KeyboardInterrupt


def _progress(result: Result) -> None:
    if sys.stderr.isatty():
        print(f"{result.outcome:8} {result.name}", file=sys.stderr)


def _table(report: Report) -> None:
    console = Console(width=None if sys.stdout.isatty() else 160)
    table = Table("check", "", "expected", "seen")
    for result in report.results:
        table.add_row(result.name, result.outcome, result.expected, result.seen)
    console.print(table, markup=False)
    counts = {
        outcome: sum(r.outcome == outcome for r in report.results) for outcome in (OK, DIFFERS, LEFT_OUT)
    }
    console.print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))


def main(arguments: list[str]) -> int:
    """Run and print; the exit codes stand above."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.conformance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    only, skip = (os.environ.get(name, "").split() for name in ("ONLY", "SKIP"))
    which = chosen(only, skip)
    if not which:
        parser.error("ONLY and SKIP leave no check; write beginnings of names, e.g. ONLY='vm. rules.'")
    try:
        with _target() as target:
            report = run(target, which, _progress)
    except cluster.Usage as error:
        print(error, file=sys.stderr)
        return USAGE
    except (Unreachable, Foreign, LaunchError) as error:
        print(error, file=sys.stderr)
        return SYSTEM
    except KeyboardInterrupt:
        print("interrupted; run it again and it first removes what is left", file=sys.stderr)
        return INTERRUPTED
    if options.json:
        print(json.dumps(asdict(report), indent=2))
    else:
        _table(report)
    for what in report.left_behind:
        print(f"not removed: {what}", file=sys.stderr)
    return 0 if report.passed else DIFFERENCES


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stopped)
    sys.exit(main(sys.argv[1:]))
