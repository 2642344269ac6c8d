# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 beside IPv4: addresses that need no ledger, rules of both families, and what switching it on changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network_plan.derive.addresses import host_addresses, vm_addresses
from network_plan.model.firewall import Rule
from network_plan.model.guest import Guest
from network_plan.model.ledger import Kind
from network_plan.model.network import Network
from network_plan.model.plan import Plan

N, S, D = "site/networks.yml", "site/services.yml", "site/tenants/dinas.yml"
SWITCHED_ON = (
    N,
    "gateway:\n",
    """ipv6: {prefix: 2001:db8:100::/48, wan: 2001:db8::2/64, isp: fe80::1, source: RFC 3849 documentation space}
gateway:
""",
)
ECHOES = (
    (
        D,
        "flows:\n",
        """flows:
  watch: {from: [vm:kominfo/state, offices], to: vm:app, ports: [tcp/443, icmp], why: is it there}
  look: {from: [management], to: network:dinas/servers, ports: [icmp], why: are they there}
""",
    ),
)
BLOCKED = (
    S,
    "flows:\n",
    """sanctions:
  whole: {target: dinas, measure: block, until: 2027-01-31, reason: scanning, source: "assumption: for the test"}
  one: {target: kominfo/state, measure: block, until: 2027-02-28, reason: mail, source: "assumption: for the test"}
  slower:
    target: dinas/app
    measure: slow
    rate_kbit: 256
    until: 2027-02-28
    reason: films
    source: "assumption: for the test"
flows:
""",
)


@pytest.fixture(scope="module")
def before(planned: Callable[..., Plan]) -> Plan:
    return planned(*ECHOES)


@pytest.fixture(scope="module")
def after(planned: Callable[..., Plan]) -> Plan:
    return planned(*ECHOES, SWITCHED_ON)


def _network(plan: Plan, prefix: str, prefix6: str) -> Network:
    network = plan.networks[0]
    return dataclasses.replace(network, prefixes=(IPv4Network(prefix), IPv6Network(prefix6)))


@pytest.mark.parametrize(
    ("vmid", "shown"),
    [
        (100, "2001:db8::100"),
        (9999, "2001:db8::9999"),
        (123456, "2001:db8::12:3456"),
        (999999999, "2001:db8::9:9999:9999"),
    ],
)
def test_a_vms_address_is_its_vmid(before: Plan, vmid: int, shown: str) -> None:
    live = {(Kind.ADDRESS, "t/v/net0"): "10.0.0.77", (Kind.VMID, "t/v"): str(vmid)}
    found = vm_addresses("t/v", live, _network(before, "10.0.0.0/24", "2001:db8::/64"))
    assert list(map(str, found)) == ["10.0.0.77", shown]


def test_a_hosts_address_is_its_number_in_the_network(before: Plan) -> None:
    live = {(Kind.ADDRESS, "host/dc1"): "10.0.1.4"}
    found = host_addresses("dc1", live, _network(before, "10.0.0.0/23", "2001:db8:5:6::/64"))
    assert list(map(str, found)) == ["10.0.1.4", "2001:db8:5:6:f::260"]


@given(
    vmids=st.sets(st.integers(100, 999_999_999), max_size=20),
    hosts=st.sets(st.integers(10, 16_777_214), max_size=20),
)
def test_no_two_have_one_address(before: Plan, vmids: set[int], hosts: set[int]) -> None:
    """Neither VMs nor hosts, and none has the gateway's or the one of all routers (RFC 4291 §2.6.1)."""
    network = _network(before, "10.0.0.0/8", "2001:db8::/64")
    made = [
        vm_addresses("v", {(Kind.ADDRESS, "v/net0"): "10.0.0.9", (Kind.VMID, "v"): str(vmid)}, network)[1]
        for vmid in vmids
    ]
    made += [
        host_addresses("h", {(Kind.ADDRESS, "host/h"): str(ip_address("10.0.0.0") + number)}, network)[1]
        for number in hosts
    ]
    assert len(set(made)) == len(vmids) + len(hosts)
    assert not set(made) & {IPv6Address("2001:db8::"), IPv6Address("2001:db8::1")}
    assert all(address in network.prefixes[1] for address in made)


def test_a_new_vm_moves_no_address(planned: Callable[..., Plan], after: Plan) -> None:
    newcomer = (
        D,
        "vms:\n",
        'vms:\n  aa: {size: small, serves: [tcp/80], source: "assumption: for the test"}\n',
    )
    grown = {guest.key: guest.nics for guest in planned(*ECHOES, SWITCHED_ON, newcomer).guests}
    assert "dinas/aa" in grown
    assert all(grown[guest.key] == guest.nics for guest in after.guests)


