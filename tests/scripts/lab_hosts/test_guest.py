# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from scripts.lab import internet, probe
from scripts.lab.cluster.runtime import FirewallSnapshot, Nic
from scripts.lab.fabric import names, netns
from scripts.lab.guest import machine, process
from scripts.lab.guest.runtime import NamespaceRuntime

pytestmark = pytest.mark.hosts

FIRST, SECOND = 101, 102
ADDRESS = {FIRST: "10.32.0.10", SECOND: "10.32.0.11"}
SIX = {FIRST: "fd20::10", SECOND: "fd20::11"}


def nic(vmid: int) -> Nic:
    return Nic(
        name="net0",
        mac=f"BC:24:11:00:00:{vmid - 100:02X}",
        bridge="vn20",
        tag=20,
        firewall=True,
        link_down=False,
    )


def snapshot(vmid: int, rules: list[dict[str, Any]], **options: Any) -> FirewallSnapshot:
    own = [{"cidr": ADDRESS[vmid]}, {"cidr": SIX[vmid]}]
    return FirewallSnapshot(
        cluster_options={"enable": 1},
        cluster_aliases={},
        cluster_ipsets={"servers": [{"cidr": "10.32.0.0/24"}]},
        groups={
            "ssh": [{"type": "in", "action": "ACCEPT", "macro": "SSH", "source": "+dc/servers", "enable": 1}]
        },
        node_options={},
        vm_options={"enable": 1, "ipfilter": 1, **options},
        vm_rules=rules,
        vm_aliases={},
        vm_ipsets={"ipfilter-net0": own},
        nics=(nic(vmid),),
    )


def config(vmid: int) -> dict[str, Any]:
    line = f"ip={ADDRESS[vmid]}/24,gw=10.32.0.1,ip6={SIX[vmid]}/64,gw6=fd20::1"
    return {"name": f"vm{vmid}", "ipconfig0": line}


RULES = [
    {"type": "group", "action": "ssh", "enable": 1},
    {"type": "in", "action": "ACCEPT", "macro": "DNS", "enable": 1},
    {"type": "in", "action": "ACCEPT", "proto": "tcp", "dport": "443", "source": "10.64.0.0/24", "enable": 1},
    {"type": "in", "action": "REJECT", "proto": "tcp", "dport": "8080", "enable": 1},
    {"type": "in", "action": "REJECT", "proto": "udp", "dport": "8080", "enable": 1},
    {"type": "in", "action": "ACCEPT", "macro": "Ping", "enable": 1},
]


def ports(lab_dir: Path, first: list[str]) -> None:
    entry = {
        "dc": {str(FIRST): first, str(SECOND): ["tcp/443", "udp/53"]},
        internet.CLUSTER: {"server": ["tcp/443"]},
    }
    (lab_dir / "guests.json").write_text(json.dumps(entry), encoding="utf-8")


@pytest.fixture(scope="module")
def runtime(lab: Any) -> Iterator[NamespaceRuntime]:
    ports(lab.dir, ["tcp/22", "tcp/443", "tcp/53", "udp/53", "tcp/8080"])
    made = NamespaceRuntime(lab_dir=str(lab.dir), cluster="dc")
    made.start(FIRST, "dc1", config(FIRST), snapshot(FIRST, RULES))
    made.start(SECOND, "dc2", config(SECOND), snapshot(SECOND, []))
    yield made
    for vmid in (FIRST, SECOND):
        made.stop(vmid)


def ask(
    lab: Any, vmid: int, target: str, proto: Literal["tcp", "udp", "icmp"], port: int = 0
) -> probe.Answer:
    namespace = names.guest_namespace(lab.prefix, "dc", vmid)
    return probe.run([probe.Probe(namespace=namespace, target=target, proto=proto, port=port, timeout=0.6)])[
        0
    ]


