# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan lab``: up, down, status, reset, env, replicate, fault."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import click

from network_plan.model.plan import Plan
from scripts.awan.problem import SYSTEM, Problem
from scripts.awan.show import print_json, print_table
from scripts.awan.site import (
    REPOSITORY,
    complete_cluster,
    json_option,
    read_plan,
    site_for_all,
    site_options,
)
from scripts.lab import environment, lab
from scripts.lab.cluster.client import ControlClient, ControlError
from scripts.lab.cluster.launch import LaunchError
from scripts.lab.fabric.netns import NetworkError
from scripts.lab.host.control import HostError


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        with lab.exclusive(folder):
            yield
    except (lab.LabError, LaunchError, NetworkError, HostError) as error:
        raise Problem(str(error), SYSTEM) from error


def _clusters(plan: Plan) -> list[str]:
    return [cluster.name for cluster in plan.clusters]


def _say(text: str) -> None:
    click.echo(text, err=True)


@click.group("lab")
def command() -> None:
    r"""The lab clusters, their network and the booted gateway.

    \b
    Example:
      awan lab up --all              everything: clusters, Pulumi, Ansible, verify, probes, map
      eval "$(awan lab env)"         then plain pulumi and ansible-playbook work
      awan lab down
    """


@command.command("up")
@site_options
@click.option("--all", "whole", is_flag=True, help="Also Pulumi, Ansible, verify, probes and the map.")
def up(site: Path | None, ledger: Path | None, whole: bool) -> int:
    r"""Start the lab; with --all bring the whole Plan up in it, read it back and compare.

    \b
    Example:
      awan lab up --all
      awan lab up --all --site inventory/example/site     one cluster, IPv6 beside IPv4
    """
    plan = read_plan(site, ledger)
    folder = environment.lab_dir()
    with _locked(folder):
        if not whole:
            for reason in lab.up(plan, folder, _say):
                _say(f"left out: {reason}")
            return 0
        from scripts.lab.replica.rounds import RoundError
        from scripts.line.ansible import PlaybookFailed
        from scripts.line.up import run_line
        from scripts.stack.engine import EngineError

        try:
            summary = run_line(plan, site_for_all(site, ledger), folder, date.today(), _say)
        except (EngineError, PlaybookFailed, RoundError) as error:
            raise Problem(str(error), SYSTEM) from error
    for line in summary.lines():
        click.echo(line)
    return 0 if summary.passed else 1


@command.command("down")
def down() -> int:
    """Stop the lab; its state stays."""
    with _locked(environment.lab_dir()):
        lab.down(environment.lab_dir(), _say)
    return 0


@command.command("reset")
def reset() -> int:
    """Stop the lab and forget its state: clusters, the gateway's disk, stacks."""
    with _locked(environment.lab_dir()):
        lab.reset(environment.lab_dir(), _say)
    return 0


@command.command("status")
@site_options
@json_option
def status(site: Path | None, ledger: Path | None, as_json: bool) -> int:
    """What runs; exit 1 when a cluster does not."""
    plan = read_plan(site, ledger)
    found = lab.status(plan, environment.lab_dir())
    rows = [
        (
            name,
            "runs" if cluster else "stopped",
            cluster.endpoint if cluster else "",
            cluster.pid if cluster else "",
        )
        for name, cluster in found.clusters.items()
    ]
    rows += [(name, "runs" if host.running else "stopped", "", "") for name, host in found.hosts.items()]
    if as_json:
        print_json([dict(zip(("name", "state", "endpoint", "pid"), row, strict=True)) for row in rows])
    else:
        print_table("Lab", ("name", "state", "endpoint", "pid"), rows)
    return 0 if all(found.clusters.values()) else 1


@command.command("env")
@site_options
def env(site: Path | None, ledger: Path | None) -> int:
    r"""Print what a shell needs; secrets are named by file and not printed.

    \b
    Example:
      eval "$(awan lab env)" && cd pulumi && pulumi preview -s dc
    """
    plan = read_plan(site, ledger)
    folder = environment.lab_dir()
    if not any(lab.status(plan, folder).clusters.values()):
        raise Problem("the lab does not run; start it with 'awan lab up' or 'make up'", SYSTEM)
    own = site_for_all(site, ledger)
    click.echo(environment.as_shell(folder, _clusters(plan)))
    if own != REPOSITORY / "inventory" / "site":
        click.echo(f"export AWAN_SITE={shlex.quote(str(own))}")
    return 0


@command.command("replicate")
@click.argument("vms", nargs=-1, metavar="[VM]...")
@site_options
@json_option
@click.option(
    "--once", is_flag=True, help="One round, then end; else a round at every interval until interrupted."
)
def replicate(vms: tuple[str, ...], site: Path | None, ledger: Path | None, as_json: bool, once: bool) -> int:
    r"""Copy the disks of the VMs that have twins to the recovery center, at the rate of the line between the sites.

    Exit 1 where a copy did not arrive; what had arrived before stays.

    \b
    Example:
      awan lab replicate --once
      awan lab replicate dukcapil/siak
    """
    import time

    from scripts.drill.replicate import ReplicateError, replicate, tasks
    from scripts.lab.replica.rounds import RoundError

    plan = read_plan(site, ledger)
    try:
        tasks(plan, vms)
        while True:
            results = replicate(plan, environment.lab_dir(), _say, vms)
            if once:
                break
            time.sleep(min(task.interval_minutes for task in plan.replication) * 60)
    except ReplicateError as error:
        raise Problem(str(error)) from error
    except RoundError as error:
        raise Problem(str(error), SYSTEM) from error
    if as_json:
        print_json(results)
    else:
        click.echo(f"{sum(not result.error for result in results)} of {len(results)} VMs have a new point")
    return 1 if any(result.error for result in results) else 0


def _value(text: str) -> object:
    """``3`` → number, ``true``/``false`` → flag, else text."""
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text)
    except ValueError:
        return text


@command.command("fault")
@click.argument("cluster", shell_complete=complete_cluster)
@click.argument("operation")
@click.argument("given", nargs=-1, metavar="[NAME=VALUE]...")
def fault(cluster: str, operation: str, given: tuple[str, ...]) -> int:
    r"""Break something in a lab cluster, or ask it how it is.

    Operations: fail, lose, fail_task, node, quorum, hold_lock, release_lock, vm_lock, storage_full,
    network, time_scale, clear_faults; status, calls, reset_calls.

    \b
    Example:
      awan lab fault dc fail method=POST path=/nodes/{node}/qemu status=503 text=busy times=1
      awan lab fault dc lose method=POST path=/nodes/{node}/qemu       written, answer lost
      awan lab fault dc node node=dc2 online=false
      awan lab fault dc clear_faults
    """
    values = dict(item.partition("=")[::2] for item in given)
    if any("=" not in item for item in given):
        raise Problem("a fault takes NAME=VALUE words; see 'awan lab fault --help'")
    try:
        client = ControlClient(environment.lab_dir() / cluster)
        answer = client.ask(operation, **{name: _value(text) for name, text in values.items()})
    except FileNotFoundError as error:
        raise Problem(f"the lab has no cluster {cluster!r}; see 'awan lab status'") from error
    except ControlError as error:
        raise Problem(str(error), SYSTEM) from error
    if answer is not None:
        print_json(answer)
    return 0
