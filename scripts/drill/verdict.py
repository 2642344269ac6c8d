# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured → pass or fail, with the reasons. No clock, no system: figures in, judgement out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a twin was started from. Times in nanoseconds since 1970.

    Attributes:
        incident_ns: the moment at which the data center is taken for lost.
        start_ns: when the point's snapshot began.
        record_ns, record: time and number of the newest commit found in the clone.
        source_record: number of the newest commit at the data center at the incident; a disaster would not tell.
    """

    key: str
    vmid: int
    point: str
    base: str
    incident_ns: int
    start_ns: int
    record_ns: int
    record: int
    source_record: int | None

    @property
    def rpo_point(self) -> float:
        """Seconds that would be lost by the point's own time."""
        return (self.incident_ns - self.start_ns) / 1e9

    @property
    def rpo_record(self) -> float:
        """Seconds that would be lost by what the VM itself wrote."""
        return (self.incident_ns - self.record_ns) / 1e9

    @property
    def lost(self) -> int | None:
        """Commits that would be lost."""
        return None if self.source_record is None else self.source_record - self.record


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asked; ``kind`` is a word of ``scripts.drill.words``."""

    kind: str
    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A question that was asked, and what came."""

    twin: str
    client: Caller
    target: str
    service: str
    expected: bool
    wall: str
    outcome: str
    text: str
    seconds: float
    right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A try to get out of the bubble."""

    who: str
    target: str
    service: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """The proof that nothing left.

    Attributes:
        ways_out: interfaces that lead out of the bubble; there must be none.
        control: frames that the same capture saw while the isolation was away, before any twin ran.
        leaked: frames that it saw since.
        stopped: frames that the isolation stopped at the edge.
    """

    ways_out: tuple[str, ...]
    control: tuple[str, ...]
    leaked: tuple[str, ...]
    stopped: int
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a drill failed: a word of ``scripts.drill.words`` and its values."""

    code: str
    values: dict[str, str] = field(default_factory=dict)


SKEW = 1.0
"""Seconds by which a commit may seem newer than its point: clocks of one machine, read one after the other."""


def judge(
    copies: Sequence[Copy],
    probes: Sequence[Probe],
    isolation: Isolation,
    rto: float,
    *,
    rpo_minutes: int,
    rto_minutes: int,
    left: Sequence[str],
) -> list[Reason]:
    """Every reason to fail; none means passed."""
    found = []
    for copy in copies:
        for code, seconds in (("rpo_point", copy.rpo_point), ("rpo_record", copy.rpo_record)):
            if seconds > rpo_minutes * 60:
                found.append(_reason(code, vm=copy.key, seconds=f"{seconds:.1f}", target=str(rpo_minutes)))
        if copy.record_ns > copy.start_ns + SKEW * 1e9:
            found.append(_reason("point_older_than_content", vm=copy.key, point=copy.point))
        if copy.lost is not None and copy.lost < 0:
            found.append(_reason("more_than_source", vm=copy.key, lost=str(-copy.lost)))
    if rto > rto_minutes * 60:
        found.append(_reason("rto", seconds=f"{rto:.1f}", target=str(rto_minutes)))
    for probe in probes:
        if not probe.right:
            code = "probe_not_answered" if probe.expected else "probe_answered"
            values = {
                "client": f"{probe.client.kind} {probe.client.name}".strip(),
                "target": probe.target,
                "service": probe.service,
            }
            found.append(_reason(code, outcome=probe.outcome, **values))
    if not any(probe.expected for probe in probes):
        found.append(_reason("nothing_asked"))
    found += _leaks(isolation)
    found += [_reason("left", thing=thing) for thing in left]
    return found


def _leaks(isolation: Isolation) -> list[Reason]:
    """What speaks against the isolation, or against its proof."""
    found = [_reason("way_out", way=way) for way in isolation.ways_out]
    if not isolation.control:
        found.append(_reason("capture_blind"))
    if isolation.leaked:
        found.append(_reason("leaked", number=str(len(isolation.leaked)), first=isolation.leaked[0]))
    for attempt in isolation.attempts:
        if attempt.outcome == "answered":
            found.append(_reason("got_out", who=attempt.who, target=attempt.target, service=attempt.service))
    if not isolation.leaked and not isolation.stopped:
        found.append(_reason("nothing_tried"))
    return found


def _reason(code: str, **values: str) -> Reason:
    return Reason(code=code, values=values)
