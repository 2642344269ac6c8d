# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan allot``."""

from __future__ import annotations

from pathlib import Path

import click

from network_plan.files import FileError, append_entries, shown
from scripts.awan.problem import Problem
from scripts.awan.show import counted, print_json
from scripts.awan.site import folders, json_option, read_checked, site_options


@click.command("allot")
@site_options
@click.option("--dry-run", is_flag=True, help="Print the lines, write nothing.")
@json_option
def command(site: Path | None, ledger: Path | None, dry_run: bool, as_json: bool) -> int:
    r"""Write the ledger lines that are missing; never edits one.

    With any error in the site or the ledger nothing is written (exit 2).

    \b
    Example:
      awan allot --dry-run
      awan allot && git diff inventory/ledger
    """
    result = read_checked(site, ledger, None)
    errors = [finding for finding in result.errors if finding.in_the_way]
    if errors:
        raise Problem("\n".join(map(str, errors)) + "\nnothing was allotted; mend the errors first")
    ledger_dir = folders(site, ledger)[1]
    if not dry_run:
        try:
            append_entries(ledger_dir, result.missing)
        except FileError as error:
            raise Problem(str(error)) from error
    if as_json:
        print_json([{"file": entry.file, "line": entry.line} for entry in result.missing])
        return 0
    for entry in result.missing:
        click.echo(f"{shown(ledger_dir)}/{entry.file}: {entry.line}")
    verb = "would be written" if dry_run else "written"
    click.echo(
        f"{counted(len(result.missing), 'line')} {verb}" if result.missing else "the ledger is complete"
    )
    return 0
