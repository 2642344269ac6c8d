# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan plan``."""

from __future__ import annotations

from pathlib import Path

import click

from network_plan.model.text import json_pieces
from scripts.awan.show import print_table
from scripts.awan.site import json_option, read_plan, site_options


@click.command("plan")
@site_options
@json_option
def command(site: Path | None, ledger: Path | None, as_json: bool) -> int:
    r"""Print the Plan: a summary for people, all of it as JSON. Equal input gives equal bytes.

    \b
    Example:
      awan plan
      awan plan --json | jq '.guests[] | {key, vmid, node}'
    """
    plan = read_plan(site, ledger)
    if as_json:
        for piece in json_pieces(plan):
            click.echo(piece, nl=False)
        return 0
    click.echo(
        f"{plan.regency} · epoch {plan.role.epoch}, primary {plan.role.primary} · serial {plan.serial}\n"
    )
    print_table(
        "Networks",
        ("network", "role", "VLAN", "prefixes", "site"),
        ((n.key, n.role, n.vlan, ", ".join(map(str, n.prefixes)), n.site) for n in plan.networks),
    )
    print_table(
        "VMs",
        ("cluster", "VMID", "VM", "host", "address", "MiB", "runs"),
        (
            (
                g.cluster,
                g.vmid,
                g.key,
                g.node,
                g.nics[0].addresses[0].ip,
                g.memory_mib,
                "yes" if g.running else "no",
            )
            for g in plan.guests
        ),
    )
    print_table(
        "Public addresses",
        ("address", "use", "name", "holder", "until"),
        ((p.address, p.use, p.name, p.holder, p.until) for p in plan.public),
    )
    return 0
