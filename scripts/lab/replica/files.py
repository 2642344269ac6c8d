# SPDX-License-Identifier: AGPL-3.0-or-later
"""Copying a sparse file and naming a point in time; what is copied and why stands elsewhere."""

import contextlib
import errno
import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path

FICLONE = 0x40049409
"""ioctl(2) FICLONE: the copy shares the blocks (btrfs, xfs); other filesystems refuse."""

_NO_CLONE = {errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS}


def point_id(time_ns: int) -> str:
    """The name of a point: its time to the millisecond, in UTC; names sort by time."""
    moment = datetime.fromtimestamp(time_ns // 1_000_000 / 1000, tz=UTC)
    return f"{moment:%Y%m%dT%H%M%S}.{time_ns // 1_000_000 % 1000:03d}Z"


def clone(source: Path, target: Path) -> str:
    """Copies a file: `reflink` where the filesystem can, else `copy` of what is not a hole; answers which."""
    with source.open("rb") as old, target.open("xb") as new:
        try:
            fcntl.ioctl(new.fileno(), FICLONE, old.fileno())
        except OSError as error:
            if error.errno not in _NO_CLONE:
                raise
        else:
            return "reflink"
        size = os.fstat(old.fileno()).st_size
        for start, end in data_of(old.fileno(), size):
            at = start
            while at < end:
                at += os.copy_file_range(old.fileno(), new.fileno(), end - at, at, at)
        new.truncate(size)
    return "copy"


def data_of(handle: int, size: int) -> list[tuple[int, int]]:
    """The parts of a file that are no holes, as (start, end)."""
    found = []
    at = 0
    with contextlib.suppress(OSError):  # ENXIO: no data beyond this place
        while at < size:
            start = os.lseek(handle, at, os.SEEK_DATA)
            at = os.lseek(handle, start, os.SEEK_HOLE)
            found.append((start, at))
    return found


def write_durably(path: Path, text: str) -> None:
    """Puts a file in place whole: after a crash there is the old one or the new one."""
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
