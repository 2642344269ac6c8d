# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a synthetic site and its ledger: ``python -m scripts.synthetic DIR --regencies 27``.

DIR then holds ``site`` and ``ledger``: ``awan check --site DIR/site``. Exit codes: 0 written; 1 the site does not
hold (said what); 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from network_plan.build import check_texts
from network_plan.files import append_entries
from scripts.synthetic.site import site_texts
from scripts.synthetic.size import Size, regencies

ROLE = {"site_role.ledger": "schema 1\nprimary 1 dc\n"}


def write(folder: Path, size: Size, *, seed: int = 1, ipv6: bool = False) -> list[str]:
    """Write ``site`` and ``ledger`` below a folder that has neither.

    Returns:
        The errors of the site, none when it holds.

    Raises:
        FileExistsError: one of the two is there already.
    """
    texts = site_texts(size, seed=seed, ipv6=ipv6)
    for name, text in texts.items():
        path = folder / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    ledger = folder / "ledger"
    ledger.mkdir()
    for name, text in ROLE.items():
        (ledger / name).write_text(text, encoding="utf-8")
    checked = check_texts(texts, ROLE)
    append_entries(ledger, checked.missing)
    return [str(finding) for finding in checked.errors]


def main(arguments: list[str]) -> int:
    """Read the options and write."""
    parser = argparse.ArgumentParser(prog="python -m scripts.synthetic", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--regencies", type=int, default=1, help="how many regencies' size in one site (1)")
    parser.add_argument("--tenants", type=int, help="agencies, instead of --regencies")
    parser.add_argument("--vms", type=int, help="VMs in all")
    parser.add_argument("--flows", type=int, help="flows in all")
    parser.add_argument("--seed", type=int, default=1, help="who reaches whom (1)")
    parser.add_argument("--ipv6", action="store_true", help="both families")
    options = parser.parse_args(arguments)
    given = regencies(options.regencies)
    size = Size(
        tenants=given.tenants if options.tenants is None else options.tenants,
        vms=given.vms if options.vms is None else options.vms,
        flows=given.flows if options.flows is None else options.flows,
    )
    if size.tenants < 1 or size.vms < 0 or size.flows < 0:
        parser.error("numbers are not negative, and somebody must operate the cloud")
    try:
        errors = write(options.folder, size, seed=options.seed, ipv6=options.ipv6)
    except FileExistsError as error:
        parser.error(f"{error.filename} is there already; name a new folder")
    print(f"{options.folder}: {size.tenants} tenants, {size.vms} VMs, {size.flows} flows")
    print("\n".join(errors), file=sys.stderr, end="\n" if errors else "")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