def test_a_vm_says_who_it_is_and_whom_it_sees(lab: Any, runtime: NamespaceRuntime) -> None:
    assert runtime.running(FIRST)
    answer = ask(lab, SECOND, ADDRESS[FIRST], "udp", 53)
    assert answer.text == "awan-lab vm101 dc 101 10.32.0.10 udp/53 from 10.32.0.11"
    assert answer.peer == ADDRESS[SECOND]


@pytest.mark.parametrize(
    ("proto", "port", "outcome"),
    [
        ("tcp", 22, "answered"),  # by the group, for the servers' set
        ("tcp", 53, "answered"),
        ("udp", 53, "answered"),
        ("icmp", 0, "answered"),
        ("tcp", 443, "silent"),  # only the office may
        ("tcp", 8080, "refused"),
        ("udp", 8080, "refused"),
        ("tcp", 9, "silent"),
    ],
)
def test_the_vm_s_own_firewall_decides(
    lab: Any, runtime: NamespaceRuntime, proto: Literal["tcp", "udp", "icmp"], port: int, outcome: str
) -> None:
    assert runtime.running(FIRST)
    assert ask(lab, SECOND, ADDRESS[FIRST], proto, port).outcome == outcome


def test_ipv6_has_the_same_rules(lab: Any, runtime: NamespaceRuntime) -> None:
    assert runtime.running(FIRST)
    found = [
        ask(lab, SECOND, SIX[FIRST], "udp", 53),
        ask(lab, SECOND, SIX[FIRST], "icmp"),
        ask(lab, SECOND, SIX[FIRST], "tcp", 22),
    ]
    assert [answer.outcome for answer in found] == ["answered", "answered", "silent"]
    assert found[0].peer == SIX[SECOND]


def test_nobody_gets_in_without_a_rule_until_there_is_one(lab: Any, runtime: NamespaceRuntime) -> None:
    assert ask(lab, FIRST, ADDRESS[SECOND], "tcp", 443).outcome == "silent"
    opened = snapshot(SECOND, [{"type": "in", "action": "ACCEPT", "macro": "HTTPS", "enable": 1}])
    runtime.firewall_changed(SECOND, opened)
    assert ask(lab, FIRST, ADDRESS[SECOND], "tcp", 443).outcome == "answered"
    runtime.firewall_changed(SECOND, dataclasses.replace(opened, cluster_options={}))
    assert ask(lab, FIRST, ADDRESS[SECOND], "udp", 53).outcome == "answered"
    runtime.firewall_changed(SECOND, snapshot(SECOND, []))
    assert ask(lab, FIRST, ADDRESS[SECOND], "udp", 53).outcome == "silent"


def test_what_goes_out_is_decided_too(lab: Any, runtime: NamespaceRuntime) -> None:
    runtime.firewall_changed(SECOND, snapshot(SECOND, [], policy_out="DROP"))
    assert ask(lab, SECOND, ADDRESS[FIRST], "udp", 53).outcome == "silent"
    assert ask(lab, SECOND, ADDRESS[FIRST], "tcp", 53).outcome == "silent"
    runtime.firewall_changed(SECOND, snapshot(SECOND, []))
    assert ask(lab, SECOND, ADDRESS[FIRST], "tcp", 53).outcome == "answered"


def test_a_forged_source_or_mac_does_not_leave(lab: Any, runtime: NamespaceRuntime) -> None:
    assert runtime.running(SECOND)
    namespace = names.guest_namespace(lab.prefix, "dc", SECOND)
    netns.batch(namespace, ["addr add 10.32.0.66/24 dev eth0"])
    forged = probe.Probe(
        namespace=namespace, source="10.32.0.66", target=ADDRESS[FIRST], proto="udp", port=53, timeout=0.6
    )
    assert probe.run([forged])[0].outcome == "silent"
    assert probe.run([dataclasses.replace(forged, source=ADDRESS[SECOND])])[0].outcome == "answered"
    netns.batch(namespace, ["addr del 10.32.0.66/24 dev eth0", "link set eth0 address 02:00:00:00:00:66"])
    assert probe.run([dataclasses.replace(forged, source="")])[0].outcome == "silent"
    runtime.start(SECOND, "dc2", config(SECOND), snapshot(SECOND, []))
    assert probe.run([dataclasses.replace(forged, source="")])[0].outcome == "answered"


