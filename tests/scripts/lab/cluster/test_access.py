# SPDX-License-Identifier: AGPL-3.0-or-later
"""Users, groups, roles, ACL and tokens: stored, read back, refused in PVE's words, and in force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.scripts.lab.cluster.conftest import Lab, connect

pytestmark = pytest.mark.lab
Refused = Callable[..., str]


def test_role_is_stored_changed_and_deleted(lab: Lab, refused: Refused) -> None:
    lab.api.access.roles.post(roleid="Reader", privs="VM.Audit,Pool.Audit")
    assert lab.api.access.roles("Reader").get() == {"Pool.Audit": 1, "VM.Audit": 1}
    lab.api.access.roles("Reader").put(privs="VM.Console", append=1)
    lab.api.access.roles("Reader").put(privs="VM.Audit")
    listed = {r["roleid"]: r for r in lab.api.access.roles.get()}
    assert listed["Reader"] == {"roleid": "Reader", "privs": "VM.Audit", "special": 0}
    assert (
        refused(lab.api.access.roles.post, roleid="Reader")
        == "500 create role failed: role 'Reader' already exists"
    )
    lab.api.access.roles("Reader").delete()
    assert refused(lab.api.access.roles("Reader").get) == "500 role 'Reader' does not exist"


def test_role_is_refused_in_the_words_of_pve(lab: Lab, refused: Refused) -> None:
    assert "invalid privilege 'VM.Fly'" in refused(lab.api.access.roles.post, roleid="X", privs="VM.Fly")
    assert "auto-generated role 'PVEAdmin' cannot be modified" in refused(
        lab.api.access.roles("PVEAdmin").put, privs="VM.Audit"
    )
    assert "[roleid: cannot use role ID starting with" in refused(lab.api.access.roles.post, roleid="PveMine")


def test_auditor_holds_no_privilege_that_changes(lab: Lab) -> None:
    privs = lab.api.access.roles("PVEAuditor").get()
    assert set(privs) == {
        "Datastore.Audit",
        "Mapping.Audit",
        "Pool.Audit",
        "SDN.Audit",
        "Sys.Audit",
        "VM.Audit",
    }


def test_group_and_its_members(lab: Lab, refused: Refused) -> None:
    lab.root.access.groups.post(groupid="ops", comment="on duty")
    lab.root.access.users.post(userid="ani@pve", groups="ops", email="ani@example.org")
    assert lab.root.access.groups("ops").get() == {"members": ["ani@pve"], "comment": "on duty"}
    assert lab.root.access.users("ani@pve").get()["groups"] == ["ops"]
    lab.root.access.users("ani@pve").delete()
    assert lab.root.access.groups("ops").get()["members"] == []
    lab.root.access.groups("ops").delete()
    assert refused(lab.root.access.groups("ops").get) == "500 group 'ops' does not exist"
    assert refused(lab.root.access.users("ani@pve").get) == "500 no such user ('ani@pve')"


def test_acl_is_listed_as_it_was_set(lab: Lab, refused: Refused) -> None:
    lab.root.access.groups.post(groupid="auditors")
    entry = {
        "path": "/pool/dukcapil",
        "roleid": "PVEAuditor",
        "type": "group",
        "ugid": "auditors",
        "propagate": 0,
    }
    lab.root.access.acl.put(path="/pool/dukcapil", roles="PVEAuditor", groups="auditors", propagate=0)
    assert entry in lab.root.access.acl.get()
    lab.root.access.acl.put(path="/pool/dukcapil", roles="PVEAuditor", groups="auditors", delete=1)
    assert entry not in lab.root.access.acl.get()
    assert "[path: invalid ACL path '/nowhere']" in refused(
        lab.root.access.acl.put, path="/nowhere", roles="PVEAuditor", groups="auditors"
    )
    assert refused(lab.root.access.acl.put, path="/", roles="None", groups="auditors") == (
        "500 ACL update failed: role 'None' does not exist"
    )


def test_deleting_a_group_takes_its_grants_along(lab: Lab) -> None:
    lab.root.access.groups.post(groupid="gone")
    lab.root.access.acl.put(path="/vms", roles="PVEAuditor", groups="gone")
    lab.root.access.groups("gone").delete()
    assert not [e for e in lab.root.access.acl.get() if e["ugid"] == "gone"]


def test_new_token_works_until_it_is_revoked(lab: Lab, refused: Refused) -> None:
    lab.root.access.users.post(userid="budi@pve")
    made = lab.root.access.users("budi@pve").token("ci").post(privsep=0)
    assert made["full-tokenid"] == "budi@pve!ci"
    (lab.cluster.folder / "tokens" / "ci").write_text(f"budi@pve!ci={made['value']}")
    cluster = type(lab.cluster)(
        **{f: getattr(lab.cluster, f) for f in ("name", "endpoint", "fingerprint", "folder", "pid")},
        tokens={"ci": lab.cluster.folder / "tokens" / "ci"},
    )
    api = connect(cluster, "ci")
    assert api.version.get()["release"] == "9.0"
    assert api.cluster.resources.get(type="vm") == []
    lab.root.access.acl.put(path="/pool", roles="PVEPoolUser", users="budi@pve")
    assert [p["poolid"] for p in api.pools.get()] == ["dukcapil"]
    lab.root.access.users("budi@pve").token("ci").delete()
    assert refused(api.version.get).startswith("401 ")


def test_privilege_separated_token_has_what_both_have(lab: Lab, refused: Refused) -> None:
    lab.root.access.users.post(userid="citra@pve")
    value = lab.root.access.users("citra@pve").token("tt").post()["value"]
    lab.root.access.acl.put(path="/pool", roles="PVEPoolAdmin", users="citra@pve")
    held = lab.root.access.permissions.get(userid="citra@pve!tt")
    assert held == {}
    lab.root.access.acl.put(path="/pool", roles="PVEPoolUser", tokens="citra@pve!tt")
    assert lab.root.access.permissions.get(userid="citra@pve!tt")["/pool"] == {"Pool.Audit": 1}
    assert len(value) == 36
    again = refused(lab.root.access.users("citra@pve").token("tt").post)
    assert "[tokenid: Token already exists.]" in again


@pytest.mark.parametrize("secret", ["00000000-0000-0000-0000-000000000000", "x"])
def test_wrong_secret_is_a_401(lab: Lab, refused: Refused, secret: str) -> None:
    assert refused(connect(lab.cluster, secret=secret).version.get) == "401 invalid token value!"


def test_token_that_only_looks_changes_nothing(lab: Lab, refused: Refused) -> None:
    verify = connect(lab.cluster, "verify")
    assert [p["poolid"] for p in verify.pools.get()] == ["dukcapil"]
    assert refused(verify.pools.post, poolid="x") == "403 Permission check failed (/pool/x, Pool.Allocate)"
    assert refused(verify.nodes("dc1").qemu.post, vmid=199).startswith("403 Permission check failed")


def test_delegation_needs_what_is_given(lab: Lab, refused: Refused) -> None:
    lab.root.access.users.post(userid="dewi@pve")
    value = lab.root.access.users("dewi@pve").token("tt").post(privsep=0)["value"]
    lab.root.access.roles.post(roleid="PoolOwner", privs="Pool.Allocate,Pool.Audit")
    lab.root.access.acl.put(path="/pool/dukcapil", roles="PoolOwner", users="dewi@pve")
    api: Any = connect(lab.cluster)
    api = type(api)(
        "127.0.0.1",
        port=int(lab.cluster.endpoint.rsplit(":", 1)[1]),
        user="dewi@pve",
        token_name="tt",
        token_value=value,
        verify_ssl=str(lab.cluster.folder / "cluster.crt"),
    )
    api.access.acl.put(path="/pool/dukcapil", roles="PVEPoolUser", users="dewi@pve")
    assert "requires 'Permissions.Modify' or superset of privileges." in refused(
        api.access.acl.put, path="/pool/dukcapil", roles="PVEVMAdmin", users="dewi@pve"
    )


def user_api(lab: Lab, token: str, value: str) -> Any:
    """A client with this token (`user!name`)."""
    user, _, name = token.partition("!")
    made: Any = connect(lab.cluster)
    return type(made)(
        "127.0.0.1",
        port=int(lab.cluster.endpoint.rsplit(":", 1)[1]),
        user=user,
        token_name=name,
        token_value=value,
        verify_ssl=str(lab.cluster.folder / "cluster.crt"),
    )


def test_token_is_changed_and_its_value_never_shown_again(lab: Lab, refused: Refused) -> None:
    users = lab.api.access.users
    users.post(userid="eka@pve", comment="exporter")
    made = users("eka@pve").token("metrics").post(comment="read only", expire=0)
    assert made["info"] == {"privsep": 1, "expire": 0, "comment": "read only"}
    token = users("eka@pve").token("metrics")
    assert token.get() == {"privsep": 1, "expire": 0, "comment": "read only"}
    assert users("eka@pve").token.get() == [{"tokenid": "metrics", **token.get()}]
    assert made["value"] not in str([token.get(), users.get(full=1), users("eka@pve").get()])
    api = user_api(lab, "eka@pve!metrics", made["value"])
    assert api.version.get()
    token.put(expire=1)
    assert refused(api.version.get) == "401 token 'metrics' access expired"
    assert token.put(expire=0, privsep=0, delete="comment") == {"privsep": 0, "expire": 0}
    assert api.version.get()
    users("eka@pve").put(enable=0)
    assert refused(api.version.get) == "401 user 'eka@pve' is disabled"
    users("eka@pve").put(enable=1)
    assert "no such token 'none' for user 'eka@pve'" in refused(users("eka@pve").token("none").get)
    token.delete()
    assert refused(api.version.get) == "401 no such token 'metrics' for user 'eka@pve'"


def test_grant_of_a_token_goes_with_it(lab: Lab) -> None:
    lab.root.access.users.post(userid="fajar@pve")
    lab.root.access.users("fajar@pve").token("tt").post()
    lab.root.access.acl.put(path="/vms", roles="PVEAuditor", tokens="fajar@pve!tt")
    entry = {"path": "/vms", "type": "token", "ugid": "fajar@pve!tt", "roleid": "PVEAuditor", "propagate": 1}
    assert entry in lab.root.access.acl.get()
    lab.root.access.users("fajar@pve").token("tt").delete()
    assert not [e for e in lab.root.access.acl.get() if e["ugid"].startswith("fajar")]


def test_who_may_manage_users_and_tokens(lab: Lab, refused: Refused) -> None:
    access = lab.root.access
    access.groups.post(groupid="desk")
    access.groups.post(groupid="other")
    for name, group in (("gita", "desk"), ("hadi", "other"), ("indah", "")):
        access.users.post(userid=f"{name}@pve", groups=group)
    value = access.users("indah@pve").token("tt").post(privsep=0)["value"]
    api = user_api(lab, "indah@pve!tt", value)
    access.roles.post(roleid="Desk", privs="User.Modify")
    access.acl.put(path="/access/groups/desk", roles="Desk", users="indah@pve")
    api.access.users("gita@pve").put(comment="moved desk", groups="desk")
    assert refused(api.access.users("hadi@pve").put, comment="x") == (
        "403 Permission check failed (/access/groups, User.Modify)"
    )
    assert refused(api.access.users("gita@pve").put, groups="other") == (
        "403 Permission check failed (/access/groups/other, User.Modify)"
    )
    assert refused(api.access.users.post, userid="joko@pve", groups="desk") == (
        "403 Permission check failed (/access/realm/pve, Realm.AllocateUser)"
    )
    assert {u["userid"] for u in api.access.users.get()} == {"gita@pve"}
    # a token is not its user: it may not make itself another
    assert refused(api.access.users("indah@pve").token("more").post).startswith("403 ")
