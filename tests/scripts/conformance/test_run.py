# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab does what the provider relies on; another answer is named; nothing of ours stays, nothing else goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scripts.conformance.check import Check, equal
from scripts.conformance.checks import AREAS, CHECKS, access, sdn
from scripts.conformance.run import DIFFERS, LEFT_OUT, OK, Report, chosen, run
from scripts.conformance.target import PREFIX, Foreign, Target, Vm
from tests.scripts.conformance.conftest import Ground

pytestmark = pytest.mark.lab


def conform(target: Target, *only: str) -> Report:
    return run(target, chosen(only), lambda _result: None)


def outcomes(report: Report) -> dict[str, str]:
    return {result.name: result.outcome for result in report.results}


def everything(target: Target) -> dict[str, list[Any]]:
    """Names of all that a run makes."""
    api = target.api
    return {
        "VMs": sorted(target.guests()),
        "pools": sorted(row["poolid"] for row in api.get("/pools")),
        "groups": sorted(row["groupid"] for row in api.get("/access/groups")),
        "roles": sorted(row["roleid"] for row in api.get("/access/roles")),
        "acl": sorted(f"{row['path']} {row['ugid']}" for row in api.get("/access/acl")),
        "tokens": sorted(row["tokenid"] for row in api.get(f"/access/users/{target.user}/token")),
        "users": sorted(row["userid"] for row in api.get("/access/users")),
        "storages": sorted(row["storage"] for row in api.get("/storage")),
        "options": api.get("/cluster/options"),
        "backup jobs": api.get("/cluster/backup"),
        "HA": [api.get("/cluster/ha/resources"), api.get("/cluster/ha/rules")],
        "replication": api.get("/cluster/replication"),
        "aliases": api.get("/cluster/firewall/aliases"),
        "ipsets": api.get("/cluster/firewall/ipset"),
        "security groups": api.get("/cluster/firewall/groups"),
        "zones": sorted(sdn.rows(target, sdn.ZONES, "zone")),
        "vnets": sorted(sdn.rows(target, sdn.VNETS, "vnet")),
        "volumes": sorted(
            row["volid"]
            for node in (target.node, target.other_node)
            for row in api.get(f"/nodes/{node}/storage/{target.storage}/content")
        ),
    }


def test_the_lab_does_all_that_the_provider_relies_on(ground: Ground) -> None:
    before = everything(ground.target)
    ground.control.reset_calls()
    report = conform(ground.target)
    assert [result for result in report.results if result.outcome != OK] == []
    assert len(report.results) == len(CHECKS) > 100
    assert report.passed
    assert ground.control.invented() == []
    assert everything(ground.target) == before


def test_every_check_has_a_name_of_its_own_and_says_what_it_expects() -> None:
    names = [one.name for one in CHECKS]
    assert len(set(names)) == len(names)
    assert all(one.expected for one in CHECKS)
    assert {one.run.__module__ for one in CHECKS} == {area.__name__ for area in AREAS}


@pytest.mark.parametrize(
    ("method", "path", "status", "text", "name"),
    [
        ("GET", "/version", 500, "no such thing", "version"),
        ("PUT", "/nodes/{node}/qemu/{vmid}/resize", 500, "storage is full", "resize.grows"),
        ("POST", "/access/roles", 500, "role is there", "role.reads_back"),
        ("PUT", "/cluster/firewall/groups/{group}/{pos}", 500, "somebody wrote", "rules.comment"),
        ("PUT", "/cluster/options", 500, "no quorum", "options.put_and_clear"),
        ("PUT", "/storage/{storage}", 500, "storage is busy", "storage.put_and_clear"),
    ],
)
def test_an_answer_that_is_not_pves_makes_its_check_differ(
    ground: Ground, method: str, path: str, status: int, text: str, name: str
) -> None:
    """The others of the area go on, and are right."""
    ground.control.fail(method, path, status, text)
    report = conform(ground.target, name.split(".", maxsplit=1)[0])
    wrong = {result.name: result.seen for result in report.results if result.outcome == DIFFERS}
    assert list(wrong) == [name]
    assert text in wrong[name]
    assert not report.passed


