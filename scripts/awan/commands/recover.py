# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan recover``."""

from __future__ import annotations

import os

import click

from scripts.awan.problem import SYSTEM, Problem
from scripts.awan.site import complete_cluster
from scripts.stack.engine import EngineError, Stack
from scripts.stack.recover import recover


@click.command("recover")
@click.argument("stack", shell_complete=complete_cluster)
def command(stack: str) -> int:
    r"""Bring STACK back after a killed run: until the preview is empty.

    Releases the lock only of a dead process on this host, runs 'up' (which adopts what the dead run had
    made), clears pending operations. With a living run, or a lock from another host, it touches nothing
    (exit 3).

    \b
    Example:
      eval "$(awan lab env)" && awan recover dc
    """
    try:
        outcome = recover(Stack(stack, os.environ), lambda text: click.echo(f"  {text}", err=True))
    except EngineError as error:
        raise Problem(str(error), SYSTEM) from error
    click.echo(f"stack {stack} recovered: {outcome}; the preview is empty")
    return 0
