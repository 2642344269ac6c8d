# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the site is and how commands get the Plan: the shared options and the loading."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from network_plan.build import Checked, PlanError, check, load_plan
from network_plan.files import FileError
from network_plan.model.plan import Plan
from scripts.awan.git import ledger_before
from scripts.awan.problem import Problem

F = TypeVar("F", bound=Callable[..., Any])

REPOSITORY = Path(__file__).resolve().parents[2]


def find_site() -> Path:
    """``inventory/site`` in the working directory or above it, else this repository's own."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "inventory" / "site").is_dir():
            return folder / "inventory" / "site"
    return REPOSITORY / "inventory" / "site"


def site_options(function: F) -> F:
    """Add ``--site`` and ``--ledger``."""
    function = click.option(
        "--ledger",
        type=click.Path(path_type=Path),
        help="Folder of the ledger; default: 'ledger' beside the site.",
    )(function)
    return click.option(
        "--site", type=click.Path(path_type=Path), help="Folder of the site files; default: inventory/site."
    )(function)


def json_option(function: F) -> F:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(function)


def today_option(function: F) -> F:
    """Add ``--today``: the day against which dated exceptions are judged."""
    return click.option(
        "--today",
        type=click.DateTime(["%Y-%m-%d"]),
        callback=lambda _ctx, _param, value: value.date() if isinstance(value, datetime) else date.today(),
        help="Judge dated exceptions on this day (YYYY-MM-DD); default: today.",
    )(function)


def complete_word(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Words of the Plan for the shell's completion. A broken site has none."""
    from scripts.awan.lookup import words

    try:
        plan = load_plan(*folders(None, None))
    except (PlanError, FileError):
        return []
    return [word for word in words(plan) if word.startswith(incomplete)]


def folders(site: Path | None, ledger: Path | None) -> tuple[Path, Path]:
    """The two folders, with their defaults."""
    site = site or find_site()
    return site, ledger or site.parent / "ledger"


def read_checked(site: Path | None, ledger: Path | None, today: date | None) -> Checked:
    """Everything that a check finds, with the ledger's history where git knows it."""
    site_dir, ledger_dir = folders(site, ledger)
    try:
        return check(site_dir, ledger_dir, today=today, before=ledger_before(ledger_dir))
    except FileError as error:
        raise Problem(str(error)) from error


def read_plan(site: Path | None, ledger: Path | None) -> Plan:
    """The Plan, or a :class:`Problem` with every error."""
    try:
        return load_plan(*folders(site, ledger))
    except (PlanError, FileError) as error:
        raise Problem(str(error)) from error
