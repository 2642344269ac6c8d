# SPDX-License-Identifier: GPL-3.0-or-later
"""Lost answers, locks, failing tasks, nodes that are down, cancelled runs: the run, or the next one, converges."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

pytestmark = pytest.mark.lab

VM = {
    "vmid": 400,
    "node": "dc1",
    "started": True,
    "disks": [{"slot": "scsi0", "storage": "local-zfs", "sizeGib": 4}],
}
RULES = [
    {"key": key, "type": "in", "action": "ACCEPT", "proto": "tcp", "dport": key[1:]}
    for key in ("p1", "p2", "p3")
]
LIVES: dict[str, dict[str, Any]] = {
    "Pool": {"poolid": "lost", "comment": "One"},
    "Role": {"roleid": "Lost", "privs": ["VM.Audit"]},
    "Group": {"groupid": "lost"},
    "Acl": {
        "path": "/pool/dukcapil",
        "roleid": "PVEAuditor",
        "ugid": "audit@pve",
        "type": "user",
        "propagate": False,
    },
    "SdnZone": {"zone": "lost", "bridge": "vmbr0"},
    "SdnApply": {"triggers": ["a"]},
    "FirewallAlias": {"name": "lost", "cidr": "10.0.0.1"},
    "FirewallIpset": {"name": "lost", "entries": [{"cidr": "10.0.0.1"}, {"cidr": "10.0.0.2"}]},
    "FirewallGroup": {"group": "lost", "rules": RULES},
    "FirewallOptions": {"policyIn": "DROP"},
    "Vm": VM,
    "Storage": {"storage": "lost", "path": "/srv/lost", "content": ["backup"]},
    "User": {"userid": "lost@pve"},
    "ClusterOptions": {"ha": "shutdown_policy=migrate"},
    "BackupJob": {"jobid": "lost", "vmids": ["400"], "storage": "local", "schedule": "01:30"},
}
WRITES = {
    "Pool": [("POST", "/pools"), ("DELETE", "/pools")],
    "Role": [("POST", "/access/roles"), ("DELETE", "/access/roles/{roleid}")],
    "Group": [("POST", "/access/groups"), ("DELETE", "/access/groups/{groupid}")],
    "Acl": [("PUT", "/access/acl")],
    "SdnZone": [
        ("POST", "/cluster/sdn/zones"),
        ("DELETE", "/cluster/sdn/zones/{zone}"),
        ("PUT", "/cluster/sdn"),
    ],
    "SdnApply": [("PUT", "/cluster/sdn")],
    "FirewallAlias": [("POST", "/cluster/firewall/aliases"), ("DELETE", "/cluster/firewall/aliases/{name}")],
    "FirewallIpset": [
        ("POST", "/cluster/firewall/ipset"),
        ("POST", "/cluster/firewall/ipset/{name}"),
        ("DELETE", "/cluster/firewall/ipset/{name}/{cidr}"),
        ("DELETE", "/cluster/firewall/ipset/{name}"),
    ],
    "FirewallGroup": [
        ("POST", "/cluster/firewall/groups"),
        ("POST", "/cluster/firewall/groups/{group}"),
        ("DELETE", "/cluster/firewall/groups/{group}/{pos}"),
        ("DELETE", "/cluster/firewall/groups/{group}"),
    ],
    "FirewallOptions": [("PUT", "/cluster/firewall/options")],
    "Vm": [
        ("POST", "/nodes/{node}/qemu"),
        ("POST", "/nodes/{node}/qemu/{vmid}/status/start"),
        ("POST", "/nodes/{node}/qemu/{vmid}/status/stop"),
        ("DELETE", "/nodes/{node}/qemu/{vmid}"),
    ],
    "Storage": [("POST", "/storage"), ("DELETE", "/storage/{storage}")],
    "User": [("POST", "/access/users"), ("DELETE", "/access/users/{userid}")],
    "ClusterOptions": [("PUT", "/cluster/options")],
    "BackupJob": [("POST", "/cluster/backup"), ("DELETE", "/cluster/backup/{id}")],
}


def partial_of(refusal: pytest.ExceptionInfo[BaseException]) -> Any:
    """The state that came with an error."""
    return getattr(refusal.value, "partial", None)


@pytest.mark.parametrize(
    ("kind", "method", "path"), [(kind, *write) for kind, found in WRITES.items() for write in found]
)
def test_a_lost_answer_is_made_up_for(
    kind: str, method: str, path: str, engine: Any, engines: Any, lab: Any
) -> None:
    lab.control.lose(method, path)
    kept = engine.create(kind, "it", LIVES[kind])
    other = engines()
    other.configure(**lab.settings)
    other.keep(kind, "it", kept.id, kept.inputs, kept.state)
    assert other.refresh(kind, "it").state == kept.state
    other.delete(kind, "it")
    engine.kept.clear()


def test_a_dead_run_s_objects_are_taken_over_under_a_new_incarnation(engines: Any, lab: Any) -> None:
    first, second = engines(), engines()
    first.configure(**lab.settings)
    second.configure(**lab.settings)
    for kind in (
        "Pool",
        "Group",
        "FirewallAlias",
        "FirewallIpset",
        "FirewallGroup",
        "Vm",
        "User",
        "BackupJob",
    ):
        old = first.create(kind, "it", LIVES[kind]).state
        new = second.create(kind, "it", LIVES[kind]).state
        assert old["incarnation"] != new["incarnation"]
        second.delete(kind, "it", old)  # the "original" of a replacement that created first
        third = engines()
        third.configure(**lab.settings)
        third.keep(kind, "it", second.kept[second.urn(kind, "it")].id, LIVES[kind], new)
        assert third.refresh(kind, "it") is not None
        third.delete(kind, "it")


@pytest.mark.parametrize(
    ("kind", "method", "path"),
    [
        ("HaResource", "POST", "/cluster/ha/resources"),
        ("HaResource", "DELETE", "/cluster/ha/resources/{sid}"),
        ("HaRule", "POST", "/cluster/ha/rules"),
        ("HaRule", "DELETE", "/cluster/ha/rules/{rule}"),
        ("Replication", "POST", "/cluster/replication"),
        ("Replication", "DELETE", "/cluster/replication/{id}"),
    ],
)
def test_a_lost_answer_about_a_vms_availability_is_made_up_for(
    kind: str, method: str, path: str, engine: Any, lab: Any
) -> None:
    lives = {
        "Vm": VM,
        "HaResource": {"sid": "vm:400", "state": "stopped"},
        "HaRule": {"rule": "lost", "resources": ["vm:400"], "nodes": ["dc1:2", "dc2:1"]},
        "Replication": {"jobid": "400-0", "target": "dc2"},
    }
    lab.control.lose(method, path)
    for name, inputs in lives.items():
        engine.create(name, "it", inputs)
    assert engine.refresh(kind, "it") is not None
    for name in reversed(lives):
        engine.delete(name, "it")
    root = lab.by_hand()
    for left in ("cluster/ha/resources", "cluster/ha/rules", "cluster/replication"):
        assert root(left).get() == []


def test_what_a_dead_run_left_half_made_is_completed(engine: Any, lab: Any) -> None:
    urn = engine.urn("FirewallGroup", "it")
    root = lab.by_hand()
    root("cluster/firewall/groups").post(group="lost", comment=f"awan: {urn} 0123456789abcdef")
    root("cluster/firewall/groups/lost").post(
        type="in", action="ACCEPT", proto="tcp", dport="2", enable=1, comment="[p2]"
    )
    engine.create("FirewallGroup", "it", LIVES["FirewallGroup"])
    assert [row["comment"] for row in root("cluster/firewall/groups/lost").get()] == ["[p1]", "[p2]", "[p3]"]
    engine.delete("FirewallGroup", "it")


@pytest.mark.parametrize(
    ("kind", "lock"),
    [("Pool", "file-user_cfg"), ("SdnZone", "domain-sdn"), ("FirewallAlias", "firewall-cluster")],
)
def test_a_lock_that_someone_holds_is_waited_for(kind: str, lock: str, engine: Any, lab: Any) -> None:
    lab.control.hold_lock(lock, 0.8)
    engine.create(kind, "it", LIVES[kind])
    engine.delete(kind, "it")


@pytest.mark.parametrize("task", ["qmcreate", "qmstart", "qmdestroy"])
def test_a_task_that_lost_a_lock_is_begun_again(task: str, engine: Any, lab: Any) -> None:
    lab.control.fail_task(task, "can't lock file '/var/lock/qemu-server/lock-400.conf' - got timeout")
    engine.create("Vm", "it", VM)
    assert lab.by_hand()("nodes/dc1/qemu/400/status/current").get()["status"] == "running"
    engine.delete("Vm", "it")


def test_a_failed_making_leaves_nothing_in_the_state(engine: Any, lab: Any) -> None:
    lab.control.fail_task("qmcreate", "unable to create VM 400 - zfs error: out of space")
    with pytest.raises(Exception, match=r"cannot create VM 400: create VM 400: .*out of space") as refusal:
        engine.create("Vm", "it", VM)
    assert partial_of(refusal) is None
    engine.create("Vm", "it", VM)
    engine.delete("Vm", "it")


def test_a_vm_that_does_not_start_is_kept_and_started_by_the_next_run(engine: Any, lab: Any) -> None:
    lab.control.fail_task("qmstart", "start failed: QEMU exited with code 1")
    with pytest.raises(Exception, match="start VM 400: start failed: QEMU exited with code 1") as refusal:
        engine.create("Vm", "it", VM)
    partial = partial_of(refusal)
    engine.keep("Vm", "it", partial.id, partial.inputs, partial.state)
    engine.update("Vm", "it", VM)
    assert lab.by_hand()("nodes/dc1/qemu/400/status/current").get()["status"] == "running"
    assert engine.diff("Vm", "it", VM).detail == {}
    engine.delete("Vm", "it")


def test_a_cancelled_making_answers_with_what_stands_and_the_next_run_goes_on(engines: Any, lab: Any) -> None:
    engine = engines()
    engine.configure(**lab.settings)
    rules = [
        {"key": f"r{n}", "type": "in", "action": "ACCEPT", "proto": "tcp", "dport": str(n)}
        for n in range(1, 60)
    ]
    lab.control.time_scale(1.0)
    lab.control.network(latency=0.02)
    root = lab.by_hand()

    def cancel_when_begun() -> None:
        while not [row for row in root("cluster/firewall/groups").get() if row["group"] == "many"]:
            time.sleep(0.01)
        while len(root("cluster/firewall/groups/many").get()) < 3:
            time.sleep(0.01)
        engine.cancel()

    watcher = threading.Thread(target=cancel_when_begun)
    watcher.start()
    with pytest.raises(Exception, match="stopped before the next write: the run was cancelled") as refusal:
        engine.create("FirewallGroup", "it", {"group": "many", "rules": rules})
    watcher.join()
    lab.control.clear_faults()
    lab.control.network()
    lab.control.time_scale(0.0)
    partial = partial_of(refusal)
    assert partial.id == "many"
    live = lab.by_hand()("cluster/firewall/groups/many").get()
    assert 0 < len(live) < len(rules)
    fresh = engines()
    fresh.configure(**lab.settings)
    fresh.keep("FirewallGroup", "it", partial.id, partial.inputs, partial.state)
    fresh.update("FirewallGroup", "it", {"group": "many", "rules": rules})
    live = lab.by_hand()("cluster/firewall/groups/many").get()
    assert [row["comment"] for row in live] == [f"[r{n}]" for n in range(1, 60)]
    fresh.delete("FirewallGroup", "it")


def test_no_write_after_cancel(engine: Any, lab: Any) -> None:
    engine.cancel()
    with pytest.raises(Exception, match="stopped before the next write") as refusal:
        engine.create("Pool", "it", LIVES["Pool"])
    assert partial_of(refusal) is None
    assert [call for call in lab.control.calls() if call["method"] != "GET"] == []


def test_a_node_that_is_down_breaks_no_refresh(engine: Any, engines: Any, lab: Any) -> None:
    engine.create("Vm", "it", {**VM, "node": "dc3"})
    kept = engine.create("VmPower", "it", {"vmid": 400, "started": True})
    lab.control.node_offline("dc3")
    try:
        other = engines()
        other.configure(**lab.settings)
        other.kept.update(engine.kept)
        for kind, inputs in (("Vm", {**VM, "node": "dc3"}), ("VmPower", kept.inputs)):
            assert other.refresh(kind, "it") is not None
            assert other.diff(kind, "it", inputs).detail == {}
    finally:
        lab.control.node_offline("dc3", offline=False)
    engine.delete("VmPower", "it")
    engine.delete("Vm", "it")


def test_a_list_that_is_late_is_no_drift_and_a_vm_that_runs_is_shut_down(
    engine: Any, engines: Any, lab: Any
) -> None:
    engine.create("Vm", "it", {**VM, "started": None})
    root = lab.by_hand()
    root("cluster/resources").get(type="vm")
    lab.control.time_scale(1.0)
    kept = engine.create("VmPower", "it", {"vmid": 400, "started": True})
    (row,) = root("cluster/resources").get(type="vm")
    assert row["status"] == "stopped"
    other = engines()
    other.configure(**lab.settings)
    other.kept.update(engine.kept)
    assert other.refresh("VmPower", "it").state["started"] is True
    assert other.diff("VmPower", "it", kept.inputs).detail == {}
    other.delete("VmPower", "it")
    assert root("nodes/dc1/qemu/400/status/current").get()["status"] == "stopped"
    lab.control.time_scale(0.0)
    root("nodes/dc1/qemu/400/status/start").post()
    other.delete("Vm", "it")


def test_a_vm_that_moved_is_the_same_vm_and_a_new_node_moves_it(engine: Any, engines: Any, lab: Any) -> None:
    engine.create("Vm", "it", VM)
    root = lab.by_hand()
    root("nodes/dc1/qemu/400/migrate").post(target="dc2", online=1, **{"with-local-disks": 1})
    lab.control.settle()
    other = engines()
    other.configure(**lab.settings)
    other.kept.update(engine.kept)
    assert other.refresh("Vm", "it").state["liveNode"] == "dc2"
    assert other.diff("Vm", "it", VM).detail == {}
    found = other.diff("Vm", "it", {**VM, "node": "dc3"})
    assert (found.detail, found.replaces) == ({"node": "UPDATE"}, [])
    assert other.update("Vm", "it", {**VM, "node": "dc3"}).state["liveNode"] == "dc3"
    assert root("nodes/dc3/qemu/400/status/current").get()["status"] == "running"
    other.delete("Vm", "it")


def test_many_clones_at_once(engine: Any, lab: Any) -> None:
    template = {**VM, "vmid": 450, "template": True}
    template.pop("started")
    engine.create("Vm", "template", template)
    failures: list[BaseException] = []

    def clone(number: int) -> None:
        try:
            engine.create(
                "Vm", f"c{number}", {**VM, "vmid": 460 + number, "cloneFrom": 450, "fullClone": True}
            )
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    lab.control.time_scale(0.02)
    try:
        threads = [threading.Thread(target=clone, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        lab.control.time_scale(0.0)
    assert failures == []
    for number in range(8):
        engine.delete("Vm", f"c{number}")
    engine.delete("Vm", "template")


def test_rules_that_someone_else_changes_meanwhile_are_not_mixed_up(engine: Any, lab: Any) -> None:
    engine.create("FirewallGroup", "it", LIVES["FirewallGroup"])
    lab.control.fail(
        "PUT",
        "/cluster/firewall/groups/{group}/{pos}",
        500,
        "detected modified configuration - file changed by other user? Try again.",
        times=2,
    )
    engine.update("FirewallGroup", "it", {"group": "lost", "rules": [RULES[2], RULES[0], RULES[1]]})
    live = lab.by_hand()("cluster/firewall/groups/lost").get()
    assert [row["comment"] for row in live] == ["[p3]", "[p1]", "[p2]"]
    engine.delete("FirewallGroup", "it")


def test_a_pending_change_is_shown_and_a_restart_is_made_only_when_allowed(
    engine: Any, engines: Any, lab: Any
) -> None:
    engine.create("Vm", "it", VM)
    state = engine.update("Vm", "it", {**VM, "cores": 4}).state
    assert state["pendingRestart"] == ["cores"]
    assert engine.diff("Vm", "it", {**VM, "cores": 4}).detail == {}
    other = engines()
    other.configure(**lab.settings)
    other.kept.update(engine.kept)
    assert other.refresh("Vm", "it").state["pendingRestart"] == ["cores"]
    allowed = {**VM, "cores": 4, "restartIfNeeded": True}
    assert set(other.diff("Vm", "it", allowed).detail) == {"restartIfNeeded", "pendingRestart"}
    assert other.update("Vm", "it", allowed).state["pendingRestart"] == []
    assert other.diff("Vm", "it", allowed).detail == {}
    other.delete("Vm", "it")


def test_deletes_of_a_whole_sdn_are_applied_together(engine: Any, lab: Any) -> None:
    engine.create("SdnZone", "z", {"zone": "awan", "bridge": "vmbr0"})
    names = [f"vn{number}" for number in range(110, 122)]
    for number, vnet in enumerate(names, 110):
        engine.create("SdnVnet", vnet, {"vnet": vnet, "zone": "awan", "tag": number})
        engine.create("SdnSubnet", vnet, {"vnet": vnet, "zone": "awan", "cidr": f"10.1.{number}.0/24"})
    engine.create("SdnApply", "a", {})
    lab.control.reset_calls()

    def delete_all(kind: str) -> None:
        threads = [threading.Thread(target=engine.delete, args=(kind, vnet)) for vnet in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    delete_all("SdnSubnet")
    delete_all("SdnVnet")
    engine.delete("SdnZone", "z")
    engine.delete("SdnApply", "a")
    engine.provider.run.finish()
    applies = [
        call["count"]
        for call in lab.control.calls()
        if (call["method"], call["path"]) == ("PUT", "/cluster/sdn")
    ]
    assert (
        sum(applies) <= 4
    )  # vnets and zone, one each, unless the machine is too busy to start a dozen threads
    for kind in ("zones", "vnets"):
        assert lab.by_hand()(f"cluster/sdn/{kind}").get(pending=1) == []


def test_a_subnet_that_goes_alone_is_applied_at_the_end_of_the_run(engine: Any, lab: Any) -> None:
    engine.create("SdnZone", "z", {"zone": "awan", "bridge": "vmbr0"})
    engine.create("SdnVnet", "v", {"vnet": "vn110", "zone": "awan", "tag": 110})
    engine.create("SdnSubnet", "s", {"vnet": "vn110", "zone": "awan", "cidr": "10.1.110.0/24"})
    engine.create("SdnApply", "a", {})
    engine.delete("SdnSubnet", "s")
    engine.cancel()  # as the engine does at the end of every command
    engine.provider.wait_idle(5)
    assert lab.by_hand()("cluster/sdn/vnets/vn110/subnets").get(pending=1) == []
    engine.provider.stop.finish()
    for kind, name in (("SdnApply", "a"), ("SdnVnet", "v"), ("SdnZone", "z")):
        engine.delete(kind, name)
