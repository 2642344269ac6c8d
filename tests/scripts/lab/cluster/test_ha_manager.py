# SPDX-License-Identifier: AGPL-3.0-or-later
"""What HA does with guests: it starts, stops and moves them as their state and the rules say, and recovers them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scripts.lab.cluster import launch
from scripts.lab.cluster.ha_place import View, blocking, companions, select_node
from scripts.lab.cluster.spec import read_spec
from tests.scripts.lab.cluster.conftest import Lab
from tests.scripts.lab.cluster.test_replication import status, until

pytestmark = pytest.mark.lab
Refused = Callable[..., str]
ROUND = 10 * 0.004  # a round of the manager in the seconds of these tests


@pytest.fixture(autouse=True)
def no_ha_left(lab: Lab) -> Iterator[None]:
    """What one test made highly available does not reach the next."""
    yield
    lab.control.clear_faults()
    for node in ("dc1", "dc2", "dc3"):
        lab.control.node_offline(node, offline=False)
    ha = lab.root.cluster.ha
    for rule in ha.rules.get():
        ha.rules(rule["rule"]).delete()
    for resource in ha.resources.get():
        ha.resources(resource["sid"]).delete()
    for job in lab.root.cluster.replication.get():
        lab.root.cluster.replication(job["id"]).delete(force=1)
    lab.control.settle()


def where(lab: Lab, vmid: int) -> tuple[str, str]:
    """(node, status) of a VM."""
    found = next(r for r in lab.root.cluster.resources.get(type="vm") if r["vmid"] == vmid)
    up = next(n for n in lab.root.nodes.get() if n["node"] == found["node"])["status"] == "online"
    if not up:
        return found["node"], "unknown"
    shown = lab.root.nodes(found["node"]).qemu(vmid).status.current.get()
    return found["node"], shown["status"]


def service(lab: Lab, vmid: int) -> dict[str, Any]:
    items = {item["id"]: item for item in lab.api.cluster.ha.status.current.get()}
    return dict(items[f"service:vm:{vmid}"])


def test_state_makes_the_guest_start_and_stop(lab: Lab) -> None:
    vm = lab.vm(400, scsi0="nfs:1")
    ha = lab.api.cluster.ha
    ha.resources.post(sid="vm:400", state="started")
    lab.control.settle()
    assert where(lab, 400) == ("dc1", "running")
    shown = service(lab, 400)
    assert (shown["state"], shown["crm_state"], shown["request_state"], shown["node"]) == (
        "started", "started", "started", "dc1")  # fmt: skip
    assert vm.status.current.get()["ha"] == {"managed": 1, "state": "started", "group": None}
    assert lab.api.cluster.resources.get(type="vm")[0]["hastate"] == "started"
    assert [t["type"] for t in lab.api.nodes("dc1").tasks.get(vmid=400)][:1] == ["qmstart"]
    ha.resources("vm:400").put(state="stopped")
    lab.control.settle()
    assert where(lab, 400) == ("dc1", "stopped")
    assert service(lab, 400)["state"] == "stopped"
    assert "qmshutdown" in {t["type"] for t in lab.api.nodes("dc1").tasks.get(vmid=400)}


def test_power_of_a_managed_guest_is_a_wish_to_the_manager(lab: Lab) -> None:
    vm = lab.vm(401)
    ha = lab.api.cluster.ha.resources
    ha.post(sid="vm:401", state="stopped")
    lab.control.settle()
    lab.control.time_scale(1)
    upid = vm.status.start.post()
    assert upid.split(":")[5] == "hastart"
    lab.done(upid)
    assert "Requesting HA start for VM 401" in lab.log(upid)
    assert ha("vm:401").get()["state"] == "started"
    assert where(lab, 401)[1] == "stopped"  # the manager comes round later
    lab.control.clear_faults()
    until(lambda: where(lab, 401)[1] == "running")
    lab.control.settle()
    for call, last in ((vm.status.shutdown.post, "qmshutdown"), (vm.status.stop.post, "qmstop")):
        lab.done(vm.status.start.post())
        lab.control.settle()
        assert where(lab, 401)[1] == "running"
        upid = call()
        assert upid.split(":")[5] == "hastop"
        lab.done(upid)
        lab.control.settle()
        assert where(lab, 401)[1] == "stopped"
        assert ha("vm:401").get()["state"] == "stopped"
        assert lab.api.nodes("dc1").tasks.get(vmid=401, limit=1)[0]["type"] == last


def test_stop_before_the_manager_has_started_anything_is_lost(lab: Lab) -> None:
    """Manager.pm next_state_stopped: "ignore service request - service already stopped"."""
    vm = lab.vm(416)
    ha = lab.api.cluster.ha.resources
    ha.post(sid="vm:416", state="stopped")
    lab.control.settle()
    lab.control.time_scale(1)
    lab.done(vm.status.start.post())
    lab.done(vm.status.stop.post())
    lab.control.clear_faults()
    lab.control.settle()
    assert where(lab, 416)[1] == "running"
    assert ha("vm:416").get()["state"] == "started"


def test_taken_out_of_ha_while_it_is_started(lab: Lab) -> None:
    vm = lab.vm(417)
    ha = lab.api.cluster.ha.resources
    ha.post(sid="vm:417", state="started")
    until(lambda: lab.api.nodes("dc1").tasks.get(vmid=417, source="all", typefilter="qmstart"))
    ha("vm:417").delete()
    lab.control.settle()
    until(lambda: where(lab, 417)[1] == "running")
    upid = vm.status.stop.post()
    assert upid.split(":")[5] == "qmstop"
    lab.done(upid)


def test_node_does_so_many_things_at_once(lab: Lab) -> None:
    lab.api.cluster.options.put(max_workers=2)
    for vmid in range(420, 425):
        lab.vm(vmid, memory=64)
        lab.api.cluster.ha.resources.post(sid=f"vm:{vmid}", state="stopped")
    lab.control.settle()
    lab.control.time_scale(0.05)
    for vmid in range(420, 425):
        lab.api.cluster.ha.resources(f"vm:{vmid}").put(state="started")
    most, done = 0, 0
    while done < 5:
        tasks = lab.api.nodes("dc1").tasks.get(source="all", typefilter="qmstart", limit=500)
        mine = [t for t in tasks if 420 <= int(t["id"]) < 425]
        done = sum("status" in t for t in mine)
        most = max(most, len(mine) - done)
    assert most == 2
    lab.api.cluster.options.put(delete="max_workers")


def test_ignored_guest_is_nobodys(lab: Lab) -> None:
    vm = lab.vm(402)
    lab.api.cluster.ha.resources.post(sid="vm:402", state="ignored")
    upid = vm.status.start.post()
    assert upid.split(":")[5] == "qmstart"
    lab.done(upid)
    assert vm.status.current.get()["ha"] == {"managed": 0}
    assert service(lab, 402)["state"] == "ignored"


def test_guest_goes_where_its_rule_says(lab: Lab) -> None:
    lab.vm(403, scsi0="nfs:1")
    ha = lab.api.cluster.ha
    ha.resources.post(sid="vm:403", state="started")
    lab.control.settle()
    ha.rules.post(rule="there", type="node-affinity", resources="vm:403", nodes="dc2:1,dc3:2", strict=1)
    lab.control.settle()
    assert where(lab, 403) == ("dc3", "running")
    ha.rules("there").put(type="node-affinity", nodes="dc2")
    lab.control.settle()
    assert where(lab, 403) == ("dc2", "running")


def test_move_that_cannot_be_is_tried_when_something_changes(lab: Lab) -> None:
    lab.vm(415, scsi0="nfs:1")
    ha = lab.api.cluster.ha
    ha.resources.post(sid="vm:415", state="started")
    lab.control.settle()
    lab.control.fail_task("qmigrate", "no way")
    ha.rules.post(rule="away", type="node-affinity", resources="vm:415", nodes="dc2", strict=1)
    lab.control.settle()
    assert where(lab, 415) == ("dc1", "running")
    ha.rules("away").put(type="node-affinity", comment="now")
    lab.control.settle()
    assert where(lab, 415) == ("dc2", "running")


def test_migrate_relocate_and_what_stands_in_the_way(lab: Lab, refused: Refused) -> None:
    for vmid in (404, 405):
        lab.vm(vmid, node="dc1" if vmid == 404 else "dc2", scsi0="nfs:1")
    ha = lab.api.cluster.ha
    assert "resource 'vm:404' is not HA managed" in refused(ha.resources("vm:404").migrate.post, node="dc2")
    for vmid in (404, 405):
        ha.resources.post(sid=f"vm:{vmid}", state="started")
    lab.control.settle()
    assert ha.resources("vm:404").migrate.post(node="dc3") == {"sid": "vm:404", "requested-node": "dc3"}
    lab.control.settle()
    assert where(lab, 404) == ("dc3", "running")
    ha.resources("vm:404").relocate.post(node="dc1")
    lab.control.settle()
    assert where(lab, 404) == ("dc1", "running")
    ha.rules.post(rule="apart", type="resource-affinity", affinity="negative", resources="vm:404,vm:405")
    answer = ha.resources("vm:404").migrate.post(node="dc2")
    assert answer["blocking-resources"] == [{"sid": "vm:405", "cause": "resource-affinity"}]
    upid = lab.api.nodes("dc1").qemu(404).migrate.post(target="dc3", online=1)
    assert upid.split(":")[5] == "hamigrate"
    lab.done(upid)
    lab.control.settle()
    assert where(lab, 404) == ("dc3", "running")


def test_guest_that_will_not_start_ends_in_error(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(406, scsi0="nfs:1")
    ha = lab.api.cluster.ha.resources
    lab.control.fail_task("qmstart", "no way", times=20)
    ha.post(sid="vm:406", state="started", max_restart=1, max_relocate=1)
    lab.control.settle()
    assert service(lab, 406)["state"] == "error"
    assert refused(ha("vm:406").put, state="started") == (
        "500 service 'vm:406' in error state, must be disabled and fixed first"
    )
    upid = lab.api.nodes(where(lab, 406)[0]).qemu(406).status.start.post()
    assert lab.wait(upid) == "command 'ha-manager set vm:406 --state started' failed: exit code 255"
    lab.control.clear_faults()
    ha("vm:406").put(state="disabled")
    lab.control.settle()
    assert service(lab, 406)["state"] == "disabled"
    ha("vm:406").put(state="started")
    lab.control.settle()
    assert where(lab, 406)[1] == "running"
    assert vm is not None


def test_lost_node_with_shared_disks(lab: Lab) -> None:
    lab.vm(407, node="dc2", scsi0="nfs:1")
    lab.vm(408, node="dc2", scsi0="nfs:1")
    lab.vm(409, node="dc2", scsi0="nfs:1")
    ha = lab.api.cluster.ha
    ha.resources.post(sid="vm:407", state="started")
    ha.resources.post(sid="vm:408", state="disabled")
    ha.resources.post(sid="vm:409", state="started")
    ha.rules.post(rule="strict", type="node-affinity", resources="vm:407", nodes="dc2:2,dc3:1", strict=1)
    ha.rules.post(rule="only", type="node-affinity", resources="vm:409", nodes="dc2", strict=1)
    lab.control.settle()
    lab.control.node_offline("dc2")
    until(lambda: service(lab, 407)["node"] == "dc3")
    lab.control.settle()
    assert where(lab, 407) == ("dc3", "running")
    assert service(lab, 408)["node"] == "dc2"  # disabled: not brought anywhere
    assert service(lab, 409)["state"] == "recovery"  # strict, and its only node is gone
    states = lab.api.cluster.ha.status.manager_status.get()["manager_status"]["node_status"]
    assert (states["dc1"], states["dc2"]) == ("online", "unknown")
    lab.control.node_offline("dc2", offline=False)
    until(lambda: where(lab, 409) == ("dc2", "running"))
    lab.control.settle()
    assert where(lab, 407) == ("dc2", "running")  # failback: dc2 has the higher priority


def test_lost_node_with_replicated_disks(lab: Lab) -> None:
    lab.vm(410, node="dc2", scsi0="local-zfs:1", ide2="local-zfs:cloudinit", ciuser="debian")
    lab.api.cluster.replication.post(id="410-0", type="local", target="dc3")
    until(lambda: status(lab, "410-0", "dc2")["last_sync"])
    ha = lab.api.cluster.ha
    ha.resources.post(sid="vm:410", state="started", failback=0)
    ha.rules.post(rule="near", type="node-affinity", resources="vm:410", nodes="dc2:2,dc3:1", strict=1)
    lab.control.settle()
    lab.control.node_offline("dc2")
    until(lambda: where(lab, 410) == ("dc3", "running"))
    assert {v["volid"] for v in lab.api.nodes("dc3").storage("local-zfs").content.get(vmid=410)} == {
        "local-zfs:vm-410-disk-0", "local-zfs:vm-410-cloudinit"}  # fmt: skip
    lab.control.node_offline("dc2", offline=False)
    lab.control.settle()
    until(lambda: status(lab, "410-0", "dc3")["last_sync"])
    job = lab.api.cluster.replication("410-0").get()
    assert (job["source"], job["target"]) == ("dc3", "dc2")


def test_lost_node_without_a_replica(lab: Lab) -> None:
    """PVE brings the guest over all the same; there it neither starts nor leaves again."""
    lab.vm(411, node="dc2", scsi0="local-zfs:1")
    ha = lab.api.cluster.ha
    ha.resources.post(sid="vm:411", state="started", max_relocate=1)
    lab.control.settle()
    lab.control.node_offline("dc2")
    until(lambda: service(lab, 411)["state"] == "error")
    node, shown = where(lab, 411)
    assert (node != "dc2", shown) == (True, "stopped")
    upid = next(t for t in lab.api.nodes(node).tasks.get(vmid=411) if t["type"] == "qmstart")["upid"]
    assert "no zvol device link" in lab.wait(upid)
    upid = next(t for t in lab.api.nodes(node).tasks.get(vmid=411) if t["type"] == "qmigrate")["upid"]
    assert lab.wait(upid) == "migration aborted"
    assert "dataset does not exist" in lab.log(upid)


def test_short_absence_moves_nothing(lab: Lab) -> None:
    lab.vm(412, node="dc2", scsi0="nfs:1")
    lab.api.cluster.ha.resources.post(sid="vm:412", state="started")
    lab.control.settle()
    lab.control.time_scale(0.1)
    lab.control.node_offline("dc2")
    time.sleep(0.1 * 5)
    lab.control.node_offline("dc2", offline=False)
    lab.control.clear_faults()
    until(lambda: where(lab, 412)[1] == "running")
    assert where(lab, 412)[0] == "dc2"


def test_new_guest_is_managed_at_once(lab: Lab) -> None:
    lab.done(lab.api.nodes("dc1").qemu.post(vmid=413, memory=512, **{"ha-managed": 1, "start": 1}))
    assert lab.api.cluster.ha.resources("vm:413").get()["state"] == "started"


def test_state_survives_a_restart(lab: Lab) -> None:
    lab.vm(414, scsi0="nfs:1")
    ha = lab.api.cluster.ha
    ha.resources.post(sid="vm:414", state="started")
    ha.rules.post(rule="stay", type="node-affinity", resources="vm:414", nodes="dc1,dc2:3")
    lab.control.settle()
    before = [
        ha.resources.get(),
        ha.rules.get(),
        where(lab, 414),
        ha.status.manager_status.get()["manager_status"],
    ]
    assert launch.stop(lab.cluster.folder)
    launch.start(read_spec(lab.cluster.folder / "spec.json"), lab.cluster.folder)
    lab.control.settle()
    after = [
        ha.resources.get(),
        ha.rules.get(),
        where(lab, 414),
        ha.status.manager_status.get()["manager_status"],
    ]
    for seen in (before, after):
        del seen[3]["timestamp"]
    assert after == before


NODES = ("dc1", "dc2", "dc3")


def view(online: str = "123", where: dict[str, str] | None = None, **rules: dict[str, Any]) -> View:
    return View(
        rules=rules, nodes=NODES, online=frozenset(f"dc{n}" for n in online), where=where or {"vm:1": "dc1"}
    )


def near(nodes: dict[str, int], *sids: str, **more: Any) -> dict[str, Any]:
    return {"type": "node-affinity", "resources": list(sids or ("vm:1",)), "nodes": nodes, **more}


def bound(affinity: str, *sids: str) -> dict[str, Any]:
    return {"type": "resource-affinity", "affinity": affinity, "resources": list(sids)}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (view(), "dc1"),
        (view("23"), "dc2"),
        (view("23", {"vm:1": "dc1", "vm:2": "dc2"}), "dc3"),
        (view(a=near({"dc2": 1, "dc3": 2})), "dc3"),
        (view("12", a=near({"dc2": 1, "dc3": 2})), "dc2"),
        (view("1", a=near({"dc2": 0}, strict=1)), None),
        (view("1", a=near({"dc2": 0})), "dc1"),
        (view(a=near({"dc1": 0}, affinity="negative", strict=1)), "dc2"),
        (view(where={"vm:1": "dc1", "vm:2": "dc3"}, t=bound("positive", "vm:1", "vm:2")), "dc3"),
        (view(where={"vm:1": "dc1", "vm:2": "dc1"}, n=bound("negative", "vm:1", "vm:2")), "dc2"),
        (view("1", {"vm:1": "dc1", "vm:2": "dc1"}, n=bound("negative", "vm:1", "vm:2")), None),
        (view(a=near({"dc3": 0}, "vm:2"), t=bound("positive", "vm:1", "vm:2")), "dc3"),
    ],
)
def test_choice_of_the_node(given: View, expected: str | None) -> None:
    assert select_node(given, "vm:1") == expected


def test_choice_without_failback_and_after_a_failure() -> None:
    here = view(a=near({"dc2": 2, "dc1": 1}))
    assert select_node(here, "vm:1", failback=False) == "dc1"
    failed = View(rules={}, nodes=NODES, online=frozenset(NODES), where={"vm:1": "dc1"},
                  failed={"vm:1": frozenset({"dc1", "dc2"})})  # fmt: skip
    assert select_node(failed, "vm:1", try_next=True) == "dc3"


def test_companions_and_those_in_the_way() -> None:
    given = view(
        where={"vm:1": "dc1", "vm:2": "dc1", "vm:3": "dc3"},
        t=bound("positive", "vm:1", "vm:2"),
        n=bound("negative", "vm:1", "vm:3"),
    )
    assert companions(given, "vm:1") == ["vm:2"]
    assert blocking(given, "vm:1", "dc3") == ["vm:3"]
    assert blocking(given, "vm:1", "dc2") == []
