# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from scripts.lab.guest import disk, ring
from scripts.lab.replica import files, points, rounds
from scripts.lab.replica import source as dc
from scripts.lab.replica.bucket import Bucket

pytestmark = pytest.mark.lab  # processes and pipes, at a line's pace

VMID = 1001


def test_the_first_copy_is_everything_and_the_next_only_what_changed(source: Any) -> None:
    source.commit(3)
    first = source.replicate()
    assert not first.error
    assert not first.base
    assert first.bytes > 2 * ring.BEGINNING
    source.commit(2)
    second = source.replicate()
    assert second.base == first.point
    # Two disks, in each one block of records and one of data, of 64 KiB.
    assert 4 * ring.BLOCK < second.bytes < 4 * ring.BLOCK + 1024
    assert points.newest_record(source.newest()) == disk.newest(source.disks)
    for path in disk.disks_of(source.disks):
        assert (source.newest().folder / path.name).read_bytes() == path.read_bytes()


def test_a_point_knows_the_time_before_its_snapshot_was_copied(source: Any) -> None:
    source.commit()
    before = time.time_ns()
    source.replicate()
    point = source.newest()
    record = points.newest_record(point)
    assert record is not None
    assert record.time_ns <= before <= point.start_ns <= time.time_ns() - point.frozen_ms * 1_000_000
    assert point.id == files.point_id(point.start_ns)


def test_the_line_has_its_rate(source: Any) -> None:
    source.commit()
    source.rate_kbit = 8_000  # a megabyte a second
    started = time.monotonic()
    result = source.replicate()
    took = time.monotonic() - started
    assert took > (result.bytes - 48 * 1024) / 1e6
    assert source.newest().seconds > (result.bytes - 48 * 1024) / 1e6


def test_the_bucket_counts_bits_as_lines_are_sold() -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    bucket = Bucket(8_000, burst=1000, clock=lambda: now, sleep=sleep)
    for _ in range(100):
        bucket.take(10_000)
    assert now == pytest.approx((1_000_000 - 1000) / 1e6)
    with pytest.raises(ValueError, match="carries nothing"):
        Bucket(0)


def test_a_copy_that_broke_off_is_no_point_and_the_next_one_goes_on(source: Any) -> None:
    source.commit()
    first = source.replicate()
    source.rate_kbit = 200
    source.commit()
    running = rounds.Round([source.task()], source.rate_kbit, source.lab)
    part = wait_for(lambda: [p for p in (source.root / str(VMID)).glob(".*") if list(p.glob("*.raw"))])
    running.process.send_signal(signal.SIGKILL)
    running.process.communicate()
    assert part
    assert [point.id for point in points.of_vm(source.root, VMID)] == [first.point]
    source.rate_kbit = 400_000
    again = source.replicate()
    assert again.base == first.point
    assert not list((source.root / str(VMID)).glob(".*"))


def test_a_source_that_dies_leaves_no_point(source: Any) -> None:
    source.commit()
    source.rate_kbit = 200
    running = rounds.Round([source.task()], source.rate_kbit, source.lab)
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
    (child, *_) = wait_for(lambda: children.read_text(encoding="ascii").split())
    wait_for(lambda: list((source.root / str(VMID)).glob(".*")))
    os.kill(int(child), signal.SIGKILL)
    (result,) = running.wait()
    assert "broke off after" in result.error
    assert points.of_vm(source.root, VMID) == []


def wait_for(look: Any) -> Any:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.01)
    raise AssertionError("waited in vain")


def test_what_was_sent_since_a_base_that_is_gone_is_everything(source: Any) -> None:
    source.commit()
    first = source.replicate()
    subprocess.run(["rm", "-r", source.disks / "snapshots" / first.point], check=True)
    source.commit()
    assert not source.replicate().base


def test_another_vm_of_the_same_number_is_sent_whole(source: Any) -> None:
    source.commit()
    source.replicate()
    disk.prepare(source.disks, "another", ["scsi0", "scsi1"])
    ring.Writer(str(source.disks)).commit()
    assert not source.replicate().base
    assert source.newest().identity == "another"


