# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from tests.small import SMALL

ROOT = Path(__file__).resolve().parents[2]


def test_in_real_life_networks_are_vlans_on_the_trunk(plugin: ModuleType, plan: Plan) -> None:
    gateway = plan.gateways[0]
    lans = [i for i in plugin.interfaces(gateway, cabled=False) if i["name"].startswith("lan")]
    assert lans
    assert all((i["parent"], f"lan{i['vlan']}") == (gateway.trunk, i["name"]) for i in lans)


def test_in_the_lab_they_are_cables(plugin: ModuleType, plan: Plan) -> None:
    assert {i["parent"] for i in plugin.interfaces(plan.gateways[0], cabled=True)} == {None}


def test_routed_public_addresses_are_a_blackhole_and_those_on_the_link_are_owned(
    plugin: ModuleType, plan: Plan
) -> None:
    gateway = plan.gateways[0]
    routed = plugin.interfaces(dataclasses.replace(gateway, delivery="routed"), cabled=True)[0]
    on_link = plugin.interfaces(dataclasses.replace(gateway, delivery="on_link"), cabled=True)[0]
    assert routed["blackholes"] == [str(gateway.public)]
    assert on_link["blackholes"] == []
    assert on_link["addresses"][1:] == [f"{a}/32" for a in plugin.public_addresses(gateway)]
    assert len(on_link["addresses"]) > 1


def test_ipv6_has_its_own_next_hop_and_its_block_is_a_blackhole_however_ipv4_is_delivered(
    plugin: ModuleType, plan: Plan
) -> None:
    dual = load_plan(ROOT / "tests" / "sites" / "dual" / "site")
    for delivery in ("routed", "on_link"):
        gateway = dataclasses.replace(dual.gateways[0], delivery=delivery)
        wan, *lans = plugin.interfaces(gateway, cabled=True)
        assert wan["gateways"] == [str(gateway.isp), str(gateway.isp6)]
        assert wan["blackholes"][-1] == "2001:db8:100::/48"
        assert not any(lan["gateways"] or lan["blackholes"] for lan in lans)
    values = plugin.gateway_values(dual, dual.gateways[0], cabled=True)
    assert values["gateway_ipv6"] is True
    offices = sum(network.role == "office" for network in dual.networks)
    assert values["gateway_advertisements"].count("AdvSendAdvert on") == offices
    assert any(":" in address for address in values["dns_listen"])
    four = plugin.gateway_values(plan, plan.gateways[0], cabled=True)
    assert four["gateway_ipv6"] is False
    assert four["gateway_advertisements"] == ""


def test_the_roles_get_everything_that_they_require(plugin: ModuleType, plan: Plan) -> None:
    values = plugin.gateway_values(plan, plan.gateways[0], cabled=True)
    for role in ("host_baseline", "gateway", "dns"):
        text = (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
        options = yaml.safe_load(text)["argument_specs"]["main"]["options"]
        assert {name for name, option in options.items() if option.get("required")} <= values.keys()
        assert {name for name in values if name.startswith(f"{role}_")} <= options.keys()


def inventory(path: Path, **more: str) -> Any:
    argv = [str(Path(sys.executable).with_name("ansible-inventory")), "-i", str(path), "--list"]
    env = {key: value for key, value in os.environ.items() if key not in ("AWAN_LAB_DIR", "AWAN_SITE")} | more
    return subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@pytest.mark.lab
def test_hosts_and_groups_come_from_the_plan(plan: Plan) -> None:
    listed = json.loads(inventory(ROOT / "inventory" / "dc.plan.yml", AWAN_SITE=str(SMALL)).stdout)
    assert listed["gateway"]["hosts"] == ["gw1"]
    assert listed["pve_hosts"]["hosts"] == [node.name for node in plan.cluster("dc").nodes]
    node = listed["pve_hosts"]["hosts"][0]
    assert listed["_meta"]["hostvars"][node]["pve_hosts_reachable"] is True
    variables = {"AWAN_SITE": str(SMALL), "AWAN_LAB_DIR": "somewhere"}
    lab = json.loads(inventory(ROOT / "inventory" / "dc.plan.yml", **variables).stdout)
    assert lab["_meta"]["hostvars"][node]["pve_hosts_reachable"] is False


@pytest.mark.lab
def test_no_plan_no_hosts_and_a_reason(tmp_path: Path) -> None:
    shutil.copytree(SMALL, tmp_path / "site")
    (tmp_path / "dc.plan.yml").write_text("plugin: plan\ncluster: dc\n", encoding="utf-8")
    done = inventory(tmp_path / "dc.plan.yml")
    assert done.returncode != 0
    words = " ".join(done.stderr.split())
    assert "there is no Plan to read hosts from" in words
    assert "site_role.ledger: error: there is no primary" in words
