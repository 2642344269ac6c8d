# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan reach``."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import click

from network_plan.reach import ReachError, reach
from scripts.awan.problem import Problem
from scripts.awan.show import print_json
from scripts.awan.site import complete_end, json_option, read_plan, site_options, today_option

_TO = re.compile(r"^(?P<host>\[[^\]]+\]|.+?):(?P<port>\d{1,5}(?:-\d{1,5})?)/(?P<proto>tcp|udp)$")
_MEANT = re.compile(r"^(?P<host>.+):(?:(?P<proto>[a-z]+)/)?(?P<port>\d[\d-]*)(?:/(?P<other>\w+))?$")
"""A target with a port in another form, as site files write it or without a protocol."""


def split_target(text: str) -> tuple[str, str]:
    """``TO:443/tcp`` → target and service; ``TO`` alone asks for an echo (icmp).

    Raises:
        Problem: there is a port, but not written so.
    """
    match = _TO.match(text)
    if match is None:
        meant = _MEANT.match(text)
        if meant is not None and (text.count(":") == 1 or "/" in text):
            proto = meant["proto"] if meant["proto"] in ("tcp", "udp") else "tcp"
            cure = f"write {meant['host']}:{meant['port']}/{proto}"
            raise Problem(f"{text!r}: a port stands as PORT/tcp or PORT/udp; {cure}")
        return text.strip("[]"), "icmp"
    return match["host"].strip("[]"), f"{match['proto']}/{match['port']}"


@click.command("reach")
@click.argument("source", metavar="FROM", shell_complete=complete_end)
@click.argument("target", metavar="TO[:PORT/PROTO]", shell_complete=complete_end)
@site_options
@today_option
@json_option
def command(
    source: str, target: str, site: Path | None, ledger: Path | None, today: date, as_json: bool
) -> int:
    r"""May FROM open a flow to TO, by which rule, over which path? Exit 0 yes, 1 no.

    FROM and TO: an address or prefix, tenant/vm, tenant/network, office:TENANT, a DNS name, a public
    service, 'internet', 'management', 'gateway'. Without a port the question is an ICMP echo.

    \b
    Example:
      awan reach office:dukcapil dukcapil/siak:443/tcp
      awan reach internet 203.0.113.1:443/tcp
      awan reach rsud/simrs internet:53/udp --json
    """
    host, service = split_target(target)
    plan = read_plan(site, ledger)
    try:
        answer = reach(plan, source, host, service, today)
    except ReachError as error:
        raise Problem(str(error)) from error
    if as_json:
        print_json(answer)
    else:
        word = "yes" if answer.reachable else "no"
        click.echo(f"{word}: {answer.source} → {answer.target} {answer.service}")
        for step in answer.steps:
            click.echo(f"  {'passes' if step.passed else 'stops '}  {step.where}: {step.rule}")
    return 0 if answer.reachable else 1
