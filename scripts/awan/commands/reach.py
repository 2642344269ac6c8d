# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan reach``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from ipaddress import ip_interface
from pathlib import Path

import click

from network_plan.model.text import Json, plain
from network_plan.reach import Asked, ReachError, Reply, Row
from scripts.awan.problem import Problem
from scripts.awan.show import counted, print_json
from scripts.awan.site import complete_end, json_option, read_plan, site_options, today_option

_TO = re.compile(
    r"^(?P<host>\[[^\]]+\]|.+?):(?:(?P<port>\d{1,5}(?:-\d{1,5})?)/(?P<proto>tcp|udp)|(?P<echo>icmp))$"
)
_MEANT = re.compile(r"^(?P<host>.+):(?:(?P<proto>[a-z]+)/)?(?P<port>\d[\d-]*)(?:/(?P<other>\w+))?$")
"""A target with a port in another form, as site files write it or without a protocol."""

SHOWN = 3
"""So many names of a row are written out; ``--json`` has all."""


def split_target(text: str) -> tuple[str, str | None]:
    """``TO:443/tcp`` or ``TO:icmp`` → target and service; ``TO`` alone asks for every service.

    Raises:
        Problem: there is a port, but not written so.
    """
    match = _TO.match(text)
    if match is None:
        meant = _MEANT.match(text)
        if meant is not None and not _is_address(text):
            proto = meant["proto"] if meant["proto"] in ("tcp", "udp") else "tcp"
            cure = f"write {meant['host']}:{meant['port']}/{proto}"
            raise Problem(f"{text!r}: a port stands as PORT/tcp or PORT/udp; {cure}")
        return text.strip("[]"), None
    return match["host"].strip("[]"), match["echo"] or f"{match['proto']}/{match['port']}"


def _is_address(text: str) -> bool:
    """Whether all of it is one address or prefix, whose own colons are no ports."""
    try:
        ip_interface(text)
    except ValueError:
        return False
    return True


@click.command("reach")
@click.argument("source", metavar="[FROM", required=False, shell_complete=complete_end)
@click.argument("target", metavar="TO[:PORT/PROTO]]", required=False, shell_complete=complete_end)
@click.option(
    "--who",
    metavar="TO[:PORT/PROTO]",
    shell_complete=complete_end,
    help="Who may reach TO? Instead of FROM and TO.",
)
@click.option(
    "--what",
    "--from",
    "what",
    metavar="FROM",
    shell_complete=complete_end,
    help="What may FROM reach? Instead of FROM and TO.",
)
@site_options
@today_option
@json_option
def command(
    source: str | None,
    target: str | None,
    who: str | None,
    what: str | None,
    site: Path | None,
    ledger: Path | None,
    today: date,
    as_json: bool,
) -> int:
    r"""May FROM open a flow to TO, by which rule, over which path? Exit 0 yes, 1 no or only a part.

    FROM and TO: an address or prefix, a tenant, tenant/vm, tenant/network, office:TENANT, a host, a DNS name, a public
    service, 'internet', 'offices', 'servers', 'management', 'gateway'. A tenant or a network of VMs as TO means the VMs
    that run there. An echo is TO:icmp, an IPv6 address [ADDRESS]:PORT/PROTO.

    The answer is exact for every packet: yes for all, no for all, or which part may; one for each address family that
    both ends have. Without a port it lists everything that may pass, and exits 0 where anything may.

    \b
    Example:
      awan reach office:dukcapil dukcapil/siak:443/tcp
      awan reach internet 203.0.113.1:443/tcp
      awan reach rsud dukcapil                    everything that may pass
      awan reach rsud/simrs internet:53/udp --json
      awan reach --who dukcapil/siak              who may reach it, and by which rule
      awan reach --what rsud/simrs                what it may reach
    """
    given = [word for word in (who, what) if word is not None]
    if len(given) + (source is not None) != 1 or (source is None) is not (target is None):
        raise click.UsageError("name FROM and TO, or --who TO, or --what FROM")
    plan = read_plan(site, ledger)
    asked = Asked(plan, today)
    service: str | None = None
    try:
        if who is not None:
            word, service = split_target(who)
            reply = asked.who(word, service)
        elif what is not None:
            reply = asked.what(what)
        else:
            word, service = split_target(target or "")
            reply = asked.reach(source or "", word, service)
    except ReachError as error:
        raise Problem(str(error)) from error
    lists = bool(given) or service is None
    if as_json:
        print_json(_json(reply, lists=lists))
    elif lists:
        _print_list(reply)
    else:
        _print_answers(reply)
    return 0 if (reply.anything if lists else reply.reachable) else 1


