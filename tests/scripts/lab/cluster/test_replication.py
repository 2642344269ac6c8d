# SPDX-License-Identifier: AGPL-3.0-or-later
"""Replication: jobs are stored and refused as PVE does, run on time, leave replicas, and go away when told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.scripts.lab.cluster.conftest import Lab, connect

pytestmark = pytest.mark.lab
Refused = Callable[..., str]


@pytest.fixture(autouse=True)
def no_jobs_left(lab: Lab) -> Iterator[None]:
    """Jobs of one test do not reach the next."""
    yield
    lab.control.clear_faults()
    for node in ("dc1", "dc2", "dc3"):
        lab.control.node_offline(node, offline=False)
    for job in lab.root.cluster.replication.get():
        lab.root.cluster.replication(job["id"]).delete(force=1)


def until(check: Callable[[], Any]) -> Any:
    """Wait until it is so, and return what it is."""
    deadline = time.monotonic() + 15
    while not (found := check()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def status(lab: Lab, name: str, node: str = "dc1") -> dict[str, Any]:
    return dict(lab.api.nodes(node).replication(name).status.get())


def images(lab: Lab, node: str) -> set[str]:
    return {v["volid"] for v in lab.api.nodes(node).storage("local-zfs").content.get()}


def test_job_is_stored_changed_and_refused(lab: Lab, refused: Refused) -> None:
    lab.vm(200, scsi0="local-zfs:1", scsi1="local-zfs:1,replicate=0")
    jobs = lab.api.cluster.replication
    jobs.post(id="200-0", type="local", target="dc2", schedule="*/30", rate=10, comment="near", disable=1)
    shown = jobs("200-0").get()
    digest = shown.pop("digest")
    assert shown == {
        "id": "200-0", "type": "local", "guest": 200, "jobnum": 0, "source": "dc1", "target": "dc2",
        "schedule": "*/30", "rate": 10, "comment": "near", "disable": 1}  # fmt: skip
    jobs("200-0").put(schedule="mon 02:00", delete="rate,comment")
    assert not {"rate", "comment"} & set(jobs("200-0").get())
    assert "detected modified" in refused(jobs("200-0").put, comment="x", digest=digest)
    assert refused(jobs.post, id="200-0", type="local", target="dc3") == (
        "500 replication job '200-0' already exists"
    )
    assert refused(jobs.post, id="200-1", type="local", target="dc2") == (
        "500 replication job for guest '200' to target 'local/dc2' already exists"
    )
    assert [j["id"] for j in jobs.get()] == ["200-0"]
    assert refused(lab.api.nodes("dc1").qemu(200).delete) == (
        "500 There is a replication job '200-0' for guest '200' - Please remove that first."
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"id": "999-0", "target": "dc2"}, "Guest '999' does not exist."),
        ({"target": "dc9"}, "Target 'dc9' does not exist."),
        ({"target": "dc1"}, "Source and target must not be identical"),
        ({"target": "dc2", "source": "dc3"}, "Source 'dc3' does not match current node of guest '201' (dc1)"),
        ({"id": "50-0", "target": "dc2"}, "[id: "),
        ({"target": "dc2", "schedule": "soon"}, "invalid calendar event 'soon'"),
        (
            {"id": "202-0", "target": "dc2"},
            "missing replicate feature on volume 'local:202/vm-202-disk-0.qcow2'",
        ),
        ({"id": "203-0", "target": "dc2"}, "No replicatable volumes found"),
    ],
)
def test_refused_in_the_words_of_pve(lab: Lab, refused: Refused, given: dict[str, str], words: str) -> None:
    if not lab.root.cluster.resources.get(type="vm") or 201 not in {
        r["vmid"] for r in lab.root.cluster.resources.get(type="vm")
    }:
        lab.vm(201, scsi0="local-zfs:1")
        lab.vm(202, scsi0="local:1,format=qcow2")
        lab.vm(203, scsi0="nfs:1")
    assert words in refused(lab.api.cluster.replication.post, **{"id": "201-0", "type": "local", **given})


def test_new_job_runs_soon_and_leaves_a_replica(lab: Lab) -> None:
    lab.vm(210, scsi0="local-zfs:1", scsi1="local-zfs:1,replicate=0", scsi2="nfs:1")
    lab.api.cluster.replication.post(id="210-0", type="local", target="dc2")
    assert status(lab, "210-0")["last_sync"] == 0
    shown = until(lambda: (s := status(lab, "210-0"))["last_sync"] and s)
    assert (shown["fail_count"], shown["source"], shown["target"]) == (0, "dc1", "dc2")
    assert shown["next_sync"] > shown["last_sync"]
    assert {v for v in images(lab, "dc2") if "-210-" in v} == {"local-zfs:vm-210-disk-0"}
    log = [line["t"] for line in lab.api.nodes("dc1").replication("210-0").log.get()]
    assert log[0].endswith("210-0: start replication job")
    assert "full sync 'local-zfs:vm-210-disk-0'" in "\n".join(log)
    assert [j["id"] for j in lab.api.nodes("dc1").replication.get(guest=210)] == ["210-0"]
    assert lab.api.nodes("dc2").replication.get() == []
    before = shown["last_try"]
    time.sleep(max(0.0, before + 1.01 - time.time()))
    lab.api.nodes("dc1").replication("210-0").schedule_now.post()
    until(lambda: status(lab, "210-0")["last_sync"] > before)
    assert "incremental sync" in "\n".join(
        line["t"] for line in lab.api.nodes("dc1").replication("210-0").log.get()
    )


def test_deleted_job_takes_its_replica_along(lab: Lab) -> None:
    lab.vm(211, scsi0="local-zfs:1")
    jobs = lab.api.cluster.replication
    jobs.post(id="211-0", type="local", target="dc2")
    until(lambda: status(lab, "211-0")["last_sync"])
    lab.control.node_offline("dc2")
    jobs("211-0").delete()
    assert jobs("211-0").get()["remove_job"] == "full"
    failed = until(lambda: (s := status(lab, "211-0"))["fail_count"] and s)
    assert "pvesr prepare-local-job 211-0" in failed["error"]
    assert "exit code 255" in failed["error"]
    lab.control.node_offline("dc2", offline=False)
    until(lambda: not jobs.get())
    assert not [v for v in images(lab, "dc2") if "-211-" in v]
    assert "local-zfs:vm-211-disk-0" in images(lab, "dc1")


def test_replica_is_kept_when_asked(lab: Lab, refused: Refused) -> None:
    lab.vm(212, scsi0="local-zfs:1")
    jobs = lab.api.cluster.replication
    jobs.post(id="212-0", type="local", target="dc2")
    until(lambda: status(lab, "212-0")["last_sync"])
    assert "[keep: conflicts with parameter 'force']" in refused(jobs("212-0").delete, keep=1, force=1)
    jobs("212-0").delete(keep=1)
    until(lambda: not jobs.get())
    assert "local-zfs:vm-212-disk-0" in images(lab, "dc2")


def test_full_target_is_an_error_of_the_job(lab: Lab) -> None:
    lab.vm(213, scsi0="local-zfs:1")
    lab.control.storage_full("local-zfs", "dc3")
    lab.api.cluster.replication.post(id="213-0", type="local", target="dc3")
    failed = until(lambda: (s := status(lab, "213-0"))["fail_count"] and s)
    assert "out of space" in failed["error"]
    assert failed["last_sync"] == 0
    lab.control.storage_full("local-zfs", "dc3", full=False)
    until(lambda: status(lab, "213-0")["last_sync"])
    assert "error" not in status(lab, "213-0")


def test_migration_turns_the_job_round(lab: Lab) -> None:
    vm = lab.vm(214, scsi0="local-zfs:1")
    lab.api.cluster.replication.post(id="214-0", type="local", target="dc2")
    until(lambda: status(lab, "214-0")["last_sync"])
    lab.done(vm.migrate.post(target="dc2"))
    job = lab.api.cluster.replication("214-0").get()
    assert (job["source"], job["target"]) == ("dc2", "dc1")
    for node in ("dc1", "dc2"):
        assert "local-zfs:vm-214-disk-0" in images(lab, node)
    lab.api.nodes("dc2").replication("214-0").schedule_now.post()
    until(lambda: status(lab, "214-0", "dc2")["last_sync"])
    lab.done(lab.api.nodes("dc2").qemu(214).delete(purge=1))
    assert lab.api.cluster.replication.get() == []


def test_replicated_guest_takes_only_what_can_be_copied(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(216, scsi0="local-zfs:1")
    lab.api.cluster.replication.post(id="216-0", type="local", target="dc2", disable=1)
    words = "500 cannot add non-replicatable volume to a replicated VM"
    assert refused(vm.config.put, scsi1="local:1,format=qcow2") == words
    for drive in ("local:1,format=qcow2,replicate=0", "nfs:1", "local-zfs:1", "local-zfs:cloudinit"):
        vm.config.put(**{"ide2" if "cloudinit" in drive else "scsi2": drive})
        vm.config.put(delete="ide2" if "cloudinit" in drive else "scsi2")


def test_disabled_job_rests_until_it_goes(lab: Lab) -> None:
    lab.vm(217, scsi0="local-zfs:1")
    lab.api.cluster.replication.post(id="217-0", type="local", target="dc2", disable=1)
    time.sleep(0.5)
    assert status(lab, "217-0")["last_try"] == 0
    lab.vm(218, scsi0="local-zfs:1")
    lab.api.cluster.replication.post(id="218-0", type="local", target="dc2", disable=1)
    lab.api.cluster.replication("218-0").delete()
    until(lambda: [job["id"] for job in lab.api.cluster.replication.get()] == ["217-0"])
    lab.api.cluster.replication("217-0").put(disable=0)
    until(lambda: status(lab, "217-0")["last_sync"])


def test_who_may_what(lab: Lab, refused: Refused) -> None:
    lab.vm(215, scsi0="local-zfs:1")
    verify = connect(lab.cluster, "verify")
    assert refused(verify.cluster.replication.post, id="215-0", type="local", target="dc2") == (
        "403 Permission check failed (/vms/215, VM.Replicate)"
    )
    lab.control.hold_lock("file-replication_cfg")
    assert refused(lab.api.cluster.replication.post, id="215-0", type="local", target="dc2") == (
        "500 cfs-lock 'file-replication_cfg' error: got lock request timeout"
    )
