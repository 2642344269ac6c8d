# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan map``."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from scripts.awan.problem import Problem
from scripts.awan.site import read_plan, site_options, today_option


@click.command("map")
@site_options
@today_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("build/map.html"),
    help="File; default: build/map.html.",
)
@click.option(
    "--reach", "asked", metavar="'FROM TO[:PORT/PROTO]'", help="Open with this question, as of awan reach."
)
@click.option(
    "--diff", "revision", metavar="REV", help="Show what differs from a git revision, before and after."
)
@click.option("--open", "open_it", is_flag=True, help="Open it in the browser.")
def command(
    site: Path | None,
    ledger: Path | None,
    today: date,
    out: Path,
    asked: str | None,
    revision: str | None,
    open_it: bool,
) -> int:
    r"""Write the map: one page that loads nothing from outside, with layers, questions, lists and search.

    \b
    Example:
      awan map --open
      awan map --reach 'office:dukcapil dukcapil/siak:443/tcp'
      awan map --diff origin/main
    """
    from network_plan.reach import ReachError
    from network_plan.render.map import render_map
    from scripts.awan.bundle import bundle, read_question

    question = read_question(asked) if asked is not None else None
    script = bundle()
    plan = read_plan(site, ledger)
    comparison = None
    if revision is not None:
        from scripts.awan.compared import compared_with

        comparison = compared_with(revision, site, ledger, today)
    try:
        text = render_map(plan, script, today=today, question=question, comparison=comparison)
    except ReachError as error:
        raise Problem(str(error)) from error
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Problem(f"{error.filename or out}: {error.strerror}; choose another file with --out") from error
    click.echo(str(out))
    if open_it:
        click.launch(str(out))
    return 0
