# SPDX-License-Identifier: AGPL-3.0-or-later
"""HA resources and rules: stored, read back, refused in PVE's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.scripts.lab.cluster.conftest import Lab, connect

pytestmark = pytest.mark.lab
Refused = Callable[..., str]


@pytest.fixture(scope="module")
def three(lab: Lab) -> Lab:
    """The cluster with VMs 100, 101 and 102, none of them managed, and no rules."""
    for vmid in (100, 101, 102):
        lab.vm(vmid)
    return lab


@pytest.fixture(autouse=True)
def no_ha_left(three: Lab) -> Iterator[None]:
    """Resources and rules of one test do not reach the next."""
    yield
    three.control.clear_faults()
    ha = three.root.cluster.ha
    for rule in ha.rules.get():
        ha.rules(rule["rule"]).delete()
    for resource in ha.resources.get():
        ha.resources(resource["sid"]).delete()


def test_requested_state_is_listed_until_the_manager_has_one(lab: Lab) -> None:
    lab.control.time_scale(10)
    lab.api.cluster.ha.resources.post(sid="vm:100", state="stopped")
    shown = {r["vmid"]: r.get("hastate") for r in lab.api.cluster.resources.get(type="vm")}
    assert shown == {100: "stopped", 101: None, 102: None}
    (service,) = [i for i in lab.api.cluster.ha.status.current.get() if i["type"] == "service"]
    assert (service["state"], service["node"], "crm_state" in service) == ("queued", "dc1", False)


def managed(lab: Lab, *vmids: int) -> None:
    for vmid in vmids:
        lab.root.cluster.ha.resources.post(sid=f"vm:{vmid}", state="stopped")


def test_resource_is_stored_changed_and_deleted(lab: Lab, refused: Refused) -> None:
    ha = lab.api.cluster.ha.resources
    ha.post(sid="vm:100", state="stopped", max_restart=2, comment="front")
    shown = ha("vm:100").get()
    digest = shown.pop("digest")
    assert shown == {"sid": "vm:100", "type": "vm", "state": "stopped", "max_restart": 2, "comment": "front"}
    ha("vm:100").put(state="disabled", failback=0, delete="comment,max_restart")
    changed = ha("100").get()
    assert changed.pop("digest") != digest
    assert changed == {"sid": "vm:100", "type": "vm", "state": "disabled", "failback": 0}
    assert [r["sid"] for r in ha.get(type="vm")] == ["vm:100"]
    assert ha.get(type="ct") == []
    assert "detected modified configuration" in refused(ha("vm:100").put, comment="x", digest=digest)
    ha("vm:100").delete()
    assert refused(ha("vm:100").get) == "500 no such resource 'vm:100'"
    assert refused(ha("vm:100").delete) == "500 cannot delete service 'vm:100', not HA managed!"


def test_resource_is_refused_in_the_words_of_pve(lab: Lab, refused: Refused) -> None:
    ha = lab.api.cluster.ha.resources
    assert refused(ha.post, sid="vm:999") == "500 resource 'vm:999' does not exist in cluster"
    assert "VM/CT 999 does not exist" in refused(ha.post, sid="999")
    assert "[sid: invalid format - value does not look like a valid ha resource id]" in refused(
        ha.post, sid="VM-100"
    )
    assert refused(ha.post, sid="vm:100", type="ct") == "500 types does not match"
    assert refused(ha.post, sid="vm:100", group="old") == (
        "500 invalid parameter 'group': ha groups have been migrated to rules"
    )
    assert "enumeration 'started, stopped" in refused(ha.post, sid="vm:100", state="up")
    ha.post(sid="100", state="ignored")
    assert refused(ha.post, sid="vm:100") == (
        "500 create resource failed: resource ID 'vm:100' already defined"
    )
    assert "no such option 'colour'" in refused(ha("vm:100").put, delete="colour")


def test_groups_are_a_thing_of_the_past(lab: Lab, refused: Refused) -> None:
    groups = lab.api.cluster.ha.groups
    assert refused(groups.get) == "500 cannot index groups: ha groups have been migrated to rules"
    assert refused(groups.post, group="old", nodes="dc1") == (
        "500 cannot create group: ha groups have been migrated to rules"
    )


def test_node_affinity_rule(lab: Lab, refused: Refused) -> None:
    managed(lab, 100, 101)
    rules = lab.api.cluster.ha.rules
    rules.post(rule="front", type="node-affinity", resources="vm:101,vm:100", nodes="dc2:1,dc1:2", strict=1)
    shown = rules("front").get()
    digest = shown.pop("digest")
    assert shown == {
        "rule": "front", "type": "node-affinity", "resources": "vm:100,vm:101", "nodes": "dc1:2,dc2:1", "strict": 1,
        "order": 1}  # fmt: skip
    rules("front").put(type="node-affinity", nodes="dc3", delete="strict", comment="moved")
    shown = rules("front").get()
    assert (shown["nodes"], shown["comment"], "strict" in shown) == ("dc3", "moved", False)
    assert "detected modified" in refused(
        rules("front").put, type="node-affinity", comment="x", digest=digest
    )
    assert refused(rules.post, rule="front", type="node-affinity", resources="vm:100", nodes="dc1") == (
        "500 create ha rule failed: HA rule 'front' already defined"
    )
    assert [r["rule"] for r in rules.get(resource="vm:100")] == ["front"]
    assert rules.get(resource="vm:102") == rules.get(type="resource-affinity") == []
    rules("front").delete()
    assert refused(rules("front").get) == "500 no such ha rule 'front'"
    rules("front").delete()  # PVE does not mind


def test_rule_is_refused_in_the_words_of_pve(lab: Lab, refused: Refused) -> None:
    managed(lab, 100, 101)
    rules = lab.api.cluster.ha.rules
    node = {"rule": "r1", "type": "node-affinity", "resources": "vm:100", "nodes": "dc1"}
    assert "cannot use unmanaged resource(s) vm:102, vm:103." in refused(
        rules.post, **{**node, "resources": "vm:103,vm:102,vm:100"}
    )
    assert "cannot use non-existant node(s) dc9." in refused(rules.post, **{**node, "nodes": "dc1,dc9:3"})
    assert "[nodes: property is missing" in refused(
        rules.post, **{k: x for k, x in node.items() if k != "nodes"}
    )
    assert "[nodes: invalid format - value does not look like a valid ha node]" in refused(
        rules.post, **{**node, "nodes": "dc1:x"}
    )
    assert "[nodes: property is not defined in schema" in refused(
        rules.post, **{**node, "type": "resource-affinity", "affinity": "negative"}
    )
    rules.post(**node)
    again = refused(rules.post, **{**node, "rule": "r2"})
    assert again.startswith("500 create ha rule failed: 400 Rule 'r2' is invalid.")
    assert "[type: property is missing" in refused(rules("r1").put, comment="x")
    assert "HA rule 'none' does not exist" in refused(rules("none").put, type="node-affinity", comment="x")


def test_deleting_a_resource_takes_it_out_of_its_rules(lab: Lab) -> None:
    managed(lab, 100, 101, 102)
    ha = lab.api.cluster.ha
    ha.rules.post(
        rule="apart", type="resource-affinity", affinity="negative", resources="vm:100,vm:101,vm:102"
    )
    ha.rules.post(rule="alone", type="node-affinity", nodes="dc1", resources="vm:100")
    ha.resources("vm:100").delete()
    assert {r["rule"]: r["resources"] for r in ha.rules.get()} == {"apart": "vm:101,vm:102"}
    ha.resources("vm:101").delete(purge=0)
    left = ha.rules("apart").get()
    assert left["resources"] == "vm:101,vm:102"


def test_managed_vm_is_destroyed_only_with_purge(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(150)
    managed(lab, 100, 150)
    lab.api.cluster.ha.rules.post(rule="both", type="node-affinity", nodes="dc1", resources="vm:100,vm:150")
    assert refused(vm.delete) == (
        "500 unable to remove VM 150 - used in HA resources and purge parameter not set."
    )
    upid = vm.delete(purge=1)
    lab.done(upid)
    assert "NOTE: removed VM 150 from HA resource configuration." in lab.log(upid)
    assert [r["sid"] for r in lab.api.cluster.ha.resources.get()] == ["vm:100"]
    assert lab.api.cluster.ha.rules("both").get()["resources"] == "vm:100"


def test_who_may_what(lab: Lab, refused: Refused) -> None:
    verify = connect(lab.cluster, "verify")
    assert verify.cluster.ha.resources.get() == []
    assert (
        refused(verify.cluster.ha.resources.post, sid="vm:100")
        == "403 Permission check failed (/, Sys.Console)"
    )
    assert "(/, Sys.Console)" in refused(
        verify.cluster.ha.rules.post, rule="r1", type="node-affinity", resources="vm:100", nodes="dc1"
    )


def test_lost_quorum_and_held_lock(lab: Lab, refused: Refused) -> None:
    managed(lab, 101)
    lab.control.lose_quorum()
    ha = lab.api.cluster.ha.resources
    assert refused(ha.post, sid="vm:100") == "500 cluster not ready - no quorum?"
    assert refused(ha("vm:101").put, comment="x") == (
        "500 update resources config failed: cfs-lock 'domain-ha' error: no quorum!"
    )
    lab.control.regain_quorum()
    lab.control.hold_lock("domain-ha")
    assert "cfs-lock 'domain-ha' error: got lock request timeout" in refused(ha.post, sid="vm:100")
