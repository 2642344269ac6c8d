# SPDX-License-Identifier: AGPL-3.0-or-later
"""The recovery center's side: fetches each VM's changes through a pipe at the line's rate, one VM after the other.

A process of its own. Reads a job as JSON on standard input and prints one JSON line per VM:

    {"root": "<points>", "rate_kbit": 25000, "vms": [{"vmid": 1001, "disks": "<folder at the source>", "keep": 30}]}

The program at the other end of the pipe stands for `ssh dc zfs send`: its command is the only thing that this side
asks for, what it prints the only thing that comes.
"""

import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from scripts.lab.guest import ring
from scripts.lab.replica import files, points, stream
from scripts.lab.replica.bucket import Bucket

REPOSITORY = Path(__file__).resolve().parents[3]
SOURCE = [sys.executable, "-m", "scripts.lab.replica.source"]
PIPE = 64 * 1024
"""What may stand in the pipe unread, bytes: little, so that the reader's pace is the sender's."""


class PullError(RuntimeError):
    """A VM's copy did not arrive; the points that were there still are."""


def _source(*words: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*SOURCE, *words],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def pull(root: Path, vmid: int, disks: str, keep: int, bucket: Bucket, rate_kbit: int) -> points.Point:
    """Fetch one new point of one VM.

    Raises:
        PullError: it did not come whole; nothing of it is left that could be taken for a point.
    """
    started = time.monotonic()
    (root / str(vmid)).mkdir(parents=True, exist_ok=True)
    points.sweep(root, vmid)
    base = points.newest(root, vmid)
    with _source("send", disks, *([base.id] if base else [])) as sender:
        assert sender.stdout is not None
        assert sender.stderr is not None
        handle = sender.stdout.fileno()
        fcntl.fcntl(handle, fcntl.F_SETPIPE_SZ, PIPE)

        def read(number: int) -> bytes:
            data = os.read(handle, number)
            bucket.take(len(data))
            return data

        try:
            receiver = stream.Receiver(read)
            point = _receive(root, vmid, receiver, base, started, rate_kbit)
        except (stream.StreamError, points.PointError, OSError, KeyError) as error:
            sender.kill()
            said = sender.stderr.read().decode(errors="replace").strip()
            raise PullError(f"VM {vmid}: {error}" + (f"; the source says: {said}" if said else "")) from error
    with _source("hold", disks, point.id) as holder:
        _, said_bytes = holder.communicate()
    if holder.returncode != 0:
        raise PullError(f"VM {vmid}: the source does not hold {point.id}: {said_bytes.decode().strip()}")
    points.prune(root, vmid, keep)
    return point


def _receive(
    root: Path,
    vmid: int,
    receiver: stream.Receiver,
    base: points.Point | None,
    started: float,
    rate_kbit: int,
) -> points.Point:
    head = receiver.head
    if head["block"] != ring.BLOCK:
        raise stream.StreamError(f"blocks of {head['block']} bytes; this side has {ring.BLOCK}")
    if head["base"] and (base is None or head["base"] != base.id):
        raise stream.StreamError(f"changes since {head['base']}, which is not what was asked for")
    below = base if head["base"] else None
    part = root / str(vmid) / f".{head['id']}"
    part.mkdir()
    sums = _lay_out(part, head, below)
    handles = [os.open(part / f"{slot}.raw", os.O_RDWR | os.O_CLOEXEC) for slot in head["disks"]]
    try:
        for block in receiver:
            data = bytes(ring.BLOCK) if block.data is None else block.data
            os.pwrite(handles[block.disk], data, block.index * ring.BLOCK)
            known = sums[head["disks"][block.disk]]
            if block.data is None:
                known.pop(str(block.index), None)
            else:
                known[str(block.index)] = stream.checksum(block.data).hex()
        for handle in handles:
            os.fsync(handle)
    finally:
        for handle in handles:
            os.close(handle)
    point = points.Point(
        id=head["id"],
        vmid=vmid,
        start_ns=head["start_ns"],
        identity=head["identity"],
        base=head["base"],
        received_bytes=receiver.bytes,
        seconds=round(time.monotonic() - started, 3),
        rate_kbit=rate_kbit,
        frozen_ms=head["frozen_ms"],
        method=head["method"],
        sizes=dict(zip(head["disks"], head["sizes"], strict=True)),
        disks=sums,
        folder=part,
    )
    points.verify(point)
    points.write(point)
    final = root / str(vmid) / point.id
    part.rename(final)
    files.sync_folder(final.parent)
    return points.read(final)


def _lay_out(part: Path, head: dict[str, Any], below: points.Point | None) -> dict[str, dict[str, str]]:
    """The disks as the base has them, for the changes to be written over; answers the checksums so far."""
    sums: dict[str, dict[str, str]] = {}
    for slot, size in zip(head["disks"], head["sizes"], strict=True):
        path = part / f"{slot}.raw"
        if below is not None and slot in below.disks:
            files.clone(below.folder / f"{slot}.raw", path)
            sums[slot] = dict(below.disks[slot])
        else:
            path.touch()
            sums[slot] = {}
        os.truncate(path, size)
    return sums


def round_of(job: dict[str, Any]) -> int:
    """One round over all VMs of the job; 1 where any copy did not arrive."""
    root = Path(job["root"])
    root.mkdir(parents=True, exist_ok=True)
    failed = 0
    with (root / points.LINE).open("w") as line:
        fcntl.flock(line, fcntl.LOCK_EX)  # one line: a second round waits
        bucket = Bucket(job["rate_kbit"])
        for vm in job["vms"]:
            answer: dict[str, Any] = {"vmid": vm["vmid"]}
            try:
                point = pull(root, vm["vmid"], vm["disks"], vm["keep"], bucket, job["rate_kbit"])
                answer |= {"point": point.id, "bytes": point.received_bytes, "seconds": point.seconds}
                answer |= {"base": point.base}
            except PullError as error:
                failed = 1
                answer["error"] = str(error)
            print(json.dumps(answer), flush=True)
    return failed


if __name__ == "__main__":
    raise SystemExit(round_of(json.load(sys.stdin)))
