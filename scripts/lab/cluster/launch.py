# SPDX-License-Identifier: AGPL-3.0-or-later
"""Starting, finding and stopping the process of a lab cluster from another process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from scripts.lab.cluster.process import write_atomic
from scripts.lab.cluster.spec import ClusterSpec
from scripts.process import start_time

# Clusters that this process started, by pid: they outlive it, and are reaped when it sees them end.
_children: dict[int, subprocess.Popen[bytes]] = {}
REPOSITORY = Path(__file__).resolve().parents[3]


class LaunchError(Exception):
    """A cluster did not come up, or would not end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A running cluster: where it is, how to know it, and the files that hold its tokens (`user!name=secret`)."""

    name: str
    endpoint: str
    fingerprint: str
    tokens: dict[str, Path]
    folder: Path
    pid: int

    def token(self, name: str) -> str:
        """The token `user!name=secret` of this name; do not print it."""
        return self.tokens[name].read_text().strip()


def start(spec: ClusterSpec, folder: Path | str, timeout: float = 120.0) -> Cluster:
    """Start the cluster of this folder, or find it running; the state that the folder holds is taken up."""
    folder = Path(folder)
    for pid in [pid for pid, child in _children.items() if child.poll() is not None]:
        del _children[pid]
    running = status(folder)
    if running is not None:
        return running
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    write_atomic(folder / "spec.json", spec.to_json())
    (folder / "pid").unlink(missing_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.lab.cluster", "--dir", str(folder)],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _children[process.pid] = process
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        running = status(folder)
        if running is not None:
            return running
        if process.poll() is not None:
            break
        time.sleep(0.02)
    process.kill()
    _children.pop(process.pid).wait()
    tail = (folder / "log").read_text(errors="replace").strip().splitlines()[-5:]
    raise LaunchError(f"cluster {spec.name} did not start; see {folder / 'log'}: " + " | ".join(tail))


def status(folder: Path | str) -> Cluster | None:
    """The cluster that runs in this folder, or None."""
    folder = Path(folder)
    try:
        entry = json.loads((folder / "pid").read_text())
        if start_time(entry["pid"]) != entry["started"]:
            return None
        return Cluster(
            name=json.loads((folder / "spec.json").read_text())["name"],
            endpoint=(folder / "endpoint").read_text().strip(),
            fingerprint=(folder / "fingerprint").read_text().strip(),
            tokens={path.name: path for path in sorted((folder / "tokens").iterdir())},
            folder=folder,
            pid=entry["pid"],
        )
    except (OSError, ValueError, KeyError):
        return None


def stop(folder: Path | str, timeout: float = 60.0) -> bool:
    """End the cluster of this folder and wait for it; False when none ran. Its state stays."""
    running = status(folder)
    if running is None:
        return False
    started = start_time(running.pid)
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if start_time(running.pid) != started:
            if child := _children.pop(running.pid, None):
                child.wait()
            return True
        time.sleep(0.02)
    raise LaunchError(
        f"cluster {running.name} (pid {running.pid}) did not end within {timeout:g} s; see its log in "
        f"{running.folder / 'log'}"
    )
