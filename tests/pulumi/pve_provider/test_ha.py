# SPDX-License-Identifier: GPL-3.0-or-later
"""A VM under HA: the end of PVE's task is only the asking. The provider goes by what the VM does, wherever it runs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

import pytest

from pve_provider.client import retry, task
from pve_provider.errors import ApiError
from pve_provider.resources.nodes import qemu_ha

DONE = {"status": "stopped", "exitstatus": "OK"}
VM = {"vmid": 100, "node": "dc1", "disks": [{"slot": "scsi0", "storage": "local-zfs", "sizeGib": 4}]}
MARK = "awan: urn:pulumi:test::awan::pve:index:Vm::it 0123456789abcdef"
DISK = {"key": "scsi0", "value": "local-zfs:vm-100-disk-0,size=4G"}
STATUS = "/nodes/{}/qemu/100/status/current"
RUNS, STANDS = {"status": "running"}, {"status": "stopped"}


def upid(kind: str, node: str = "dc1") -> str:
    return f"UPID:{node}:0001:0002:65000000:{kind}:100:iac@pve!pulumi:"


def listed(node: str = "dc1", status: str = "stopped") -> list[dict[str, Any]]:
    return [{"vmid": 100, "node": node, "type": "qemu", "status": status}]


def asked(kind: str) -> dict[str, Any]:
    return {f"/nodes/dc1/tasks/{upid(kind)}/status": DONE}


def then(*values: Any) -> Iterator[Any]:
    """These, and the last one for ever."""
    return chain(values, repeat(values[-1]))


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "FIRST_LOOK", 0.0)
    monkeypatch.setattr(retry, "pauses", lambda **_limits: repeat(0.0))


def test_a_start_is_over_when_the_vm_runs(recorded: Any) -> None:
    live = {
        **asked("hastart"),
        "/cluster/resources": listed(),
        STATUS.format("dc1"): then(STANDS, STANDS, STANDS, RUNS),
    }
    engine, api = recorded(live, answers=[upid("hastart")])
    engine.create("VmPower", "it", {"vmid": 100, "started": True})
    assert api.writes == ["POST /nodes/dc1/qemu/100/status/start"]
    assert api.reads.count(STATUS.format("dc1")) == 4


def test_a_start_without_ha_waits_for_its_task_alone(recorded: Any) -> None:
    live = {**asked("qmstart"), "/cluster/resources": listed(), STATUS.format("dc1"): STANDS}
    engine, api = recorded(live, answers=[upid("qmstart")])
    engine.create("VmPower", "it", {"vmid": 100, "started": True})
    assert api.reads.count(STATUS.format("dc1")) == 1


def test_a_vm_is_followed_to_the_node_where_the_manager_starts_it(recorded: Any) -> None:
    gone = ApiError("GET", "", 500, "Configuration file 'nodes/dc1/qemu-server/100.conf' does not exist", {})
    live = {
        **asked("hastart"),
        "/cluster/resources": then(listed(), listed(), listed("dc2")),
        STATUS.format("dc1"): then(STANDS, STANDS, gone),
        STATUS.format("dc2"): then(STANDS, RUNS),
    }
    engine, api = recorded(live, answers=[upid("hastart")])
    engine.create("VmPower", "it", {"vmid": 100, "started": True})
    assert api.reads.count(STATUS.format("dc2")) == 2


def test_a_manager_that_does_not_follow_is_named(recorded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu_ha, "HA_SECONDS", -1.0)
    live = {
        **asked("hastart"),
        "/cluster/resources": listed(),
        STATUS.format("dc1"): STANDS,
        "/cluster/ha/status/current": [{"sid": "vm:100", "type": "service", "status": "vm:100 (dc1, error)"}],
    }
    engine, _api = recorded(live, answers=[upid("hastart")])
    with pytest.raises(
        Exception, match=r"cannot create power of VM 100: .*not come to pass .*dc1, error.*run again"
    ):
        engine.create("VmPower", "it", {"vmid": 100, "started": True})


def test_a_shutdown_is_over_when_the_vm_stands(recorded: Any) -> None:
    live = {
        **asked("hastop"),
        "/cluster/resources": listed(status="running"),
        STATUS.format("dc1"): then(RUNS, RUNS, RUNS, STANDS),
    }
    engine, api = recorded(live, answers=[upid("hastop")])
    engine.keep("VmPower", "it", "100", {"vmid": 100, "started": True}, {"vmid": 100, "started": True})
    engine.update("VmPower", "it", {"vmid": 100, "started": False})
    assert api.writes == ["POST /nodes/dc1/qemu/100/status/shutdown forceStop=1 timeout=60"]
    assert api.reads.count(STATUS.format("dc1")) == 4


def test_a_vm_is_destroyed_once_the_manager_has_stopped_it(recorded: Any) -> None:
    live = {
        **asked("hastop"),
        "/cluster/resources": listed(status="running"),
        "/nodes/dc1/qemu/100/pending": [{"key": "description", "value": MARK}],
        STATUS.format("dc1"): then(RUNS, RUNS, STANDS),
    }
    engine, api = recorded(live, answers=[upid("hastop")])
    known = engine.checked("Vm", "it", VM)
    engine.keep("Vm", "it", "100", known, {**known, "incarnation": "0123456789abcdef"})
    engine.delete("Vm", "it")
    assert api.writes == ["POST /nodes/dc1/qemu/100/status/stop", "DELETE /nodes/dc1/qemu/100 purge=1"]
    assert api.reads.count(STATUS.format("dc1")) == 3


def test_a_migration_is_over_when_the_vm_lives_there(recorded: Any) -> None:
    pending = [{"key": "description", "value": MARK}, DISK]
    live = {
        **asked("hamigrate"),
        "/cluster/ha/rules": [],
        "/cluster/resources": then(listed(), listed(), listed("dc2")),
        "/nodes/dc1/qemu/100/pending": pending,
        "/nodes/dc2/qemu/100/pending": pending,
        STATUS.format("dc1"): STANDS,
    }
    engine, api = recorded(live, answers=[upid("hamigrate")])
    known = engine.checked("Vm", "it", VM)
    engine.keep("Vm", "it", "100", known, {**known, "incarnation": "0123456789abcdef", "liveNode": "dc1"})
    state = engine.update("Vm", "it", {**VM, "node": "dc2"}).state
    assert "POST /nodes/dc1/qemu/100/migrate target=dc2" in api.writes
    assert state["liveNode"] == "dc2"
    assert not [path for path in api.writes if path.startswith("PUT /nodes/dc1/")]


def test_where_a_rule_places_a_vm_the_manager_moves_it(recorded: Any) -> None:
    """A migration against the rule would be undone; the changed rule itself moves the VM."""
    rule = {
        "rule": "r",
        "type": "node-affinity",
        "resources": "vm:99,vm:100",
        "nodes": "dc1:2,dc3:1",
        "strict": 1,
    }
    live = {
        "/cluster/resources": listed(),
        "/cluster/ha/rules": [rule],
        "/nodes/dc1/qemu/100/pending": [{"key": "description", "value": MARK}, DISK],
        STATUS.format("dc1"): STANDS,
    }
    engine, api = recorded(live)
    known = engine.checked("Vm", "it", VM)
    engine.keep("Vm", "it", "100", known, {**known, "incarnation": "0123456789abcdef", "liveNode": "dc1"})
    assert engine.update("Vm", "it", {**VM, "node": "dc2"}).state["liveNode"] == "dc1"
    assert not [line for line in api.writes if "migrate" in line]


def test_copies_wait_until_the_manager_has_moved_the_vm_away(recorded: Any) -> None:
    """Home and replica change places with a third node: the VM still lives where its copies are to be."""
    job = {"id": "100-0", "target": "dc2", "comment": MARK.replace("Vm", "Replication")}
    live = {
        "/cluster/replication": then([job], []),
        "/cluster/resources": then(listed("dc1"), listed("dc1"), listed("dc3")),
    }
    engine, api = recorded(live)
    known = engine.checked("Replication", "it", {"jobid": "100-0", "target": "dc2"})
    engine.keep("Replication", "it", "100-0", known, {**known, "incarnation": "0123456789abcdef"})
    engine.update("Replication", "it", {"jobid": "100-0", "target": "dc1"})
    assert api.reads.count("/cluster/resources") == 3
    assert [line.split(" ", 1)[0] for line in api.writes] == ["DELETE", "POST"]


@pytest.mark.parametrize(
    ("kind", "path", "inputs"),
    [
        ("HaResource", "/cluster/ha/resources", {"sid": "vm:100"}),
        ("HaRule", "/cluster/ha/rules", {"rule": "r1", "resources": ["vm:100"], "nodes": ["dc1"]}),
        ("Replication", "/cluster/replication", {"jobid": "100-0", "target": "dc2"}),
    ],
)
def test_a_protected_vm_keeps_what_makes_it_available(
    kind: str, path: str, inputs: dict[str, Any], recorded: Any
) -> None:
    """Destroying it fails before anything was touched; HA and copies would else go before its power refuses."""
    names = {"jobid": "id"}
    shown = {names.get(name, name): value for name, value in inputs.items()}
    live = {
        path: [{**shown, "comment": MARK.replace("index:Vm", f"index:{kind}")}],
        "/cluster/resources": listed(),
        "/nodes/dc1/qemu/100/pending": [{"key": "protection", "value": 1}],
    }
    engine, api = recorded(live)
    known = engine.checked(kind, "it", inputs)
    engine.keep(
        kind, "it", str(next(iter(inputs.values()))), known, {**known, "incarnation": "0123456789abcdef"}
    )
    with pytest.raises(Exception, match="VM 100 is protected and was not touched"):
        engine.delete(kind, "it")
    assert api.writes == []
