# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.lab import probe
from scripts.lab.fabric import build, names, netns, spec

ROOT = Path(__file__).resolve().parents[3]


def wide_fabric(prefix: str, networks: int) -> spec.Fabric:
    nets = tuple(
        spec.Network(vlan=100 + n, name=f"net{n}", gateway=(f"10.9.{n}.1/24", f"fd09:{n:x}::1/64"))
        for n in range(networks)
    )
    return spec.Fabric(
        prefix=prefix,
        switches=(spec.Switch(name="dc", networks=nets), spec.Switch(name="drc", networks=nets[:5])),
        gateways=(
            spec.Gateway(
                name="gw1",
                switch="dc",
                wan=spec.Wan(
                    gateway=("198.51.100.2/30",),
                    isp=("198.51.100.1/30",),
                    public=("203.0.113.0/28",),
                    delivery="routed",
                ),
            ),
        ),
        control=spec.Control(switch="dc", vlan=100, addresses=("10.9.0.5/24", "fd09:0::5/64")),
        internet=(spec.Host(name="client", addresses=("192.0.2.10/32", "2001:db8::10/128")),),
        offices=tuple(
            spec.Office(
                switch="dc", vlan=net.vlan, host=spec.Host(name=net.name, addresses=(f"10.9.{n}.10/24",))
            )
            for n, net in enumerate(nets[1:], 1)
        ),
    )


@pytest.fixture
def prefix(tmp_path: Path) -> Iterator[str]:
    found = names.prefix(tmp_path)
    yield found
    build.remove(found)
    assert netns.listed(found) == []


def test_a_spec_survives_json() -> None:
    fabric = wide_fabric("awtest-", 7)
    assert spec.from_dict(json.loads(spec.to_json(fabric))) == fabric


def test_a_prefix_belongs_to_one_folder(tmp_path: Path) -> None:
    assert names.prefix(tmp_path / "a") != names.prefix(tmp_path / "b")
    (tmp_path / "link").symlink_to(tmp_path)
    assert names.prefix(tmp_path / "link") == names.prefix(tmp_path)


def test_a_mac_is_local_and_stays() -> None:
    first = names.mac("aw0000-gw1", "lan10")
    assert first == names.mac("aw0000-gw1", "lan10") != names.mac("aw0000-gw1", "lan11")
    assert int(first[:2], 16) & 3 == 2


def state(prefix: str) -> dict[str, Any]:
    return {
        name: [
            (link["ifindex"], link["ifname"], "UP" in link["flags"], link.get("master"))
            for link in netns.query(name, "link", "show")
        ]
        for name in netns.listed(prefix)
    }


@pytest.mark.hosts
def test_fifty_networks_stand_in_two_seconds_and_a_second_run_changes_nothing(prefix: str) -> None:
    fabric = wide_fabric(prefix, 50)
    start = time.monotonic()
    build.ensure(fabric)
    assert time.monotonic() - start <= 2
    assert len(netns.listed(prefix)) == 5 + 49
    before = state(prefix)
    build.ensure(fabric)
    assert state(prefix) == before


@pytest.mark.hosts
def test_a_network_less_takes_its_bridge_cables_and_office_away(prefix: str) -> None:
    fabric = wide_fabric(prefix, 6)
    build.ensure(fabric)
    less = dataclasses.replace(
        fabric,
        switches=(spec.Switch(name="dc", networks=fabric.switches[0].networks[:3]), fabric.switches[1]),
        offices=fabric.offices[:2],
    )
    build.ensure(less)
    assert netns.links(f"{prefix}dc") == {
        "lo",
        "br100",
        "br101",
        "br102",
        "c100",
        "g100",
        "g101",
        "g102",
        "o101",
        "o102",
    }
    assert netns.links(f"{prefix}gw1") == {"lo", "wan0", "lan100", "lan101", "lan102"}
    assert f"{prefix}off-103" not in netns.listed(prefix)


@pytest.mark.hosts
def test_a_run_killed_at_any_moment_is_finished_by_the_next(prefix: str, tmp_path: Path) -> None:
    fabric = wide_fabric(prefix, 12)
    spec.save(fabric, tmp_path / "fabric.json")
    program = (
        "import sys; from pathlib import Path; from scripts.lab.fabric import build, spec;"
        "f = spec.load(Path(sys.argv[1])); print('go', flush=True); build.ensure(f)"
    )
    for delay in (0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.045, 0.06):
        build.remove(prefix)
        with subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "fabric.json")],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as run:
            assert run.stdout is not None
            run.stdout.readline()
            time.sleep(delay)
            run.send_signal(signal.SIGKILL)
        build.ensure(fabric)
        assert len(netns.links(f"{prefix}gw1")) == 2 + 12
        assert sysctl(f"{prefix}gw1", "net.ipv4.ip_forward") == "0"
        ask = probe.Probe(namespace=f"{prefix}off-101", target="10.9.1.1", proto="icmp", timeout=0.05)
        assert probe.run([ask])[0].outcome in {
            "silent",
            "refused",
        }  # nobody has the address yet, but there is a way


