# SPDX-License-Identifier: AGPL-3.0-or-later
"""The seam to the guests: what a runtime is told, when, and what its refusal does to the start task."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.lab.cluster import launch
from scripts.lab.cluster.spec import read_spec
from tests.scripts.lab.cluster.conftest import Lab, running

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def guests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A cluster whose runtime writes down what it is told."""
    tmp_path = tmp_path_factory.mktemp("guests")
    yield from running(
        tmp_path / "dc",
        runtime="tests.scripts.lab.cluster.runtime_double:Diary",
        runtime_options={"path": str(tmp_path / "diary")},
    )


@pytest.fixture(autouse=True)
def fresh_page(guests: Lab) -> None:
    guests.control.settle()
    (guests.cluster.folder.parent / "diary").unlink(missing_ok=True)


def diary(lab: Lab) -> list[Any]:
    lab.control.settle()
    path = lab.cluster.folder.parent / "diary"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_start_tells_config_and_firewall(guests: Lab) -> None:
    lab = guests
    lab.api.cluster.firewall.options.put(enable=1)
    lab.api.cluster.firewall.groups.post(group="web")
    vm = lab.vm(100, net0="virtio=BC:24:11:00:00:01,bridge=vn10,firewall=1", ipconfig0="ip=10.0.10.5/24")
    vm.firewall.options.put(enable=1, ipfilter=1)
    vm.firewall.rules.post(type="group", action="web", enable=1)
    lab.done(vm.status.start.post())
    ((what, vmid, node, config, firewall),) = diary(lab)
    assert (what, vmid, node, config["ipconfig0"]) == ("start", 100, "dc1", "ip=10.0.10.5/24")
    assert firewall["cluster_options"] == {"enable": 1}
    assert firewall["groups"] == {"web": []}
    assert firewall["vm_options"] == {"enable": 1, "ipfilter": 1}
    assert [r["action"] for r in firewall["vm_rules"]] == ["web"]
    assert firewall["nics"] == [
        {
            "name": "net0",
            "mac": "BC:24:11:00:00:01",
            "bridge": "vn10",
            "tag": 10,
            "firewall": True,
            "link_down": False,
        }
    ]


def test_only_changes_that_matter_are_told(guests: Lab) -> None:
    lab = guests
    vm = lab.vm(200, net0="virtio,bridge=vn10,firewall=1")
    lab.vm(201)
    lab.done(vm.status.start.post())
    lab.api.cluster.firewall.aliases.post(name="dns", cidr="10.0.10.53")
    vm.firewall.rules.post(type="in", action="ACCEPT", enable=1)
    lab.api.nodes("dc1").qemu(201).firewall.options.put(enable=1)
    vm.config.put(name="renamed")
    told = [entry[:2] for entry in diary(lab) if entry[1] != 100]
    assert told[0] == ["start", 200]
    assert set(map(tuple, told[1:])) == {("firewall", 200)}
    assert diary(lab)[-1][2]["cluster_aliases"]["dns"]["cidr"] == "10.0.10.53"
    lab.done(vm.status.stop.post())
    before = len(diary(lab))
    vm.firewall.rules.post(type="in", action="DROP", enable=1)
    assert [e[:2] for e in diary(lab)[before - 1 :]] == [["stop", 200]]


def test_refusal_of_the_runtime_fails_the_start(guests: Lab) -> None:
    lab = guests
    vm = lab.vm(666)
    assert lab.wait(vm.status.start.post()) == "start failed: no room for the beast"
    assert vm.status.current.get()["status"] == "stopped"


def test_guests_end_with_the_cluster_and_come_back_with_it(guests: Lab) -> None:
    lab = guests
    vm = lab.vm(300)
    lab.vm(301)
    lab.done(vm.status.start.post())
    folder = lab.cluster.folder
    launch.stop(folder)
    launch.start(read_spec(folder / "spec.json"), folder)
    assert [e[:2] for e in diary(lab) if e[1] == 300] == [["start", 300], ["stop", 300], ["start", 300]]
    assert 301 not in {e[1] for e in diary(lab)}
    assert vm.status.current.get()["status"] == "running"
