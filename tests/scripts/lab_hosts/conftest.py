# SPDX-License-Identifier: GPL-3.0-or-later
"""A small lab of its own per test file: three networks, an office, the internet, a gateway; all removed after."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.lab import internet
from scripts.lab.fabric import build, names, netns, spec
from scripts.lab.guest import machine
from scripts.lab.host import cgroup, control, keys
from scripts.lab.host.spec import HostSpec
from scripts.lab.wiring import INTERNET_SERVER
from scripts.toolchain import paths

MANAGEMENT, SERVERS, OFFICE = 10, 20, 30


@dataclasses.dataclass(frozen=True)
class Lab:
    """One lab of a test."""

    dir: Path
    fabric: spec.Fabric

    @property
    def prefix(self) -> str:
        return self.fabric.prefix

    @property
    def host(self) -> control.Host:
        base = str(paths.base_root())
        return control.Host(
            lab_dir=self.dir,
            spec=HostSpec(name="gw1", interface="lan10", management="10.16.0.1/24", base=base),
        )

    def ssh(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        argv = ["ssh", "-F", str(keys.ssh_config(self.dir)), *options, "gw1", command]
        return subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def small_fabric(prefix: str) -> spec.Fabric:
    return spec.Fabric(
        prefix=prefix,
        switches=(
            spec.Switch(
                name="dc",
                networks=(
                    spec.Network(vlan=MANAGEMENT, name="management", gateway=("10.16.0.1/24",)),
                    spec.Network(vlan=SERVERS, name="servers", gateway=("10.32.0.1/24", "fd20::1/64")),
                    spec.Network(vlan=OFFICE, name="office", gateway=("10.64.0.1/24",)),
                ),
            ),
            spec.Switch(name="drc", networks=(spec.Network(vlan=SERVERS, name="servers"),)),
        ),
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
        control=spec.Control(switch="dc", vlan=MANAGEMENT, addresses=("10.16.0.5/24",)),
        internet=(
            spec.Host(name="client", addresses=("192.0.2.10/32",)),
            spec.Host(name="server", addresses=(f"{INTERNET_SERVER}/32",)),
        ),
        offices=(
            spec.Office(
                switch="dc", vlan=OFFICE, host=spec.Host(name="office", addresses=("10.64.0.10/24",))
            ),
        ),
    )


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab_dir = tmp_path_factory.mktemp("lab")
    fabric = small_fabric(names.prefix(lab_dir))
    made = Lab(dir=lab_dir, fabric=fabric)
    spec.save(fabric, lab_dir / "fabric.json")
    try:
        build.ensure(fabric)
        keys.write_client_files(lab_dir, fabric.prefix, [made.host.spec])
        yield made
    finally:
        made.host.remove()
        machine.remove_all(fabric.prefix, lab_dir)
        internet.stop(lab_dir)
        build.remove(fabric.prefix)
    assert netns.listed(fabric.prefix) == []
    assert cgroup.of(f"{fabric.prefix}gw1") == []
    assert not keys.control_sockets(fabric.prefix).exists()
    assert str(lab_dir) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
