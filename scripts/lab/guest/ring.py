# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a lab VM commits to its disks, and how the newest commit is found again; making disks stands in `disk`.

Standard library only, and little of it: every VM's process imports this file at its start.

    0       head: one JSON line (whose disk this is, and its addresses)
    64 KiB  ring of 512-byte records: counter, wall clock, checksum of what was written for it, checksum of itself
    4 MiB   what the records are about: 4 KiB each
    8 MiB   what stood on the disk from the beginning

A commit writes the data, then the record, disk after disk, each synced before the next. So a copy that was taken
at one moment has on every disk the same counter or, on a later disk, the one before; and data for its newest record.
"""

import fcntl
import json
import os
import struct
import time
import zlib

SIZE = 64 * 1024 * 1024
BLOCK = 64 * 1024
"""The unit of copies, bytes."""
HEAD = 4096
RING_AT, SLOTS, RECORD = BLOCK, 1024, 512
DATA_AT, DATA, DATA_SLOTS = 4 * 1024 * 1024, 4096, 256
BEGINNING_AT, BEGINNING = 8 * 1024 * 1024, 512 * 1024
FREEZE = "freeze"
"""The file whose lock stops commits while somebody else holds it."""

Record = tuple[int, int]  # counter, the guest's wall clock in nanoseconds since 1970

_MAGIC = b"awanrec1"
_FORM = struct.Struct("<8sQQI")
_SUM = struct.Struct("<I")


class DiskError(ValueError):
    """A disk is no lab disk, or what stands on it was not written at one moment."""


def disk_paths(folder: str) -> list[str]:
    """The disks in a folder, in the order in which a commit writes them."""
    return sorted(f"{folder}/{name}" for name in os.listdir(folder) if name.endswith(".raw"))  # noqa: PTH208 - see above


def head(path: str) -> dict[str, object]:
    """Whose disk this is."""
    with open(path, "rb") as file:  # noqa: PTH123 - see above
        line = file.readline(HEAD)
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if not isinstance(entry, dict) or entry.get("awan-disk") != 1:
        raise DiskError(f"{path} is no lab disk: its head is not readable")
    return entry


def newest(path: str) -> Record | None:
    """The newest commit on a disk; None where there was none yet.

    Raises:
        DiskError: no lab disk, or the newest record stands without its data.
    """
    head(path)
    with open(path, "rb") as file:  # noqa: PTH123 - see above
        file.seek(RING_AT)
        ring = file.read(SLOTS * RECORD)
        counter, when, data_sum = 0, 0, 0
        for at in range(0, len(ring), RECORD):
            magic, *rest = _FORM.unpack_from(ring, at)
            end = at + _FORM.size
            whole = magic == _MAGIC and _SUM.unpack_from(ring, end)[0] == zlib.crc32(ring[at:end])
            if whole and rest[0] > counter:
                counter, when, data_sum = rest
        if not counter:
            return None
        file.seek(DATA_AT + counter % DATA_SLOTS * DATA)
        if zlib.crc32(file.read(DATA)) != data_sum:
            raise DiskError(
                f"{path}: record {counter} stands without its data; the copy is not of one moment"
            )
    return counter, when


def newest_of_all(folder: str) -> Record | None:
    """The newest commit that stands on all disks of a VM.

    Raises:
        DiskError: there is no disk, or the disks are not of one moment.
    """
    paths = disk_paths(folder)
    if not paths:
        raise DiskError(f"{folder} has no disk")
    records = [newest(path) for path in paths]
    counters = [record[0] if record else 0 for record in records]
    if sorted(counters, reverse=True) != counters or counters[0] - counters[-1] > 1:
        shown = ", ".join(f"{path.rpartition('/')[2]} {n}" for path, n in zip(paths, counters, strict=True))
        raise DiskError(f"{folder}: the disks are not of one moment: {shown}")
    return records[-1]


class Writer:
    """The guest's side: takes up the counter where the disks have it, and commits on."""

    def __init__(self, folder: str) -> None:
        last = newest_of_all(folder)
        self.counter = last[0] if last else 0
        self._files = [os.open(path, os.O_RDWR | os.O_CLOEXEC) for path in disk_paths(folder)]
        self._freeze = os.open(f"{folder}/{FREEZE}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def commit(self) -> bool:
        """Commits once; False while somebody has frozen the disks."""
        try:
            fcntl.flock(self._freeze, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        try:
            number = self.counter + 1
            data = struct.pack("<Q", number) * (DATA // 8)
            body = _FORM.pack(_MAGIC, number, time.time_ns(), zlib.crc32(data))
            record = (body + _SUM.pack(zlib.crc32(body))).ljust(RECORD, b"\0")
            for file in self._files:
                os.pwrite(file, data, DATA_AT + number % DATA_SLOTS * DATA)
                os.fdatasync(file)
                os.pwrite(file, record, RING_AT + number % SLOTS * RECORD)
                os.fdatasync(file)
            self.counter = number
        finally:
            fcntl.flock(self._freeze, fcntl.LOCK_UN)
        return True
