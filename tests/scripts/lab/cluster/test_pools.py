# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pools: members, comments, and the privileges that they carry."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.scripts.lab.cluster.conftest import Lab

pytestmark = pytest.mark.lab
Refused = Callable[..., str]


def test_pool_is_made_changed_and_deleted(lab: Lab, refused: Refused) -> None:
    lab.api.pools.post(poolid="rsud", comment="hospital\nawan: u 1")
    assert lab.api.pools.get(poolid="rsud") == [
        {"poolid": "rsud", "comment": "hospital\nawan: u 1", "members": []}
    ]
    lab.api.pools.put(poolid="rsud", comment="other")
    assert {p["poolid"]: p.get("comment") for p in lab.api.pools.get()}["rsud"] == "other"
    assert refused(lab.api.pools.post, poolid="rsud") == "500 create pool failed: pool 'rsud' already exists"
    lab.api.pools.delete(poolid="rsud")
    assert refused(lab.api.pools.get, poolid="rsud") == "500 pool 'rsud' does not exist"


def test_members_move_only_when_allowed_to(lab: Lab, refused: Refused) -> None:
    lab.api.pools.post(poolid="a")
    lab.api.pools.post(poolid="b")
    lab.vm(700, pool="a")
    assert refused(lab.api.pools.put, poolid="b", vms="700") == (
        "500 update pools failed: VM 700 belongs already to pool 'a' and 'allow-move' is not set"
    )
    lab.api.pools.put(**{"poolid": "b", "vms": "700", "allow-move": 1})
    assert [m["vmid"] for m in lab.api.pools.get(poolid="b")[0]["members"]] == [700]
    assert "pool 'b' is not empty (contains VM 700)" in refused(lab.api.pools.delete, poolid="b")
    lab.api.pools.put(poolid="b", vms="700", delete=1)
    lab.api.pools.delete(poolid="b")


def test_privileges_come_with_the_pool(lab: Lab) -> None:
    lab.api.pools.post(poolid="c")
    lab.vm(710, pool="c")
    lab.root.access.users.post(userid="fitri@pve")
    lab.root.access.acl.put(path="/pool/c", roles="PVEVMUser", users="fitri@pve")
    held = lab.root.access.permissions.get(userid="fitri@pve", path="/vms/710")
    assert "VM.PowerMgmt" in held["/vms/710"]
    lab.api.pools.put(poolid="c", vms="710", delete=1)
    assert lab.root.access.permissions.get(userid="fitri@pve", path="/vms/710") == {}


def test_grants_go_with_the_pool(lab: Lab) -> None:
    lab.api.pools.post(poolid="d")
    lab.api.access.acl.put(path="/pool/d", roles="PVEPoolUser", users="audit@pve")
    lab.api.pools.delete(poolid="d")
    assert not [e for e in lab.api.access.acl.get() if e["path"] == "/pool/d"]
