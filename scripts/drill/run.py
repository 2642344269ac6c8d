# SPDX-License-Identifier: GPL-3.0-or-later
"""One drill from beginning to end: points held, bubble made, twins started from clones, probed, measured, removed.

What is asked stands in ``questions``, what it means in ``verdict``, how it reads in ``report``.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast

from network_plan.model.plan import Plan
from scripts.drill import questions, scene
from scripts.drill.questions import Question
from scripts.drill.subject import Subject
from scripts.drill.verdict import Attempt, Caller, Copy, Isolation, Probe, Reason, judge
from scripts.lab import probe, wiring
from scripts.lab.bubble import build, clean
from scripts.lab.bubble.capture import Capture, Frame
from scripts.lab.bubble.journal import Journal
from scripts.lab.cluster.client import ControlClient
from scripts.lab.cluster.runtime import FirewallSnapshot
from scripts.lab.fabric import names
from scripts.lab.guest import disk, machine, ring
from scripts.lab.guest.runtime import machine_of
from scripts.lab.replica import files, points, rounds

Say = Callable[[str], None]

PROBE_SECONDS = 1.0
TRIES = 3
"""How often a service is asked that should answer, a second apart."""
CONTROL_PORT = 9
"""The discard service (RFC 863): what the capture must see once, with the isolation away."""


class DrillError(Exception):
    """The drill can't be held; the text says why and what to do."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """Everything that a report is written from."""

    id: str
    subject: Subject
    incident_ns: int
    copies: list[Copy] = field(default_factory=list)
    how_cloned: str = ""
    probes: list[Probe] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    isolation: Isolation | None = None
    isolated: bool = True
    rto: float = 0.0
    steps: list[tuple[str, float]] = field(default_factory=list)
    replicated: list[rounds.Result] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    ended_ns: int = 0

    @property
    def passed(self) -> bool:
        """Within its targets, probed as the Plan says, nothing leaked, nothing left."""
        return not self.reasons


@dataclass(slots=True, kw_only=True)
class Drill:
    """A drill under way.

    Attributes:
        isolated: False runs it with the edge open, to see that it then fails.
        rate_kbit: of the line, for the replication that goes on meanwhile.
        tasks: what is replicated meanwhile.
        out: the folder of the reports; the capture goes into this drill's.
    """

    plan: Plan
    subject: Subject
    lab_dir: Path
    out: Path
    today: date
    rate_kbit: int
    tasks: Sequence[rounds.Task]
    say: Say
    isolated: bool = True

    def hold(self) -> Outcome:
        """Hold the drill; however it ends, what it made is removed.

        Raises:
            DrillError: it can't be held.
        """
        for thing in clean.remove_all(self.lab_dir):
            self.say(f"removed, left by an earlier drill: {thing}")
        begun = time.monotonic()
        incident_ns = time.time_ns()
        outcome = Outcome(
            id=files.point_id(incident_ns),
            subject=self.subject,
            incident_ns=incident_ns,
            isolated=self.isolated,
        )
        folder = clean.root_of(self.lab_dir) / outcome.id
        try:
            _Run(self, outcome, folder, begun).go()
        finally:
            started = time.monotonic()
            outcome.removed = clean.remove(folder)
            outcome.left = clean.remove(folder) + [str(path) for path in clean.left(self.lab_dir)]
            outcome.steps.append(("remove", time.monotonic() - started))
        assert outcome.isolation is not None
        outcome.ended_ns = time.time_ns()
        outcome.reasons = judge(
            outcome.copies,
            outcome.probes,
            outcome.isolation,
            outcome.rto,
            rpo_minutes=self.subject.tier.rpo_minutes,
            rto_minutes=self.subject.tier.rto_minutes,
            left=outcome.left,
        )
        return outcome