def test_ports_change_without_a_restart(lab: Any, runtime: NamespaceRuntime) -> None:
    before = process.load(lab.dir / "guests" / f"dc-{FIRST}.json")
    ports(lab.dir, ["tcp/22", "udp/53"])
    end = time.monotonic() + 3
    while ask(lab, SECOND, ADDRESS[FIRST], "tcp", 53).outcome != "refused":
        assert time.monotonic() < end, "the port is still open"
    ports(lab.dir, ["tcp/22", "tcp/443", "tcp/53", "udp/53", "tcp/8080"])
    end = time.monotonic() + 3
    while ask(lab, SECOND, ADDRESS[FIRST], "tcp", 53).outcome != "answered":
        assert time.monotonic() < end, "the port does not open"
    assert process.load(lab.dir / "guests" / f"dc-{FIRST}.json") == before
    assert runtime.running(FIRST)


def test_starting_takes_no_time_worth_mentioning(runtime: NamespaceRuntime) -> None:
    took = []
    for _ in range(5):
        runtime.stop(FIRST)
        start = time.monotonic()
        runtime.start(FIRST, "dc1", config(FIRST), snapshot(FIRST, RULES))
        took.append(time.monotonic() - start)
    assert min(took) <= 0.1  # 0.04 s on a quiet machine


def test_stopping_ends_that_vm_and_no_other(lab: Any, runtime: NamespaceRuntime) -> None:
    one = process.load(lab.dir / "guests" / f"dc-{FIRST}.json")
    other = process.load(lab.dir / "guests" / f"dc-{SECOND}.json")
    assert one is not None
    assert other is not None
    runtime.stop(FIRST)
    assert not one.alive()
    assert other.alive()
    assert not runtime.running(FIRST)
    assert not netns.exists(names.guest_namespace(lab.prefix, "dc", FIRST))
    assert f"v{FIRST}" not in netns.links(f"{lab.prefix}dc")
    runtime.stop(FIRST)
    runtime.start(FIRST, "dc1", config(FIRST), snapshot(FIRST, RULES))


def test_a_recorded_number_that_is_somebody_else_s_is_let_live(lab: Any, runtime: NamespaceRuntime) -> None:
    assert runtime.running(FIRST)
    with subprocess.Popen(["sleep", "30"]) as stranger:
        try:
            stale = process.Process(pid=stranger.pid, started="1")
            process.save(stale, lab.dir / "guests" / "dc-999.json")
            runtime.stop(999)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_vm_survives_the_process_that_started_it(lab: Any, runtime: NamespaceRuntime) -> None:
    assert runtime.running(FIRST)
    assert NamespaceRuntime(lab_dir=str(lab.dir), cluster="dc").running(FIRST)


def test_a_vm_without_a_card_runs_and_reaches_nobody(lab: Any, runtime: NamespaceRuntime) -> None:
    runtime.start(900, "dc1", {"name": "odd"}, dataclasses.replace(snapshot(FIRST, []), nics=()))
    try:
        assert runtime.running(900)
        assert netns.links(names.guest_namespace(lab.prefix, "dc", 900)) == {"lo"}
    finally:
        runtime.stop(900)


def test_an_unplugged_card_carries_nothing(lab: Any, runtime: NamespaceRuntime) -> None:
    down = dataclasses.replace(nic(FIRST), link_down=True)
    runtime.start(FIRST, "dc1", config(FIRST), dataclasses.replace(snapshot(FIRST, RULES), nics=(down,)))
    try:
        assert ask(lab, SECOND, ADDRESS[FIRST], "udp", 53).outcome != "answered"
    finally:
        runtime.start(FIRST, "dc1", config(FIRST), snapshot(FIRST, RULES))
    assert ask(lab, SECOND, ADDRESS[FIRST], "udp", 53).outcome == "answered"


