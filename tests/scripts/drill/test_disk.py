# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import Any

import pytest

from scripts.lab.guest import disk, ring


def test_a_commit_is_found_again_with_its_time(source: Any) -> None:
    assert disk.newest(source.disks) is None
    before = time.time_ns()
    source.commit(3)
    found = disk.newest(source.disks)
    assert found is not None
    assert found.counter == 3
    assert before <= found.time_ns <= time.time_ns()


def test_a_vm_that_starts_again_goes_on_where_its_disks_are(source: Any) -> None:
    source.commit(5)
    again = ring.Writer(str(source.disks))
    assert again.counter == 5
    again.commit()
    assert disk.newest(source.disks) == disk.newest(source.disks)
    assert getattr(disk.newest(source.disks), "counter", 0) == 6


def test_the_ring_goes_round(source: Any) -> None:
    source.writer.counter = ring.SLOTS * 3 - 2
    source.commit(5)
    found = disk.newest(source.disks)
    assert found is not None
    assert found.counter == ring.SLOTS * 3 + 3


def test_frozen_disks_take_no_commit(source: Any) -> None:
    source.commit()
    with (source.disks / ring.FREEZE).open("a") as freeze:
        fcntl.flock(freeze, fcntl.LOCK_EX)
        assert not source.writer.commit()
        fcntl.flock(freeze, fcntl.LOCK_UN)
    assert source.writer.commit()
    assert source.writer.counter == 2


def test_a_record_that_was_cut_short_is_none(source: Any) -> None:
    source.commit(2)
    for path in disk.disks_of(source.disks):
        with path.open("r+b") as file:
            file.seek(ring.RING_AT + 2 % ring.SLOTS * ring.RECORD + 20)
            file.write(b"\xff")
    found = disk.newest(source.disks)
    assert found is not None
    assert found.counter == 1


def test_a_record_without_its_data_is_said(source: Any) -> None:
    source.commit(2)
    with disk.disks_of(source.disks)[0].open("r+b") as file:
        file.seek(ring.DATA_AT + 2 * ring.DATA)
        file.write(b"other")
    with pytest.raises(ring.DiskError, match="record 2 stands without its data"):
        disk.newest(source.disks)


def test_disks_of_two_moments_are_said(source: Any) -> None:
    source.commit()
    first, second = disk.disks_of(source.disks)
    old = second.read_bytes()
    source.commit(2)
    second.write_bytes(old)
    with pytest.raises(ring.DiskError, match=r"not of one moment: scsi0.raw 3, scsi1.raw 1"):
        disk.newest(source.disks)
    assert first.exists()


def test_another_vm_of_the_same_number_does_not_get_the_disks(source: Any) -> None:
    source.commit(4)
    disk.prepare(source.disks, "siak-1", ["scsi0", "scsi1"])
    assert getattr(disk.newest(source.disks), "counter", 0) == 4
    disk.prepare(source.disks, "another", ["scsi0"])
    assert disk.newest(source.disks) is None
    assert sorted(path.name for path in source.disks.glob("*.*")) == [
        "scsi0.raw",
        "scsi0.replaced",
        "scsi1.detached",
    ]


def test_what_is_no_lab_disk_is_said(tmp_path: Path) -> None:
    with pytest.raises(ring.DiskError, match="has no disk"):
        disk.newest(tmp_path)
    (tmp_path / "scsi0.raw").write_bytes(b"\0" * 4096)
    with pytest.raises(ring.DiskError, match="no lab disk"):
        disk.newest(tmp_path)
