# SPDX-License-Identifier: GPL-3.0-or-later
"""The least number of requests follows the Plan: one thing more in it costs exactly the calls that PVE asks for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from network_plan.build import load_plan
from network_plan.model.firewall import Rule
from network_plan.model.guest import Guest
from network_plan.model.plan import Plan
from scripts.bench.ground import shell
from scripts.bench.least import TASK, VM, Calls, least
from scripts.bench.up import breakdown, counted
from tests.small import SMALL


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(SMALL)


def guest_of(plan: Plan) -> Guest:
    return next(guest for guest in plan.guests if guest.cluster == "dc" and guest.running)


def changed(plan: Plan, old: Guest, new: Guest) -> Calls:
    """The calls that the change adds."""
    guests = tuple(new if guest is old else guest for guest in plan.guests)
    after, before = least(replace(plan, guests=guests), "dc"), least(plan, "dc")
    after.subtract(before)
    return Calls({key: count for key, count in after.items() if count})


def test_a_rule_more_is_one_request_more(plan: Plan) -> None:
    guest = guest_of(plan)
    rule = Rule(key="extra", direction="in", action="ACCEPT", proto="tcp", dport="443")
    firewall = replace(guest.firewall, rules=(*guest.firewall.rules, rule))
    assert changed(plan, guest, replace(guest, firewall=firewall)) == {("POST", f"{VM}/firewall/rules"): 1}


def test_a_stopped_guest_saves_the_start_and_its_task(plan: Plan) -> None:
    guest = guest_of(plan)
    saved = changed(plan, guest, replace(guest, running=False))
    assert saved == {("POST", f"{VM}/status/start"): -1, TASK: -1}


def test_a_disk_from_an_image_is_grown_in_a_task(plan: Plan) -> None:
    guest = guest_of(plan)
    image = next(disk for disk in guest.disks if disk.import_from)
    more = replace(guest, disks=(*guest.disks, replace(image, slot="scsi9")))
    assert changed(plan, guest, more) == {("PUT", f"{VM}/resize"): 1, TASK: 1}
    empty = replace(guest, disks=(*guest.disks, replace(image, slot="scsi9", import_from=None)))
    assert changed(plan, guest, empty) == {}


def test_a_guest_without_ha_saves_its_three_objects(plan: Plan) -> None:
    guest = guest_of(plan)
    assert guest.ha is not None
    assert changed(plan, guest, replace(guest, ha=None)) == {
        ("POST", "/cluster/ha/resources"): -1,
        ("POST", "/cluster/ha/rules"): -1,
        ("POST", "/cluster/replication"): -1,
    }


def test_a_token_of_a_known_user_costs_itself_and_two_rights(plan: Plan) -> None:
    cluster = plan.cluster("dc")
    more = replace(cluster, tokens=(*cluster.tokens, replace(cluster.tokens[0], token="more")))
    others = tuple(one for one in plan.clusters if one is not cluster)
    after, before = least(replace(plan, clusters=(more, *others)), "dc"), least(plan, "dc")
    after.subtract(before)
    assert Calls({key: count for key, count in after.items() if count}) == {
        ("POST", "/access/users/{userid}/token/{tokenid}"): 1,
        ("PUT", "/access/acl"): 2,
    }


def test_each_guest_is_made_once_and_read_once(plan: Plan) -> None:
    for cluster in plan.clusters:
        calls, guests = least(plan, cluster.name), len(plan.guests_of(cluster.name))
        assert guests
        assert calls["POST", "/nodes/{node}/qemu"] == calls["GET", f"{VM}/pending"] == guests


def test_another_clusters_settings_do_not_reach_the_bench() -> None:
    given = {
        "HOME": "/h",
        "AWAN_DC_TOKEN": "a@pve!b=c",
        "PULUMI_BACKEND_URL": "file:///x",
        "AWAN_CACHE": "/c",
    }
    assert shell(given) == {"HOME": "/h", "AWAN_CACHE": "/c"}


def test_what_is_too_much_comes_first() -> None:
    made = counted(
        [
            {"method": "GET", "path": "/a", "count": 1, "invented": False},
            {"method": "GET", "path": "/b", "count": 5, "invented": False},
        ]
    )
    assert breakdown(made, Calls({("GET", "/a"): 1, ("GET", "/b"): 2, ("PUT", "/c"): 1})) == [
        {"method": "GET", "path": "/b", "made": 5, "least": 2},
        {"method": "GET", "path": "/a", "made": 1, "least": 1},
        {"method": "PUT", "path": "/c", "made": 0, "least": 1},
    ]
