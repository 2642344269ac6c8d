# SPDX-License-Identifier: AGPL-3.0-or-later
"""Many TCP, UDP and ICMP probes at once, each from its namespace; what should come out, only the caller knows.

Example: answers = run([Probe(namespace="aw1234-ctl", target="10.1.0.1", proto="tcp", port=22)])
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from scripts.lab.fabric import netns

AGENT = Path(__file__).with_name("probe_agent.py")

Proto = Literal["tcp", "udp", "icmp"]
Outcome = Literal["answered", "refused", "silent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One question: does `target` answer `namespace` (from address `source`, if named)."""

    namespace: str
    target: str
    proto: Proto
    port: int = 0
    source: str = ""
    timeout: float = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: `text` is what the server said or the error's name, `peer` the address it saw us come from."""

    probe: Probe
    outcome: Outcome
    text: str
    peer: str
    seconds: float


class ProbeError(RuntimeError):
    """A probe could not be made at all, which says nothing about the network."""


def run(probes: Sequence[Probe]) -> list[Answer]:
    """Makes all probes, one process per source namespace, and answers in the order asked."""
    groups: dict[str, list[int]] = {}
    for index, probe in enumerate(probes):
        groups.setdefault(probe.namespace, []).append(index)
    for namespace in groups:
        if not netns.exists(namespace):
            raise ProbeError(f"there is no namespace {namespace}; bring the lab up first")
    agents = {
        namespace: _start(namespace, [probes[i] for i in indexes]) for namespace, indexes in groups.items()
    }
    answers: dict[int, Answer] = {}
    for namespace, agent in agents.items():
        out, err = agent.communicate()
        if agent.returncode != 0:
            raise ProbeError(f"the probes from {namespace} failed: {err.strip()[-500:]}")
        for index, result in zip(groups[namespace], json.loads(out), strict=True):
            if result["outcome"] == "error":
                raise ProbeError(f"cannot probe {probes[index]}: {result['text']}")
            answers[index] = _answer(probes[index], result)
    return [answers[index] for index in range(len(probes))]


def _start(namespace: str, probes: list[Probe]) -> "subprocess.Popen[str]":
    agent = subprocess.Popen(
        ["nsenter", f"--net={netns.NETNS_DIR / namespace}", sys.executable, "-I", "-S", str(AGENT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert agent.stdin is not None
    agent.stdin.write(json.dumps([asdict(probe) for probe in probes]))
    agent.stdin.close()
    agent.stdin = None
    return agent


def _answer(probe: Probe, result: dict[str, object]) -> Answer:
    text = str(result["text"])
    outcome = str(result["outcome"])
    # The lab's responders say at the end of their line whom they see.
    peer = text.rpartition(" from ")[2] if text.startswith("awan-lab ") else ""
    if outcome not in {"answered", "refused", "silent"}:
        raise ProbeError(f"the agent says {outcome!r} to {probe}")
    return Answer(
        probe=probe,
        outcome="answered" if outcome == "answered" else "refused" if outcome == "refused" else "silent",
        text=text,
        peer=peer,
        seconds=float(str(result["seconds"])),
    )
