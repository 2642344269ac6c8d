# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of ``awan``, from their own help."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator

import click

from scripts.awan.main import COMMANDS
from scripts.docs.words import table

_INTRODUCTION = """# Commands

`awan COMMAND --help` says the same. Exit codes everywhere: 0 yes, equal, pass (warnings too) · 1 no, differs,
findings · 2 wrong input or usage · 3 a system is unreachable or refuses · 4 interrupted, the same command goes on.
Completion in bash: `eval "$(_AWAN_COMPLETE=bash_source awan)"`. Errors go to standard error.

"""


def _all() -> Iterator[tuple[str, click.Command]]:
    """Full name and command, subcommands after their group."""
    for name in COMMANDS:
        command: click.Command = importlib.import_module(f"scripts.awan.commands.{name}").command
        yield f"awan {name}", command
        if isinstance(command, click.Group):
            yield from ((f"awan {name} {sub}", item) for sub, item in sorted(command.commands.items()))


def _split(text: str) -> tuple[str, str]:
    """A help text → its sentences, its example."""
    clean = re.sub(r"^(?:\\b|\x08)\n?", "", inspect.cleandoc(text), flags=re.MULTILINE)
    said, _, example = clean.partition("Example:\n")
    return said.strip(), inspect.cleandoc(example)


def _options(command: click.Command) -> list[tuple[str, str]]:
    return [
        (", ".join(f"`{name}`" for name in param.opts), param.help or "")
        for param in command.params
        if isinstance(param, click.Option)
    ]


def _section(name: str, command: click.Command) -> str:
    said, example = _split(command.help or "")
    words = " ".join(command.collect_usage_pieces(click.Context(command, info_name=name)))
    text = f"## {name}\n\n`{name} {words}`\n\n{said}\n"
    if options := _options(command):
        text += "\n" + table(("option", ""), options)
    return text + (f"\n```\n{example}\n```\n" if example else "")


def page() -> str:
    """The whole page."""
    return _INTRODUCTION + "\n".join(_section(name, command) for name, command in _all())
