# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan capacity``."""

from __future__ import annotations

from pathlib import Path

import click

from network_plan.capacity.answers import Capacity, capacity
from network_plan.capacity.figure import Answer, Fits
from scripts.awan.show import print_card, print_json, print_table
from scripts.awan.site import json_option, read_plan, site_options


@click.command("capacity")
@site_options
@click.option("--short", is_flag=True, help="The first page alone: what fits, what does not, what to buy.")
@json_option
def command(site: Path | None, ledger: Path | None, short: bool, as_json: bool) -> int:
    r"""Say what fits, what does not, and what must be bought for the rest; then the arithmetic with its sources.

    Memory, cores and disk with hosts down, the applications of the table, power, bandwidth, copies to the recovery
    center, and the gain of consolidation. What the site does not say is reckoned with an assumption, which stands
    among the sources; facilities.yml takes figures of your own under 'sizing'.

    Exit 0 when all of it fits, 1 when something does not or can't be told.

    \b
    Example:
      awan capacity --short
      awan capacity
      awan capacity --json | jq '.answers[] | {title, fits, says}'
    """
    found = capacity(read_plan(site, ledger))
    if as_json:
        print_json(found)
    else:
        _first_page(found)
        if not short:
            _arithmetic(found)
    return 0 if found.fits is Fits.YES else 1


def _first_page(found: Capacity) -> None:
    bad = [answer for answer in found.answers if answer.fits is not Fits.YES]
    head = "everything fits" if not bad else f"{len(bad)} of {len(found.answers)} questions have no yes"
    click.echo(f"{found.regency}: {head}\n")
    print_table(
        "Answers",
        ("question", "answer", "in short"),
        ((answer.title, answer.fits.value, answer.says) for answer in found.answers),
    )
    print_table(
        "To buy and to find out",
        ("for", "what", "why"),
        ((buy.cluster or "all", buy.what, buy.because) for answer in found.answers for buy in answer.buy),
    )
    instead = [text for answer in found.answers for text in answer.instead]
    if instead:
        click.echo("Instead of memory and drives\n  " + "\n  ".join(instead) + "\n")
    print_table(
        "Then write",
        ("file", "what"),
        (buy.declare.split(": ", 1) for answer in found.answers for buy in answer.buy),
    )


def _arithmetic(found: Capacity) -> None:
    """Each figure with its formula; the numbers in brackets are those of the sources at the end."""
    sources: dict[tuple[str, str, str], int] = {}
    for answer in found.answers:
        _answer(answer, sources)
    print_card(
        "Sources",
        ((f"[{number}]", f"{name}: {value} — {source}") for (name, value, source), number in sources.items()),
    )


def _answer(answer: Answer, sources: dict[tuple[str, str, str], int]) -> None:
    lines = []
    for figure in answer.figures:
        numbers = [
            sources.setdefault((given.name, given.value, given.source), len(sources) + 1)
            for given in figure.inputs
        ]
        lines.append((figure.name, figure.formula + " " + "".join(f"[{number}]" for number in numbers)))
    rules = ", ".join(answer.rules)
    print_card(f"{answer.title} {answer.fits.value.capitalize()} ({rules})", lines)
    for table in answer.tables:
        print_table(table.title, table.columns, table.rows)