def test_old_points_go_and_the_held_and_the_newest_stay(source: Any) -> None:
    source.keep = 2
    names = []
    for number in range(4):
        source.commit()
        names.append(source.replicate().point)
        if number == 0:
            points.hold(source.newest(), "drill")
    assert [point.id for point in points.of_vm(source.root, VMID)] == [names[0], names[2], names[3]]
    points.release(source.root, VMID, names[0], "drill")
    assert points.prune(source.root, VMID, 0) == [names[0], names[2]]
    assert points.prune(source.root, VMID, 0) == []


def test_the_source_keeps_the_common_base_and_little_else(source: Any) -> None:
    source.commit()
    held = source.replicate().point
    for _ in range(5):
        source.commit()
        dc.take(source.disks)  # a line that is down: snapshots are taken and none arrives
        time.sleep(0.002)
    there = dc.snapshots(source.disks)
    assert held in there
    assert len(there) == dc.KEEP + 1
    assert source.replicate().base == held


def test_a_block_that_became_zero_is_zero_at_the_other_side(source: Any) -> None:
    source.commit()
    source.replicate()
    (first, _) = disk.disks_of(source.disks)
    with first.open("r+b") as file:
        file.seek(ring.BEGINNING_AT)
        file.write(bytes(ring.BLOCK))
    source.replicate()
    assert (source.newest().folder / first.name).read_bytes() == first.read_bytes()
    assert str(ring.BEGINNING_AT // ring.BLOCK) not in source.newest().disks["scsi0"]


def test_a_point_that_rotted_is_found(source: Any, tmp_path: Path) -> None:
    source.commit()
    source.replicate()
    point = source.newest()
    points.verify(point)
    with (point.folder / "scsi1.raw").open("r+b") as file:
        file.seek(ring.BEGINNING_AT + 5)
        file.write(b"x")
    with pytest.raises(points.PointError, match="scsi1.raw: block 128 is not what was received"):
        points.verify(point)
    with pytest.raises(points.PointError, match="block 128"):
        points.clone(point, tmp_path / "twin")


def test_a_clone_leaves_the_point_as_it_was(source: Any, tmp_path: Path) -> None:
    source.commit()
    source.replicate()
    point = source.newest()
    points.clone(point, tmp_path / "twin")
    ring.Writer(str(tmp_path / "twin")).commit()
    points.verify(point)
    with pytest.raises(points.PointError):
        points.verify(point, tmp_path / "twin")


def test_snapshots_under_load_are_of_one_moment(source: Any) -> None:
    source.commit()
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            source.writer.commit()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(15):
            time.sleep(0.02)  # the writer gets its turn
            name = dc.take(source.disks)
            assert disk.newest(source.disks / "snapshots" / name) is not None
    finally:
        stop.set()
        thread.join()
    assert source.writer.counter > 10


def test_a_snapshot_waits_for_a_commit_under_way(source: Any) -> None:
    source.commit()
    taken: list[str] = []
    thread = threading.Thread(target=lambda: taken.append(dc.take(source.disks)))
    with (source.disks / ring.FREEZE).open("a") as commit:
        fcntl.flock(commit, fcntl.LOCK_EX)
        thread.start()
        thread.join(timeout=0.3)
        assert thread.is_alive()
        released = time.time_ns()
        fcntl.flock(commit, fcntl.LOCK_UN)
    thread.join()
    assert dc.entry_of(source.disks, taken[0])["start_ns"] >= released


def test_a_snapshot_without_disks_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.lab.replica.source", "send", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "has no disk; does the VM run?" in done.stderr
    lab = tmp_path / "lab"
    task = rounds.Task(key="a/b", vmid=7, source="dc", target="drc", keep=2)
    (result,) = rounds.Round([task], 1000, lab).wait()
    assert "has no disk; does the VM run?" in result.error
