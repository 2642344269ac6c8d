# SPDX-License-Identifier: AGPL-3.0-or-later
"""The storage configuration: stored, read back, refused in PVE's words, and in force on the nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.scripts.lab.cluster.conftest import Lab, connect

pytestmark = pytest.mark.lab
Refused = Callable[..., str]


@pytest.fixture(autouse=True)
def no_storage_left(lab: Lab) -> Iterator[None]:
    """Storages of one test do not reach the next."""
    yield
    for storage in lab.root.storage.get():
        if storage["storage"] not in ("local", "local-zfs", "nfs"):
            lab.root.storage(storage["storage"]).delete()


def test_storage_is_stored_changed_and_deleted(lab: Lab, refused: Refused) -> None:
    made = lab.api.storage.post(
        storage="backups", type="dir", path="/mnt/backup", content="snippets,backup", nodes="dc2,dc1",
        **{"prune-backups": "keep-last=3"})  # fmt: skip
    assert made == {"storage": "backups", "type": "dir"}
    shown = lab.api.storage("backups").get()
    digest = shown.pop("digest")
    assert shown == {
        "storage": "backups", "type": "dir", "path": "/mnt/backup", "content": "backup,snippets", "nodes": "dc1,dc2",
        "prune-backups": "keep-last=3"}  # fmt: skip
    lab.api.storage("backups").put(content="backup", delete="nodes,prune-backups", shared=1)
    shown = lab.api.storage("backups").get()
    assert (shown["content"], shown["shared"], set(shown) & {"nodes", "prune-backups"}) == (
        "backup",
        1,
        set(),
    )
    assert "detected modified configuration" in refused(
        lab.api.storage("backups").put, content="iso", digest=digest
    )
    assert [s["storage"] for s in lab.api.storage.get(type="dir")] == ["backups", "local"]
    lab.api.storage("backups").delete()
    assert refused(lab.api.storage("backups").get) == "500 storage 'backups' does not exist"


def test_refused_in_the_words_of_pve(lab: Lab, refused: Refused) -> None:
    post = lab.api.storage.post
    assert refused(post, storage="local", type="dir", path="/x") == (
        "500 create storage failed: storage ID 'local' already defined"
    )
    assert "invalid content type 'films'" in refused(
        post, storage="new", type="dir", path="/x", content="films"
    )
    assert refused(post, storage="new", type="dir") == "500 missing value for required option 'path'"
    assert (
        refused(post, storage="new", type="dir", path="/x", pool="tank") == "500 unexpected property 'pool'"
    )
    put = lab.api.storage("local").put
    assert "[path: property is not defined in schema" in refused(put, path="/y")
    assert "can't change value of fixed parameter 'snapshot-as-volume-chain'" in refused(
        put, **{"snapshot-as-volume-chain": 1}
    )
    assert "unable to delete required option 'path'" in refused(put, delete="path")
    assert "no such option 'pool'" in refused(put, delete="pool")
    assert "storage 'none' does not exist" in refused(lab.api.storage("none").delete)
    assert refused(connect(lab.cluster, "verify").storage("local").get) == (
        "403 Permission check failed (/storage/local, Datastore.Allocate)"
    )


def test_new_storage_is_there_where_it_is_enabled(lab: Lab) -> None:
    lab.api.storage.post(storage="disks", type="dir", path="/disks", content="images", nodes="dc2")
    status = {s["storage"]: s for s in lab.api.nodes("dc1").storage.get()}["disks"]
    assert (status["enabled"], status["active"]) == (0, 0)
    assert lab.api.nodes("dc2").storage("disks").status.get()["active"] == 1
    assert lab.wait(lab.api.nodes("dc1").qemu.post(vmid=160, scsi0="disks:1")) != "OK"
    lab.vm(161, node="dc2", scsi0="disks:1")
    lab.api.storage("disks").put(disable=1)
    upid = lab.api.nodes("dc2").qemu(161).status.start.post()
    assert "storage 'disks' is disabled" in lab.wait(upid)
    lab.api.storage("disks").put(delete="disable")
    lab.done(lab.api.nodes("dc2").qemu(161).delete())


def test_what_lies_on_a_server_is_the_same_on_every_node(lab: Lab) -> None:
    lab.api.storage.post(
        storage="vault", type="pbs", server="192.0.2.30", datastore="dc", username="awan@pbs!dc", password="secret",
        fingerprint=":".join(["AB"] * 32))  # fmt: skip
    shown = lab.api.storage("vault").get()
    assert (shown["shared"], shown["content"], "password" in shown) == (1, "backup", False)
    lab.vm(162, node="dc1", scsi0="local-zfs:1")
    lab.done(lab.api.nodes("dc1").vzdump.post(vmid="162", storage="vault"))
    (there,) = lab.api.nodes("dc3").storage("vault").content.get(vmid=162)
    assert there["volid"].startswith("vault:backup/vm/162/")
    assert there["format"] == "pbs-vm"
