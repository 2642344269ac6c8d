# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan drill``: test, test-cleanup, status, report; the verbs of a real failover say that they are not there yet."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import click

from network_plan.model.plan import Plan
from scripts.awan.problem import SYSTEM, Problem
from scripts.awan.show import print_card, print_json, print_table
from scripts.awan.site import REPOSITORY, json_option, read_plan, site_options

LATER = {
    "planned": "move an application to the recovery center without loss",
    "failover": "start the twins for good after the data center is lost",
    "commit": "accept a failover, so that there is no way back by itself",
    "cancel": "take a failover back that is not committed",
    "reprotect": "turn replication round",
    "failback": "bring an application home",
    "incident": "one kind of disturbance, rehearsed",
}
"""Verbs of the design that have no code yet."""


def _say(text: str) -> None:
    click.echo(f"  {text}", err=True)


def _reports() -> Path:
    return REPOSITORY / "build" / "drills"


@contextmanager
def _lab() -> Iterator[Path]:
    """The lab, for this command alone; what stands in the way of a drill becomes an exit code."""
    from scripts.drill.run import DrillError
    from scripts.lab import environment, lab
    from scripts.lab.bubble.build import BubbleError
    from scripts.lab.bubble.capture import CaptureError
    from scripts.lab.bubble.clean import CleanError
    from scripts.lab.cluster.client import ControlError
    from scripts.lab.fabric.netns import NetworkError
    from scripts.lab.guest.process import StartError
    from scripts.lab.guest.ring import DiskError
    from scripts.lab.probe import ProbeError
    from scripts.lab.replica.points import PointError
    from scripts.lab.replica.rounds import RoundError
    from scripts.toolchain import paths

    missing = paths.hosts_missing()
    if missing:
        raise Problem(f"a drill needs network namespaces: {'; '.join(missing)}", SYSTEM)
    folder = environment.lab_dir()
    refusals: tuple[type[Exception], ...] = (
        BubbleError,
        CaptureError,
        CleanError,
        ControlError,
        DiskError,
        DrillError,
        lab.LabError,
    )
    refusals += (NetworkError, PointError, ProbeError, RoundError, StartError)
    try:
        with lab.exclusive(folder):
            yield folder
    except refusals as error:
        raise Problem(str(error), SYSTEM) from error


def _complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    from scripts.awan.site import _complete as complete

    return complete(
        lambda plan: (
            {guest.key for guest in plan.guests if guest.twin}
            | {item.key for item in plan.applications if item.vms}
        ),
        incomplete,
    )


@click.group("drill")
def command() -> None:
    r"""Prove in the lab that the recovery center's copies start, answer and are young enough.

    \b
    Example:
      awan lab replicate --once            a point of every VM that has a twin
      awan drill test dukcapil/siak        bubble, twins, probes, RPO, RTO, report
      awan drill status
    """


@command.command("test")
@click.argument("app", shell_complete=_complete)
@site_options
@json_option
@click.option(
    "--open-edge",
    is_flag=True,
    help="Leave the bubble's edge open, to see that the drill then fails; nothing is behind it.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the reports; default: build/drills.")
def test(
    app: str, site: Path | None, ledger: Path | None, as_json: bool, open_edge: bool, out: Path | None
) -> int:
    r"""Start APP's twins from the newest points in a bubble, probe them, measure, remove everything, report.

    APP is a VM (tenant/vm) or an application of the site files. The VM at the data center goes on running, and so
    does replication. Exit 0: within its targets; 1: not, and the report says why; 3: no drill could be held.

    \b
    Example:
      awan drill test dukcapil/siak
      awan drill test kependudukan --json
    """
    from scripts.drill import report
    from scripts.drill.replicate import rate_kbit, tasks
    from scripts.drill.run import Drill
    from scripts.drill.subject import SubjectError, choose

    plan = read_plan(site, ledger)
    try:
        subject = choose(plan, app)
    except SubjectError as error:
        raise Problem(str(error)) from error
    root = out or _reports()
    with _lab() as folder:
        drill = Drill(
            plan=plan,
            subject=subject,
            lab_dir=folder,
            out=root,
            today=date.today(),
            rate_kbit=rate_kbit(plan),
            tasks=tasks(plan, [twin.key for twin in subject.twins]),
            say=_say,
            isolated=not open_edge,
        )
        outcome = drill.hold()
        data = report.data_of(outcome, plan, _revision())
        written = report.write(data, root / outcome.id)
    if as_json:
        print_json(data)
    else:
        _print_summary(data)
        for path in written:
            click.echo(f"  {path}")
    return 0 if outcome.passed else 1


def _revision() -> str:
    from scripts.awan.git import described

    return described(REPOSITORY)


