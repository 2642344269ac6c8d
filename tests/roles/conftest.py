# SPDX-License-Identifier: GPL-3.0-or-later
"""A booted gateway between the Plan's networks, with its VMs behind it, reached by plain `ansible-playbook`."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from scripts.lab import internet, wiring
from scripts.lab.cluster.runtime import FirewallSnapshot, Nic
from scripts.lab.fabric import build, names, netns
from scripts.lab.fabric import spec as fabric_spec
from scripts.lab.guest import machine
from scripts.lab.guest.runtime import NamespaceRuntime
from scripts.lab.host import control, keys
from scripts.toolchain import paths
from tests.small import SMALL

ROOT = Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Played:
    """What a playbook's run printed and how it ended."""

    code: int
    text: str

    @property
    def changed(self) -> int:
        return sum(map(int, re.findall(r"changed=(\d+)", self.text)))


@dataclasses.dataclass(frozen=True)
class Site:
    """The lab, its Plan and ways into it."""

    dir: Path
    plan: Plan
    fabric: fabric_spec.Fabric

    @property
    def prefix(self) -> str:
        return self.fabric.prefix

    @property
    def host(self) -> control.Host:
        return control.Host(lab_dir=self.dir, spec=wiring.host_spec(self.plan, paths.base_root()))

    def play(self, playbook: str, *arguments: str, cluster: str = "dc") -> Played:
        argv = [
            str(Path(sys.executable).with_name("ansible-playbook")),
            "-i",
            f"inventory/{cluster}.plan.yml",
        ]
        done = subprocess.run(
            [*argv, f"playbooks/{playbook}.yml", *arguments],
            cwd=ROOT,
            env={
                **os.environ,
                **keys.ansible_environment(self.dir, self.prefix),
                "ANSIBLE_NOCOLOR": "1",
                "AWAN_SITE": str(SMALL),
            },
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return Played(code=done.returncode, text=done.stdout + done.stderr)

    def ssh(self, command: str) -> str:
        argv = ["ssh", "-F", str(keys.ssh_config(self.dir)), self.host.spec.name, command]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        return done.stdout + done.stderr


@pytest.fixture(scope="session")
def plugin() -> ModuleType:
    """The plugin as Ansible loads it: from its file."""
    found = importlib.util.spec_from_file_location(
        "plan_inventory", ROOT / "inventory" / "plugins" / "plan.py"
    )
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def plan() -> Plan:
    return load_plan(SMALL)


def start_guests(site: Site) -> None:
    """The Plan's running VMs, without a wall of their own: here the gateway's is looked at."""
    (site.dir / "guests.json").write_text(json.dumps(wiring.guest_ports(site.plan)), encoding="utf-8")
    runtime = NamespaceRuntime(lab_dir=str(site.dir), cluster="dc")
    for guest in site.plan.guests_of("dc"):
        card = guest.nics[0]
        nic = Nic(
            name="net0",
            mac=card.mac,
            bridge=card.vnet,
            tag=site.plan.network(card.network).vlan,
            firewall=False,
            link_down=False,
        )
        open_wall = FirewallSnapshot(
            cluster_options={},
            cluster_aliases={},
            cluster_ipsets={},
            groups={},
            node_options={},
            vm_options={},
            vm_rules=[],
            vm_aliases={},
            vm_ipsets={},
            nics=(nic,),
        )
        line = f"ip={card.addresses[0]},gw={card.gateways[0]}"
        runtime.start(guest.vmid, guest.node, {"name": guest.name, "ipconfig0": line}, open_wall)


@pytest.fixture(scope="session")
def site(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Booted, but not yet configured: the first test of the file does that."""
    lab_dir = tmp_path_factory.mktemp("roles")
    made = Site(dir=lab_dir, plan=plan, fabric=wiring.fabric(plan, lab_dir))
    fabric_spec.save(made.fabric, lab_dir / "fabric.json")
    try:
        build.ensure(made.fabric)
        keys.write_client_files(lab_dir, made.prefix, [made.host.spec])
        made.host.ensure()
        start_guests(made)
        internet.ensure(made.fabric, lab_dir)
        yield made
    finally:
        made.host.remove()
        machine.remove_all(made.prefix, lab_dir)
        internet.stop(lab_dir)
        build.remove(made.prefix)
    assert netns.listed(names.prefix(lab_dir)) == []
