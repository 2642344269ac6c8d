# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan map``."""

from __future__ import annotations

from pathlib import Path

import click

from network_plan.render.map import render_map
from scripts.awan.problem import Problem
from scripts.awan.site import read_plan, site_options


@click.command("map")
@site_options
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("build/map.html"),
    help="File; default: build/map.html.",
)
@click.option("--open", "open_it", is_flag=True, help="Open it in the browser.")
def command(site: Path | None, ledger: Path | None, out: Path, open_it: bool) -> int:
    r"""Write the map: one page that loads nothing from outside, with tables and search.

    \b
    Example:
      awan map --open
    """
    text = render_map(read_plan(site, ledger))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Problem(f"{error.filename or out}: {error.strerror}; choose another file with --out") from error
    click.echo(str(out))
    if open_it:
        click.launch(str(out))
    return 0
