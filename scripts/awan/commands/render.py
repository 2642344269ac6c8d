# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan render``."""

from __future__ import annotations

from pathlib import Path

import click

from network_plan.render.targets import TARGETS, render_target
from scripts.awan.problem import Problem
from scripts.awan.site import read_plan, site_options


@click.command("render")
@click.argument("target", type=click.Choice(sorted(TARGETS)))
@site_options
@click.option("--out", type=click.Path(path_type=Path), default=Path("build"), help="Folder; default: build.")
def command(target: str, site: Path | None, ledger: Path | None, out: Path) -> int:
    r"""Write one target's files into build/TARGET/.

    \b
    Example:
      awan render nftables && cat build/nftables/gw1.nft
      awan render pve --out /tmp/look
    """
    files = render_target(read_plan(site, ledger), target)
    folder = out / target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in sorted(files.items()):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            click.echo(str(path))
    except OSError as error:
        raise Problem(
            f"{error.filename or folder}: {error.strerror}; choose another folder with --out"
        ) from error
    return 0
