# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan check``."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from network_plan.model.text import plain
from scripts.awan.show import counted, print_json
from scripts.awan.site import json_option, read_checked, site_options, today_option


@click.command("check")
@site_options
@today_option
@json_option
def command(site: Path | None, ledger: Path | None, today: date, as_json: bool) -> int:
    r"""Parse the site, see that the ledger is complete and unedited, run the policy; all findings at once.

    Exit 0 without errors (warnings may stand), 1 with findings that are errors.

    \b
    Example:
      awan check
      awan check --site tests/sites/minimal --today 2027-07-01 --json
    """
    result = read_checked(site, ledger, today)
    findings = result.report
    errors = sum(finding.severity == "error" for finding in findings)
    if as_json:
        print_json({"findings": [plain(finding) for finding in findings], "errors": errors})
        return 1 if errors else 0
    for finding in findings:
        click.echo(str(finding), err=True)
    warnings = len(findings) - errors
    if result.plan is not None:
        plan = result.plan
        click.echo(
            f"{plan.regency}: {len(plan.tenants)} tenants, {len(plan.networks)} networks, "
            f"{len(plan.guests)} VMs in {len(plan.clusters)} clusters, {len(plan.flows)} flows; "
            f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
        )
    else:
        click.echo(
            f"{counted(errors, 'error')}, {counted(warnings, 'warning')}; there is no Plan until they are mended"
        )
    return 1 if errors else 0
