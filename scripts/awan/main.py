# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry point: finds commands by name, loads only the one that is called, turns errors into exit codes.

Exit codes everywhere: 0 yes, equal, pass (warnings too) · 1 no, differs, findings · 2 wrong input or
usage · 3 a system is unreachable or refuses · 4 interrupted, the same command goes on.
"""

from __future__ import annotations

import gc
import importlib
import signal
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any, NoReturn

import click

COMMANDS: Mapping[str, str] = {
    "check": "parse, ledger complete, policy: every finding at once",
    "new": "the few lines for a new tenant, office, VM, published service or flow",
    "allot": "write the ledger lines that are missing",
    "plan": "the Plan: equal input, equal bytes",
    "show": "everything known of a tenant, host, VM, application, network, cluster or address",
    "reach": "may it, by which rule, over which path",
    "diff": "what a change does: packets let in and no longer, what moved, what it costs",
    "capacity": "what fits, what does not, and what must be bought; the arithmetic shown",
    "render": "one target's files into build/",
    "map": "the page: map, tables, search",
    "lab": "the lab clusters and the gateway: up, down, status, reset, env, replicate, fault",
    "verify": "read the live clusters and hosts, compare with the Plan",
    "drill": "recovery drills: test, test-cleanup, status, report",
    "recover": "after a killed run: until the preview is empty",
}
"""Name → first line of help, here so that ``awan --help`` and completion load nothing."""


class _Help(click.HelpFormatter):
    r"""Help from raw docstrings: click's mark for a paragraph that keeps its lines stands in them as ``\b``."""

    def write_text(self, text: str) -> None:
        super().write_text(text.replace("\\b\n", "\b\n"))


click.Context.formatter_class = _Help


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"scripts.awan.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """A reader that leaves (``| head``) is no error; click would end with 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            return 0

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        import difflib

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean 'awan {near[0]}'?" if near else "see 'awan --help'"
            raise click.UsageError(f"there is no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def awan() -> None:
    r"""Infrastructure as code for a regency's private cloud on Proxmox VE.

    \b
    Example:
      awan check                        is the site right, and the ledger complete?
      awan reach office:rsud rsud/simrs:443/tcp
      eval "$(awan lab env)"            then plain pulumi and ansible-playbook work in the lab
    \b
    Completion: eval "$(_AWAN_COMPLETE=bash_source awan)"
    """


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def run(args: list[str] | None = None) -> int:
    """Run one command line and return its exit code; no exception leaves it but a bug."""
    from scripts.awan.problem import Problem

    try:
        result: Any = awan.main(args=args, prog_name="awan", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        print("awan: interrupted; the same command goes on where it stopped", file=sys.stderr)
        return 4
    except click.ClickException as error:
        error.show()
        return 2
    except Problem as problem:
        print(problem.text, file=sys.stderr)
        return problem.code
    except BrokenPipeError:
        return 0


COLLECT_AFTER = 100_000
"""New objects before cycles are looked for. What is read stays to the end: looking costs `awan check` a sixth."""


def main() -> None:
    """Console script. A closed terminal ends a command as an interrupt does, unless ``nohup`` said otherwise."""
    gc.set_threshold(COLLECT_AFTER)
    signal.signal(signal.SIGTERM, _terminated)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _terminated)
    code = run()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stderr.close()
    sys.exit(code)
