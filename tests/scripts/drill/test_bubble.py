# SPDX-License-Identifier: GPL-3.0-or-later
"""A bubble by itself: no way out, a capture that would see one, and removal of what its journal names and no more."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from network_plan.build import load_plan
from scripts.drill import questions, scene
from scripts.drill.subject import choose
from scripts.lab import probe
from scripts.lab.bubble import build, clean, journal
from scripts.lab.bubble.capture import Capture, CaptureError
from scripts.lab.fabric import netns
from tests.small import SMALL

pytestmark = pytest.mark.hosts


@pytest.fixture
def bubble(tmp_path: Path) -> Iterator[build.Bubble]:
    plan = load_plan(SMALL)
    subject = choose(plan, "dukcapil/siak")
    asked, _ = questions.ask(plan, subject.twins, date(2026, 11, 24))
    made = scene.bubble_for(plan, "drc", subject.twins, asked, tmp_path)
    folder = clean.root_of(tmp_path) / "one"
    notes = journal.Journal(folder)
    try:
        build.make(made, notes)
        yield made
    finally:
        notes.close()
        clean.remove_all(tmp_path)
    assert netns.listed(made.prefix) == []
    assert clean.left(tmp_path) == []


def knock(bubble: build.Bubble) -> None:
    probe.run([probe.Probe(namespace=bubble.edge, target="192.0.2.80", proto="udp", port=9, timeout=0.2)])


def test_nothing_leads_out_and_a_cable_that_does_is_found(bubble: build.Bubble, tmp_path: Path) -> None:
    assert build.ways_out(bubble.namespaces()) == []
    outside = f"{bubble.prefix[:-3]}x-out"
    netns.batch(None, [f"netns add {outside}"])
    try:
        cable = f"link add hole netns {bubble.gateway} type veth peer name far netns {outside}"
        netns.batch(None, [cable])
        assert build.ways_out(bubble.namespaces()) == [f"hole in {bubble.gateway} leads to {outside}"]
        clean.remove_all(tmp_path)
        assert netns.exists(outside), "what the journal does not name stays"
    finally:
        netns.delete([outside])


def test_the_capture_sees_exactly_what_the_isolation_lets_by(bubble: build.Bubble, tmp_path: Path) -> None:
    capture = Capture(bubble.trip, build.TRIP, tmp_path / "edge.pcap")
    knock(bubble)
    assert capture.frames() == []
    assert build.stopped(bubble) > 0
    build.open_edge(bubble)
    knock(bubble)
    seen = len(capture.frames())
    assert seen > 0
    build.isolate(bubble)
    knock(bubble)
    frames = capture.stop()
    assert len(frames) == seen
    knocks = [
        text for text in map(str, frames) if text.startswith("udp ")
    ]  # beside them a card looks for its own address
    assert knocks
    assert all("→ 192.0.2.80 port 9" in text for text in knocks)


def test_a_capture_that_died_proves_nothing(bubble: build.Bubble, tmp_path: Path) -> None:
    capture = Capture(bubble.trip, build.TRIP, tmp_path / "edge.pcap")
    capture.kill()
    with pytest.raises(CaptureError, match="ended by itself"):
        capture.frames()
    with pytest.raises(CaptureError, match="no capture on nothing"):
        Capture(bubble.trip, "nothing", tmp_path / "other.pcap")


def test_processes_in_the_bubble_are_ended_and_others_are_not(bubble: build.Bubble, tmp_path: Path) -> None:
    inside = subprocess.Popen(["nsenter", f"--net=/run/netns/{bubble.gateway}", "sleep", "60"])
    beside = subprocess.Popen(["sleep", "60"])
    try:
        while not any(Path(f"/proc/{inside.pid}/comm").read_text().startswith(name) for name in ("sleep",)):
            pass
        found = clean.remove_all(tmp_path)
        assert f"one: process {inside.pid}" in found
        assert beside.poll() is None
        assert clean.remove_all(tmp_path) == []
    finally:
        for child in (inside, beside):
            child.kill()
            child.wait()


def test_a_line_that_was_cut_short_was_never_acted_upon(tmp_path: Path) -> None:
    notes = journal.Journal(tmp_path / "b" / "one")
    notes.note("namespace", name="x")
    notes.close()
    with (tmp_path / "b" / "one" / "journal").open("a", encoding="utf-8") as file:
        file.write('{"make": "hol')
    assert journal.read(tmp_path / "b" / "one") == [{"make": "namespace", "name": "x"}]
    assert journal.read(tmp_path / "b" / "two") == []
