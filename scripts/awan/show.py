# SPDX-License-Identifier: GPL-3.0-or-later
"""Printing for people: tables that fit the terminal, and JSON for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import click

from network_plan.model.plan import plain


def print_json(value: object) -> None:
    """Any value of the model as JSON."""
    click.echo(json.dumps(plain(value), indent=1, sort_keys=True, ensure_ascii=False))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A plain table; nothing is printed for no rows."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    lines = [[("" if cell is None else str(cell)) for cell in row] for row in rows]
    if not lines:
        return
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 200
    console.print(table)
