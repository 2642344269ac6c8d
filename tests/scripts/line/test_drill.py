# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills in the lab of the line: held, failing when they should, killed in the middle, and removed every time."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.lab.bubble import capture, clean
from scripts.lab.fabric import names, netns
from scripts.lab.guest import disk
from scripts.lab.replica import points
from tests.scripts.line.conftest import AWAN, REPOSITORY, Lab

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(600)]

APP = "dukcapil/siak"


@pytest.fixture(scope="module")
def replicated(line: Lab) -> Lab:
    done = line.awan("lab", "replicate", "--once", "--json")
    assert done.returncode == 0, done.stderr
    assert {entry["key"] for entry in json.loads(done.stdout)} == {t.guest for t in line.plan.replication}
    return line


@pytest.fixture(autouse=True)
def nothing_left(line: Lab) -> Iterator[None]:
    """Every test here ends as it began: the lab's own namespaces, no bubble, no hold."""
    before = set(netns.listed(names.prefix(line.folder)))
    yield
    assert set(netns.listed(names.prefix(line.folder))) == before
    assert clean.left(line.folder) == []
    assert not list((line.folder / "drc" / "points").glob("*/*/hold-*"))
    assert not Path(f"/run/{names.prefix(line.folder)}b-lock").exists()


def drill(lab: Lab, out: Path, *more: str) -> tuple[int, dict[str, Any]]:
    done = lab.awan("drill", "test", APP, "--json", "--out", str(out), *more)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def vmid(lab: Lab) -> int:
    return next(guest.vmid for guest in lab.plan.guests_of("dc") if guest.key == APP)


def test_the_population_register_would_be_back_in_time(replicated: Lab, tmp_path: Path) -> None:
    at_source = disk.folder_of(replicated.folder, "dc", vmid(replicated))
    before = disk.newest(at_source)
    code, data = drill(replicated, tmp_path)
    assert code == 0, data["reasons"]
    after = disk.newest(at_source)
    assert before is not None
    assert after is not None
    assert after.counter > before.counter  # the VM at the data center goes on
    (vm,) = data["vms"]
    assert 0 < vm["rpo_by_point"] < vm["rpo_by_record"] < data["targets"]["rpo_minutes"] * 60
    # The VM commits twice a second: what it lost by its own counter fits the time that passed since its point.
    assert 0 <= vm["records_lost"] <= vm["rpo_by_record"] * 2 + 2
    assert 0 < data["rto_seconds"] < data["targets"]["rto_minutes"] * 60
    said = [(probe["client"]["kind"], probe["service"], probe["expected"]) for probe in data["probes"]]
    assert said == [
        ("office", "tcp/443", True),
        ("internet", "tcp/443", True),
        ("vm", "tcp/8443", True),
        ("stranger", "tcp/8443", False),
        ("office", "tcp/443", False),
    ]
    walls = [probe["wall"] for probe in data["probes"] if not probe["expected"]]
    assert walls[0].startswith("firewall of VM")
    assert walls[1].startswith("gateway")
    assert data["isolation"]["leaked"] == []
    assert data["isolation"]["stopped"] > 0
    assert data["isolation"]["ways_out"] == []
    assert any("port 9" in frame for frame in data["isolation"]["control"])
    assert {attempt["outcome"] for attempt in data["isolation"]["attempts"]} <= {"silent", "refused"}
    (meanwhile,) = data["replication"]
    assert meanwhile["point"] > vm["point"]
    assert data["left"] == []
    folder = tmp_path / data["id"]
    assert len(capture.read(folder / "edge.pcap")) == len(data["isolation"]["control"])
    assert json.loads((folder / "report.json").read_text(encoding="utf-8")) == data
    assert "LULUS" in (folder / "report.id.html").read_text(encoding="utf-8")
    assert "PASSED" in (folder / "report.en.html").read_text(encoding="utf-8")


