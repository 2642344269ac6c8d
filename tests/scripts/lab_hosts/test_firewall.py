# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from scripts.lab.cluster.runtime import FirewallSnapshot, Nic
from scripts.lab.guest.firewall.addresses import FirewallError, Scope, effective
from scripts.lab.guest.firewall.compile import compile_guest, link_local
from scripts.lab.guest.runtime import ip_config, plugged_card

MAC = "BC:24:11:00:00:01"
NIC = Nic(name="net0", mac=MAC, bridge="vn20", tag=20, firewall=True, link_down=False)


def snapshot(**given: Any) -> FirewallSnapshot:
    values: dict[str, Any] = {
        "cluster_options": {"enable": 1},
        "cluster_aliases": {"proxy": {"name": "proxy", "cidr": "10.24.0.11"}},
        "cluster_ipsets": {"offices": [{"cidr": "10.64.0.0/23"}, {"cidr": "10.64.0.9", "nomatch": 1}]},
        "groups": {
            "ssh": [{"type": "in", "action": "ACCEPT", "macro": "SSH", "source": "+dc/offices", "enable": 1}]
        },
        "node_options": {},
        "vm_options": {"enable": 1},
        "vm_rules": [],
        "vm_aliases": {},
        "vm_ipsets": {},
        "nics": (NIC,),
    }
    return FirewallSnapshot(**(values | given))


def rule(**given: Any) -> dict[str, Any]:
    return {"type": "in", "action": "ACCEPT", "enable": 1} | given


def chain(text: str, family: str, name: str) -> list[str]:
    table = text.split(f"table {family} pvefw {{")[1].split("\n}", maxsplit=1)[0]
    body = table.split(f"chain {name} {{")[1].split("  }")[0]
    return [line.strip() for line in body.strip().splitlines()]


def rules(text: str, family: str = "ip", name: str = "guest-in") -> list[str]:
    """The chain without what stands in it always."""
    lines = chain(text, family, name)
    end = next(
        i for i, line in enumerate(lines) if line.startswith(("fib daddr", "ip6 daddr ff00", "tcp dport 43 "))
    )
    return [
        line
        for line in lines[:end]
        if not line.startswith(("udp sport 67", "udp sport 547", "icmpv6 type {"))
    ]


def test_a_firewall_that_is_off_at_any_of_three_places_holds_nothing_up() -> None:
    assert compile_guest(snapshot(cluster_options={}), NIC) == ""
    off = Nic(name="net0", mac=MAC, bridge="vn20", tag=20, firewall=False, link_down=False)
    assert compile_guest(snapshot(), off) == ""
    assert chain(compile_guest(snapshot(vm_options={"enable": 0}), NIC), "ip", "guest-in") == ["accept"]


def test_nothing_comes_in_and_everything_goes_out_by_default() -> None:
    text = compile_guest(snapshot(), NIC)
    assert chain(text, "ip", "guest-in")[-1] == "drop"
    assert chain(text, "ip", "guest-out")[-1] == "accept"


def test_established_connections_go_before_every_rule() -> None:
    lines = chain(compile_guest(snapshot(), NIC), "ip", "input")
    assert lines.index("ct state established,related accept") < lines.index("jump guest-in")
    assert "ct state invalid drop" in lines


def test_policies_are_the_vm_s() -> None:
    text = compile_guest(snapshot(vm_options={"enable": 1, "policy_in": "REJECT", "policy_out": "DROP"}), NIC)
    assert chain(text, "ip", "guest-in")[-1] == "goto pvefw-reject"
    assert chain(text, "ip", "guest-out")[-1] == "drop"


def test_sets_aliases_and_ports_become_matches() -> None:
    text = compile_guest(
        snapshot(
            vm_rules=[
                rule(source="dc/proxy", proto="tcp", dport="80,443,8000:8010"),
                rule(source="10.1.0.0/16,10.2.0.1", dest="10.3.0.1-10.3.0.2", action="REJECT"),
                rule(macro="DNS"),
                rule(proto="icmp", **{"icmp-type": "echo-request"}),
            ]
        ),
        NIC,
    )
    assert rules(text) == [
        "ip saddr { 10.24.0.11/32 } tcp dport { 80, 443, 8000-8010 } accept",
        "ip saddr { 10.1.0.0/16, 10.2.0.1/32 } ip daddr { 10.3.0.1/32, 10.3.0.2/32 } goto pvefw-reject",
        "udp dport { 53 } accept",
        "tcp dport { 53 } accept",
        "icmp type echo-request accept",
    ]
    # Addresses of one family say nothing about the other; a macro for ports says it about both.
    assert rules(text, "ip6") == ["udp dport { 53 } accept", "tcp dport { 53 } accept"]


def test_a_group_is_a_jump_in_its_place_and_a_switched_off_rule_is_none() -> None:
    text = compile_guest(
        snapshot(
            vm_rules=[
                rule(proto="tcp", dport="1"),
                rule(type="group", action="ssh"),
                rule(enable=0, dport="2"),
            ]
        ),
        NIC,
    )
    assert rules(text) == ["tcp dport { 1 } accept", "jump group-ssh-in"]
    assert chain(text, "ip", "group-ssh-in")[0].endswith("tcp dport { 22 } accept")


