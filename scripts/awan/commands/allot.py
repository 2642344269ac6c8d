# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan allot``: the options; the change itself is made in ``scripts.awan.ledger``."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from network_plan.files import FileError, only_writer, shown, write_ledger
from network_plan.model.ledger import Kind
from scripts.awan.ledger import Asked, Change, change_of
from scripts.awan.problem import Problem
from scripts.awan.show import counted, print_json, print_table
from scripts.awan.site import (
    complete_cluster,
    folders,
    json_option,
    read_checked,
    site_options,
    today_option,
)

REST_DAYS = 90
"""How long what is released rests, unless --until says otherwise: decision 0020 has the reasons."""


def _day(_ctx: click.Context, _param: click.Parameter, value: datetime | None) -> date | None:
    return None if value is None else value.date()


def _kind(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Kind | None:
    return None if value is None else Kind(value)


@click.command("allot")
@site_options
@click.option("--dry-run", is_flag=True, help="Print the lines, write nothing.")
@click.option("--use", is_flag=True, help="Print how full each pool is, and when it runs out; write nothing.")
@click.option("--release", multiple=True, metavar="KEY", help="Take back what KEY has; it rests.")
@click.option("--retired", is_flag=True, help="Take back all that no site file declares any more.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    callback=_day,
    help=f"Last day of rest of what is taken back; default: in {REST_DAYS} days.",
)
@click.option("--reclaim", multiple=True, metavar="KEY", help="Make what KEY had free again, after its rest.")
@click.option("--rested", is_flag=True, help="Make all free again whose rest is over.")
@click.option(
    "--reserve",
    nargs=3,
    multiple=True,
    metavar="KIND KEY VALUE",
    help="Keep a value from being allotted, under a key of your choice.",
)
@click.option("--grow", multiple=True, metavar="NETWORK", help="Make a network's prefix larger in place.")
@click.option(
    "--split", multiple=True, metavar="NETWORK", help="Keep its first part only; the rest of it rests."
)
@click.option("--to", "length", type=click.IntRange(8, 30), help="Prefix length, for --grow and --split.")
@click.option("--void", multiple=True, metavar="KEY", help="Say that KEY never used what another has too.")
@click.option(
    "--kind", type=click.Choice([kind.value for kind in Kind]), callback=_kind, help="Only keys of this kind."
)
@click.option(
    "--import",
    "table",
    type=click.Path(path_type=Path),
    help="Take over what exists today: a CSV table with the columns key, kind, value.",
)
@click.option(
    "--import-live",
    "cluster",
    metavar="CLUSTER",
    shell_complete=complete_cluster,
    help="Take over what a live cluster's VMs have, for those that the site declares.",
)
@click.option("--main", metavar="REF", help="What is on main, where that is neither origin/main nor main.")
@today_option
@json_option
def command(
    site: Path | None, ledger: Path | None, dry_run: bool, use: bool, as_json: bool, **options: Any
) -> int:
    r"""Write the ledger lines that are missing, and those that the options ask for; never edits one on main.

    With any error in the site or the ledger nothing is written (exit 2). After a merge in which two branches
    took one value, the line that is not on main yet is taken back and allotted anew. A KEY is one of the
    ledger's, or a VM or network with all of its keys.

    \b
    Example:
      awan allot --dry-run
      awan allot && git diff inventory/ledger
      awan allot --release dinas/old --until 2027-06-30
      awan allot --grow dinas/office-main
      awan allot --import today.csv --dry-run
      awan allot --use
    """
    today: date = options["today"]
    try:
        if use:
            return _use(site, ledger, today, as_json)
        options["until"] = options["until"] or today + timedelta(days=REST_DAYS)
        asked = Asked(**options)
        site_dir, ledger_dir = folders(site, ledger)
        with nullcontext() if dry_run else only_writer(ledger_dir):
            change = change_of(site_dir, ledger_dir, asked)
            if not dry_run:
                write_ledger(ledger_dir, change.before, change.after)
    except FileError as error:
        raise Problem(str(error)) from error
    _say(change, ledger_dir, dry_run, as_json)
    return 0


def _say(change: Change, ledger_dir: Path, dry_run: bool, as_json: bool) -> None:
    for line in change.left:
        click.echo(line, err=True)
    if as_json:
        back = [{"file": e.file, "line": e.line, "taken_back": why} for e, why in change.back.items()]
        print_json([*back, *({"file": entry.file, "line": entry.line} for entry in change.entries)])
        return
    for entry, why in change.back.items():
        click.echo(f"{shown(ledger_dir)}/{entry.file}: took back {entry.line!r}: {why}")
    for entry in change.entries:
        click.echo(f"{shown(ledger_dir)}/{entry.file}: {entry.line}")
    verb = "would be written" if dry_run else "written"
    said = f"{counted(len(change.entries), 'line')} {verb}" if change.entries else "the ledger is complete"
    click.echo(said + (f", {len(change.back)} taken back" if change.back else ""))


def _use(site: Path | None, ledger: Path | None, today: date, as_json: bool) -> int:
    """How full each pool is."""
    from network_plan.allocate.use import pool_use
    from scripts.awan.git import ledger_written

    checked = read_checked(site, ledger, None)
    wrong = [finding for finding in checked.errors if finding.in_the_way]
    if checked.site is None or wrong:
        raise Problem("\n".join(map(str, wrong or checked.errors)))
    written = ledger_written(folders(site, ledger)[1])

    def day(file: str, line: str) -> date | None:
        found = written.get((file, line))
        return None if found is None else found.day

    uses = pool_use(checked.site, checked.ledger, today, day)
    if as_json:
        print_json(uses)
        return 0
    rows = [
        (
            u.pool,
            u.unit,
            u.size,
            u.live,
            u.free,
            u.a_year,
            u.runs_out or ("" if u.a_year is None else "far away"),
        )
        for u in uses
    ]
    print_table("Use of the pools", ("pool", "of", "size", "given", "free", "a year", "runs out"), rows)
    if not any(use.a_year for use in uses):
        click.echo("no pace is known: git has no day after the first on which anything was allotted")
    return 0
