# SPDX-License-Identifier: GPL-3.0-or-later
"""Shares of the line: what is guaranteed, that the kernel takes both trees and the table, and what packets really get."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any

import pytest

from network_plan.model.plan import Plan
from network_plan.render.shaping import DOWN, UP, ShapeClass, classes, render_shaping, render_trees
from tests.network_plan.render import flood
from tests.network_plan.render.checkers import checked, written

S = "site/services.yml"


def slow(target: str, rate: int, key: str = "one") -> str:
    return f"""  {key}: {{target: {target}, measure: slow, rate_kbit: {rate}, until: 2030-01-31,
    reason: a machine that sent spam, source: "assumption: for the test"}}
"""


@pytest.fixture
def sanctioned(planned: Callable[..., Plan]) -> Callable[..., Plan]:
    """The minimal site with sanctions."""

    def plan(*sanctions: str) -> Plan:
        return planned((S, "flows:\n", f"sanctions:\n{''.join(sanctions)}flows:\n"))

    return plan


def by_key(plan: Plan) -> Mapping[str, ShapeClass]:
    return {item.key: item for item in classes(plan)}


def test_each_tenant_has_its_equal_share_and_may_have_the_whole_line(full_plan: Plan) -> None:
    line = full_plan.facilities.uplink.rate_kbit
    found = by_key(full_plan)
    assert list(found) == ["gateway", *(f"tenant/{tenant.key}" for tenant in full_plan.tenants)]
    assert {item.ceil_kbit for item in found.values()} == {line}
    assert found["gateway"].rate_kbit == 25000
    assert {item.rate_kbit for key, item in found.items() if key != "gateway"} == {(line - 25000) // 4}
    own = {network.key: network.vlan for network in full_plan.networks if network.tenant == "rsud"}
    assert found["tenant/rsud"].minor == min(own.values())


def test_target_and_interval_follow_the_time_of_a_frame() -> None:
    def of(rate: int) -> ShapeClass:
        return ShapeClass(key="x", minor=2, rate_kbit=rate, ceil_kbit=rate)

    assert (of(100_000).target_us, of(100_000).interval_us) == (5000, 100_000)
    assert of(1110).target_us == 16_368  # 10.9 ms for one frame, and a half
    assert of(64).interval_us == 95_000 + of(64).target_us


@pytest.mark.parametrize(
    ("sanctions", "expected"),
    [
        ((), {"tenant/dinas": 500, "tenant/kominfo": 500}),
        ((slow("dinas", 200),), {"tenant/dinas": 500, "sanction/one": 200}),
        ((slow("dinas", 1900),), {"tenant/dinas": 500, "sanction/one": 500}),
        ((slow("dinas/app", 100),), {"tenant/dinas": 400, "sanction/one": 100}),
        ((slow("dinas/app", 1900),), {"tenant/dinas": 250, "sanction/one": 250}),
        (
            (slow("dinas/app", 300), slow("dinas/app", 400, "two")),
            {"tenant/dinas": 500 - 166 - 166, "sanction/one": 166, "sanction/two": 166},
        ),
    ],
)
def test_guarantees_never_exceed_the_line(
    sanctioned: Callable[..., Plan],
    planned: Callable[..., Plan],
    sanctions: tuple[str, ...],
    expected: Mapping[str, int],
) -> None:
    plan = sanctioned(*sanctions) if sanctions else planned()
    found = by_key(plan)
    assert expected.items() <= {key: item.rate_kbit for key, item in found.items()}.items()
    at_once = [item for item in found.values() if not (item.until and len(item.prefixes) > 1)]
    assert sum(item.rate_kbit for item in at_once) <= plan.facilities.uplink.rate_kbit
    for item in found.values():
        assert item.rate_kbit <= item.ceil_kbit
    assert len({item.minor for item in found.values()}) == len(found)


def test_a_line_with_nothing_left_still_gives_a_tree(minimal_plan: Plan) -> None:
    """Policy refuses such a site; what is printed from it must not be refused by tc for another reason."""
    tunnels = tuple(dataclasses.replace(tunnel, rate_kbit=9000) for tunnel in minimal_plan.tunnels)
    found = by_key(dataclasses.replace(minimal_plan, tunnels=tunnels))
    assert found["tenant/dinas"].rate_kbit == 1


def test_without_a_tunnel_the_gateways_own_questions_wait_for_nobody(minimal_plan: Plan) -> None:
    plan = dataclasses.replace(minimal_plan, tunnels=())
    assert list(by_key(plan)) == ["tenant/dinas", "tenant/kominfo"]
    assert "htb default 0\n" in render_shaping(plan)["gw1.up.tc"]


def test_of_a_tenant_and_its_vm_the_vms_sanction_decides(sanctioned: Callable[..., Plan]) -> None:
    plan = sanctioned(slow("dinas/app", 100, "a"), slow("dinas", 200, "b"))
    text = render_shaping(plan)["gw1.classify.nft"]
    up = text[text.index("chain up") : text.index("chain down")]
    lines = [line.split('"')[1] for line in up.splitlines() if "meta time" in line]
    assert lines == ["sanction/b"] * 2 + ["sanction/a"]


def test_both_families_are_classified(full_plan: Plan) -> None:
    networks = tuple(
        dataclasses.replace(n, prefixes=(*n.prefixes, IPv6Network((0x20010DB8 << 96 | n.vlan << 64, 64))))
        for n in full_plan.networks
    )
    text = render_shaping(dataclasses.replace(full_plan, networks=networks))["gw1.classify.nft"]
    assert "2001:db8:0:7d2::/64 : 1:7d2" in text
    assert "meta priority set ip6 daddr map @down_ip6" in text


def test_text_that_people_write_stands_nowhere(
    sanctioned: Callable[..., Plan], planned: Callable[..., Plan]
) -> None:
    hostile = 'spam" accept ; } # $(id)'
    plain = sanctioned(slow("dinas", 200))
    assert render_shaping(
        sanctioned(slow("dinas", 200).replace("a machine that sent spam", json.dumps(hostile)))
    ) == render_shaping(plain)
    assert render_shaping(plain) != render_shaping(planned())


LOAD = """
for d in wan0 trunk0; do ip link add $d type veth peer name p-$d; ip link set $d up; ip link set p-$d up; done
for f in up down; do
  tc -batch /mnt/gw1.$f.tc 2>>/mnt/warned
  tc -force -batch /mnt/gw1.$f.leaves.tc 2>>/mnt/said || true