def test_the_same_vmid_in_the_other_cluster_is_another_vm(lab: Any, runtime: NamespaceRuntime) -> None:
    other = NamespaceRuntime(lab_dir=str(lab.dir), cluster="drc")
    other.start(FIRST, "drc1", config(FIRST), snapshot(FIRST, []))
    try:
        assert other.running(FIRST)
        machine.stop(lab.prefix, "drc", FIRST, lab.dir)
        assert runtime.running(FIRST)
        assert not other.running(FIRST)
    finally:
        other.stop(FIRST)


def test_fifty_probes_take_five_seconds_at_most_and_tell_three_outcomes(
    lab: Any, runtime: NamespaceRuntime
) -> None:
    assert runtime.running(FIRST)
    internet.ensure(lab.fabric, lab.dir)
    sources = [names.guest_namespace(lab.prefix, "dc", vmid) for vmid in (FIRST, SECOND)]
    ask_all = [
        probe.Probe(namespace=sources[1], target=ADDRESS[FIRST], proto="udp", port=53),
        probe.Probe(namespace=sources[1], target=ADDRESS[FIRST], proto="tcp", port=8080),
        probe.Probe(namespace=sources[0], target=ADDRESS[SECOND], proto="tcp", port=443),
        probe.Probe(
            namespace=f"{lab.prefix}wan", target="192.0.2.80", source="192.0.2.10", proto="tcp", port=443
        ),
        probe.Probe(
            namespace=f"{lab.prefix}wan", target="192.0.2.80", source="192.0.2.10", proto="tcp", port=80
        ),
    ]
    start = time.monotonic()
    answers = probe.run(ask_all * 10)
    assert time.monotonic() - start <= 5
    assert [answer.outcome for answer in answers] == [
        "answered",
        "refused",
        "silent",
        "answered",
        "refused",
    ] * 10
    assert answers[3].peer == "192.0.2.10"
    assert [answer.probe for answer in answers] == ask_all * 10


def test_a_probe_from_nowhere_is_said(lab: Any) -> None:
    with pytest.raises(probe.ProbeError, match="there is no namespace"):
        probe.run([probe.Probe(namespace=f"{lab.prefix}nowhere", target="10.0.0.1", proto="tcp", port=1)])
    with pytest.raises(probe.ProbeError, match="EADDRNOTAVAIL"):
        wrong = probe.Probe(
            namespace=f"{lab.prefix}wan", source="10.1.1.1", target="10.0.0.1", proto="tcp", port=1
        )
        probe.run([wrong])


def test_every_compiled_ruleset_is_one_that_nft_takes(lab: Any) -> None:
    from scripts.lab.guest.firewall.compile import compile_guest
    from scripts.lab.guest.firewall.macros import MACROS

    everything = [
        {"type": way, "action": action, "macro": name, "enable": 1}
        for name in MACROS
        for way in ("in", "out")
        for action in ("ACCEPT", "DROP", "REJECT")
    ]
    for policy in ("ACCEPT", "DROP", "REJECT"):
        shot = snapshot(FIRST, everything, policy_in=policy, policy_out=policy, radv=1)
        text = compile_guest(shot, nic(FIRST), device="lo")
        argv = ["ip", "netns", "exec", f"{lab.prefix}ctl", "nft", "-c", "-f", "-"]
        done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_a_network_that_the_lab_has_not_seen_gets_its_bridge(lab: Any, runtime: NamespaceRuntime) -> None:
    """A real trunk carries every VLAN: a VM on a vnet made a moment ago starts."""
    card = dataclasses.replace(nic(103), bridge="vn777", tag=777)
    far = dataclasses.replace(snapshot(FIRST, []), nics=(card,))
    runtime.start(103, "dc1", {"name": "vm103", "ipconfig0": "ip=10.77.0.10/24,gw=10.77.0.1"}, far)
    try:
        assert runtime.running(103)
        assert names.bridge(777) in netns.links(f"{lab.prefix}dc")
    finally:
        runtime.stop(103)
