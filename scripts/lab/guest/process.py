# SPDX-License-Identifier: AGPL-3.0-or-later
"""Starting a responder in a namespace, and ending exactly that process again, also after a restart of ours."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.lab.fabric import netns
from scripts.process import start_time

RESPONDER = Path(__file__).with_name("responder.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process by number and start time: a number alone may be somebody else's by now."""

    pid: int
    started: str

    def alive(self) -> bool:
        """True while it runs (a zombie does not)."""
        return start_time(self.pid) == self.started


class StartError(RuntimeError):
    """A responder did not come up; the text says what it said."""


def start(
    namespace: str,
    ports: Path,
    cluster: str,
    ident: str,
    name: str,
    addresses: Sequence[str],
    log: Path,
    disks: Path | None = None,
) -> Process:
    """Starts a responder in the namespace and waits until it listens."""
    read, write = os.pipe()
    program = [
        sys.executable,
        "-I",
        "-S",
        str(RESPONDER),
        str(ports),
        cluster,
        ident,
        name,
        str(write),
        str(disks or ""),
        *addresses,
    ]
    with log.open("wb") as output:
        child = subprocess.Popen(
            ["nsenter", f"--net={netns.NETNS_DIR / namespace}", *program],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(write,),
            start_new_session=True,
        )
    os.close(write)
    with os.fdopen(read) as pipe:
        ready = pipe.read() == "ready\n"
    if not ready:
        child.wait()
        raise StartError(
            f"{name} in {namespace} does not start: {log.read_text(encoding='utf-8').strip()[-500:]}"
        )
    # Popen would warn about a child that outlives it; ours is meant to, and `stop` reaps it.
    child.returncode = 0
    return Process(pid=child.pid, started=start_time(child.pid) or "")


def stop(process: Process, seconds: float = 5) -> None:
    """Kills that process and no other, and waits until it is gone."""
    end = time.monotonic() + seconds
    while process.alive():
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        _reap(process.pid)
        if time.monotonic() > end:
            raise StartError(f"process {process.pid} does not die; look at /proc/{process.pid}/stack")
        time.sleep(0.001)
    _reap(process.pid)


def inside(process: Process, namespace: str) -> bool:
    """True when the process lives in the namespace that bears the name now, not in one of that name before."""
    try:
        return Path(f"/proc/{process.pid}/ns/net").stat().st_ino == netns.inode(namespace)
    except FileNotFoundError:
        return False


def save(process: Process, path: Path) -> None:
    """Keeps the process on disk."""
    path.write_text(json.dumps(asdict(process)), encoding="utf-8")


def load(path: Path) -> Process | None:
    """What `save` kept; None where nothing is or the file was cut short."""
    try:
        return Process(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # started by an earlier process of ours: init reaps it