def _json(reply: Reply, *, lists: bool) -> dict[str, Json]:
    """The stable shape that scripts read; docs/decisions/0023-sets-as-boxes.md says what each key is."""
    return {
        "source": reply.source,
        "target": reply.target,
        "services": list(reply.services),
        "reachable": reply.anything if lists else reply.reachable,
        "answers": [
            {"family": answer.family, "says": answer.says, "rows": [_row(row) for row in answer.rows]}
            for answer in reply.answers
        ],
    }


def _row(row: Row) -> Json:
    fields = plain(row)
    assert isinstance(fields, dict)
    return fields | {"rule": row.rule}


def _print_answers(reply: Reply) -> None:
    for answer in reply.answers:
        family = f" over IPv{answer.family}" if len(reply.answers) > 1 else ""
        services = " ".join(reply.services)
        click.echo(f"{answer.says}: {reply.source} → {reply.target} {services}{family}")
        if len(answer.rows) == 1:
            _print_steps(answer.rows[0], "  ")
            continue
        for row in answer.rows:
            word = "yes" if row.delivered else "no"
            targets = _few([_name(target) for target in row.targets])
            click.echo(f"  {word:<4} {_few(row.sources)} → {targets} {_few(row.services)}")
            _print_steps(row, "       ")


def _print_steps(row: Row, indent: str) -> None:
    for step in row.steps:
        click.echo(f"{indent}{'passes' if step.passed else 'stops '}  {step.where}: {step.rule}")
    if row.delivered and row.unserved:
        listens = f"{_few([_name(target) for target in row.targets])} serves no {_few(row.unserved)}"
        click.echo(f"{indent}note    {listens}: nothing there answers")


def _print_list(reply: Reply) -> None:
    services = "" if reply.services == ("all",) else f" {' '.join(reply.services)}"
    for answer in reply.answers:
        family = f" over IPv{answer.family}" if len(reply.answers) > 1 else ""
        question = f"{reply.source} → {reply.target}{services}{family}"
        if not answer.rows:
            click.echo(f"nothing may pass: {question}")
            continue
        click.echo(f"may pass: {question}, {counted(len(answer.rows), 'row')}")
        _print_columns([_cells(row) for row in answer.rows])


def _cells(row: Row) -> tuple[str, str, str, str]:
    there = _few([_name(target) for target in row.targets])
    if row.path == "published":
        there = f"{there} at {_few(row.destinations)}"
    return _few(row.services), _few(row.sources), there, row.rule


def _print_columns(lines: Sequence[tuple[str, str, str, str]]) -> None:
    """Services, from, to, by which rule; the first three as wide as their longest cell."""
    widths = [max(len(line[at]) for line in lines) for at in range(3)]
    for services, source, target, rule in lines:
        cells = f"{services:<{widths[0]}}  {source:<{widths[1]}}  → {target:<{widths[2]}}"
        click.echo(f"  {cells}  {rule}")


def _name(target: str) -> str:
    """A target's key as people ask for it: ``rsud/simrs``."""
    kind, _, name = target.partition(":")
    return {"hosts": f"hosts of {name}", "unused": f"the rest of {name}"}.get(kind, name or kind)


def _few(words: Sequence[str]) -> str:
    """Words with commas; of many the first ones, and how many more there are."""
    more = len(words) - SHOWN
    return ", ".join(words[:SHOWN]) + (f" and {more} more" if more > 0 else "")