done
nft -f /mnt/gw1.classify.nft
tc -j class show dev wan0 > /mnt/up.json
tc -j class show dev trunk0 > /mnt/down.json
nft list table inet awan_shape > /mnt/table
"""


@pytest.mark.hosts
@pytest.mark.parametrize("which", ["minimal_plan", "full_plan", "slowed"])
def test_the_kernel_takes_both_trees(
    which: str, request: pytest.FixtureRequest, sanctioned: Callable[..., Plan], tmp_path: Path
) -> None:
    """A kernel without fq_codel refuses just the leaves, by name; then each class keeps its plain queue."""
    plan: Plan = sanctioned(slow("dinas", 200)) if which == "slowed" else request.getfixturevalue(which)
    folder = written({**render_shaping(plan), "said": ""}, tmp_path / "shaping")
    done = checked(LOAD, folder)
    assert done.returncode == 0, done.stderr
    said = (folder / "said").read_text(encoding="utf-8").splitlines()
    refused = {line for line in said if not line.startswith("Command failed")}
    assert refused <= {"Error: Specified qdisc kind is unknown."}
    assert not (folder / "warned").read_text(encoding="utf-8")
    for name, handle in (("up", UP), ("down", DOWN)):
        kernel = {item["handle"]: item for item in json.loads((folder / f"{name}.json").read_text())}
        for item in classes(plan):
            if item.prefixes or handle == UP:
                entry = kernel.pop(f"{handle:x}:{item.minor:x}")
                assert entry["parent"] == f"{handle:x}:1"
                assert bits(entry["rate"]) == pytest.approx(item.rate_kbit * 1000, abs=8)
                assert bits(entry["ceil"]) == pytest.approx(item.ceil_kbit * 1000, abs=8)
        assert list(kernel) == [f"{handle:x}:1"]
    for tree, name in zip(render_trees(plan, plan.gateways[0]), ("up", "down"), strict=True):
        assert sorted(tree.handles) == sorted(
            item["handle"] for item in json.loads((folder / f"{name}.json").read_text())
        )
    table = (folder / "table").read_text(encoding="utf-8")
    assert table.count("meta priority set") == (2 if which != "slowed" else 6)


def bits(rate: Any) -> float:
    """A rate as tc's JSON has it: octets a second."""
    return float(rate) * 8


