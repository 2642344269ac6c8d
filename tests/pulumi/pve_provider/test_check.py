# SPDX-License-Identifier: GPL-3.0-or-later
"""Check: one form for equal values, and all errors at once with what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from pve_provider import check
from pve_provider.resources import BY_TOKEN
from pve_provider.wire import UNKNOWN

VM = BY_TOKEN["pve:index:Vm"]
GROUP = BY_TOKEN["pve:index:FirewallGroup"]


def test_all_errors_come_at_once() -> None:
    given = {
        "vmid": 99,
        "nod": "dc1",
        "memory": "2048",
        "started": 1,
        "disks": [
            {"slot": "scsi0", "storage": "s", "sizeGib": 1},
            {"slot": "scsi0", "storage": "s", "sizeGib": 1},
        ],
        "networks": [
            {"slot": "eth0", "bridge": "vn1", "mac": "01:00:5e:00:00:01"},
            {"slot": "net1", "bridge": "vn1"},
        ],
        "cloudInit": {"storage": "s", "ipConfigs": [{"ip": "10.0.0.5"}]},
    }
    failures = dict(check.check(VM, given)[1])
    assert failures == {
        "nod": "is not a property here; did you mean 'node'?",
        "node": "is missing; write the node it is made on; a change migrates it if it lives elsewhere.",
        "memory": "is str '2048'; write a value of type integer",
        "started": "is int 1; write a value of type boolean",
        "disks[1].slot": "'scsi0' stands here twice; each slot once",
        "networks[0].slot": "is 'eth0'; write what matches net(?:[0-9]|[12][0-9]|3[01])",
        "networks[0].mac": "is '01:00:5e:00:00:01', a multicast address; the first byte must be even",
        "networks[1].mac": "is missing; write the MAC; PVE's random ones are never used.",
        "cloudInit.ipConfigs[0].ip": (
            "is '10.0.0.5'; write an address with its prefix length like 10.10.0.5/24, or dhcp"
        ),
    }
    assert dict(check.check(VM, {"vmid": 99, "node": "dc1"})[1]) == {
        "vmid": "is 99; write a number from 100 on"
    }


def test_equal_values_get_one_form() -> None:
    given = {
        "vmid": 100,
        "node": "dc1",
        "tags": ["B", "a", "b"],
        "disks": [{"slot": slot, "storage": "s", "sizeGib": 1} for slot in ("scsi10", "scsi2")],
        "networks": [{"slot": "net0", "bridge": "vn1", "mac": "bc-24-11-00-00-0a"}],
        "cloudInit": {"storage": "s", "ipConfigs": [{"ip6": "2001:DB8:0:0::5/64"}]},
    }
    values, failures = check.check(VM, given)
    assert failures == []
    assert values["tags"] == ["a", "b"]
    assert [disk["slot"] for disk in values["disks"]] == ["scsi2", "scsi10"]
    assert values["networks"][0]["mac"] == "BC:24:11:00:00:0A"
    assert values["cloudInit"]["ipConfigs"] == [{"slot": "net0", "ip6": "2001:db8::5/64"}]
    assert check.check(VM, values) == (values, [])


def test_the_order_of_rules_is_kept() -> None:
    rules = [{"key": key, "type": "in", "action": "DROP"} for key in ("z", "a")]
    values, failures = check.check(GROUP, {"group": "web", "rules": rules})
    assert failures == []
    assert [rule["key"] for rule in values["rules"]] == ["z", "a"]


def test_the_names_of_foreign_rules_are_reserved() -> None:
    rules = [{"key": "foreign-1", "type": "in", "action": "DROP"}]
    assert dict(check.check(GROUP, {"group": "web", "rules": rules})[1]).keys() == {"rules[0].key"}


@pytest.mark.parametrize("value", ["203.0.113.5/32", "203.0.113.5"])
def test_an_address_of_an_ipset_has_one_form(value: str) -> None:
    ipset = BY_TOKEN["pve:index:FirewallIpset"]
    values, failures = check.check(ipset, {"name": "set", "entries": [{"cidr": value}]})
    assert (values["entries"], failures) == ([{"cidr": "203.0.113.5"}], [])


def test_what_is_not_known_yet_is_let_through() -> None:
    given: dict[str, Any] = {
        "vmid": UNKNOWN,
        "node": UNKNOWN,
        "tags": [UNKNOWN],
        "disks": UNKNOWN,
        "networks": [{"slot": "net0", "bridge": UNKNOWN, "mac": UNKNOWN}],
    }
    values, failures = check.check(VM, given)
    assert failures == []
    assert values["networks"][0]["bridge"] is UNKNOWN
    assert check.check(GROUP, {"group": "web", "rules": UNKNOWN})[1] == []


@pytest.mark.parametrize(
    ("kind", "given", "path"),
    [
        ("FirewallIpset", {"name": "Offices"}, "name"),
        ("FirewallGroup", {"group": "Web"}, "group"),
        ("VmFirewall", {"vmid": 100, "ipsets": [{"name": "Own"}]}, "ipsets[0].name"),
    ],
)
def test_names_that_pve_reads_back_in_lower_case_are_written_so(
    kind: str, given: dict[str, Any], path: str
) -> None:
    failures = dict(check.check(BY_TOKEN[f"pve:index:{kind}"], given)[1])
    assert list(failures) == [path]
    assert "write what matches [a-z]" in failures[path]
