# SPDX-License-Identifier: GPL-3.0-or-later
"""`pulumi up` killed at random moments, each time followed by `awan recover`, in clusters of their own."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from network_plan.model.plan import Plan
from pve_provider.client.api import Api
from scripts.lab import wiring
from scripts.lab.cluster import launch
from scripts.lab.cluster.client import ControlClient
from scripts.stack.engine import Lock
from scripts.stack.recover import is_dead
from scripts.verify.everything import verify_cluster
from tests.scripts.line.conftest import REPOSITORY, Lab

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(600)]

KILLS = 10
REQUESTS = 115
"""About as many as an `up` from empty takes."""


@pytest.fixture
def bare(tmp_path: Path, plan: Plan) -> Iterator[Lab]:
    """Clusters without network or hosts."""
    lab = Lab(folder=tmp_path / "lab", plan=plan)
    try:
        yield lab
    finally:
        for cluster in plan.clusters:
            launch.stop(lab.folder / cluster.name)


def _start(lab: Lab, name: str) -> None:
    cluster = lab.plan.cluster(name)
    launch.start(wiring.cluster_spec(cluster, lab.folder, with_guests=False), lab.folder / name)


def _names(api_rows: list[dict[str, object]]) -> Counter[str]:
    return Counter(str(row["name"]) for row in api_rows)


def test_ten_kills(bare: Lab) -> None:
    rng = random.Random(20191119)
    # A moment is a number of requests that the cluster has answered: seconds would mean little on a busy machine.
    moments = sorted(rng.randrange(REQUESTS) for _ in range(KILLS))
    with ThreadPoolExecutor(2) as pool:  # one for each core; each kill has a cluster and a state of its own
        reached = list(pool.map(lambda number: _one(bare, number, moments[number]), range(KILLS)))
    # Not all before the first write, not all after the last: some died in the middle of the work.
    assert sum(0 < share < 1 for share in reached) >= 3, reached


def _one(bare: Lab, number: int, moment: int) -> float:
    lab = Lab(folder=bare.folder / str(number), plan=bare.plan)
    _start(lab, "dc")
    try:
        return _kill_and_recover(lab, moment)
    finally:
        launch.stop(lab.folder / "dc")


def _objects(api: Api) -> int:
    """How much of the Plan stands in a cluster: its objects, and its VMs that run."""
    vms: list[dict[str, object]] = api.get("/cluster/resources", type="vm")
    lists = (
        "/pools",
        "/access/groups",
        "/access/acl",
        "/cluster/sdn/vnets",
        "/cluster/firewall/aliases",
        "/cluster/firewall/ipset",
        "/cluster/firewall/groups",
    )
    running = sum(row.get("status") == "running" for row in vms)
    return len(vms) + running + sum(len(list(api.get(path))) for path in lists)


def _kill_and_recover(lab: Lab, moment: int) -> float:
    """Kill an `up` after so many requests and recover; the share of the objects that it made before the kill."""
    empty = _objects(lab.root("dc"))
    stack = lab.stack("dc")
    stack.ensure()
    ControlClient(lab.folder / "dc").reset_calls()
    process = subprocess.Popen(
        stack.command("up", "--yes", "--skip-preview"),
        cwd=REPOSITORY / "pulumi",
        env=lab.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    control = ControlClient(lab.folder / "dc")
    while control.requests() < moment and process.poll() is None:
        time.sleep(0.005)
    family = _family(process.pid)
    process.kill()
    process.wait()
    api = lab.root("dc")
    made = _objects(api) - empty
    result = lab.awan("recover", "dc")
    assert result.returncode == 0, f"killed after {moment} requests: {result.stdout}{result.stderr}"
    assert stack.pending() == 0
    guests = lab.plan.guests_of("dc")
    rows = api.get("/cluster/resources", type="vm")
    assert _names(rows) == Counter(guest.name for guest in guests)
    assert verify_cluster(lab.plan, "dc", lab.environment()).differences == []
    for pid in family:
        # The engine's language host outlives a killed engine and waits for ever; the provider ends by itself.
        command = Path(f"/proc/{pid}/cmdline")
        if command.exists():
            assert b"pulumi-language-python" in command.read_bytes()
            os.kill(pid, signal.SIGKILL)
    return made / (_objects(api) - empty)


def _family(pid: int) -> list[int]:
    """The processes below one, by number."""
    found = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, file.read_text().split()):
            found += [child, *_family(child)]
    return found


def test_a_living_run_is_left_alone(bare: Lab) -> None:
    """A lock whose process lives is not released: exit 3, nothing touched."""
    _start(bare, "dc")
    stack = bare.stack("dc")
    stack.ensure()
    process = subprocess.Popen(
        stack.command("up", "--yes", "--skip-preview"),
        cwd=REPOSITORY / "pulumi",
        env=bare.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        locks = bare.folder / "pulumi" / "state" / ".pulumi" / "locks"
        deadline = time.monotonic() + 20
        while not any(path.is_file() for path in locks.rglob("*")):
            assert time.monotonic() < deadline, "no lock was taken"
            time.sleep(0.02)
        process.send_signal(signal.SIGSTOP)
        result = bare.awan("recover", "dc")
        assert result.returncode == 3
        assert f"pid {process.pid}" in result.stderr
        assert any(path.is_file() for path in locks.rglob("*"))
    finally:
        process.send_signal(signal.SIGCONT)
        process.wait()
    assert stack.preview().changed == 0


def test_whose_lock_is_dead() -> None:
    host = socket.gethostname()
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    me = Lock(user="root", host=host, pid=os.getpid(), since=now)
    assert not is_dead(me)
    assert is_dead(Lock(user="root", host=host, pid=2**22 + 1, since=now))
    assert not is_dead(Lock(user="root", host="elsewhere", pid=2**22 + 1, since=now))
    # The number was used again: the process is younger than the lock.
    assert is_dead(Lock(user="root", host=host, pid=os.getpid(), since="2020-01-01T00:00:00Z"))
