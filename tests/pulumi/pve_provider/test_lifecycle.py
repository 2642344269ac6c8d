# SPDX-License-Identifier: GPL-3.0-or-later
"""Each resource against the lab: created, read, equal, changed, equal again, imported without a change, deleted."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from pve_provider.resources import ALL

pytestmark = pytest.mark.lab

VM = {
    "vmid": 100,
    "node": "dc1",
    "name": "app",
    "tags": ["dukcapil", "priority-1"],
    "cores": 2,
    "cpu": "x86-64-v2-AES",
    "memory": 2048,
    "balloon": 0,
    "osType": "l26",
    "scsihw": "virtio-scsi-single",
    "agent": True,
    "onboot": True,
    "description": "Population register\nsecond line",
    "bootOrder": ["scsi0"],
    "started": True,
    "disks": [
        {
            "slot": "scsi0",
            "storage": "local-zfs",
            "sizeGib": 8,
            "importFrom": "local:import/debian-13-genericcloud-amd64.qcow2",
            "discard": True,
            "iothread": True,
        },
        {"slot": "scsi1", "storage": "local-zfs", "sizeGib": 5, "backup": False},
    ],
    "networks": [{"slot": "net0", "bridge": "vn110", "mac": "BC:24:11:00:00:01", "firewall": True}],
    "cloudInit": {
        "storage": "local-zfs",
        "user": "awan",
        "sshKeys": [
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBQzd5Nn3bbDYcQkJ3zOk9a2H6Vt8y1uT0m3F0n3x5yK ops@example"
        ],
        "nameservers": ["10.1.0.53", "2001:db8::53"],
        "searchDomain": "example.org",
        "ipConfigs": [
            {"ip": "10.1.10.5/24", "gw": "10.1.10.1", "ip6": "2001:db8::5/64", "gw6": "2001:db8::1"}
        ],
    },
}
RULES = [
    {"key": "https", "type": "in", "action": "ACCEPT", "proto": "tcp", "dport": "443"},
    {"key": "ssh", "type": "in", "action": "ACCEPT", "proto": "tcp", "dport": "22", "source": "10.0.0.0/8"},
    {"key": "rest", "type": "in", "action": "DROP", "log": "info", "comment": "the rest"},
]


def changed(inputs: dict[str, Any], **news: Any) -> dict[str, Any]:
    return {**copy.deepcopy(inputs), **news}


SDN: list[tuple[str, dict[str, Any]]] = [
    ("SdnZone", {"zone": "awan", "bridge": "vmbr0"}),
    ("SdnVnet", {"vnet": "vn110", "zone": "awan", "tag": 110}),
    ("SdnApply", {}),
]

# What must be there first, the inputs, and the inputs after a change.
LIVES: dict[str, tuple[list[tuple[str, dict[str, Any]]], dict[str, Any], dict[str, Any]]] = {
    "Pool": ([], {"poolid": "p1", "comment": "One"}, {"poolid": "p1", "comment": "Two: with colons"}),
    "Role": (
        [],
        {"roleid": "R1", "privs": ["VM.Audit"]},
        {"roleid": "R1", "privs": ["Pool.Audit", "VM.Audit"]},
    ),
    "Group": ([], {"groupid": "g1", "comment": "One"}, {"groupid": "g1"}),
    "Acl": (
        [("Group", {"groupid": "g2"}), ("Pool", {"poolid": "p2"})],
        {"path": "/pool/p2", "roleid": "PVEVMUser", "ugid": "g2"},
        {"path": "/pool/p2", "roleid": "PVEVMUser", "ugid": "g2", "propagate": False},
    ),
    "SdnZone": ([], {"zone": "awan", "bridge": "vmbr0"}, {"zone": "awan", "bridge": "vmbr0", "mtu": 1400}),
    "SdnVnet": (
        [("SdnZone", {"zone": "awan", "bridge": "vmbr0"})],
        {"vnet": "vn110", "zone": "awan", "tag": 110, "alias": "Dukcapil"},
        {"vnet": "vn110", "zone": "awan", "tag": 111},
    ),
    "SdnSubnet": (
        [
            ("SdnZone", {"zone": "awan", "bridge": "vmbr0"}),
            ("SdnVnet", {"vnet": "vn110", "zone": "awan", "tag": 110}),
        ],
        {"vnet": "vn110", "zone": "awan", "cidr": "10.1.10.0/24", "gateway": "10.1.10.1"},
        {"vnet": "vn110", "zone": "awan", "cidr": "10.1.10.0/24", "gateway": "10.1.10.254"},
    ),
    "SdnApply": (
        [("SdnZone", {"zone": "awan", "bridge": "vmbr0"})],
        {"triggers": ["a"]},
        {"triggers": ["b"]},
    ),
    "FirewallAlias": (
        [],
        {"name": "mgmt", "cidr": "10.1.0.0/24", "comment": "Management"},
        {"name": "mgmt", "cidr": "10.1.0.1"},
    ),
    "FirewallIpset": (
        [("FirewallAlias", {"name": "mgmt", "cidr": "10.1.0.0/24"})],
        {"name": "offices", "comment": "all", "entries": [{"cidr": "10.2.0.0/16"}, {"cidr": "10.3.0.1/32"}]},
        {"name": "offices", "entries": [{"cidr": "10.3.0.1", "comment": "one"}, {"cidr": "mgmt"}]},
    ),
    "FirewallGroup": (
        [],
        {"group": "web", "comment": "Web", "rules": RULES},
        {"group": "web", "rules": [RULES[2], RULES[0], {**RULES[1], "dport": "2222"}]},
    ),
    "FirewallOptions": ([], {"policyIn": "DROP", "ebtables": True}, {"policyIn": "REJECT"}),
    "Vm": (
        [*SDN, ("Pool", {"poolid": "p3"})],
        VM,
        changed(VM, memory=4096, pool="p3", name="app2", tags=[], started=False, networks=[]),
    ),
    "VmFirewall": (
        [*SDN, ("Vm", changed(VM, vmid=101))],
        {
            "vmid": 101,
            "enable": True,
            "policyIn": "DROP",
            "policyOut": "ACCEPT",
            "ipfilter": True,
            "macfilter": True,
            "dhcp": False,
            "ipsets": [{"name": "ipfilter-net0", "comment": "fixed", "entries": [{"cidr": "10.1.10.5"}]}],
            "rules": RULES,
        },
        {"vmid": 101, "enable": True, "ipsets": [], "rules": [RULES[1], RULES[0]]},
    ),
    "VmPower": (
        [*SDN, ("Vm", changed(VM, vmid=102, started=False))],
        {"vmid": 102, "started": True},
        {"vmid": 102, "started": False},
    ),
}
HOME: dict[str, Any] = {
    "vmid": 103,
    "node": "dc1",
    "disks": [{"slot": "scsi0", "storage": "local-zfs", "sizeGib": 1}],
}
USER: tuple[str, dict[str, Any]] = ("User", {"userid": "monitor@pve"})
STORAGE: tuple[str, dict[str, Any]] = (
    "Storage",
    {"storage": "cadangan", "path": "/srv/cadangan", "content": ["backup"]},
)
LIVES |= {
    "Storage": (
        [],
        {**STORAGE[1], "pruneBackups": "keep-last=3", "nodes": ["dc2", "dc1"]},
        changed(STORAGE[1], content=["iso", "backup"], disable=True),
    ),
    "User": (
        [],
        {"userid": "monitor@pve", "comment": "One\ntwo"},
        {"userid": "monitor@pve", "enable": False},
    ),
    "Token": (
        [USER],
        {"userid": "monitor@pve", "tokenid": "read", "comment": "One", "expire": 2000000000},
        {"userid": "monitor@pve", "tokenid": "read", "privsep": False},
    ),
    "ClusterOptions": (
        [],
        {"ha": "shutdown_policy=migrate", "migration": "secure,network=10.1.0.0/24", "keyboard": "de"},
        {"ha": "shutdown_policy=freeze", "nextId": "upper=9999,lower=1000", "registeredTags": "a;b"},
    ),
    "BackupJob": (
        [STORAGE, ("Pool", {"poolid": "p4"})],
        {
            "jobid": "j1",
            "pool": "p4",
            "storage": "cadangan",
            "schedule": "01:30",
            "pruneBackups": "keep-daily=7,keep-weekly=4",
            "mode": "snapshot",
            "compress": "zstd",
            "comment": "ünï",
        },
        {
            "jobid": "j1",
            "vmids": ["103", "104"],
            "storage": "cadangan",
            "schedule": "sat 02:00",
            "enabled": False,
        },
    ),
    "HaResource": (
        [("Vm", HOME)],
        {"sid": "vm:103", "state": "stopped", "maxRestart": 3, "comment": "ünï"},
        {"sid": "vm:103", "state": "ignored", "failback": False},
    ),
    "HaRule": (
        [("Vm", HOME), ("HaResource", {"sid": "vm:103", "state": "stopped"})],
        {
            "rule": "r1",
            "resources": ["vm:103"],
            "nodes": ["dc2:1", "dc1:2"],
            "strict": True,
            "comment": "why",
        },
        {"rule": "r1", "resources": ["vm:103"], "nodes": ["dc1"], "disable": True},
    ),
    "Replication": (
        [("Vm", HOME)],
        {"jobid": "103-0", "target": "dc2", "schedule": "*/5", "rate": 10.5, "comment": "why"},
        {"jobid": "103-0", "target": "dc3", "schedule": "*/10", "disable": True},
    ),
}


@pytest.mark.parametrize("kind", sorted(LIVES))
def test_life(kind: str, engine: Any, engines: Any, lab: Any) -> None:
    needs, before, after = LIVES[kind]
    for number, (needed, inputs) in enumerate(needs):
        engine.create(needed, f"need{number}", inputs)
    kept = engine.create(kind, "it", before)
    other = engines()
    other.configure(**lab.settings)
    other.keep(kind, "it", kept.id, kept.inputs, kept.state)

    refreshed = other.refresh(kind, "it")
    assert refreshed is not None
    assert refreshed.state == kept.state
    assert refreshed.inputs == kept.inputs
    assert other.diff(kind, "it", before).detail == {}

    assert engine.up(kind, "it", after) == "update"
    assert engine.diff(kind, "it", after).detail == {}
    fresh = engines()
    fresh.configure(**lab.settings)
    kept = engine.kept[engine.urn(kind, "it")]
    fresh.keep(kind, "it", kept.id, kept.inputs, kept.state)
    refreshed = fresh.refresh(kind, "it")
    assert refreshed is not None
    assert refreshed.state == kept.state
    assert fresh.diff(kind, "it", after).detail == {}

    imported = fresh.fetch(kind, "it", kept.id)
    assert imported is not None
    found = fresh.diff(kind, "it", after).detail
    if kind == "SdnApply":  # what once led to an apply is kept nowhere
        found.pop("triggers")
    assert found == {}

    engine.delete(kind, "it")
    engine.provider.run.finish()
    last = engines()
    last.configure(**lab.settings)
    last.keep(kind, "it", kept.id, kept.inputs, kept.state)
    if kind not in (
        "FirewallOptions",
        "ClusterOptions",
        "SdnApply",
        "VmPower",
        "VmFirewall",
    ):  # these have nothing that could be gone
        assert last.refresh(kind, "it") is None
    for number, (needed, _inputs) in reversed(list(enumerate(needs))):
        engine.delete(needed, f"need{number}")
    assert engine.kept == {}


def test_every_resource_lives() -> None:
    assert set(LIVES) == {resource.name for resource in ALL}


def test_options_go_back_to_pves_defaults(engine: Any, lab: Any) -> None:
    before = lab.by_hand()("cluster/options").get()
    engine.create("ClusterOptions", "it", {"ha": "shutdown_policy=migrate", "nextId": "lower=200,upper=300"})
    assert lab.by_hand()("cluster/options").get() != before
    engine.delete("ClusterOptions", "it")
    assert lab.by_hand()("cluster/options").get() == before


def test_a_tokens_value_opens_the_cluster_until_it_is_deleted(engine: Any, engines: Any, lab: Any) -> None:
    """Two grants, the user's and its own; what was made again after a lost answer is the one that works."""
    engine.create("User", "u", {"userid": "monitor@pve"})
    lab.control.lose("POST", "/access/users/{userid}/token/{tokenid}")
    state = engine.create("Token", "t", {"userid": "monitor@pve", "tokenid": "read"}).state
    for kind, bearer in (("user", "monitor@pve"), ("token", state["fullTokenId"])):
        acl = {"path": "/pool", "roleid": "PVEAuditor", "type": kind, "ugid": bearer}
        engine.create("Acl", kind, acl)
    given = {**lab.settings, "apiToken": f"{state['fullTokenId']}={state['value']}"}
    with pytest.raises(Exception, match="the API token may not read the cluster's status"):
        engines().configure(**given)  # it came in, and sees what lies in the pools
    for kind in ("token", "user"):
        engine.delete("Acl", kind)
    engine.delete("Token", "t")
    with pytest.raises(Exception, match="does not accept the API token"):
        engines().configure(**given)
    engine.delete("User", "u")


