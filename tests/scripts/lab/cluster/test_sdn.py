# SPDX-License-Identifier: AGPL-3.0-or-later
"""SDN: pending and running, apply as a task, one lock, and what PVE refuses."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.scripts.lab.cluster.conftest import Lab, connect

pytestmark = pytest.mark.lab
Refused = Callable[..., str]


def test_new_vnet_is_pending_until_applied(lab: Lab) -> None:
    sdn = lab.api.cluster.sdn
    sdn.vnets.post(vnet="vn20", zone="awan", tag=20, alias="health")
    shown = {v["vnet"]: v for v in sdn.vnets.get(pending=1)}["vn20"]
    assert shown["state"] == "new"
    assert shown["pending"] == {"zone": "awan", "tag": 20, "alias": "health"}
    assert "vn20" not in {v["vnet"] for v in sdn.vnets.get(running=1)}
    upid = sdn.put()
    assert upid.split(":")[5] == "reloadnetworkall"
    lab.done(upid)
    assert "state" not in {v["vnet"]: v for v in sdn.vnets.get(pending=1)}["vn20"]
    assert sdn.vnets("vn20").get(running=1)["tag"] == 20


def test_change_and_deletion_are_pending_too(lab: Lab) -> None:
    sdn = lab.api.cluster.sdn
    sdn.vnets.post(vnet="vn30", zone="awan", tag=30, alias="a")
    lab.done(sdn.put())
    sdn.vnets("vn30").put(tag=31, delete="alias")
    shown = sdn.vnets("vn30").get(pending=1)
    assert (shown["state"], shown["tag"], shown["pending"]) == (
        "changed",
        30,
        {"tag": 31, "alias": "deleted"},
    )
    sdn.vnets("vn30").delete()
    assert {v["vnet"]: v for v in sdn.vnets.get(pending=1)}["vn30"]["state"] == "deleted"
    lab.done(sdn.put())
    assert "vn30" not in {v["vnet"] for v in sdn.vnets.get(pending=1)}


def test_zone_reads_back_what_it_is(lab: Lab) -> None:
    zone = lab.api.cluster.sdn.zones("awan").get()
    assert {k: zone[k] for k in ("zone", "type", "bridge")} == {
        "zone": "awan",
        "type": "vlan",
        "bridge": "vmbr0",
    }


def test_subnet_is_known_by_zone_and_network(lab: Lab, refused: Refused) -> None:
    subnets = lab.api.cluster.sdn.vnets("vn10").subnets
    subnets.post(subnet="10.0.10.0/24", type="subnet", gateway="10.0.10.1")
    (shown,) = subnets.get()
    assert {k: shown[k] for k in ("subnet", "cidr", "gateway", "zone", "vnet", "mask")} == {
        "subnet": "awan-10.0.10.0-24", "cidr": "10.0.10.0/24", "gateway": "10.0.10.1", "zone": "awan", "vnet": "vn10",
        "mask": "24"}  # fmt: skip
    assert refused(subnets.post, subnet="10.0.10.0/24", type="subnet") == (
        "500 create sdn subnet object failed: sdn subnet object ID 'awan-10.0.10.0-24' already defined"
    )
    assert lab.raw("DELETE", "/cluster/sdn/vnets/vn10") == (
        500,
        "delete sdn vnet object failed: 400 Parameter verification failed.\nvnet: Can't delete vnet if subnets exists",
    )
    path = "/cluster/sdn/vnets/vn10/subnets/awan-10.0.10.0-24"
    assert "gateway: 10.1.0.1 is not in subnet 10.0.10.0/24" in lab.raw("PUT", path, gateway="10.1.0.1")[1]
    subnets("awan-10.0.10.0-24").delete()
    assert subnets.get() == []


def test_refusals_are_those_of_pve(lab: Lab, refused: Refused) -> None:
    sdn = lab.api.cluster.sdn
    assert "sdn zone object ID 'awan' already defined" in refused(
        sdn.zones.post, zone="awan", type="vlan", bridge="vmbr0"
    )
    assert refused(sdn.zones.post, zone="z2", type="vlan") == "500 missing value for required option 'bridge'"
    assert lab.raw("POST", "/cluster/sdn/vnets", vnet="vn11", zone="awan") == (
        500,
        "create sdn vnet object failed: 400 Parameter verification failed.\ntag: missing vlan tag",
    )
    taken = lab.raw("POST", "/cluster/sdn/vnets", vnet="vn11", zone="awan", tag=10)
    assert "tag: tag 10 already exist in vnet vn10" in taken[1]
    assert "sdn zone 'none' does not exist" in refused(
        connect(lab.cluster, "root").cluster.sdn.vnets.post, vnet="vn11", zone="none", tag=11
    )
    assert "zone awan is used by vnet vn10 at " in refused(sdn.zones("awan").delete)
    assert refused(sdn.vnets("vn99").get) == "500 sdn vnet 'vn99' does not exist"
    assert "[vnet: value may only be 8 characters long]" in refused(
        sdn.vnets.post, vnet="vnet123456", zone="awan", tag=99
    )


def test_stale_digest_is_a_conflict(lab: Lab, refused: Refused) -> None:
    sdn = lab.api.cluster.sdn
    digest = sdn.vnets("vn10").get()["digest"]
    sdn.vnets("vn10").put(alias="first", digest=digest)
    assert "detected modified configuration - file changed by other user? Try again." in refused(
        sdn.vnets("vn10").put, alias="second", digest=digest
    )


def test_lock_token_keeps_others_out(lab: Lab, refused: Refused) -> None:
    sdn = lab.api.cluster.sdn
    lab.done(sdn.put())
    token = sdn.lock.post()
    assert "could not acquire lock for SDN config: invalid lock token provided!" in refused(sdn.lock.post)
    assert "update sdn vnet object failed: invalid lock token provided!" in refused(
        sdn.vnets("vn10").put, alias="x"
    )
    sdn.vnets("vn10").put(**{"alias": "held", "lock-token": token})
    sdn.rollback.post(**{"lock-token": token, "release-lock": 1})
    assert sdn.vnets("vn10").get().get("alias") != "held"
    sdn.vnets("vn10").put(alias="free")
    assert "could not acquire lock for SDN config: configuration has pending changes" in refused(
        sdn.lock.post
    )


def test_many_writers_queue_for_the_one_lock(lab: Lab) -> None:
    def make(n: int) -> None:
        connect(lab.cluster).cluster.sdn.vnets.post(vnet=f"q{n}", zone="awan", tag=100 + n)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(make, range(12)))
    assert {f"q{n}" for n in range(12)} <= {v["vnet"] for v in lab.api.cluster.sdn.vnets.get()}


def test_held_lock_ends_in_a_timeout(lab: Lab, refused: Refused) -> None:
    lab.control.hold_lock("domain-sdn")
    assert refused(lab.api.cluster.sdn.vnets("vn10").put, alias="y") == (
        "500 update sdn vnet object failed: cfs-lock 'domain-sdn' error: got lock request timeout"
    )
    lab.control.release_lock("domain-sdn")
    lab.api.cluster.sdn.vnets("vn10").put(alias="y")
