# SPDX-License-Identifier: GPL-3.0-or-later
"""Printing for people: tables and cards that fit the terminal; JSON for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from network_plan.model.text import plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PIPED_WIDTH = 200
"""Columns where the output is no terminal: lines stay whole for grep."""

GAP = 3
"""Columns between two columns of a table."""


def print_json(value: object) -> None:
    """Any value of the model as JSON."""
    click.echo(json.dumps(plain(value), indent=1, sort_keys=True, ensure_ascii=False))


def counted(number: int, noun: str) -> str:
    """``1 error``, ``2 errors``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _console() -> Console:
    """Rich is imported by what prints a table, and not by every command."""
    from rich.console import Console

    console = Console(highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    return console


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A plain table; nothing is printed for no rows. Empty lines part it from what follows.

    Where the terminal is too narrow for the longest words, rows stand below each other, a line per column.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    lines = [[_text(cell) for cell in row] for row in rows]
    if not lines:
        return
    console = _console()
    least = [_longest_word(cells) for cells in zip(columns, *lines, strict=True)]
    if sum(least) + GAP * (len(least) - 1) > console.width:
        for place, line in enumerate(lines):
            fields = [(name, cell) for name, cell in zip(columns, line, strict=True) if cell]
            _print(console, "" if place else title, _grid(fields))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column, width in zip(columns, least, strict=True):
        table.add_column(column, overflow="fold", min_width=width)
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    _print(console, title, table)


def print_card(title: str, fields: Iterable[tuple[str, object]]) -> None:
    """One thing: its title, then a line per field, the names aligned, long values wrapped beside them."""
    _print(_console(), title, _grid(fields))


def _grid(fields: Iterable[tuple[str, object]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields:
        table.add_row(Text(f"  {name}"), Text(_text(value)))
    return table


def _longest_word(cells: Iterable[str]) -> int:
    return max(len(word) for cell in cells for word in cell.split() or [""])


def _print(console: Console, title: str, body: object) -> None:
    """Print without the blanks that pad each line to the table's width."""
    with console.capture() as captured:
        if title:
            console.print(title, style="bold")
        console.print(body)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())
    click.echo()
