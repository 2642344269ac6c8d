# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan diff``."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from scripts.awan.problem import Problem
from scripts.awan.show import print_json
from scripts.awan.site import json_option, read_checked, site_options, today_option

HERE = "the working tree"


@click.command("diff")
@click.argument("revision", metavar="REV")
@click.argument("other", metavar="[REV2]", required=False)
@site_options
@today_option
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Judge REV on this day (YYYY-MM-DD), so that what ran out between shows; default: as --today.",
)
@json_option
def command(
    revision: str,
    other: str | None,
    site: Path | None,
    ledger: Path | None,
    today: date,
    since: datetime | None,
    as_json: bool,
) -> int:
    r"""What a change does: from the site and ledger of the commit REV to the working tree, or to REV2.

    Packets newly let in and no longer, over the whole space and exactly; what moved (there should be none),
    came and went; findings; what it costs. Markdown for a change's page, or JSON. Exit 0 if nothing differs,
    1 if something does, 2 if there is no Plan on one of the sides.

    \b
    Example:
      awan diff origin/main                               what this work does
      awan diff HEAD~1 HEAD --json
      awan diff HEAD --since 2027-06-30 --today 2027-07-01    what runs out that night
    """
    from network_plan.build import Checked
    from network_plan.diff import Side, compare, markdown, side
    from scripts.awan.revision import checked_at

    def made(label: str, checked: Checked, day: date) -> Side:
        try:
            return side(label, checked, day)
        except ValueError as error:
            cure = (
                "mend it first" if label == HERE else "compare with a commit whose site this version can read"
            )
            raise Problem(f"{label} gives no Plan; {cure}:\n{error}") from error

    day = since.date() if since else today
    old = made(revision, checked_at(revision, site, ledger, day), day)
    if other is None:
        new = made(HERE, read_checked(site, ledger, today), today)
    else:
        new = made(other, checked_at(other, site, ledger, today), today)
    found = compare(old, new)
    if as_json:
        print_json(found)
    else:
        click.echo(markdown(found), nl=False)
    return 1 if found.differs else 0
