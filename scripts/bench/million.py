# SPDX-License-Identifier: GPL-3.0-or-later
"""A ledger of a million lines, read and checked, beside Python's own csv reader on the same files.

``python -m scripts.bench.million check|csv FOLDER`` is one such process.
"""

from __future__ import annotations

import csv
import gc
import sys
import tempfile
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

from scripts.bench.measure import Row, alternately, run, seconds, spread

LINES = 1_000_000
OWNERS = 100
MIB = 600
RATIO = 8
TIMES = 5

_MACS = int("026177000000", 16)
_ADDRESSES = int(IPv4Address("10.0.0.0"))
_PREFIXES = int(IPv4Address("172.16.0.0"))


def ledger_texts(lines: int) -> dict[str, str]:
    """A ledger of so many lines: VMs with five lines each, a network for every second one, a tenth came and went."""
    texts: dict[str, list[str]] = {}
    written = 0

    def add(kind: str, owner: str, line: str) -> None:
        nonlocal written
        written += 1
        texts.setdefault(f"{kind}/{owner}.ledger", ["schema 1"]).append(line)

    number = 0
    while written < lines:
        owner = f"t{number % OWNERS}"
        key = f"{owner}/vm{number}"
        mac = f"{_MACS + number:012x}"
        add("vmid", owner, f"allot {key} {100 + number}")
        add("mac", owner, f"allot {key}/net0 {':'.join(mac[at : at + 2] for at in range(0, 12, 2))}")
        add("address", owner, f"allot {key}/net0 {IPv4Address(_ADDRESSES + number)}")
        add("node", owner, f"allot {key}@dc dc{number % 200}")
        add("replica", owner, f"allot {key}@dc dc{(number + 1) % 200}")
        if number % 2:
            add("prefix", owner, f"allot {owner}/n{number} {IPv4Address(_PREFIXES + number // 2 * 8)}/29")
        if number % 10 == 0:
            add("vmid", owner, f"release {key} {100 + number} 2027-01-31")
        if number % 20 == 0:
            add("vmid", owner, f"reclaim {key} {100 + number} 2027-02-01")
        number += 1
    return {name: "\n".join([*body, ""]) for name, body in texts.items()}


def _check(folder: Path) -> int:
    """Read the ledger and check it, as `awan check` does before anything is made of it."""
    # Imported here, since the process beside this one must not pay for them.
    from network_plan.allocate.replay import check_ledger  # noqa: PLC0415
    from network_plan.files import read_texts  # noqa: PLC0415
    from network_plan.parse.ledger import parse_ledger  # noqa: PLC0415
    from scripts.awan.main import COLLECT_AFTER  # noqa: PLC0415

    gc.set_threshold(COLLECT_AFTER)
    ledger, findings = parse_ledger(read_texts(folder, "ledger"), "ledger")
    findings += check_ledger(ledger, frozenset({"dc"}), "ledger")
    ledger.live()
    print(ledger.lines, *findings[:3])
    return 1 if findings else 0


def _csv(folder: Path) -> int:
    """Read the same files with the csv module, and make nothing of them."""
    rows = 0
    for path in sorted(folder.rglob("*.ledger")):
        with path.open(newline="", encoding="utf-8") as file:
            for _row in csv.reader(file, delimiter=" "):
                rows += 1
    print(rows)
    return 0


def rows() -> Iterator[Row]:
    """Measure both in turns."""
    with tempfile.TemporaryDirectory(prefix="awan-bench-") as name:
        folder = Path(name)
        for file, text in {**ledger_texts(LINES), "site_role.ledger": "schema 1\nprimary 1 dc\n"}.items():
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
        module = [sys.executable, "-m", "scripts.bench.million"]
        ours, base = alternately(
            TIMES, lambda: run([*module, "check", name]), lambda: run([*module, "csv", name])
        )
    what = f"ledger of {LINES:,} lines, read and checked"
    yield Row(name=what, value=seconds(ours), unit="s", base=seconds(base), limit=RATIO, spread=spread(ours))
    yield Row(name=f"{what}, memory", value=max(one.mib for one in ours), unit="MiB", limit=MIB)


if __name__ == "__main__":
    sys.exit({"check": _check, "csv": _csv}[sys.argv[1]](Path(sys.argv[2])))
