# SPDX-License-Identifier: GPL-3.0-or-later
"""A new gateway, from its first configuration to its breakages; these tests build on one another, in order."""

from __future__ import annotations

import dataclasses
import json
import re
import time
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest

from network_plan.model.blocked import BlockedList, Names
from network_plan.render.shaping import render_trees
from scripts.lab import probe, wiring

pytestmark = pytest.mark.hosts

Outcome = Literal["answered", "refused", "silent"]


def address(site: Any, key: str) -> str:
    guest = next(g for g in site.plan.guests_of("dc") if g.key == key)
    return str(guest.nics[0].addresses[0].ip)


def public(site: Any, name: str) -> str:
    return next(str(item.address) for item in site.plan.public if item.name == name)


def office(site: Any, key: str) -> str:
    return f"{site.prefix}off-{site.plan.network(f'{key}/office-main').vlan}"


def probes(site: Any) -> list[tuple[probe.Probe, Outcome, str]]:
    """What the gateway alone decides: (probe, outcome, the peer that the other end sees)."""
    client: dict[str, Any] = {"namespace": f"{site.prefix}wan", "source": wiring.INTERNET_CLIENT}
    dukcapil, rsud = office(site, "dukcapil"), office(site, "rsud")
    siak, simrs, proxy = (
        address(site, "dukcapil/siak"),
        address(site, "rsud/simrs"),
        address(site, "diskominfo/proxy"),
    )
    ns1, unused = public(site, "ns1"), str(list(site.plan.gateways[0].public)[-1])
    own = wiring.office_address(site.plan.network("dukcapil/office-main"))
    wait: dict[str, Any] = {"timeout": 1.0}
    simrs_ns = f"{site.prefix}dc-{next(g.vmid for g in site.plan.guests_of('dc') if g.key == 'rsud/simrs')}"

    def tcp(namespace: str, target: str, port: int, **more: Any) -> probe.Probe:
        return probe.Probe(namespace=namespace, target=target, proto="tcp", port=port, **wait, **more)

    def outside(target: str, proto: Literal["tcp", "udp"], port: int) -> probe.Probe:
        return probe.Probe(target=target, proto=proto, port=port, **client, **wait)

    return [
        (tcp(dukcapil, siak, 443), "answered", own),
        (tcp(dukcapil, siak, 8443), "silent", ""),
        (tcp(rsud, siak, 443), "silent", ""),
        (tcp(rsud, simrs, 443), "answered", ""),
        (tcp(dukcapil, simrs, 443), "silent", ""),
        (tcp(simrs_ns, siak, 8443), "answered", simrs),
        (tcp(simrs_ns, siak, 443), "silent", ""),
        (tcp(f"{site.prefix}ctl", siak, 22), "answered", ""),
        (tcp(dukcapil, siak, 22), "silent", ""),
        (tcp(dukcapil, proxy, 443), "answered", own),
        (outside(public(site, "portal"), "tcp", 443), "answered", wiring.INTERNET_CLIENT),
        (outside(public(site, "portal"), "tcp", 22), "silent", ""),
        (outside(ns1, "udp", 53), "answered", wiring.INTERNET_CLIENT),
        (outside(ns1, "tcp", 53), "answered", wiring.INTERNET_CLIENT),
        (outside(unused, "tcp", 443), "silent", ""),
        (outside(siak, "tcp", 443), "refused", ""),  # the provider has no way to private addresses
        (outside("198.51.100.2", "tcp", 22), "silent", ""),
        (tcp(dukcapil, wiring.INTERNET_SERVER, 443), "answered", public(site, "offices")),
        (tcp(simrs_ns, wiring.INTERNET_SERVER, 443), "silent", ""),
        (probe.Probe(namespace=dukcapil, target="10.64.2.1", proto="udp", port=53, **wait), "answered", ""),
        (probe.Probe(namespace=dukcapil, target="10.64.2.1", proto="icmp", **wait), "answered", ""),
        (tcp(dukcapil, "10.64.2.1", 22), "silent", ""),
    ]


def assert_probes(site: Any) -> None:
    wanted = probes(site)
    wrong = [
        f"{answer.probe.namespace} → {answer.probe.target}:{answer.probe.port}/{answer.probe.proto}: "
        f"{answer.outcome} {answer.peer}, not {outcome} {peer}"
        for answer, (_, outcome, peer) in zip(probe.run([w[0] for w in wanted]), wanted, strict=True)
        if answer.outcome != outcome or (peer and answer.peer != peer)
    ]
    assert wrong == []


def test_a_dry_run_on_a_new_host_says_much_and_does_nothing(site: Any) -> None:
    before = site.ssh("find /etc -type f | sort | xargs sha256sum | sha256sum")
    played = site.play("site", "--check", "--diff")
    assert played.code == 0, played.text
    assert played.changed >= 3
    assert site.ssh("find /etc -type f | sort | xargs sha256sum | sha256sum") == before