WIRE = """
ip netns add inside
ip netns add outside
ip link add trunk0 type veth peer name up0 netns inside
ip link add wan0 type veth peer name isp0 netns outside
ip address add 10.2.0.1/24 dev trunk0
ip address add 10.2.1.1/24 dev trunk0
ip address add 198.51.100.2/30 dev wan0
ip link set trunk0 up
ip link set wan0 up
ip -n inside address add 10.2.0.50/24 dev up0
ip -n inside address add 10.2.1.50/24 dev up0
ip -n inside link set up0 up
ip -n inside route add default via 10.2.0.1
ip -n outside address add 198.51.100.1/30 dev isp0
ip -n outside link set isp0 up
ip -n outside route add default via 198.51.100.2
echo 1 > /proc/sys/net/ipv4/ip_forward
nft -f - <<END
table ip test_nat {
  chain out {
    type nat hook postrouting priority srcnat;
    oifname "wan0" ip saddr 10.0.0.0/8 snat to 203.0.113.5
  }
}
END
phase() {
  for d in wan0 trunk0; do tc qdisc del dev $d root 2>/dev/null || true; done
  for f in up down; do
    tc -batch /mnt/gw1.$f.tc
    tc -force -batch /mnt/gw1.$f.leaves.tc 2>/dev/null || true
  done
  nft -f /mnt/$1
  ip netns exec outside python3 /mnt/flood.py receive 1 2 7001 7002 > /mnt/$2.up &
  o=$!
  ip netns exec inside python3 /mnt/flood.py receive 1 2 7003 7004 > /mnt/$2.down &
  i=$!
  ip netns exec inside python3 /mnt/flood.py send 10.2.0.50 198.51.100.1 7001 6000 4 &
  ip netns exec outside python3 /mnt/flood.py send 198.51.100.1 10.2.0.50 7003 6000 4 &
  if [ $3 -gt 0 ]; then
    ip netns exec inside python3 /mnt/flood.py send 10.2.1.50 198.51.100.1 7002 $3 4 &
    ip netns exec outside python3 /mnt/flood.py send 198.51.100.1 10.2.1.50 7004 $3 4 &
  fi
  wait $o $i
}
phase gw1.classify.nft shared 400
phase gw1.classify.nft alone 0
phase none.nft unclassified 400
phase slow.nft slowed 400
"""


@pytest.mark.hosts
def test_packets_get_what_was_promised(
    sanctioned: Callable[..., Plan], planned: Callable[..., Plan], tmp_path: Path
) -> None:
    """A line of 2 Mbit/s, two tenants: one floods, the other asks for less than its share of 500 kbit/s."""
    slowed = render_shaping(sanctioned(slow("dinas", 200)))
    files = {
        **slowed,
        "slow.nft": slowed["gw1.classify.nft"],
        "none.nft": "flush table inet awan_shape\n",
    }
    files["gw1.classify.nft"] = render_shaping(planned())["gw1.classify.nft"]
    files["flood.py"] = Path(flood.__file__).read_text(encoding="utf-8")
    folder = written(files, tmp_path / "shaping")
    done = checked(WIRE, folder)
    assert done.returncode == 0, done.stderr

    def got(phase: str) -> list[tuple[int, int]]:
        """Per direction, kbit/s of the one that floods and of the other."""
        found = []
        for way in ("up", "down"):
            rates = json.loads((folder / f"{phase}.{way}").read_text(encoding="utf-8"))
            found.append((rates[min(rates)], rates[max(rates)]))
        return found

    for flooding, modest in got("shared"):
        assert modest >= 350
        assert 1300 <= flooding <= 1700
    for flooding, _ in got("alone"):
        assert 1800 <= flooding <= 2100
    for flooding, modest in got("slowed"):
        assert 170 <= flooding <= 220
        assert modest >= 350
    (_, modest), _ = got("unclassified")
    assert modest < 300, "without the table the modest one would not have got its share"