def test_the_same_capture_sees_what_leaves_when_the_isolation_is_away(
    replicated: Lab, tmp_path: Path
) -> None:
    code, data = drill(replicated, tmp_path, "--open-edge")
    assert code == 1
    assert data["isolation"]["leaked"]
    assert [reason["code"] for reason in data["reasons"]] == ["leaked"]
    assert len(capture.read(tmp_path / data["id"] / "edge.pcap")) > len(data["isolation"]["control"])


def test_a_twin_that_lets_in_whom_the_plan_does_not_fails(replicated: Lab, tmp_path: Path) -> None:
    api = replicated.root("drc")
    path = replicated.guest(APP, "drc") + "/firewall/options"
    api.put(path, policy_in="ACCEPT")
    try:
        code, data = drill(replicated, tmp_path)
    finally:
        api.put(path, policy_in="DROP")
    assert code == 1
    (reason,) = data["reasons"]
    assert reason["code"] == "probe_answered"
    assert reason["values"]["service"] == "tcp/8443"


def test_a_point_that_rotted_starts_no_twin(replicated: Lab, tmp_path: Path) -> None:
    point = points.newest(points.root_of(replicated.folder, "drc"), vmid(replicated))
    assert point is not None
    with (point.folder / "scsi0.raw").open("r+b") as file:
        file.seek(9 * 1024 * 1024 - 100)
        was = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([was[0] ^ 1]))
    done = replicated.awan("drill", "test", APP, "--out", str(tmp_path))
    assert done.returncode == 3
    assert "is not what was received" in done.stderr
    with (point.folder / "scsi0.raw").open("r+b") as file:
        file.seek(9 * 1024 * 1024 - 100)
        file.write(was)


STAGES = ("hold", "network", "twin", "probing")


def reached(lab: Lab, stage: str) -> bool:
    """Whether a drill under way has come to a stage, by its journal and what there is."""
    text = "".join(
        path.read_text(encoding="utf-8")
        for path in clean.root_of(lab.folder).glob("*/journal")
        if path.exists()
    )
    twin = names.guest_namespace(names.prefix(lab.folder) + "b-", "drc", vmid(lab))
    if stage == "twin":
        return twin in text
    if stage == "probing":
        return bool(list(clean.root_of(lab.folder).glob("*/guests/drc-*.json")))
    return f'"{stage}"' in text


@pytest.mark.parametrize("stage", STAGES)
def test_a_drill_that_is_killed_leaves_what_cleanup_removes(
    replicated: Lab, tmp_path: Path, stage: str
) -> None:
    kill_at(replicated, tmp_path, stage)
    assert clean.left(replicated.folder)
    alive = disk.newest(disk.folder_of(replicated.folder, "dc", vmid(replicated)))
    first = replicated.awan("drill", "test-cleanup")
    assert first.returncode == 0, first.stderr
    assert "removed: " in first.stdout
    again = replicated.awan("drill", "test-cleanup")
    assert again.stdout == "no drill had left anything\n"
    time.sleep(1.2)
    assert disk.newest(disk.folder_of(replicated.folder, "dc", vmid(replicated))) != alive


def test_the_next_drill_removes_what_a_killed_one_left(replicated: Lab, tmp_path: Path) -> None:
    kill_at(replicated, tmp_path, "probing")
    code, data = drill(replicated, tmp_path)
    assert code == 0, data["reasons"]


def test_an_interrupted_drill_removes_itself(replicated: Lab, tmp_path: Path) -> None:
    running = start(replicated, tmp_path)
    wait_for(replicated, "twin", running)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 4, said


def start(lab: Lab, out: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(AWAN), "drill", "test", APP, "--out", str(out)],
        cwd=REPOSITORY,
        env=lab.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )


def wait_for(lab: Lab, stage: str, running: subprocess.Popen[str]) -> None:
    while not reached(lab, stage):
        assert running.poll() is None, "the drill was over before it could be killed"
        time.sleep(0.002)


def kill_at(lab: Lab, out: Path, stage: str) -> None:
    running = start(lab, out)
    wait_for(lab, stage, running)
    running.kill()
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    running.stderr.close()
    assert running.wait() == -signal.SIGKILL
