# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan verify``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from scripts.awan.problem import Problem
from scripts.awan.show import print_json
from scripts.awan.site import complete_system, json_option, read_plan, site_options
from scripts.verify.everything import verify


@click.command("verify")
@site_options
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_system,
    help="One cluster or host; may be given more than once.",
)
@json_option
def command(site: Path | None, ledger: Path | None, only: tuple[str, ...], as_json: bool) -> int:
    r"""Read the live clusters and hosts and compare them with the Plan; looks only.

    Exit 0 when all is equal, 1 when something differs, 3 when a system is unreachable or refuses.
    What the Plan does not know is listed as unmanaged and is no difference, unless it stands in a pool
    or on a network of ours. The systems come from the environment ('awan lab env' prints the lab's).

    \b
    Example:
      eval "$(awan lab env)" && awan verify
      awan verify --only dc --json
    """
    plan = read_plan(site, ledger)
    names = [cluster.name for cluster in plan.clusters]
    hosts = [gateway.host for gateway in plan.gateways]
    unknown = sorted(set(only) - set(names) - set(hosts))
    if unknown:
        raise Problem(f"there is no {unknown[0]!r}; name one of {', '.join([*names, *hosts])}")
    if not only and os.environ.get("AWAN_NO_HOSTS"):
        hosts = []
    reports = verify(
        plan,
        os.environ,
        clusters=[name for name in names if not only or name in only],
        hosts=[name for name in hosts if not only or name in only],
        say=lambda text: click.echo(text, err=True) if not as_json else None,
    )
    equal = all(report.equal for report in reports)
    if as_json:
        print_json({"equal": equal, "reports": reports})
        return 0 if equal else 1
    for report in reports:
        click.echo(f"{report.where}: {'equal' if report.equal else 'differs'} ({report.counted})")
        for difference in report.differences:
            click.echo(f"  {difference}")
        for unmanaged in report.unmanaged:
            click.echo(f"  unmanaged: {unmanaged.thing}")
    click.echo("live equals plan" if equal else "live differs from the Plan")
    return 0 if equal else 1
