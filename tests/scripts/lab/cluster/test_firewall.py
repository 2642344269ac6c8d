# SPDX-License-Identifier: AGPL-3.0-or-later
"""The firewall: what was set reads back, in order, with digests; conflicts and misuse are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from proxmoxer import ResourceException

from tests.scripts.lab.cluster.conftest import Lab

pytestmark = pytest.mark.lab
Refused = Callable[..., str]


def plain(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in e.items() if k not in ("digest", "pos")} for e in entries]


def test_cluster_options_are_ints_and_words(lab: Lab) -> None:
    lab.api.cluster.firewall.options.put(enable=1, policy_in="DROP")
    shown = lab.api.cluster.firewall.options.get()
    assert (shown["enable"], shown["policy_in"]) == (1, "DROP")
    lab.api.cluster.firewall.options.put(delete="policy_in", digest=shown["digest"])
    assert "policy_in" not in lab.api.cluster.firewall.options.get()


def test_alias_and_ipset(lab: Lab, refused: Refused) -> None:
    firewall = lab.api.cluster.firewall
    firewall.aliases.post(name="dns", cidr="10.0.10.53", comment="resolver")
    assert plain([firewall.aliases("dns").get()]) == [
        {"name": "dns", "cidr": "10.0.10.53", "comment": "resolver", "ipversion": 4}
    ]
    assert "[name: alias 'dns' already exists]" in refused(firewall.aliases.post, name="dns", cidr="10.0.0.1")
    firewall.ipset.post(name="offices")
    firewall.ipset("offices").post(cidr="10.1.0.0/16", comment="a")
    assert firewall.ipset("offices")("10.1.0.0/16").get()["comment"] == "a"
    assert refused(firewall.ipset("offices").delete) == "500 IPSet 'offices' is not empty"
    firewall.ipset("offices")("10.1.0.0/16").delete()
    firewall.ipset("offices").delete()
    assert firewall.ipset.get() == []


def test_group_rules_keep_their_order(lab: Lab, refused: Refused) -> None:
    groups = lab.api.cluster.firewall.groups
    groups.post(group="web", comment="http")
    groups("web").post(type="in", action="ACCEPT", proto="tcp", dport="443", enable=1)
    groups("web").post(type="in", action="ACCEPT", proto="tcp", dport="80", enable=1, pos=0)
    rules = groups("web").get()
    assert [r["dport"] for r in rules] == ["80", "443"]
    assert [r["pos"] for r in rules] == [0, 1]
    assert "detected modified configuration" in refused(groups("web")(0).put, dport="81", digest="0" * 40)
    groups("web")(0).put(moveto=2)
    assert [r["dport"] for r in groups("web").get()] == ["443", "80"]
    assert refused(groups("web").delete) == "500 Security group 'web' is not empty"


def test_rules_of_a_vm_go_with_it(lab: Lab) -> None:
    vm = lab.vm(210, net0="virtio,bridge=vn10,firewall=1")
    vm.firewall.options.put(enable=1, ipfilter=1, policy_in="DROP")
    vm.firewall.ipset.post(name="ipfilter-net0")
    vm.firewall.ipset("ipfilter-net0").post(cidr="10.0.10.5")
    vm.firewall.rules.post(type="in", action="ACCEPT", proto="tcp", dport="22", enable=1, comment="ssh")
    assert plain(vm.firewall.rules.get()) == [
        {"type": "in", "action": "ACCEPT", "proto": "tcp", "dport": "22", "enable": 1, "comment": "ssh"}
    ]
    lab.done(vm.delete())
    lab.vm(210)
    assert vm.firewall.rules.get() == []
    assert vm.firewall.options.get().get("enable", 0) == 0


def test_clone_takes_the_firewall_along(lab: Lab) -> None:
    vm = lab.vm(220)
    vm.firewall.rules.post(type="out", action="DROP", enable=1)
    lab.done(vm.clone.post(newid=221))
    assert len(lab.api.nodes("dc1").qemu(221).firewall.rules.get()) == 1


def test_rule_that_names_nothing_is_refused(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(230)
    assert "[source: no such alias 'nobody']" in refused(
        vm.firewall.rules.post, type="in", action="ACCEPT", source="nobody"
    )
    assert "[dest: no such ipset 'none']" in refused(
        vm.firewall.rules.post, type="in", action="ACCEPT", dest="+none"
    )


def test_file_of_the_cluster_holds_a_mebibyte(lab: Lab, refused: Refused) -> None:
    firewall = lab.api.cluster.firewall
    firewall.groups.post(group="big")
    rule = {"type": "in", "action": "ACCEPT", "comment": "x" * 4000, "enable": 1}
    with pytest.raises(ResourceException) as refusal:
        for _ in range(300):
            firewall.groups("big").post(**rule)
    assert refusal.value.content.startswith("unable to write '/etc/pve/firewall/cluster.fw.tmp.")
    assert refusal.value.content.endswith(" - File too large")
    kept = len(firewall.groups("big").get())
    assert refused(firewall.groups("big").post, **rule).endswith("File too large")
    assert len(firewall.groups("big").get()) == kept > 255
    firewall.groups("big")(0).delete()
    firewall.groups("big").post(**rule)


def test_held_lock_of_a_vm_firewall(lab: Lab, refused: Refused) -> None:
    vm = lab.vm(240)
    lab.control.hold_lock("firewall-vm-240")
    assert refused(vm.firewall.options.put, enable=1) == (
        "500 cfs-lock 'firewall-vm-240' error: got lock request timeout"
    )


def test_names_of_sets_and_groups_come_back_in_lower_case(lab: Lab) -> None:
    lab.api.cluster.firewall.ipset.post(name="Upper", comment="u")
    lab.api.cluster.firewall.groups.post(group="Upper", comment="u")
    assert ("upper", "u") in {(s["name"], s.get("comment")) for s in lab.api.cluster.firewall.ipset.get()}
    assert ("upper", "u") in {(g["group"], g.get("comment")) for g in lab.api.cluster.firewall.groups.get()}
    lab.api.cluster.firewall.ipset("upper").delete()
    lab.api.cluster.firewall.groups("upper").delete()
