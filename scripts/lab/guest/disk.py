# SPDX-License-Identifier: AGPL-3.0-or-later
"""A lab VM's disks as files: where they stand, making them, asking how far they are; their content stands in `ring`."""

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.lab.guest import ring


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One commit: its number and the guest's wall clock, nanoseconds since 1970."""

    counter: int
    time_ns: int


def folder_of(lab_dir: Path, cluster: str, vmid: int) -> Path:
    """Where the disks of a cluster's VM stand."""
    return lab_dir / cluster / "disks" / str(vmid)


def disks_of(folder: Path) -> list[Path]:
    """The disks in a folder, in the order in which a commit writes them."""
    return [Path(path) for path in ring.disk_paths(str(folder))] if folder.is_dir() else []


def newest(folder: Path) -> Record | None:
    """The newest commit that stands on all disks of a VM; None where there was none yet.

    Raises:
        ring.DiskError: there is no disk, or the disks are not of one moment.
    """
    if not folder.is_dir():
        raise ring.DiskError(f"{folder} has no disk")
    found = ring.newest_of_all(str(folder))
    return None if found is None else Record(counter=found[0], time_ns=found[1])


def prepare(folder: Path, identity: str, slots: Iterable[str], network: str = "") -> None:
    """Makes the disks that are missing; what stood there and is not this VM's is put beside, never overwritten.

    Args:
        folder: the VM's disks.
        identity: what tells this VM from another that had its number.
        slots: `scsi0` and so on.
        network: the VM's addresses (`ipconfig0`), which cloud-init writes onto the disk: a copy has them too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = sorted(slots)
    for path in disks_of(folder):
        if path.stem not in wanted:
            path.rename(path.with_suffix(".detached"))
        elif ring.head(str(path))["identity"] != identity:
            path.rename(path.with_suffix(".replaced"))
    for slot in wanted:
        if not (folder / f"{slot}.raw").exists():
            _create(folder / f"{slot}.raw", identity, slot)
        _configure(folder / f"{slot}.raw", network)


def network_of(folder: Path) -> str:
    """The addresses that stand on a VM's first disk."""
    return str(ring.head(str(disks_of(folder)[0])).get("network", ""))


def _configure(path: Path, network: str) -> None:
    entry = ring.head(str(path))
    if entry.get("network") != network:
        with path.open("r+b") as file:
            file.write(_line({**entry, "network": network}))
            os.fsync(file.fileno())


def _line(entry: Mapping[str, object]) -> bytes:
    return (json.dumps(entry) + "\n").encode().ljust(ring.HEAD, b"\0")


def _create(path: Path, identity: str, slot: str) -> None:
    part = path.with_suffix(".part")
    entry = {"awan-disk": 1, "identity": identity, "slot": slot, "made_ns": time.time_ns()}
    with part.open("wb") as file:
        file.write(_line(entry))
        file.seek(ring.BEGINNING_AT)
        file.write(os.urandom(ring.BEGINNING))
        file.truncate(ring.SIZE)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