def test_the_door_is_shut_before_it_is_configured(site: Any) -> None:
    assert site.ssh("sysctl -n net.ipv4.ip_forward") == "0\n"
    found = [probes(site)[index] for index in (0, 10, 17)]
    assert {answer.outcome for answer in probe.run([entry[0] for entry in found])} == {"silent"}


def test_the_first_run_configures_everything(site: Any) -> None:
    played = site.play("site")
    assert played.code == 0, played.text
    assert played.changed > 5


def test_the_second_run_changes_nothing_in_few_steps(site: Any) -> None:
    played = site.play("site")
    assert (played.code, played.changed) == (0, 0), played.text
    # A step costs a third of a second, whatever it does: twenty of them, some without the host, are about 6 s.
    assert len(re.findall(r"^ok: ", played.text, re.MULTILINE)) <= 20, played.text


def test_a_dry_run_afterwards_is_clean(site: Any) -> None:
    played = site.play("site", "--check", "--diff")
    assert (played.code, played.changed) == (0, 0), played.text


def test_verify_finds_it_as_planned(site: Any) -> None:
    played = site.play("verify")
    assert (played.code, played.changed) == (0, 0), played.text
    assert "gw1 is as the Plan says" in played.text


def test_packets_pass_as_planned(site: Any) -> None:
    assert_probes(site)


def test_names_are_answered_inside_and_the_public_zone_has_its_primary(site: Any) -> None:
    domain = site.plan.domain
    assert site.ssh(f"dig +short +time=2 siak.dukcapil.{domain}") == f"{address(site, 'dukcapil/siak')}\n"
    assert site.ssh(f"dig +short +time=2 portal.{domain}") == f"{public(site, 'portal')}\n"
    soa = site.ssh(f"dig +short +time=2 @127.0.0.1 -p 5300 SOA {domain}")
    assert str(site.plan.serial) in soa.split()
    assert site.ssh(f"dig +short +time=2 @127.0.0.1 -p 5300 siak.dukcapil.{domain}") == ""


def test_a_list_of_bad_names_reaches_the_resolver(site: Any, plugin: ModuleType, tmp_path: Path) -> None:
    """Nothing else can be resolved here, which has no internet: what is on no list is asked for and not answered."""
    names = Names(frozenset({"bad.example"}))
    item = BlockedList(key="known", title="t", reason="r", names=names, source="assumption: for the test")
    plan = dataclasses.replace(site.plan, blocked=(item,))
    values = plugin.gateway_values(plan, plan.gateways[0], cabled=True)
    file = tmp_path / "values.json"
    file.write_text(
        json.dumps({key: values[key] for key in ("dns_resolver", "dns_zone_files")}), encoding="utf-8"
    )
    played = site.play("dns", "--extra-vars", f"@{file}")
    assert played.code == 0, played.text
    ask = "dig +time=1 +tries=1 +noall +comments {} | grep -o 'status: [A-Z]*'"
    assert site.ssh(ask.format("www.bad.example")) == "status: NXDOMAIN\n"
    assert site.ssh(ask.format("good.example")) in ("", "status: SERVFAIL\n")
    domain = site.plan.domain
    assert site.ssh(f"dig +short +time=2 siak.dukcapil.{domain}") == f"{address(site, 'dukcapil/siak')}\n"
    played = site.play("dns")
    assert (played.code, played.changed > 0) == (0, True), played.text


def test_the_line_is_shared_among_the_tenants(site: Any) -> None:
    """What the classes do to packets is measured in tests/network_plan/render/test_shaping.py."""
    listed = json.loads(site.ssh("tc -json class show dev wan0"))
    (tree, _) = render_trees(site.plan, site.plan.gateways[0])
    assert sorted(item["handle"] for item in listed) == sorted(tree.handles)
    tenants = {tenant.key for tenant in site.plan.tenants}
    assert len(listed) == len(tenants) + 2


BREAKAGES = {
    "a rule removed from the live table": (
        (
            "nft -a list chain inet awan forward | sed -n 's/.*@flows.*# handle //p' "
            "| xargs nft delete rule inet awan forward handle"
        ),
        r"the live rules lack `.*@flows goto pass` in chain forward",
    ),
    "an element removed from a live set": (
        "nft flush set inet awan published",
        "the live rules lack",
    ),
    "a rule added to the live table": (
        "nft insert rule inet awan forward accept",
        "the live rules have `accept` in chain forward",
    ),
    "forwarding turned off": ("sysctl -qw net.ipv4.ip_forward=0", "forwarding is off"),
    "a service stopped": ("systemctl stop unbound", "unbound.service is inactive"),
    "a service that would not come back": (
        "systemctl disable -q nftables",
        "nftables.service would not start at boot",
    ),
    "a class of the line removed": (
        "tc qdisc delete dev wan0 root",
        "wan0 has 0 classes, 6 are planned",
    ),
    "an address removed": ("ip address del 10.32.1.1/24 dev lan201", "lan201 lacks its address 10.32.1.1/24"),
    "an address added": (
        "ip address add 10.99.0.1/24 dev lan201",
        "lan201 has 10.99.0.1/24, which is not in the Plan",
    ),
    "a file edited": ("echo '# me' >> /etc/nftables.conf", "/etc/nftables.conf was edited"),
    "an ssh server weakened": (
        "sed -i s/PasswordAuthentication.no/PasswordAuthentication\\ yes/ /etc/ssh/sshd_config.d/10-awan.conf",
        "/etc/ssh/sshd_config.d/10-awan.conf was edited",
    ),
    "a kernel setting changed": (
        "sysctl -qw net.ipv4.conf.all.accept_redirects=1",
        "net.ipv4.conf.all.accept_redirects is 1, not 0",
    ),
}


