# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backups: files on the storage, pruned as told, failing as PVE's do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from scripts.lab.cluster.prune import to_prune
from tests.scripts.lab.cluster.conftest import IMAGE, Lab

pytestmark = pytest.mark.lab
Refused = Callable[..., str]


@pytest.fixture(scope="module")
def store(lab: Lab) -> Any:
    """The contents of a storage for backups."""
    lab.root.storage.post(storage="dumps", type="dir", path="/dumps", content="backup")
    return lab.api.nodes("dc1").storage("dumps").content


def test_backup_is_a_file_on_the_storage(lab: Lab, store: Any) -> None:
    lab.vm(300, scsi0="local-zfs:1")
    upid = lab.api.nodes("dc1").vzdump.post(vmid="300", storage="dumps", compress="zstd")
    lab.done(upid)
    assert "INFO: Backup job finished successfully" in lab.log(upid)
    found = store.get(content="backup", vmid=300)
    assert [v["format"] for v in found] == ["vma.zst"]
    assert found[0]["volid"].startswith("dumps:backup/vzdump-qemu-300-")
    assert "lock" not in lab.api.nodes("dc1").qemu(300).config.get()


def test_older_ones_are_pruned(lab: Lab, store: Any) -> None:
    lab.vm(301)
    for _ in range(2):
        lab.done(
            lab.api.nodes("dc1").vzdump.post(vmid="301", storage="dumps", **{"prune-backups": "keep-last=1"})
        )
        time.sleep(1.01)  # the name of a backup is its second
    assert len(store.get(vmid=301)) == 1


def test_backup_has_notes_and_protection(lab: Lab, store: Any, refused: Refused) -> None:
    lab.vm(304)
    notes = {"notes-template": "{{guestname}} on {{node}}\\n{{vmid}}", "protected": 1}
    lab.done(lab.api.nodes("dc1").vzdump.post(vmid="304", storage="dumps", **notes))
    (made,) = store.get(vmid=304)
    assert (made["notes"], made["protected"]) == ("vm304 on dc1\n304", 1)
    volume = store(made["volid"])
    assert lab.wait(volume.delete()) == f"cannot remove protected volume '{made['volid'][6:]}' on 'dumps'"
    volume.put(protected=0, notes="")
    assert volume.get()["protected"] == 0
    assert "notes" not in volume.get()
    lab.done(volume.delete())
    assert store.get(vmid=304) == []
    image = lab.api.nodes("dc1").storage("local").content(IMAGE)
    assert refused(image.put, notes="x") == "500 only backups can have notes"


@pytest.mark.usefixtures("store")
def test_failures_are_in_the_log(lab: Lab, refused: Refused) -> None:
    lab.vm(302)
    lab.control.vm_lock(302, "snapshot")
    upid = lab.api.nodes("dc1").vzdump.post(vmid="302,4711", storage="dumps")
    assert lab.wait(upid) == "job errors"
    log = lab.log(upid)
    assert "ERROR: Backup of VM 302 failed - VM is locked (snapshot)" in log
    assert "ERROR: Backup of VM 4711 failed - unable to find VM '4711'" in log
    lab.control.vm_lock(302, None)
    lab.control.storage_full("dumps")
    assert refused(lab.api.nodes("dc1").vzdump.post, vmid="302", storage="local-zfs") == (
        "500 can't use storage 'local-zfs' for backups - wrong content type"
    )
    assert "keep-all cannot be set together with other options" in refused(
        lab.api.nodes("dc1").vzdump.post, vmid="302", **{"prune-backups": "keep-all=1,keep-last=1"}
    )
    assert "[vmid: property is missing]" in refused(lab.api.nodes("dc1").vzdump.post, storage="dumps")
    assert lab.api.nodes("dc2").vzdump.post(vmid="302", storage="dumps") == "OK"


def test_full_storage_fails_the_backup(lab: Lab, store: Any) -> None:
    lab.vm(303, scsi0="local-zfs:1")
    lab.control.storage_full("dumps")
    assert lab.wait(lab.api.nodes("dc1").vzdump.post(vmid="303", storage="dumps")) == "job errors"
    assert store.get(vmid=303) == []


DAY = 86400
BACKUPS = {f"b{n}": 1764000000 - n * DAY // 2 for n in range(40)}  # two a day, b0 the newest


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        ({"keep-last": "3"}, ["b0", "b1", "b2"]),
        ({"keep-daily": "3"}, ["b0", "b2", "b4"]),
        ({"keep-last": "1", "keep-daily": "2"}, ["b0", "b2", "b4"]),
        ({"keep-last": "2", "keep-weekly": "2"}, ["b0", "b1", "b2", "b16"]),
        ({"keep-yearly": "1", "keep-last": "0"}, ["b0"]),
        ({}, sorted(BACKUPS)),
    ],
)
def test_what_is_kept(keep: dict[str, str], kept: list[str]) -> None:
    gone = to_prune(BACKUPS, keep)
    assert sorted(set(BACKUPS) - set(gone)) == sorted(kept)
    assert [BACKUPS[b] for b in gone] == sorted(BACKUPS[b] for b in gone)
