# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backup jobs: stored, read back, refused in PVE's words; which guests and disks they take in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.scripts.lab.cluster.conftest import Lab, connect

pytestmark = pytest.mark.lab
Refused = Callable[..., str]


@pytest.fixture(autouse=True)
def no_jobs_left(lab: Lab) -> Iterator[None]:
    """Jobs of one test do not reach the next."""
    yield
    lab.control.clear_faults()
    for job in lab.root.cluster.backup.get():
        lab.root.cluster.backup(job["id"]).delete()


def test_job_is_stored_changed_and_deleted(lab: Lab, refused: Refused) -> None:
    jobs = lab.api.cluster.backup
    jobs.post(
        id="nightly", schedule="mon..fri 02:00", storage="local", all=1, mode="snapshot", compress="zstd",
        **{"prune-backups": "keep-daily=7,keep-last=2", "notes-template": "{{guestname}} \\n {{vmid}}"})  # fmt: skip
    assert jobs("nightly").get() == {
        "id": "nightly", "type": "vzdump", "schedule": "mon..fri 02:00", "storage": "local", "all": 1,
        "mode": "snapshot", "compress": "zstd", "enabled": 1, "prune-backups": {"keep-daily": "7", "keep-last": "2"},
        "notes-template": "{{guestname}} \\n {{vmid}}"}  # fmt: skip
    jobs("nightly").put(
        vmid="100,101", delete="compress,notes-template", enabled=0, fleecing="1,storage=local"
    )
    shown = jobs("nightly").get()
    assert (shown["vmid"], shown["enabled"], shown["fleecing"]) == (
        "100,101",
        0,
        {"enabled": 1, "storage": "local"},
    )
    assert not {"all", "compress", "notes-template"} & set(shown)
    assert [j["id"] for j in jobs.get()] == ["nightly"]
    assert jobs.get()[0]["next-run"] > 1700000000
    jobs("nightly").delete()
    assert refused(jobs("nightly").get) == "400 Parameter verification failed. [id: No such job 'nightly']"
    assert refused(jobs("nightly").delete).startswith("500 400 Parameter verification failed.")


def test_choice_of_guests_is_one(lab: Lab, refused: Refused) -> None:
    jobs = lab.api.cluster.backup
    both = refused(jobs.post, schedule="daily", all=1, vmid="100")
    assert both.startswith("500 400 Parameter verification failed.")
    assert lab.raw("POST", "/cluster/backup", schedule="daily", all=1, vmid="100")[1].endswith(
        "all: option conflicts with option 'vmid'"
    )
    assert lab.raw("POST", "/cluster/backup", schedule="daily")[1].endswith("vmid: property is missing")
    jobs.post(id="job1", schedule="daily", exclude="105")
    assert jobs("job1").get()["all"] == 1
    jobs("job1").put(pool="dukcapil")
    shown = jobs("job1").get()
    assert (shown["pool"], "all" in shown, "exclude" in shown) == ("dukcapil", False, False)
    assert "pool 'none' does not exist" in refused(jobs("job1").put, pool="none")


def test_refused_in_the_words_of_pve(lab: Lab, refused: Refused) -> None:
    jobs = lab.api.cluster.backup
    assert "[schedule: invalid format - invalid calendar event 'at noon'" in refused(
        jobs.post, schedule="at noon", all=1
    )
    assert "[schedule: neither 'starttime' nor 'schedule' were set]" in refused(jobs.post, all=1)
    assert "[starttime: 'starttime' and 'schedule' cannot both be set]" in refused(
        jobs.post, all=1, schedule="daily", starttime="02:00"
    )
    assert "[prune-backups: invalid format - invalid key" in refused(
        jobs.post, schedule="daily", all=1, **{"prune-backups": "keep=3"}
    )
    assert "[prune-backups: invalid format - keep-all cannot be set together" in refused(
        jobs.post, schedule="daily", all=1, **{"prune-backups": "keep-all=1,keep-last=3"}
    )
    assert (
        "unexpected variable 'name'"
        in lab.raw(
            "POST",
            "/cluster/backup",
            schedule="daily",
            all=1,
            storage="local",
            **{"notes-template": "{{name}}"},
        )[1]
    )
    assert "[script: Only root may set this option.]" in refused(
        jobs.post, schedule="daily", all=1, script="/bin/true"
    )
    jobs.post(id="twice", starttime="01:30", dow="sat,sun", vmid="100")
    assert jobs("twice").get()["schedule"] == "sat,sun 01:30"
    assert refused(jobs.post, id="twice", schedule="daily", all=1) == "500 Job 'twice' already exists"
    assert refused(jobs("twice").put) == "500 no options specified"
    assert refused(jobs("none").put, enabled=0) == "500 no such vzdump job"
    assert (
        "delete: unknown option 'schedule'" in lab.raw("PUT", "/cluster/backup/twice", delete="schedule")[1]
    )


def test_included_volumes(lab: Lab) -> None:
    lab.vm(120, scsi0="local-zfs:1", scsi1="local-zfs:1,backup=0", ide2="local-zfs:cloudinit")
    jobs = lab.api.cluster.backup
    jobs.post(id="some", schedule="daily", vmid="120,4711")
    found = jobs("some").included_volumes.get()["children"]
    assert found[1] == {"id": 4711, "type": "unknown", "leaf": 1}
    assert (found[0]["id"], found[0]["name"], found[0]["type"]) == (120, "vm120", "qemu")
    assert [(c["id"], c["included"], c["reason"]) for c in found[0]["children"]] == [
        ("120:scsi0", 1, "backup=yes"),
        ("120:scsi1", 0, "backup=no"),
    ]
    lab.vm(121)
    missed = lab.api.cluster("backup-info")("not-backed-up").get()
    assert [m["vmid"] for m in missed] == [121]


def test_destroying_with_purge_takes_the_guest_out(lab: Lab) -> None:
    jobs = lab.api.cluster.backup
    for vmid in (130, 131):
        lab.vm(vmid)
    jobs.post(id="both", schedule="daily", vmid="130,131")
    jobs.post(id="one", schedule="daily", vmid="130")
    jobs.post(id="others", schedule="daily", exclude="130")
    lab.done(lab.api.nodes("dc1").qemu(131).delete())
    assert jobs("both").get()["vmid"] == "130,131"
    lab.done(lab.api.nodes("dc1").qemu(130).delete(purge=1))
    assert {j["id"]: (j.get("vmid"), j.get("exclude")) for j in jobs.get()} == {
        "both": ("131", None),
        "others": (None, None),
    }


def test_who_may_what(lab: Lab, refused: Refused) -> None:
    verify = connect(lab.cluster, "verify")
    assert verify.cluster.backup.get() == []
    assert refused(verify.cluster.backup.post, schedule="daily", all=1) == (
        "403 Permission check failed (/, Sys.Modify)"
    )
    lab.control.hold_lock("file-jobs_cfg")
    assert refused(lab.api.cluster.backup.post, schedule="daily", all=1) == (
        "500 cfs-lock 'file-jobs_cfg' error: got lock request timeout"
    )