@pytest.mark.hosts
def test_a_half_made_namespace_is_made_whole(prefix: str) -> None:
    netns.NETNS_DIR.mkdir(exist_ok=True)
    (netns.NETNS_DIR / f"{prefix}dc").touch()
    assert not netns.exists(f"{prefix}dc")
    build.ensure(wide_fabric(prefix, 2))
    assert netns.exists(f"{prefix}dc")


@pytest.mark.hosts
def test_removing_touches_only_our_prefix(prefix: str) -> None:
    other = "aw-test-foreign"
    netns.add([other])
    try:
        build.ensure(wide_fabric(prefix, 2))
        build.remove(prefix)
        assert netns.listed(prefix) == []
        assert netns.exists(other)
    finally:
        netns.delete([other])


@pytest.mark.hosts
def test_a_renewed_gateway_has_forgotten_everything_but_its_macs(prefix: str) -> None:
    fabric = wide_fabric(prefix, 3)
    build.ensure(fabric)
    gateway = f"{prefix}gw1"
    macs = {link["ifname"]: link["address"] for link in netns.query(gateway, "link", "show")}
    netns.nft(gateway, "table inet left { }")
    netns.batch(gateway, ["addr add 10.9.0.1/24 dev lan100"])
    netns.sysctl(gateway, {"net.ipv4.ip_forward": "1"})
    with subprocess.Popen(["ip", "netns", "exec", gateway, "sleep", "60"]) as clinger:
        try:
            build.renew_gateway(fabric, "gw1")
            assert {link["ifname"]: link["address"] for link in netns.query(gateway, "link", "show")} == macs
            assert sysctl(gateway, "net.ipv4.ip_forward") == "0"
            assert netns.query(gateway, "-4", "addr", "show", "dev", "lan100") in ([], [{}])
            listing = subprocess.run(
                ["ip", "netns", "exec", gateway, "nft", "list", "ruleset"], capture_output=True, check=True
            )
            assert listing.stdout == b""
        finally:
            clinger.kill()


def sysctl(namespace: str, key: str) -> str:
    argv = ["ip", "netns", "exec", namespace, "sysctl", "-n", key]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.hosts
def test_a_switch_neither_answers_nor_routes(prefix: str) -> None:
    build.ensure(wide_fabric(prefix, 3))
    links = netns.query(f"{prefix}dc", "addr", "show")
    assert [a for link in links if link["ifname"] != "lo" for a in link["addr_info"]] == []
    # A client in one office, given an address of the other's network, reaches nobody there: a frame stays in its VLAN.
    netns.batch(f"{prefix}off-101", ["addr add 10.9.2.99/24 dev eth0"])
    ask = probe.Probe(
        namespace=f"{prefix}off-101", target="10.9.2.10", source="10.9.2.99", proto="icmp", timeout=0.3
    )
    assert probe.run([ask])[0].outcome in {"silent", "refused"}
    netns.batch(f"{prefix}off-102", ["addr add 10.9.1.99/24 dev eth0"])
    assert (
        probe.run([dataclasses.replace(ask, target="10.9.1.10", source="10.9.1.10")])[0].outcome == "answered"
    )


@pytest.mark.hosts
@pytest.mark.parametrize(
    ("delivery", "line", "isp"),
    [("routed", "198.51.100.2/30", "198.51.100.1"), ("on_link", "203.0.113.2/28", "203.0.113.1")],
)
def test_public_addresses_arrive_as_the_provider_delivers_them(
    prefix: str, delivery: spec.Delivery, line: str, isp: str
) -> None:
    wide = wide_fabric(prefix, 2)
    length = line.partition("/")[2]
    wan = spec.Wan(gateway=(line,), isp=(f"{isp}/{length}",), public=("203.0.113.0/28",), delivery=delivery)
    fabric = dataclasses.replace(wide, gateways=(spec.Gateway(name="gw1", switch="dc", wan=wan),))
    build.ensure(fabric)
    # What the gateway's own configuration would do: its end of the line, one public address, the way back.
    owner = "wan0" if delivery == "on_link" else "lo"
    addresses = [f"addr add {line} dev wan0", f"addr add 203.0.113.5/32 dev {owner}"]
    netns.batch(f"{prefix}gw1", [*addresses, f"route add default via {isp}"])
    ask = probe.Probe(
        namespace=f"{prefix}wan", source="192.0.2.10", target="203.0.113.5", proto="icmp", timeout=1
    )
    answers = probe.run([ask, dataclasses.replace(ask, target="203.0.113.9")])
    assert [answer.outcome == "answered" for answer in answers] == [True, False]


@pytest.mark.hosts
def test_a_link_that_goes_meanwhile_is_no_error(tmp_path: Path) -> None:
    """The end of a cable dies with the namespace of the other end, at a moment of the kernel's choosing."""
    prefix = names.prefix(tmp_path / "gone")
    here, there = f"{prefix}here", f"{prefix}there"
    netns.add([here, there])
    try:
        cables = [f"link add a{n} netns {here} type veth peer name b{n} netns {there}" for n in range(2)]
        netns.batch(None, cables)
        netns.delete_links(here, ["a0", "never-was", "a1"])
        assert netns.links(here) == {"lo"}
    finally:
        netns.delete([here, there])
