# SPDX-License-Identifier: GPL-3.0-or-later
"""The reader of Proxmox VE's firewall files does what their manual page says; each case is a sentence of that page."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from tests.proof.pve_files import Unreadable, parse
from tests.proof.pve_firewall import ICMP_TYPES, Action, Frame, Guest, Host, link_local
from tests.proof.pve_macros import MACROS

MAC = "02:61:77:00:00:01"
CLUSTER = """
[OPTIONS]
enable: 1
policy_in: DROP

[ALIASES]
Proxy 10.24.0.11 # an address
site 10.64.0.0/16

[IPSET offices] # two, less one address
10.64.0.0/23
!10.64.0.9
2001:db8::/64

[IPSET management]
10.16.0.0/24

[IPSET blacklist]
77.240.159.182

[group webserver] # of the manual page
IN  ACCEPT -p tcp -dport 80
IN  ACCEPT -p tcp -dport 443

[group both]
IN DROP -source 10.64.0.7
IN SSH(ACCEPT) -source +dc/offices
OUT DROP -p tcp -dport 25
"""
OPTIONS = "[OPTIONS]\nenable: 1\npolicy_in: DROP\npolicy_out: ACCEPT\n"
RULES_ALONE = OPTIONS + "ndp: 0\n"


def guest(rules: str = "", options: str = OPTIONS, sets: str = "", cluster: str = CLUSTER) -> Guest:
    return Guest(parse(cluster), parse(f"{options}\n{sets}\n[RULES]\n{rules}"), MAC)


def frame(
    src: str = "10.64.0.10", dst: str = "10.32.0.10", proto: str = "tcp", dport: int = 0, **more: object
) -> Frame:
    return Frame(src=ip_address(src), dst=ip_address(dst), proto=proto, dport=dport, **more)  # type: ignore[arg-type]


def echo(src: str = "10.64.0.10", dst: str = "10.32.0.10") -> Frame:
    six = ":" in src
    return frame(src, dst, "icmpv6" if six else "icmp", icmp=128 if six else 8)


def enters(rules: str, packet: Frame) -> Action:
    """By its rules alone: what an option would let in is off."""
    return guest(rules, RULES_ALONE).verdict("in", packet)


def test_the_first_rule_that_matches_decides_and_then_the_policy() -> None:
    rules = "IN DROP -source 10.64.0.7\nIN ACCEPT -p tcp -dport 443\nIN REJECT -p tcp\n"
    assert enters(rules, frame("10.64.0.7", dport=443)) == "DROP"
    assert enters(rules, frame(dport=443)) == "ACCEPT"
    assert enters(rules, frame(dport=444)) == "REJECT"
    assert enters(rules, frame(proto="udp", dport=443)) == "DROP"


def test_a_rule_behind_a_bar_is_off_and_a_comment_is_none() -> None:
    assert enters("|IN ACCEPT # all of it", frame(dport=22)) == "DROP"
    assert enters("IN ACCEPT # all of it", frame(dport=22)) == "ACCEPT"


@pytest.mark.parametrize(
    ("source", "inside", "outside"),
    [
        ("192.168.2.192", "192.168.2.192", "192.168.2.193"),
        ("10.0.0.1-10.0.0.10", "10.0.0.10", "10.0.0.11"),
        ("10.0.0.1,10.0.0.2,10.1.0.0/16", "10.1.9.9", "10.0.0.3"),
        ("+offices", "10.64.0.8", "10.64.0.9"),
        ("+dc/offices", "2001:db8::7", "2001:db8:0:1::7"),
        ("proxy", "10.24.0.11", "10.24.0.12"),
        ("dc/site", "10.64.255.255", "10.65.0.0"),
    ],
)
def test_sources_are_addresses_ranges_lists_sets_and_aliases(source: str, inside: str, outside: str) -> None:
    rules = f"IN ACCEPT -source {source}"
    target = "2001:db8::1" if ":" in inside else "10.32.0.10"
    assert enters(rules, frame(inside, target)) == "ACCEPT"
    assert enters(rules, frame(outside, target)) == "DROP"


@pytest.mark.parametrize(("dport", "inside", "outside"), [("80:85", 85, 86), ("22,80:85,443", 443, 442)])
def test_ports_are_numbers_ranges_and_lists(dport: str, inside: int, outside: int) -> None:
    assert enters(f"IN ACCEPT -p tcp -dport {dport}", frame(dport=inside)) == "ACCEPT"
    assert enters(f"IN ACCEPT -p tcp -dport {dport}", frame(dport=outside)) == "DROP"


def test_a_group_stands_where_its_line_does() -> None:
    assert enters("GROUP webserver", frame(dport=443)) == "ACCEPT"
    assert enters("GROUP webserver", frame(dport=22)) == "DROP"
    first = "IN ACCEPT -source 10.64.0.7\nGROUP both"
    last = "GROUP both\nIN ACCEPT -source 10.64.0.7"
    assert [enters(rules, frame("10.64.0.7", dport=22)) for rules in (first, last)] == ["ACCEPT", "DROP"]
    assert guest("GROUP both").verdict("out", frame("10.32.0.10", "192.0.2.1", dport=25)) == "DROP"


def test_a_vm_s_own_set_comes_before_the_cluster_s() -> None:
    own = guest("IN ACCEPT -source +offices", sets="[IPSET offices]\n10.99.0.0/16")
    assert own.verdict("in", frame("10.99.0.1")) == "ACCEPT"
    assert own.verdict("in", frame("10.64.0.10")) == "DROP"


def test_a_rule_may_be_for_one_card() -> None:
    assert enters("IN ACCEPT -i net1", frame()) == "DROP"
    assert enters("IN ACCEPT -i net0 -log debug", frame()) == "ACCEPT"


@pytest.mark.parametrize("name", MACROS)
def test_each_macro_is_its_rows_of_the_table(name: str) -> None:
    for row in MACROS[name]:
        icmp = ICMP_TYPES[row.proto][row.dport] if row.proto in ICMP_TYPES else None
        first = 0 if icmp is not None or not row.dport else int(row.dport.partition(",")[0].partition(":")[0])
        sport = int(row.sport.partition(":")[0]) if row.sport else 40_000
        six = row.proto == "icmpv6"
        ends = ("2001:db8::7", "2001:db8::1") if six else ("10.64.0.10", "10.32.0.10")
        hit = frame(*ends, row.proto, first, icmp=icmp, sport=sport)
        assert enters(f"IN {name}(ACCEPT)", hit) == "ACCEPT"
        assert enters(f"IN {name}(ACCEPT) -source 10.99.0.1", hit) == "DROP"
        assert enters(f"IN {name}(REJECT)", hit) == "REJECT"
        assert enters(f"IN {name}(ACCEPT)", frame(*ends, "132", first)) == "DROP"


def test_macros_by_name() -> None:
    """A few read from the page by eye: a slip in the table must not agree with itself."""
    assert len(MACROS) == 86
    assert enters("IN SSH(ACCEPT)", frame(dport=22)) == "ACCEPT"
    assert enters("IN SSH(ACCEPT)", frame(dport=23)) == "DROP"
    assert enters("IN DNS(ACCEPT)", frame(proto="udp", dport=53)) == "ACCEPT"
    assert enters("IN VNC(ACCEPT)", frame(dport=5999)) == "ACCEPT"
    assert enters("IN Mail(ACCEPT)", frame(dport=465)) == "ACCEPT"
    assert enters("IN SMB(ACCEPT)", frame(proto="udp", dport=1900, sport=137)) == "ACCEPT"
    assert enters("IN SMB(ACCEPT)", frame(proto="udp", dport=1900, sport=138)) == "DROP"
    assert [enters("IN Ping(ACCEPT)", packet) for packet in (echo(), echo("2001:db8::7", "2001:db8::1"))] == [
        "ACCEPT",
        "ACCEPT",
    ]
    assert enters("IN Ping(ACCEPT)", frame(proto="icmp", icmp=13)) == "DROP"


def test_icmp_is_a_protocol_of_each_family() -> None:
    six = echo("2001:db8::7", "2001:db8::1")
    assert enters("IN ACCEPT -p icmp", echo()) == "ACCEPT"
    assert enters("IN ACCEPT -p icmp", six) == "DROP"
    assert enters("IN ACCEPT -p icmpv6 -icmp-type echo-request", six) == "ACCEPT"
    assert enters("IN ACCEPT -p icmpv6 -icmp-type echo-reply", six) == "DROP"


def test_connections_that_stand_pass_and_what_belongs_to_none_does_not() -> None:
    assert enters("IN DROP", frame(state="established")) == "ACCEPT"
    assert enters("IN ACCEPT", frame(state="invalid")) == "DROP"


def test_off_is_off_at_both_places() -> None:
    assert guest(options="[OPTIONS]\nenable: 0").verdict("in", frame()) == "ACCEPT"
    assert guest(options="[OPTIONS]\npolicy_in: DROP").verdict("in", frame()) == "ACCEPT"
    assert guest(cluster="[OPTIONS]\nenable: 0").verdict("in", frame()) == "ACCEPT"


def test_nothing_comes_in_and_everything_goes_out_unless_said() -> None:
    bare = guest(options="[OPTIONS]\nenable: 1")
    assert (bare.verdict("in", frame()), bare.verdict("out", frame())) == ("DROP", "ACCEPT")
    shut = guest(options="[OPTIONS]\nenable: 1\npolicy_out: REJECT")
    assert shut.verdict("out", frame()) == "REJECT"


def test_the_blacklist_is_dropped_by_every_firewall() -> None:
    assert enters("IN ACCEPT", frame("77.240.159.182")) == "DROP"
    assert Host(parse(CLUSTER), ()).verdict(frame("77.240.159.182", "10.16.0.10", dport=22)) == "DROP"


def test_a_vm_sends_from_its_own_mac_and_addresses_only() -> None:
    own = guest(sets="[IPSET ipfilter-net0]\n10.32.0.10\n2001:db8::10")
    assert own.verdict("out", frame("10.32.0.10", mac=MAC.upper())) == "ACCEPT"
    assert own.verdict("out", frame("10.32.0.11", mac=MAC)) == "DROP"
    assert own.verdict("out", frame("10.32.0.10", mac="02:61:77:00:00:02")) == "DROP"
    assert own.verdict("out", frame("2001:db8::10", "2001:db8::1")) == "ACCEPT"
    assert own.verdict("out", frame("2001:db8::11", "2001:db8::1")) == "DROP"
    assert own.verdict("out", frame(str(link_local(MAC)), "2001:db8::1")) == "ACCEPT"
    assert own.verdict("out", frame("fe80::1", "2001:db8::1")) == "DROP"
    loose = guest(options=OPTIONS + "macfilter: 0\n")
    assert loose.verdict("out", frame("10.32.0.11", mac="02:61:77:00:00:02")) == "ACCEPT"


def test_the_option_alone_is_an_empty_set() -> None:
    own = guest(options=OPTIONS + "ipfilter: 1\n")
    assert own.verdict("out", frame("10.32.0.10")) == "DROP"
    assert own.verdict("out", frame(str(link_local(MAC)), "2001:db8::1")) == "ACCEPT"


@pytest.mark.parametrize(
    ("option", "packet"),
    [
        ("dhcp", {"proto": "udp", "sport": 67, "dport": 68}),
        ("ndp", {"proto": "icmpv6", "icmp": 135}),
        ("ndp", {"proto": "icmpv6", "icmp": 134}),
    ],
)
def test_dhcp_and_neighbour_discovery_are_options(option: str, packet: dict[str, object]) -> None:
    six = packet["proto"] == "icmpv6"
    ends = ("2001:db8::7", "2001:db8::1") if six else ("10.64.0.10", "10.32.0.10")
    for value, wanted in ((1, "ACCEPT"), (0, "DROP")):
        own = guest(options=f"{OPTIONS}{option}: {value}\n")
        assert own.verdict("in", frame(*ends, **packet)) == wanted  # type: ignore[arg-type]


def test_a_vm_is_no_router_unless_it_may_be() -> None:
    advert = frame(str(link_local(MAC)), "2001:db8::1", "icmpv6", icmp=134)
    assert guest().verdict("out", advert) == "DROP"
    assert guest(options=OPTIONS + "radv: 1\n").verdict("out", advert) == "ACCEPT"


def test_a_host_lets_in_management_and_the_other_hosts() -> None:
    members = tuple(map(ip_address, ("10.16.0.10", "10.16.0.11")))
    host = Host(parse(CLUSTER), members)
    for port, wanted in (
        (22, "ACCEPT"),
        (8006, "ACCEPT"),
        (5999, "ACCEPT"),
        (3128, "ACCEPT"),
        (6000, "DROP"),
    ):
        assert host.verdict(frame("10.16.0.99", "10.16.0.10", dport=port)) == wanted
        assert host.verdict(frame("10.64.0.10", "10.16.0.10", dport=port)) == "DROP"
    corosync = {"proto": "udp", "dport": 5405}
    assert host.verdict(frame("10.16.0.11", "10.16.0.10", **corosync)) == "ACCEPT"  # type: ignore[arg-type]
    assert host.verdict(frame("10.16.0.99", "10.16.0.10", **corosync)) == "DROP"  # type: ignore[arg-type]
    assert host.verdict(frame("10.16.0.99", "10.16.0.10", "icmp", icmp=3)) == "ACCEPT"
    assert host.verdict(echo("10.16.0.99", "10.16.0.10")) == "DROP"
    assert host.verdict(frame("10.64.0.10", "10.16.0.10", state="established")) == "ACCEPT"


@pytest.mark.parametrize(
    "text",
    [
        "[RULES]\nIN ALLOW",
        "[RULES]\nIN ACCEPT -port 22",
        "[RULES]\nIN SSH(ACCEPT",
        "[RULES]\nSIDEWAYS ACCEPT",
        "[OPTIONS]\nenable 1",
        "[WORDS]\nx",
    ],
)
def test_what_the_page_does_not_describe_is_not_guessed_at(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text)