def test_verify_names_each_thing_that_is_broken_and_the_next_run_mends_all(site: Any) -> None:
    for command, _ in BREAKAGES.values():
        assert site.ssh(command) == ""
    broken = site.play("verify")
    assert broken.code != 0, broken.text
    unnamed = [
        what for what, (_, sentence) in BREAKAGES.items() if not re.search(f"gw1: .*{sentence}", broken.text)
    ]
    assert unnamed == [], broken.text
    mended = site.play("site")
    assert mended.code == 0, mended.text
    whole = site.play("verify")
    assert whole.code == 0, whole.text


def test_a_table_of_somebody_else_is_told_and_left_alone(site: Any) -> None:
    site.ssh("nft add table ip stranger")
    played = site.play("gateway")
    assert (played.code, played.changed) == (0, 0), played.text
    assert "`table ip stranger` is loaded and not ours" in " ".join(site.play("verify").text.split())
    assert site.ssh("nft delete table ip stranger") == ""


def test_a_reboot_needs_no_hand(site: Any) -> None:
    site.host.reboot()
    end = time.monotonic() + 20
    while (played := site.play("verify")).code != 0 and time.monotonic() < end:
        time.sleep(0.5)
    assert played.code == 0, played.text
    assert_probes(site)


def test_without_rules_the_gateway_forwards_nothing_from_the_first_moment(site: Any) -> None:
    site.ssh("echo 'nonsense {' >> /etc/nftables.conf; sync")
    site.host.reboot()
    assert (
        site.ssh("systemctl is-system-running --wait; sysctl -n net.ipv4.ip_forward").splitlines()[-1] == "0"
    )
    assert "inactive" in site.ssh("systemctl is-active awan-forwarding.service")
    played = site.play("verify")
    assert "forwarding is off" in played.text
    mended = site.play("gateway")
    assert mended.code == 0, mended.text
    assert_probes(site)


def test_stopping_the_rules_stops_the_forwarding(site: Any) -> None:
    site.ssh("systemctl stop nftables.service")
    assert site.ssh("sysctl -n net.ipv4.ip_forward") == "0\n"
    site.ssh("systemctl start awan-forwarding.service")
    assert (
        site.ssh("sysctl -n net.ipv4.ip_forward; nft list tables")
        == "1\ntable inet awan\ntable inet awan_shape\n"
    )


def test_rules_that_nft_refuses_are_not_written_and_nothing_else_is(site: Any) -> None:
    before = site.ssh("sha256sum /etc/nftables.conf /etc/network/interfaces")
    played = site.play("gateway", "--extra-vars", '{"gateway_ruleset": "table inet awan { chain forward }"}')
    assert played.code != 0
    assert "/etc/nftables.conf is refused by /usr/sbin/nft" in played.text
    assert "nothing was written" in played.text
    assert site.ssh("sha256sum /etc/nftables.conf /etc/network/interfaces") == before
    assert_probes(site)


def test_interfaces_that_would_cut_it_off_are_refused(site: Any) -> None:
    played = site.play("gateway", "--extra-vars", "gateway_management=10.250.0.1")
    assert played.code != 0
    assert "No interface in gateway_interfaces has 10.250.0.1" in " ".join(played.text.split())


def test_a_real_gateway_without_its_trunk_is_refused(site: Any) -> None:
    lines = (
        '{"gateway_interfaces": [{"name": "lan10", "addresses": ["10.16.0.1/24"], "vlan": 10, "parent": "trunk0",'
        ' "gateways": [], "blackholes": []}]}'
    )
    played = site.play("gateway", "--extra-vars", lines)
    assert played.code != 0
    assert "gw1 has no trunk0" in " ".join(played.text.split())


def test_the_recovery_center_s_inventory_has_no_gateway_and_that_is_fine(site: Any) -> None:
    played = site.play("site", cluster="drc")
    assert played.code == 0, played.text
    assert "no hosts matched" in played.text


def test_the_addresses_of_this_test_are_of_documentation_or_private_ranges(site: Any) -> None:
    ranges = [IPv4Network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "10.0.0.0/8")]
    for entry, _, _ in probes(site):
        assert any(IPv4Address(entry.target) in net for net in ranges)
