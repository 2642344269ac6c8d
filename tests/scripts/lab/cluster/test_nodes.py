# SPDX-License-Identifier: AGPL-3.0-or-later
"""The cluster as a whole: name, nodes, resources, options, next id, storages, tasks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.scripts.lab.cluster.conftest import IMAGE, Lab

pytestmark = pytest.mark.lab
Refused = Callable[..., str]


def test_cluster_says_its_name_and_nodes(lab: Lab) -> None:
    head, *nodes = lab.api.cluster.status.get()
    assert (head["name"], head["quorate"], head["nodes"]) == ("lab-dc", 1, 3)
    assert [n["name"] for n in nodes] == ["dc1", "dc2", "dc3"]
    assert [n["local"] for n in nodes] == [1, 0, 0]
    assert {(n["maxmem"], n["maxcpu"]) for n in lab.api.nodes.get()} == {(8192 * 1024**2, 8)}
    assert lab.api.version.get()["version"] == "9.0.11"


def test_next_id_reserves_nothing(lab: Lab, refused: Refused) -> None:
    assert lab.api.cluster.nextid.get() == lab.api.cluster.nextid.get() == "100"
    lab.vm(100)
    assert lab.api.cluster.nextid.get() == "101"
    assert "[vmid: VM 100 already exists]" in refused(lab.api.cluster.nextid.get, vmid=100)


def test_options_are_kept(lab: Lab) -> None:
    lab.api.cluster.options.put(**{"next-id": "lower=5000,upper=6000", "description": "lab"})
    shown = lab.api.cluster.options.get()
    assert (shown["next-id"], shown["description"]) == ({"lower": "5000", "upper": "6000"}, "lab\n")
    assert lab.api.cluster.nextid.get() == "5000"
    lab.api.cluster.options.put(delete="next-id,description")
    assert lab.api.cluster.options.get()["description"] == ""


def test_images_lie_on_each_node(lab: Lab) -> None:
    for node in ("dc1", "dc3"):
        (image,) = lab.api.nodes(node).storage("local").content.get(content="import")
        assert (image["volid"], image["size"], image["format"]) == (IMAGE, 3 * 1024**3, "qcow2")
    assert lab.api.nodes("dc1").storage("local").content(IMAGE).get()["size"] == 3 * 1024**3


def test_storages_say_where_they_are(lab: Lab) -> None:
    shown = {s["storage"]: s for s in lab.api.nodes("dc1").storage.get()}
    assert (shown["nfs"]["shared"], shown["local-zfs"]["shared"]) == (1, 0)
    assert shown["local-zfs"]["total"] == 500 * 1024**3
    assert {s["storage"] for s in lab.api.nodes("dc1").storage.get(content="import")} == {"local"}
    assert lab.root.storage("local-zfs").get()["pool"] == "rpool/data"


def test_bridges_and_applied_vnets_of_a_node(lab: Lab) -> None:
    listed = {i["iface"]: i["type"] for i in lab.api.nodes("dc1").network.get(type="any_bridge")}
    assert listed == {"vmbr0": "bridge", "vn10": "vnet"}


def test_tasks_are_listed_with_user_and_token_apart(lab: Lab, refused: Refused) -> None:
    lab.vm(110)
    task = lab.api.nodes("dc1").tasks.get(vmid=110)[0]
    assert (task["type"], task["status"], task["user"], task["tokenid"]) == (
        "qmcreate", "OK", "iac@pve", "pulumi")  # fmt: skip
    assert task["upid"] in {t["upid"] for t in lab.api.cluster.tasks.get()}
    upid = "UPID:dc1:00000001:00000001:00000001:qmstart:1:root@pam:"
    assert "[upid: no such task]" in refused(lab.api.nodes("dc1").tasks(upid).status.get)


def test_unknown_paths_and_nodes(lab: Lab, refused: Refused) -> None:
    assert "501 Method 'GET /api2/json/cluster/nothing' not implemented" in refused(
        lab.api.cluster.nothing.get
    )
    assert "hostname lookup 'dc9' failed" in refused(lab.api.nodes("dc9").qemu.get)