def test_other_words_for_a_taken_name_are_a_difference(ground: Ground) -> None:
    """The provider knows PVE's words; a release that words it anew must be seen here and not in production."""
    (exists,) = chosen(["pool.exists"])

    def reworded(target: Target) -> str:
        access.pool(target)
        ground.control.fail("POST", "/pools", 500, "pool is in use by that name")
        return exists.run(target)

    one = Check(name=exists.name, expected=exists.expected, run=reworded)
    (result,) = run(ground.target, [one], lambda _result: None).results
    assert (result.outcome, result.seen) == (DIFFERS, "500 pool is in use by that name")
    assert "exists already" in result.expected


def test_what_cannot_be_removed_is_said_and_nothing_is_checked(ground: Ground) -> None:
    access.pool(ground.target)
    ground.control.fail("DELETE", "/pools", 500, "quorum is gone")
    report = conform(ground.target, "version")
    assert report.results == []
    assert report.left_behind == [f"poolid {access.POOL}: quorum is gone"]
    assert not report.passed
    assert conform(ground.target, "version").passed


def test_a_killed_run_is_cleaned_up_and_nobody_elses_things_are(ground: Ground) -> None:
    target, api = ground.target, ground.target.api
    left = Vm(target, target.free_vmid(), target.node)
    target.done(left.create(name=f"{PREFIX}-vm", memory=128, protection=1, scsi0=f"{target.storage}:1"))
    target.done(left.post("/status/start"))
    foreign = Vm(target, target.free_vmid(), target.node)
    target.done(foreign.create(name="register", memory=128))
    api.post("/pools", poolid=f"{PREFIX}-pool")
    api.put("/pools", poolid=f"{PREFIX}-pool", vms=f"{left.vmid},{foreign.vmid}")
    api.post("/pools", poolid="dukcapil")
    api.post("/cluster/firewall/ipset", name=f"{PREFIX}-set")
    api.post(f"/cluster/firewall/ipset/{PREFIX}-set", cidr="192.0.2.0/24")
    report = conform(target, "version")
    assert report.passed
    expected = {f"VM {left.vmid}", f"poolid {PREFIX}-pool", f"ipset {PREFIX}-set"}
    assert set(report.removed_before) == expected
    assert set(target.guests()) == {foreign.vmid}
    assert [row["poolid"] for row in api.get("/pools")] == ["dukcapil"]
    target.done(api.delete(f"{foreign.path}", purge=1))
    api.delete("/pools", poolid="dukcapil")


def test_a_vm_that_has_become_somebody_elses_is_not_touched(ground: Ground) -> None:
    target = ground.target
    vm = Vm(target, target.free_vmid(), target.node)
    target.done(vm.create(name=f"{PREFIX}-vm", memory=128))
    target.api.put(f"{vm.path}/config", name="register")
    with pytest.raises(Foreign, match="'register', which is not ours"):
        vm.delete(purge=1)
    assert vm.status() == "stopped"
    target.done(target.api.delete(vm.path, purge=1))


@pytest.fixture
def waiting_change(ground: Ground) -> Iterator[None]:
    api = ground.target.api
    api.post("/cluster/sdn/vnets", vnet="vn77", zone="awan", tag=77)
    yield
    api.delete("/cluster/sdn/vnets/vn77")
    ground.target.done(api.put("/cluster/sdn"))
    sdn.remove(ground.target)


@pytest.mark.usefixtures("waiting_change")
def test_sdn_changes_of_others_are_not_applied(ground: Ground) -> None:
    ground.control.reset_calls()
    report = conform(ground.target, "sdn.apply")
    assert outcomes(report) == {"sdn.apply": LEFT_OUT}
    assert "vn77" in report.results[0].seen
    assert not [
        call for call in ground.control.calls() if (call["method"], call["path"]) == ("PUT", "/cluster/sdn")
    ]
    assert report.left_behind, "what could not be taken away is said"


@pytest.mark.parametrize(("seen", "expected"), [("1", 1), ([1, "2"], [1, 2]), ({"a": True}, {"a": 1})])
def test_equal_means_the_same_type_too(seen: object, expected: object) -> None:
    with pytest.raises(Exception, match="expected"):
        equal(seen, expected)
