# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the site is and how commands get the Plan: the shared options and the loading."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
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
    """``AWAN_SITE``, ``inventory/site`` in the working directory or above it, else this repository's own."""
    named = os.environ.get("AWAN_SITE")
    if named:
        return Path(named)
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
        "--site",
        type=click.Path(path_type=Path),
        help="Folder of the site files; default: $AWAN_SITE, or inventory/site.",
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


def _complete(words: Callable[[Plan], Iterable[str]], incomplete: str) -> list[str]:
    """Those of a Plan's words that begin so, for the shell's completion. A broken site has none."""
    try:
        plan = load_plan(*folders(None, None))
    except (PlanError, FileError):
        return []
    return sorted(word for word in words(plan) if word.startswith(incomplete))


def complete_word(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Whatever ``awan show`` knows."""
    from scripts.awan.lookup import words

    return _complete(words, incomplete)


def complete_end(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The ends that ``awan reach`` takes."""
    return _complete(_ends, incomplete)


def _ends(plan: Plan) -> set[str]:
    found = {"internet", "offices", "servers", "management", "gateway"}
    found |= {tenant.key for tenant in plan.tenants}
    found |= {guest.key for guest in plan.guests} | {network.key for network in plan.networks}
    found |= {public.name for public in plan.public}
    found |= {node.name for cluster in plan.clusters for node in cluster.nodes}
    return found | {f"office:{network.tenant}" for network in plan.networks if network.role == "office"}


def complete_tenant(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The tenants, each with the slash behind which a name of its own comes."""
    return _complete(lambda plan: (f"{tenant.key}/" for tenant in plan.tenants), incomplete)


def complete_cluster(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The clusters, which are the stacks too."""
    return _complete(lambda plan: (cluster.name for cluster in plan.clusters), incomplete)


def complete_system(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """What ``awan verify`` reads: the clusters and the gateway's host."""
    return _complete(
        lambda plan: [*(c.name for c in plan.clusters), *(g.host for g in plan.gateways)], incomplete
    )


def folders(site: Path | None, ledger: Path | None) -> tuple[Path, Path]:
    """The two folders, with their defaults."""
    site = site or find_site()
    return site, ledger or site.parent / "ledger"


def site_for_all(site: Path | None, ledger: Path | None) -> Path:
    """The site as Pulumi and Ansible get it, by ``AWAN_SITE``; they take the ledger beside it."""
    site_dir, ledger_dir = (folder.resolve() for folder in folders(site, ledger))
    if ledger_dir != site_dir.parent / "ledger":
        raise Problem(
            f"Pulumi and Ansible read {site_dir.parent / 'ledger'}; put the ledger there, without --ledger"
        )
    return site_dir


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
