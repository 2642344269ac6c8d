# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks real packets what the Plan has answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from scripts.lab import probe
from scripts.line.questions import KINDS, Question

SECONDS = 2.5
"""How long a probe waits before it counts as silent: all start at once on few cores, and TCP asks again after 1 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A question and what the packets said."""

    question: Question
    outcome: str
    peer: str
    expected_peer: str

    @property
    def agrees(self) -> bool:
        """Answered exactly where the Plan says yes, and seen from the address that NAT should give."""
        if (self.outcome == "answered") is not self.question.answered:
            return False
        return not self.peer or not self.expected_peer or self.peer == self.expected_peer

    def __str__(self) -> str:
        """A sentence for people."""
        q = self.question
        said = "yes" if q.answered else "no"
        seen = f", seen as {self.peer}" if self.peer and self.peer != q.source.address else ""
        return (
            f"{q.source.word} → {q.target.word} ({q.target.address}) {q.target.service}: "
            f"plan {said} ({q.decided}), packets {self.outcome}{seen}"
        )


def ask(asked: Sequence[Question], seconds: float = SECONDS) -> list[Result]:
    """Probe every question, all at once.

    Raises:
        scripts.lab.probe.ProbeError: a probe could not be made, which says nothing about the network.
    """
    answers = probe.run(
        [
            probe.Probe(
                namespace=q.source.namespace,
                target=q.target.address,
                proto=cast("Literal['tcp', 'udp', 'icmp']", q.target.service.proto),
                port=q.target.service.first,
                # A machine may have several addresses of IPv6, of which only one is asked about.
                source=q.source.address if not q.source.network or ":" in q.source.address else "",
                timeout=seconds,
            )
            for q in asked
        ]
    )
    return [
        Result(question=q, outcome=a.outcome, peer=a.peer, expected_peer=str(q.verdict.seen))
        for q, a in zip(asked, answers, strict=True)
    ]


def summary(results: Sequence[Result]) -> list[str]:
    """A line for all, ``421 probes, all as the Plan says: 183 answered, 238 denied``, and one for each kind."""
    wrong = [result for result in results if not result.agrees]
    verdict = "all as the Plan says" if not wrong else f"{len(wrong)} NOT as the Plan says"
    second = sum(result.question.second_wall for result in results)
    found = [
        f"{len(results)} probes, {verdict}: {_counted(results)}; {second} stopped only by the VM's own firewall"
    ]
    for kind in KINDS:
        of_kind = [result for result in results if result.question.kind == kind]
        if of_kind:
            found.append(f"  {kind}: {_counted(of_kind)}")
    return found


def _counted(results: Sequence[Result]) -> str:
    yes = sum(result.outcome == "answered" for result in results)
    return f"{yes} answered, {len(results) - yes} denied"
