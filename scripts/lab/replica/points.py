# SPDX-License-Identifier: AGPL-3.0-or-later
"""The points at the recovery center: a folder per VM, in it a folder per point with the disks and what is known of it.

    <lab>/drc/points/<vmid>/<time>/{point.json, scsi0.raw, ...}

A folder whose name begins with a dot is no point: a copy under way, or one that broke off.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.lab.guest import disk, ring
from scripts.lab.replica import files
from scripts.lab.replica.stream import checksum

LINE = "line.lock"
"""Whoever holds it uses the line between the sites."""


class PointError(RuntimeError):
    """A point is not what was received, or is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A copy of all disks of a VM at one moment.

    Attributes:
        id: the moment, as its name.
        start_ns: when its snapshot began, nanoseconds since 1970.
        base: the point that it was received on top of; empty where everything was sent.
        received_bytes, seconds: what came through the pipe and how long that took, snapshot included.
        frozen_ms: how long the guest could not commit.
        method: how the snapshot was made at the source: `reflink` or `copy`.
        disks: slot → index of each block that is not zero → its checksum.
    """

    id: str
    vmid: int
    start_ns: int
    identity: str
    base: str
    received_bytes: int
    seconds: float
    rate_kbit: int
    frozen_ms: float
    method: str
    sizes: dict[str, int]
    disks: dict[str, dict[str, str]]
    folder: Path


def root_of(lab_dir: Path, cluster: str) -> Path:
    """Where a cluster keeps the points that it has pulled."""
    return lab_dir / cluster / "points"


def read(folder: Path) -> Point:
    """One point.

    Raises:
        PointError: there is none in that folder.
    """
    try:
        entry: dict[str, Any] = json.loads((folder / "point.json").read_text(encoding="utf-8"))
        return Point(**entry, folder=folder)
    except (OSError, ValueError, TypeError) as error:
        raise PointError(f"{folder} is no point: {error}") from error


def write(point: Point) -> None:
    """Note what is known of a point in its folder."""
    entry = {name: getattr(point, name) for name in Point.__dataclass_fields__ if name != "folder"}
    files.write_durably(point.folder / "point.json", json.dumps(entry, sort_keys=True) + "\n")


def of_vm(root: Path, vmid: int) -> list[Point]:
    """The points of a VM, oldest first."""
    folder = root / str(vmid)
    if not folder.is_dir():
        return []
    names = sorted(path.parent.name for path in folder.glob("*/point.json"))
    return [read(folder / name) for name in names if not name.startswith(".")]


def newest(root: Path, vmid: int) -> Point | None:
    """The newest point of a VM."""
    found = of_vm(root, vmid)
    return found[-1] if found else None


def vms(root: Path) -> list[int]:
    """The VMs that have a folder here."""
    return sorted(int(path.name) for path in root.glob("*") if path.name.isdigit()) if root.is_dir() else []


def blocks_of(path: Path) -> Iterator[tuple[int, str]]:
    """Index and checksum of each block of a disk that is not zero."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        for start, end in files.data_of(file.fileno(), size):
            for index in range(start // ring.BLOCK, (end - 1) // ring.BLOCK + 1):
                data = os.pread(file.fileno(), ring.BLOCK, index * ring.BLOCK)
                if data.strip(b"\0"):
                    yield index, checksum(data).hex()


def verify(point: Point, folder: Path | None = None) -> None:
    """Read every block of a point (or of its clone in `folder`) and compare with what was received.

    Raises:
        PointError: it differs; the first differing disk is named.
    """
    folder = folder or point.folder
    for slot, wanted in point.disks.items():
        path = folder / f"{slot}.raw"
        if not path.exists() or path.stat().st_size != point.sizes[slot]:
            raise PointError(f"{path} is not there, or has another size than was received")
        there = {str(index): text for index, text in dict(blocks_of(path)).items()}
        if there != wanted:
            wrong = sorted(set(there.items()) ^ set(wanted.items()))
            raise PointError(f"{path}: block {wrong[0][0]} is not what was received")


def clone(point: Point, target: Path) -> str:
    """Copy a point's disks for a twin to start from; the point stays as it is. Answers how: `reflink` or `copy`."""
    target.mkdir(parents=True)
    how = "copy"
    for slot in point.disks:
        how = files.clone(point.folder / f"{slot}.raw", target / f"{slot}.raw")
    verify(point, target)
    return how


def newest_record(point: Point) -> disk.Record | None:
    """How far the VM had come when the point's snapshot was taken, by what stands on its disks."""
    return disk.newest(point.folder)


def hold(point: Point, who: str) -> None:
    """Keep a point from being pruned; the hold is a file, so that it outlives whoever set it."""
    (point.folder / f"hold-{who}").touch()


def release(root: Path, vmid: int, name: str, who: str) -> None:
    """Take a hold away; one that is gone is fine."""
    (root / str(vmid) / name / f"hold-{who}").unlink(missing_ok=True)


def is_held(point: Point) -> bool:
    """Whether anybody keeps it."""
    return any(point.folder.glob("hold-*"))


def prune(root: Path, vmid: int, keep: int) -> list[str]:
    """Remove the oldest points beyond `keep`; the newest (the common base) and held ones stay. Answers which went."""
    gone = []
    for point in of_vm(root, vmid)[: -max(keep, 1)]:
        if not is_held(point):
            # Renamed first: a half-removed folder must not look like a point.
            doomed = point.folder.with_name(f".gone-{point.id}")
            point.folder.rename(doomed)
            shutil.rmtree(doomed)
            gone.append(point.id)
    return gone


def sweep(root: Path, vmid: int) -> None:
    """Remove what broken-off copies and removals left; only for whoever holds the line."""
    for left in (root / str(vmid)).glob(".*"):
        shutil.rmtree(left, ignore_errors=True)