def test_power_under_ha_is_what_the_node_says_when_the_provider_returns(engine: Any, lab: Any) -> None:
    """Start, stop and the end of a VM that the HA manager keeps; it takes its own time, ten seconds a look."""
    power = {"vmid": 103, "started": True}
    status = lab.by_hand()("nodes/dc1/qemu/103/status/current").get
    engine.create("Vm", "vm", HOME)
    engine.create("VmPower", "p", power)
    engine.create("HaResource", "r", {"sid": "vm:103"})
    rule = {"rule": "r103", "resources": ["vm:103"], "nodes": ["dc1:2", "dc2:1"], "strict": True}
    engine.create("HaRule", "r", rule)
    lab.control.time_scale(0.02)
    try:
        engine.update("VmPower", "p", {**power, "started": False})
        assert status()["status"] == "stopped"
        assert engine.up("HaResource", "r", {"sid": "vm:103", "state": "stopped"}) == "update"
        engine.update("VmPower", "p", power)
        assert status()["status"] == "running"
        kinds = {row["type"] for row in lab.by_hand()("nodes/dc1/tasks").get(vmid=103)}
        assert {"hastart", "hastop"} <= kinds
        engine.delete("Vm", "vm")  # before its HA resource: the manager stops it, purge takes it out of HA
    finally:
        lab.control.time_scale(0.0)
    assert lab.by_hand()("cluster/ha/resources").get() == []
    for kind, name in (("HaRule", "r"), ("HaResource", "r"), ("VmPower", "p")):
        engine.delete(kind, name)


@pytest.mark.parametrize("kind", ["User", "BackupJob", "HaResource", "HaRule", "Replication"])
def test_what_somebody_else_made_is_not_taken_over(kind: str, engine: Any, engines: Any, lab: Any) -> None:
    needs, inputs, _after = LIVES[kind]
    for number, (needed, given) in enumerate(needs):
        engine.create(needed, f"need{number}", given)
    engine.create(kind, "somebody's", inputs)
    other = engines()
    other.configure(**lab.settings)
    with pytest.raises(Exception, match="exists already and belongs to .*somebody's; import it"):
        other.create(kind, "it", inputs)
    engine.delete(kind, "somebody's")
    for number, (needed, _given) in reversed(list(enumerate(needs))):
        engine.delete(needed, f"need{number}")