def test_a_rule_without_enable_is_off_as_in_pve() -> None:
    assert rules(compile_guest(snapshot(vm_rules=[{"type": "in", "action": "ACCEPT"}]), NIC)) == []


def test_an_empty_set_matches_nobody_and_not_everybody() -> None:
    text = compile_guest(snapshot(cluster_ipsets={"offices": []}, vm_rules=[rule(source="+offices")]), NIC)
    assert rules(text) == []


def test_a_vm_s_own_set_is_found_before_the_cluster_s() -> None:
    own = {"offices": [{"cidr": "10.99.0.0/16"}]}
    text = compile_guest(
        snapshot(vm_ipsets=own, vm_rules=[rule(source="+offices"), rule(source="+dc/offices")]), NIC
    )
    assert rules(text)[0] == "ip saddr { 10.99.0.0/16 } accept"
    assert "10.99" not in rules(text)[1]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"vm_rules": [rule(source="+dc/nowhere")]}, "no such ipset 'dc/nowhere'"),
        ({"vm_rules": [rule(source="dc/nobody")]}, "no such alias 'dc/nobody'"),
        ({"vm_rules": [rule(type="group", action="nothing")]}, "no such security group 'nothing'"),
        ({"vm_rules": [rule(macro="Amanda")]}, "does not know macro 'Amanda'"),
    ],
)
def test_what_is_not_there_is_said(given: dict[str, Any], words: str) -> None:
    with pytest.raises(FirewallError, match=words):
        compile_guest(snapshot(**given), NIC)


def test_ipfilter_lets_out_only_the_vm_s_own_addresses() -> None:
    text = compile_guest(snapshot(vm_ipsets={"ipfilter-net0": [{"cidr": "10.32.0.10"}]}), NIC)
    out = chain(text, "ip", "guest-out")
    assert "ip saddr != { 10.32.0.10/32 } drop" in out
    assert out.index("ip saddr != { 10.32.0.10/32 } drop") < out.index("accept")
    assert f"ip6 saddr != {{ {link_local(MAC)}/128 }} drop" in chain(text, "ip6", "guest-out")
    assert "arp saddr ip != { 10.32.0.10/32 } drop" in text
    assert "ether saddr != bc:24:11:00:00:01 drop" in text


def test_ipfilter_without_a_set_lets_out_link_local_only() -> None:
    text = compile_guest(snapshot(vm_options={"enable": 1, "ipfilter": 1, "macfilter": 0}), NIC)
    assert "drop" in chain(text, "ip", "guest-out")
    assert "ether type arp drop" in text
    assert "ether saddr" not in text


def test_a_link_local_address_is_the_card_s() -> None:
    assert ipaddress.ip_address(link_local(MAC)) == ipaddress.ip_address("fe80::be24:11ff:fe00:1")


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([("10.0.0.0/30", False), ("10.0.0.1/32", True)], ["10.0.0.0/32", "10.0.0.2/31"]),
        ([("10.0.0.0/24", True), ("10.0.0.8/29", False)], ["10.0.0.8/29"]),
        ([("10.0.0.0/8", False), ("10.1.0.0/16", True), ("10.1.1.0/24", False)], None),
        ([("10.0.0.0/25", False), ("10.0.0.128/25", False), ("fd00::/8", False)], ["10.0.0.0/24"]),
    ],
)
def test_the_most_specific_entry_of_a_set_decides(
    entries: list[tuple[str, bool]], found: list[str] | None
) -> None:
    result = effective([(ipaddress.ip_network(cidr), nomatch) for cidr, nomatch in entries], 4)
    if found is not None:
        assert [str(network) for network in result] == found
    else:
        inside = [
            any(ipaddress.ip_address(a) in n for n in result) for a in ("10.0.0.1", "10.1.0.1", "10.1.1.1")
        ]
        assert inside == [True, False, True]


def test_a_name_says_where_it_is_looked_up() -> None:
    scope = Scope(
        cluster_aliases={"host": "10.0.0.1"},
        cluster_sets={},
        guest_aliases={"host": "10.0.0.2"},
        guest_sets={},
    )
    found = [str(scope.alias(name)) for name in ("host", "guest/host", "dc/Host")]
    assert found == ["10.0.0.2/32", "10.0.0.2/32", "10.0.0.1/32"]


def test_cloud_init_s_address_line_is_read() -> None:
    assert ip_config("ip=10.0.0.5/24,gw=10.0.0.1,ip6=fd00::5/64,gw6=fd00::1") == {
        "ip": "10.0.0.5/24",
        "gw": "10.0.0.1",
        "ip6": "fd00::5/64",
        "gw6": "fd00::1",
    }
    with pytest.raises(ValueError, match="the lab has no DHCP"):
        ip_config("ip=dhcp")


def test_a_vm_without_a_vnet_is_plugged_in_nowhere() -> None:
    assert plugged_card(100, snapshot(nics=())) is None
    with pytest.raises(ValueError, match="the lab plugs in one"):
        plugged_card(100, snapshot(nics=(NIC, NIC)))