def _print_summary(data: dict[str, Any]) -> None:
    from scripts.drill.words import WORDS

    words = WORDS["en"]
    targets, isolation = data["targets"], data["isolation"]
    right = sum(probe["right"] for probe in data["probes"])
    fields: list[tuple[str, object]] = [
        ("result", words[data["result"]]),
        ("RPO", f"{data['rpo_seconds']:.1f} s (target {targets['rpo_minutes']} min)"),
        ("RTO", f"{data['rto_seconds']:.1f} s (target {targets['rto_minutes']} min)"),
        ("points", ", ".join(f"{vm['key']} {vm['point']}" for vm in data["vms"])),
        ("probes", f"{right} of {len(data['probes'])} as the Plan says"),
        (
            "isolation",
            "frames: {} left, {} stopped, {} in the control".format(
                len(isolation["leaked"]), isolation["stopped"], len(isolation["control"])
            ),
        ),
        ("removed", f"{len(data['removed'])} things; left: {len(data['left'])}"),
        *(("why", words["reasons"][item["code"]].format(**item["values"])) for item in data["reasons"]),
    ]
    print_card(f"Drill {data['id']}: {data['title']}", fields)


@command.command("test-cleanup")
def test_cleanup() -> int:
    r"""Remove what a drill left that was killed: by its journal, all of it and nothing else.

    The next drill and 'awan lab down' do the same.

    \b
    Example:
      awan drill test-cleanup
    """
    from scripts.lab.bubble import clean

    with _lab() as folder:
        found = clean.remove_all(folder)
    for thing in found:
        click.echo(f"removed: {thing}")
    click.echo("nothing is left of any drill" if found else "no drill had left anything")
    return 0


@command.command("status")
@site_options
@json_option
def status(site: Path | None, ledger: Path | None, as_json: bool) -> int:
    r"""The points of every VM with a twin, their age against the RPO, and its last drill; exit 1 where one is too old.

    \b
    Example:
      awan drill status
    """
    plan = read_plan(site, ledger)
    rows = _status_rows(plan)
    if as_json:
        print_json(rows)
    else:
        print_table(
            "Points at the recovery center",
            ("VM", "points", "newest began", "age", "RPO", "in time", "last drill"),
            [
                (
                    row["vm"],
                    row["points"],
                    row["newest"],
                    "" if row["age_seconds"] is None else f"{row['age_seconds']:.0f} s",
                    f"{row['rpo_minutes']} min",
                    "yes" if row["in_time"] else "NO",
                    row["last_drill"],
                )
                for row in rows
            ],
        )
    return 0 if all(row["in_time"] for row in rows) else 1


def _status_rows(plan: Plan) -> list[dict[str, Any]]:
    from scripts.drill import report
    from scripts.lab import environment
    from scripts.lab.replica import points

    drills = report.read_all(_reports())
    rpo = {
        guest.key: tier.rpo_minutes
        for guest in plan.guests
        for tier in plan.tiers
        if guest.tier == tier.priority
    }
    rows = []
    for task in plan.replication:
        found = points.of_vm(points.root_of(environment.lab_dir(), task.target), task.vmid)
        age = time.time() - found[-1].start_ns / 1e9 if found else None
        last = [entry for entry in drills if any(vm["key"] == task.guest for vm in entry["vms"])]
        rows.append(
            {
                "vm": task.guest,
                "points": len(found),
                "newest": found[-1].id if found else "",
                "age_seconds": age,
                "rpo_minutes": rpo[task.guest],
                "in_time": age is not None and age <= rpo[task.guest] * 60,
                "last_drill": f"{last[-1]['id']} {last[-1]['result']}" if last else "never",
            }
        )
    return rows


@command.command("report")
@click.argument("ident", required=False)
@json_option
def show(ident: str | None, as_json: bool) -> int:
    r"""The drills that were held, or one of them; exit 1 where it failed.

    \b
    Example:
      awan drill report
      awan drill report 20261124T103000.123Z --json
    """
    from scripts.drill import report

    found = report.read_all(_reports())
    if ident is None:
        if as_json:
            print_json(found)
        else:
            print_table(
                "Drills",
                ("id", "application", "result", "RPO (s)", "RTO (s)"),
                [(e["id"], e["title"], e["result"], e["rpo_seconds"], e["rto_seconds"]) for e in found],
            )
        return 0
    chosen = [entry for entry in found if entry["id"] == ident]
    if not chosen:
        raise Problem(f"there is no report {ident!r} in {_reports()}; 'awan drill report' lists them")
    if as_json:
        print_json(chosen[0])
    else:
        _print_summary(chosen[0])
        click.echo(f"  {_reports() / ident}{os.sep}")
    return 0 if chosen[0]["result"] == "pass" else 1


def _later(verb: str, does: str) -> click.Command:
    def refuse(words: tuple[str, ...]) -> int:
        raise Problem(
            f"'awan drill {verb}' ({does}) is not there yet; nothing was done. What there is: 'awan drill test APP'"
        )

    callback: Callable[..., int] = click.argument("words", nargs=-1)(refuse)
    return click.command(verb, help=f"Not there yet: {does}.", hidden=False)(callback)


for _verb, _does in LATER.items():
    command.add_command(_later(_verb, _does))
