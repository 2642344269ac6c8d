# SPDX-License-Identifier: AGPL-3.0-or-later
"""Starting a round of replication as a process of its own, and reading what it did; the copying stands in `pull`."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.lab.guest import disk
from scripts.lab.replica import points
from scripts.lab.replica.pull import REPOSITORY

PULL = [sys.executable, "-m", "scripts.lab.replica.pull"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One VM to be copied from `source` to `target` (clusters), of which `keep` points stay."""

    key: str
    vmid: int
    source: str
    target: str
    keep: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one VM: a point, or why there is none."""

    key: str
    point: str
    base: str
    bytes: int
    seconds: float
    error: str

    def __str__(self) -> str:
        if self.error:
            return f"{self.key}: no new point: {self.error}"
        how = f"what changed since {self.base}" if self.base else "everything"
        return f"{self.key}: point {self.point}, {self.bytes / 1024:.0f} KiB ({how}) in {self.seconds:.1f} s"


class RoundError(RuntimeError):
    """The round itself broke off."""


class Round:
    """A round that runs: `wait` for its results, or `stop` it."""

    def __init__(self, tasks: Sequence[Task], rate_kbit: int, lab_dir: Path) -> None:
        targets = {task.target for task in tasks}
        if len(targets) != 1:
            raise RoundError("a round fills one recovery center; name VMs that have one")
        job = {
            "root": str(points.root_of(lab_dir, targets.pop())),
            "rate_kbit": rate_kbit,
            "vms": [
                {
                    "vmid": task.vmid,
                    "disks": str(disk.folder_of(lab_dir, task.source, task.vmid)),
                    "keep": task.keep,
                }
                for task in tasks
            ],
        }
        self._keys = {task.vmid: task.key for task in tasks}
        self.process = subprocess.Popen(
            PULL,
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(job))
        self.process.stdin.close()
        self.process.stdin = None

    def wait(self, say: Callable[[str], None] = lambda _: None) -> list[Result]:
        """Every VM's result, said as it comes.

        Raises:
            RoundError: the puller ended before it had gone through all of them.
        """
        results = []
        assert self.process.stdout is not None
        with self.process:
            try:
                for line in self.process.stdout:
                    result = self._result(json.loads(line))
                    say(str(result))
                    results.append(result)
            except BaseException:
                self.process.terminate()
                raise
            assert self.process.stderr is not None
            words = self.process.stderr.read().strip()
        if len(results) != len(self._keys):
            raise RoundError(f"the puller ended early: {words[-500:] or self.process.returncode}")
        return results

    def stop(self) -> None:
        """End it; what has not arrived is no point."""
        self.process.terminate()
        self.process.communicate()

    def _result(self, entry: dict[str, object]) -> Result:
        return Result(
            key=self._keys[int(str(entry["vmid"]))],
            point=str(entry.get("point", "")),
            base=str(entry.get("base", "")),
            bytes=int(str(entry.get("bytes", 0))),
            seconds=float(str(entry.get("seconds", 0))),
            error=str(entry.get("error", "")),
        )