def test_everything_has_an_address_of_each_family(after: Plan) -> None:
    for guest in after.guests:
        (nic,) = guest.nics
        network = after.network(nic.network)
        assert [address.network for address in nic.addresses] == list(network.prefixes)
        assert nic.gateways == network.gateways == guest.nameservers
        assert guest.firewall.ndp
        assert not guest.firewall.radv
        assert set(guest.firewall.ipsets[0].cidrs) == {str(address.ip) for address in nic.addresses}
    for cluster in after.clusters:
        assert all([address.version for address in node.addresses] == [4, 6] for node in cluster.nodes)
        assert all(len(vnet.subnets) == 2 for vnet in cluster.vnets)
    for interface in after.gateways[0].interfaces:
        assert [address.version for address in interface.addresses] == [4, 6]
    assert all({address.version for address in name.addresses} == {4, 6} for name in after.names), (
        "a name with half of its addresses"
    )


def test_a_publication_has_its_public_address_and_over_ipv6_the_vms_own(after: Plan) -> None:
    (app,) = [guest for guest in after.guests if guest.key == "dinas/app" and guest.running]
    outside = next(name for name in after.names if name.view == "public" and name.fqdn.startswith("www."))
    assert list(map(str, outside.addresses)) == ["203.0.113.0", str(app.nics[0].addresses[1].ip)]


def test_every_rule_has_both_families(after: Plan) -> None:
    gateway = after.gateways[0]
    for sources in (*(rule.sources for rule in gateway.forward), *(rule.sources for rule in gateway.input)):
        assert {net.version for net in sources} in ({4, 6}, set())
    for rule in gateway.forward:
        assert {net.version for net in rule.destinations} in ({4, 6}, set())
    assert {net.version for rule in gateway.snat for net in rule.sources} == {4}
    assert str(gateway.isp6) == "fe80::1"
    assert IPv6Network("2001:db8:100::/48") in gateway.internal


def _rules(guest: Guest) -> dict[str, Rule]:
    return {rule.key: rule for rule in guest.firewall.rules}


def test_switching_ipv6_on_renames_nothing_that_rules_point_to(before: Plan, after: Plan) -> None:
    """Sets get a member more. A single VM or network was an alias, which holds one prefix, and is a set from now on."""
    for one, other in zip(before.clusters, after.clusters, strict=True):
        assert {ipset.name for ipset in one.firewall.ipsets} < {ipset.name for ipset in other.firewall.ipsets}
        assert {alias.name for alias in one.firewall.aliases} <= {
            ipset.name for ipset in other.firewall.ipsets
        }
        assert other.firewall.aliases == ()
        for ipset in one.firewall.ipsets:
            now = next(item for item in other.firewall.ipsets if item.name == ipset.name)
            assert set(ipset.cidrs) < set(now.cidrs)
    for was, guest in zip(before.guests, after.guests, strict=True):
        now_rules = _rules(guest)
        for key, rule in _rules(was).items():
            source = rule.source.replace("dc/vm-", "+dc/vm-").replace("dc/network-", "+dc/network-")
            assert now_rules[key] == dataclasses.replace(rule, source=source)
        fresh = [rule for key, rule in now_rules.items() if key not in _rules(was)]
        assert all(rule.proto == "icmpv6" for rule in fresh)


def test_an_echo_of_ipv6_is_a_rule_of_its_own(before: Plan, after: Plan) -> None:
    """PVE takes ``icmp`` for IPv4 alone; and of ICMPv6 only the echo is the flow's, not its errors and redirects."""
    (app,) = [guest for guest in after.guests if guest.key == "dinas/app" and guest.running]
    rules = _rules(app)
    four, six = rules["dinas/watch:vm-kominfo-state:icmp"], rules["dinas/watch:vm-kominfo-state:icmpv6"]
    assert (four.proto, four.icmp_type, four.source) == ("icmp", "echo-request", "+dc/vm-kominfo-state")
    assert (six.proto, six.icmp_type, six.source, six.dport) == (
        "icmpv6",
        "echo-request",
        "+dc/vm-kominfo-state",
        "",
    )
    group = next(group for group in after.clusters[0].firewall.groups if group.name == "look")
    assert [rule.proto for rule in group.rules] == ["icmp", "icmpv6"]
    assert not any(rule.proto == "icmpv6" for guest in before.guests for rule in guest.firewall.rules)


def test_a_sanction_that_blocks_names_all_of_its_target(planned: Callable[..., Plan]) -> None:
    plan = planned(SWITCHED_ON, BLOCKED)
    one, whole = plan.gateways[0].blocked
    assert (one.key, whole.key) == ("sanction/one", "sanction/whole")
    state = next(guest for guest in plan.guests if guest.key == "kominfo/state")
    assert {str(net[0]) for net in one.prefixes} == {str(address.ip) for address in state.nics[0].addresses}
    assert set(whole.prefixes) == {
        net for item in plan.networks if item.tenant == "dinas" for net in item.prefixes
    }
    assert str(whole.until) == "2027-01-31"


def test_a_network_from_before_its_pool_moved_is_inside(planned: Callable[..., Plan]) -> None:
    moved = planned((N, "servers: {prefix: 10.1.0.0/16", "servers: {prefix: 10.9.0.0/16"))
    assert {"10.9.0.0/16", "10.1.0.0/24"} <= set(map(str, moved.gateways[0].internal))