class _Run:
    """The steps, in order, and what they hand to each other."""

    def __init__(self, drill: Drill, outcome: Outcome, folder: Path, begun: float) -> None:
        self.drill = drill
        self.outcome = outcome
        self.folder = folder
        self.begun = begun
        self.held: dict[int, points.Point] = {}
        self.live = {twin.vmid: self._at_source(twin.vmid) for twin in drill.subject.twins}

    def _at_source(self, vmid: int) -> disk.Record | None:
        """How far the VM is at this moment; None where its disks can't be read any more."""
        folder = disk.folder_of(self.drill.lab_dir, self.drill.subject.source, vmid)
        for _ in range(5):
            with contextlib.suppress(ring.DiskError):  # it writes while we read
                return disk.newest(folder)
        return None

    @contextlib.contextmanager
    def _step(self, name: str) -> Iterator[None]:
        self.drill.say(name)
        started = time.monotonic()
        yield
        self.outcome.steps.append((name, time.monotonic() - started))

    def go(self) -> None:
        drill, subject = self.drill, self.drill.subject
        asked, self.outcome.unasked = questions.ask(drill.plan, subject.twins, drill.today)
        bubble = scene.bubble_for(drill.plan, subject.target, subject.twins, asked, drill.lab_dir)
        journal = Journal(self.folder)
        capture: Capture | None = None
        meanwhile: rounds.Round | None = None
        try:
            with self._step("points"):
                self._points(journal)
            meanwhile = rounds.Round(drill.tasks, drill.rate_kbit, drill.lab_dir)
            with self._step("clones"):
                self._clones()
            with self._step("bubble"):
                build.make(bubble, journal)
                capture = Capture(bubble.trip, build.TRIP, self.folder / "edge.pcap")
            with self._step("control"):
                control = self._control(bubble, capture)
            with self._step("twins"):
                self._twins(bubble, journal)
            with self._step("probes"):
                self._probes(bubble, asked)
                self.outcome.rto = time.monotonic() - self.begun
            with self._step("isolation"):
                self.outcome.isolation = self._isolation(bubble, capture, control, asked)
                capture = None
            with self._step("replication"):
                self.outcome.replicated = meanwhile.wait()
                meanwhile = None
        finally:
            journal.close()
            if capture is not None:
                capture.kill()
            if meanwhile is not None:
                meanwhile.stop()

    def _points(self, journal: Journal) -> None:
        """Hold the newest point of every VM."""
        root = points.root_of(self.drill.lab_dir, self.drill.subject.target)
        for twin in self.drill.subject.twins:
            point = points.newest(root, twin.vmid)
            if point is None:
                raise DrillError(
                    f"there is no point of {twin.key} in {self.drill.subject.target}: "
                    "nothing could be recovered; run 'awan lab replicate'"
                )
            journal.note("hold", root=str(root), vmid=twin.vmid, point=point.id)
            points.hold(point, self.outcome.id)
            self.held[twin.vmid] = point

    def _clones(self) -> None:
        for twin in self.drill.subject.twins:
            point = self.held[twin.vmid]
            folder = self.folder / "disks" / str(twin.vmid)
            self.outcome.how_cloned = points.clone(point, folder)
            record = disk.newest(folder)
            if record is None:
                raise DrillError(f"the VM {twin.key} had committed nothing when point {point.id} was taken")
            live = self.live[twin.vmid]
            self.outcome.copies.append(
                Copy(
                    key=twin.key,
                    vmid=twin.vmid,
                    point=point.id,
                    base=point.base,
                    incident_ns=self.outcome.incident_ns,
                    start_ns=point.start_ns,
                    record_ns=record.time_ns,
                    record=record.counter,
                    source_record=live.counter if live else None,
                )
            )

    def _control(self, bubble: build.Bubble, capture: Capture) -> list[Frame]:
        """With the isolation away and no twin running yet, one packet: the capture must see it."""
        build.open_edge(bubble)
        probe.run(
            [
                probe.Probe(
                    namespace=bubble.edge,
                    target=wiring.INTERNET_SERVER,
                    proto="udp",
                    port=CONTROL_PORT,
                    timeout=0.2,
                )
            ]
        )
        seen = _settled(capture)
        if self.drill.isolated:
            build.isolate(bubble)
        # What is under way at this moment belongs to the control too.
        return seen + _settled(capture)[len(seen) :]

    def _twins(self, bubble: build.Bubble, journal: Journal) -> None:
        drill = self.drill
        ports = {drill.subject.target: wiring.guest_ports(drill.plan)[drill.subject.target]}
        (self.folder / "guests.json").write_text(json.dumps(ports), encoding="utf-8")
        cluster = ControlClient(drill.lab_dir / drill.subject.target)
        for twin in drill.subject.twins:
            there = cluster.guest(twin.vmid)
            disks = self.folder / "disks" / str(twin.vmid)
            made = machine_of(
                bubble.prefix,
                drill.subject.target,
                twin.vmid,
                # A twin has no cloud-init drive: it knows its addresses from its disk.
                config={**there["config"], "ipconfig0": disk.network_of(disks)},
                firewall=FirewallSnapshot.from_dict(there["firewall"]),
                disks=disks,
            )
            journal.note("namespace", name=made.namespace)
            machine.start(made, self.folder)

    def _probes(self, bubble: build.Bubble, asked: Sequence[Question]) -> None:
        results = self._ask(bubble, asked)
        for _ in range(TRIES - 1):
            again = [
                question for question, result in results.items() if not result.right and question.expected
            ]
            if not again:
                break
            time.sleep(1)
            results |= self._ask(bubble, again)
        self.outcome.probes = list(results.values())

    def _ask(self, bubble: build.Bubble, asked: Sequence[Question]) -> dict[Question, Probe]:
        drill = self.drill
        answers = probe.run(
            [
                probe.Probe(
                    namespace=scene.namespace_of(drill.plan, bubble, drill.subject.target, question.client),
                    target=question.target,
                    proto=cast("Literal['tcp', 'udp', 'icmp']", question.service.proto),
                    port=question.service.first,
                    source=question.client.address,
                    timeout=PROBE_SECONDS,
                )
                for question in asked
            ]
        )
        return {q: self._result(q, a) for q, a in zip(asked, answers, strict=True)}

    def _result(self, question: Question, answer: probe.Answer) -> Probe:
        answered = answer.outcome == "answered"
        return Probe(
            twin=question.twin.key,
            client=Caller(
                kind=question.client.kind, name=question.client.name, address=question.client.address
            ),
            target=question.target,
            service=str(question.service),
            expected=question.expected,
            wall=question.wall,
            outcome=answer.outcome,
            text=answer.text,
            seconds=answer.seconds,
            right=self._is_twin(question, answer.text)
            if question.expected and answered
            else not answered and not question.expected,
        )

    def _is_twin(self, question: Question, text: str) -> bool:
        """Whether the answer is this twin's, and from the clone's content or later."""
        words = text.split()
        copy = next(copy for copy in self.outcome.copies if copy.vmid == question.twin.vmid)
        who = ["awan-lab", question.twin.name, self.drill.subject.target, str(question.twin.vmid)]
        return words[:4] == who and "record" in words and int(words[words.index("record") + 1]) >= copy.record

    def _isolation(
        self, bubble: build.Bubble, capture: Capture, control: list[Frame], asked: Sequence[Question]
    ) -> Isolation:
        """Everybody in the bubble tries to get out; then the capture is read."""
        drill = self.drill
        twins = {
            f"twin {twin.key}": names.guest_namespace(bubble.prefix, drill.subject.target, twin.vmid)
            for twin in drill.subject.twins
        }
        inside = bubble.namespaces() + list(twins.values())
        ways = build.ways_out(inside)
        clients = {
            f"client {question.client.word}": scene.namespace_of(
                drill.plan, bubble, drill.subject.target, question.client
            )
            for question in asked
        }
        senders = {**twins, **clients, "gateway": bubble.gateway, "edge": bubble.edge}
        outside = _outside(drill.plan, drill.subject)
        tries = [
            (who, probe.Probe(namespace=space, target=target, proto=proto, port=port, timeout=0.5))
            for who, space in senders.items()
            for target, proto, port in outside
        ]
        answers = probe.run([one for _, one in tries])
        seen = _settled(capture)
        stopped = build.stopped(bubble) if drill.isolated else 0
        frames = capture.stop()
        assert len(frames) >= len(seen)
        out = drill.out / self.outcome.id
        out.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(capture.path, out / "edge.pcap")
        return Isolation(
            ways_out=tuple(ways),
            control=tuple(map(str, control)),
            leaked=tuple(map(str, frames[len(control) :])),
            stopped=stopped,
            attempts=tuple(
                Attempt(
                    who=who,
                    target=answer.probe.target,
                    service=f"{answer.probe.proto}/{answer.probe.port}",
                    outcome=answer.outcome,
                )
                for (who, _), answer in zip(tries, answers, strict=True)
            ),
        )


def _settled(capture: Capture) -> list[Frame]:
    """The frames so far, once no more come."""
    seen: list[Frame] = []
    while True:
        time.sleep(0.15)
        now = capture.frames()
        if len(now) == len(seen):
            return now
        seen = now


def _outside(plan: Plan, subject: Subject) -> list[tuple[str, Literal["tcp", "udp"], int]]:
    """Where somebody would get to who got out: the internet, the real gateway, real VMs that the bubble has not."""
    own = {twin.key for twin in subject.twins}
    found: list[tuple[str, Literal["tcp", "udp"], int]] = [
        (wiring.INTERNET_SERVER, "tcp", 443),
        (wiring.INTERNET_SERVER, "udp", 53),
    ]
    others: list[Any] = [guest for guest in plan.guests if guest.running and guest.key not in own]
    found += [(questions.address_of(guest), "tcp", 22) for guest in others[:2]]
    return found
