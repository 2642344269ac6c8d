# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan lab up --all``: the whole line in the lab, and a summary that says what was proven and what was left out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from network_plan.model.plan import Plan
from network_plan.render.map import render_map
from scripts.awan.bundle import bundle
from scripts.awan.problem import Problem
from scripts.drill.replicate import replicate
from scripts.lab import environment, lab
from scripts.lab.fabric import names
from scripts.lab.replica import rounds
from scripts.line import ansible, probes, questions
from scripts.stack.engine import Outcome, Stack, StackLocked
from scripts.stack.recover import recover
from scripts.toolchain import paths
from scripts.verify.difference import Report
from scripts.verify.everything import verify

Say = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Summary:
    """What the line did; ``passed`` is the exit code's word."""

    stacks: dict[str, Outcome] = field(default_factory=dict)
    recap: ansible.Recap | None = None
    reports: list[Report] = field(default_factory=list)
    probes: list[probes.Result] = field(default_factory=list)
    copies: list[rounds.Result] = field(default_factory=list)
    map_file: str = ""
    left_out: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Live equals the Plan, every packet did as the Plan says, and every copy arrived."""
        return (
            all(report.equal for report in self.reports)
            and all(result.agrees for result in self.probes)
            and not any(copy.error for copy in self.copies)
        )

    @property
    def changed(self) -> int:
        """How many resources and tasks changed something."""
        return sum(outcome.changed for outcome in self.stacks.values()) + (
            self.recap.changed if self.recap else 0
        )

    def lines(self) -> list[str]:
        """The summary as people read it."""
        found = ["", "Summary"]
        for name, outcome in self.stacks.items():
            found.append(f"  stack {name}: {outcome}")
        if self.recap is not None:
            found.append(f"  Ansible: {self.recap}")
        for report in self.reports:
            found.append(f"  {report.where}: {report.counted}")
            found += [f"    {difference}" for difference in report.differences]
            found += [f"    unmanaged: {item.thing}" for item in report.unmanaged]
        if self.reports:
            equal = all(report.equal for report in self.reports)
            found.append("  live equals plan" if equal else "  live DIFFERS from the Plan")
        if self.probes:
            first, *kinds = probes.summary(self.probes)
            found += [f"  packets: {first}", *(f"  {kind}" for kind in kinds)]
            found += [f"    {result}" for result in self.probes if not result.agrees]
        if self.copies:
            lost = [copy for copy in self.copies if copy.error]
            found.append(
                f"  recovery center: {len(self.copies) - len(lost)} of {len(self.copies)} VMs have a new point"
            )
            found += [f"    {copy.key}: {copy.error}" for copy in lost]
        if self.map_file:
            found.append(f"  map: {self.map_file}")
        found += [f"  left out: {reason}" for reason in self.left_out]
        found.append("  seconds: " + ", ".join(f"{name} {value:.1f}" for name, value in self.seconds.items()))
        return found


class _Clock:
    def __init__(self, summary: Summary) -> None:
        self._summary = summary
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self._summary.seconds[name] = now - self._last
        self._last = now


def write_map(plan: Plan) -> str:
    """Write the map below build/ and return its path.

    Raises:
        Problem: the script that draws it is not built.
    """
    out = environment.REPOSITORY / "build" / "map.html"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(render_map(plan, bundle()), encoding="utf-8")
    return str(out)


def _up(stack: Stack, say: Say) -> Outcome:
    """``pulumi up``; after a killed run what ``awan recover`` does, which refuses where that run still lives."""
    try:
        return stack.up(progress=say)
    except StackLocked:
        return recover(stack, say)


def run_line(plan: Plan, site: Path, folder: Path, today: date, say: Say) -> Summary:
    """Bring everything up, read it back, compare, probe, draw.

    Args:
        plan: the Plan.
        site: the folder that it was read from, for Pulumi and Ansible to read the same.
        folder: the lab's.
        today: the day against which dated flows are asked.
        say: takes each line of progress.

    Raises:
        scripts.stack.engine.EngineError, ansible.PlaybookFailed, scripts.awan.problem.Problem: a step
            failed; what stands stays, and the same command goes on.
        scripts.lab.replica.rounds.RoundError: the round of copies broke off.
    """
    summary = Summary()
    clock = _Clock(summary)
    missing = lab.up(plan, folder, say)
    summary.left_out += [f"booted gateway, Ansible, probes: {reason}" for reason in missing]
    clock.lap("lab")
    names_of = [cluster.name for cluster in plan.clusters]
    env = {**environment.full(folder, names_of), "AWAN_SITE": str(site)}
    if (paths.pulumi_bin() / "pulumi").exists():
        for name in names_of:
            say(f"pulumi up: stack {name}")
            stack = Stack(name, env)
            stack.ensure()
            summary.stacks[name] = _up(stack, lambda text: say(f"  {text}"))
            clock.lap(f"stack {name}")
    else:
        summary.left_out.append("Pulumi: the CLI is not built; 'make setup' brings it")
    if not missing:
        say("ansible-playbook playbooks/site.yml")
        summary.recap = ansible.play(
            "playbooks/site.yml", ansible.known_inventory(site, plan.gateways[0].site), env
        )
        clock.lap("ansible")
    if summary.stacks:
        hosts = [] if missing else [gateway.host for gateway in plan.gateways]
        summary.reports = verify(plan, env, clusters=names_of, hosts=hosts, say=say)
        clock.lap("verify")
    if summary.stacks and not missing:
        asked = questions.matrix(plan, names.prefix(folder), today)
        say(f"{len(asked)} probes with real packets")
        summary.probes = probes.ask(asked)
        clock.lap("probes")
        if plan.replication:
            say("one round of copies to the recovery center")
            summary.copies = replicate(plan, folder, lambda text: say(f"  {text}"))
            clock.lap("copies")
    try:
        summary.map_file = write_map(plan)
    except Problem as error:
        summary.left_out.append(f"the map: {error}")
    clock.lap("map")
    return summary
