# SPDX-License-Identifier: AGPL-3.0-or-later
"""Orders to a lab's booted hosts: ensure, reboot, power off, status, remove; the boot itself stands in `supervise`."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from scripts.lab.fabric import spec as fabric_spec
from scripts.lab.host import cgroup, keys, seed, supervise
from scripts.lab.host.spec import HostFiles, HostSpec, load, save

REPOSITORY = Path(__file__).resolve().parents[3]
SIG_POWER_OFF = signal.SIGRTMIN + 4  # systemd's own signals to PID 1, see systemd(1)
SIG_REBOOT = signal.SIGRTMIN + 5


class HostError(RuntimeError):
    """A host does not do as it should; the text says what to look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`running` means that the guest's processes live; `generation` counts its boots."""

    name: str
    running: bool
    supervised: bool
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One booted host of the lab in `lab_dir`; the fabric must stand before it is started."""

    lab_dir: Path
    spec: HostSpec

    @property
    def files(self) -> HostFiles:
        """Where its files lie."""
        return HostFiles(lab_dir=self.lab_dir, name=self.spec.name)

    @property
    def prefix(self) -> str:
        """The lab's prefix."""
        return fabric_spec.load(self.files.fabric).prefix

    def status(self) -> Status:
        """What the host is doing now."""
        groups = cgroup.of(self.prefix + self.spec.name)
        return Status(
            name=self.spec.name,
            running=any(map(cgroup.populated, groups)),
            supervised=_locked(self.files.lock),
            generation=supervise.last_generation(self.files) if self.files.home.exists() else 0,
        )

    def ensure(self, seconds: float = 30) -> bool:
        """Starts the host if it is off and waits for its ssh server; True when it was started."""
        end = time.monotonic() + seconds
        while self.status().supervised:
            if self._answers(1):
                return False
            if time.monotonic() > end:
                raise self._silent()
        self._clear()
        if not self.files.upper.exists():
            save(self.spec, self.files)
            seed.write(self.spec, self.files)
        with self.files.console.open("ab") as console:
            # Forked away from us: it outlives this process, and nobody of ours has to wait for its end.
            program = [sys.executable, "-m", "scripts.lab.host.supervise", str(self.lab_dir), self.spec.name]
            subprocess.run(
                ["setsid", "--fork", *program],
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                check=True,
            )
        self._wait(end)
        return True

    def reboot(self, seconds: float = 30) -> None:
        """Reboots the host in order, and waits until it answers again."""
        keys.end_connections(self.prefix)
        before = self.status()
        if not (before.running and before.supervised):
            self.ensure(seconds)
            return
        self._signal(SIG_REBOOT)
        end = time.monotonic() + seconds
        while self.status().generation == before.generation:
            if time.monotonic() > end:
                raise HostError(
                    f"{self.spec.name} did not go down in {seconds:.0f} s; see {self.files.console}"
                )
            time.sleep(0.05)
        self._wait(end)

    def power_off(self, seconds: float = 10, *, pull_the_plug: bool = False) -> None:
        """Shuts the host down in order, or at once; what it wrote stays."""
        keys.end_connections(self.prefix)
        if self.status().running and not pull_the_plug:
            self._signal(SIG_POWER_OFF)
            end = time.monotonic() + seconds
            while self.status().running and time.monotonic() < end:
                time.sleep(0.05)
        self._clear()

    def remove(self) -> None:
        """Powers the host off at once and deletes its files."""
        if self.files.fabric.exists():
            self.power_off(pull_the_plug=True)
        if self.files.home.exists():
            shutil.rmtree(self.files.home)

    def _signal(self, number: int) -> None:
        for group in cgroup.of(self.prefix + self.spec.name):
            pid = cgroup.init_pid(group)
            if pid is not None:
                os.kill(pid, number)

    def _clear(self) -> None:
        """Ends what is left of the host, and waits until its supervisor has gone too."""
        end = time.monotonic() + 10
        while True:
            for group in cgroup.of(self.prefix + self.spec.name):
                cgroup.kill(group)
            if not _locked(self.files.lock):
                return
            if time.monotonic() > end:
                raise HostError(
                    f"{self.spec.name}'s supervisor does not end; its pid is in {self.files.state}"
                )
            time.sleep(0.02)

    def _wait(self, end: float) -> None:
        if not self._answers(max(end - time.monotonic(), 1)):
            raise self._silent()

    def _answers(self, seconds: float) -> bool:
        relay = [
            sys.executable,
            "-I",
            "-S",
            str(keys.RELAY),
            self.spec.address,
            "22",
            "--banner",
            str(seconds),
        ]
        return (
            subprocess.run(["ip", "netns", "exec", f"{self.prefix}ctl", *relay], check=False).returncode == 0
        )

    def _silent(self) -> HostError:
        try:
            tail = self.files.console.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-8:]
        except OSError:
            tail = []
        status = self.status()
        state = f"generation {status.generation}, {'running' if status.running else 'not running'}"
        said = " | ".join(line.strip() for line in tail if line.strip())
        return HostError(
            f"{self.spec.name} does not answer on ssh ({state}); see {self.files.console}: {said}"
        )


def recorded(lab_dir: Path) -> list[Host]:
    """The hosts that the lab's folder knows."""
    found = sorted((lab_dir / "hosts").glob("*/host.json"))
    return [
        Host(lab_dir=lab_dir, spec=load(HostFiles(lab_dir=lab_dir, name=path.parent.name))) for path in found
    ]


def _locked(path: Path) -> bool:
    """True while a supervisor lives: the kernel drops its lock however it ends."""
    try:
        with path.open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
