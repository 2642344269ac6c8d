# SPDX-License-Identifier: GPL-3.0-or-later
"""A VM's disks without a VM: a writer of the test's own commits to them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from scripts.lab.guest import disk, ring
from scripts.lab.replica import points, rounds

VMID = 1001


@dataclasses.dataclass
class Source:
    """One VM at the data center and what the recovery center has of it."""

    lab: Path
    writer: ring.Writer
    rate_kbit: int = 400_000
    keep: int = 3

    @property
    def disks(self) -> Path:
        return disk.folder_of(self.lab, "dc", VMID)

    @property
    def root(self) -> Path:
        return points.root_of(self.lab, "drc")

    def commit(self, times: int = 1) -> None:
        for _ in range(times):
            assert self.writer.commit()

    def task(self, vmid: int = VMID) -> rounds.Task:
        return rounds.Task(key="dukcapil/siak", vmid=vmid, source="dc", target="drc", keep=self.keep)

    def replicate(self) -> rounds.Result:
        (result,) = rounds.Round([self.task()], self.rate_kbit, self.lab).wait()
        return result

    def newest(self) -> points.Point:
        point = points.newest(self.root, VMID)
        assert point is not None
        return point


@pytest.fixture
def source(tmp_path: Path) -> Source:
    folder = disk.folder_of(tmp_path, "dc", VMID)
    disk.prepare(folder, "siak-1", ["scsi0", "scsi1"])
    return Source(lab=tmp_path, writer=ring.Writer(str(folder)))
