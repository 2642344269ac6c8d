# SPDX-License-Identifier: AGPL-3.0-or-later
"""The data center's side: takes a VM's disks at one moment, sends what changed to standard output, keeps the base.

It is told where the VM's disks are and nothing of the recovery center: it has no way to write there. Started by the
puller as ssh would start `zfs send`:

    python -m scripts.lab.replica.source send DISKS [BASE]     take a snapshot, send it (what changed since BASE)
    python -m scripts.lab.replica.source hold DISKS POINT      POINT has arrived: keep it as the next base
"""

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.lab.guest import disk, ring
from scripts.lab.replica import files, stream

KEEP = 2
"""Snapshots that stay at the source beside the held one."""


class SourceError(RuntimeError):
    """The source can't give what it was asked for."""


def _folder(disks: Path) -> Path:
    return disks / "snapshots"


def snapshots(disks: Path) -> list[str]:
    """The snapshots at the source, oldest first; unfinished ones are none."""
    folder = _folder(disks)
    return sorted(path.parent.name for path in folder.glob("*/point.json")) if folder.is_dir() else []


def take(disks: Path) -> str:
    """Snapshot of all disks of a VM at one moment; answers its name.

    The guest commits nothing while its disks are frozen; the time of the snapshot is noted before anything is copied.
    """
    paths = disk.disks_of(disks)
    if not paths:
        raise SourceError(f"{disks} has no disk; does the VM run?")
    _folder(disks).mkdir(exist_ok=True)
    for unfinished in _folder(disks).glob(".*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    with (disks / ring.FREEZE).open("a") as freeze:
        fcntl.flock(freeze, fcntl.LOCK_EX)
        start_ns = time.time_ns()
        name = files.point_id(start_ns)
        part = _folder(disks) / f".{name}"
        part.mkdir()
        how = [files.clone(path, part / path.name) for path in paths]
        frozen_ns = time.time_ns() - start_ns
    entry = {
        "id": name,
        "start_ns": start_ns,
        "frozen_ms": round(frozen_ns / 1e6, 3),
        "method": how[0],
        "identity": ring.head(str(paths[0]))["identity"],
        "disks": [path.stem for path in paths],
        "sizes": [path.stat().st_size for path in paths],
    }
    files.write_durably(part / "point.json", json.dumps(entry, sort_keys=True) + "\n")
    part.rename(_folder(disks) / name)
    _prune(disks)  # here too: while nothing arrives, snapshots must not fill the source
    return name


def entry_of(disks: Path, name: str) -> dict[str, Any]:
    """What was noted of a snapshot."""
    found: dict[str, Any] = json.loads((_folder(disks) / name / "point.json").read_text(encoding="utf-8"))
    return found


def held(disks: Path) -> str:
    """The snapshot that arrived last; empty where none has."""
    path = _folder(disks) / "held"
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def hold(disks: Path, name: str) -> None:
    """Keep `name` as the common base, and prune what is neither held nor new."""
    if name not in snapshots(disks):
        raise SourceError(f"there is no snapshot {name} of {disks}")
    files.write_durably(_folder(disks) / "held", name + "\n")
    _prune(disks)


def _prune(disks: Path) -> None:
    base = held(disks)
    for old in snapshots(disks)[:-KEEP]:
        if old != base:
            shutil.rmtree(_folder(disks) / old)


def changed(old: Path | None, new: Path) -> Iterator[tuple[int, bytes | None]]:
    """The blocks of `new` that differ from `old` (a hole where there is none); None for one of zeroes now."""
    zeroes = bytes(ring.BLOCK)
    with new.open("rb") as after:
        before = old.open("rb") if old else None
        try:
            size = os.fstat(after.fileno()).st_size
            places = _places(after.fileno(), size)
            if before is not None:
                places |= _places(before.fileno(), os.fstat(before.fileno()).st_size)
            for index in sorted(place for place in places if place * ring.BLOCK < size):
                data = os.pread(after.fileno(), ring.BLOCK, index * ring.BLOCK)
                was = os.pread(before.fileno(), ring.BLOCK, index * ring.BLOCK) if before else b""
                if data != (was or zeroes[: len(data)]):
                    yield index, None if not data.strip(b"\0") else data
        finally:
            if before is not None:
                before.close()


def _places(handle: int, size: int) -> set[int]:
    """The blocks that hold any data."""
    return {
        index
        for start, end in files.data_of(handle, size)
        for index in range(start // ring.BLOCK, (end - 1) // ring.BLOCK + 1)
    }


def send(disks: Path, base: str, write: Any) -> None:
    """Take a snapshot and send what changed since `base`; everything where that base is gone or another VM's."""
    name = take(disks)
    entry = entry_of(disks, name)
    fits = base in snapshots(disks) and entry_of(disks, base)["identity"] == entry["identity"]
    old_disks = entry_of(disks, base)["disks"] if fits else []
    sender = stream.Sender(write, {**entry, "base": base if fits else "", "block": ring.BLOCK})
    for place, slot in enumerate(entry["disks"]):
        old = _folder(disks) / base / f"{slot}.raw" if slot in old_disks else None
        for index, data in changed(old, _folder(disks) / name / f"{slot}.raw"):
            sender.block(stream.Block(disk=place, index=index, data=data))
    sender.end()


def main(argv: list[str]) -> int:
    """One word of the puller's."""
    try:
        match argv:
            case ["send", disks, *rest] if len(rest) <= 1:
                send(Path(disks), rest[0] if rest else "", sys.stdout.buffer.write)
                sys.stdout.buffer.flush()
            case ["hold", disks, name]:
                hold(Path(disks), name)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except (SourceError, ring.DiskError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
