# SPDX-License-Identifier: AGPL-3.0-or-later
"""A lab cluster per test file, spoken to as its users do: proxmoxer over HTTPS, faults over its socket."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from proxmoxer import ProxmoxAPI, ResourceException

from scripts.lab.cluster import launch
from scripts.lab.cluster.client import ControlClient
from scripts.lab.cluster.spec import ClusterSpec, Node, Storage

IMAGE = "local:import/debian-13-genericcloud-amd64.qcow2"
STORAGES = (
    Storage(id="local", type="dir", content="iso,import,images", options={"path": "/var/lib/vz"}),
    Storage(id="local-zfs", type="zfspool", content="images,rootdir", size=500, options={"pool": "rpool/data"}),
    Storage(id="nfs", type="nfs", content="images", shared=True,
            options={"server": "192.0.2.9", "export": "/vms", "path": "/mnt/pve/nfs"}),
)  # fmt: skip


def connect(cluster: launch.Cluster, token: str = "pulumi", secret: str | None = None) -> Any:
    """A proxmoxer client with a token of the cluster, its certificate checked."""
    user, _, rest = cluster.token(token).partition("!")
    name, _, value = rest.partition("=")
    host, _, port = cluster.endpoint.removeprefix("https://").partition(":")
    return ProxmoxAPI(
        host,
        port=int(port),
        user=user,
        token_name=name,
        token_value=secret or value,
        verify_ssl=str(cluster.folder / "cluster.crt"),
        timeout=20,
    )


@dataclass
class Lab:
    """A running cluster and the clients to it."""

    cluster: launch.Cluster
    control: ControlClient
    api: Any
    root: Any

    def wait(self, upid: str) -> str:
        """Wait for a task; returns its exit status."""
        tasks = self.root.nodes(upid.split(":")[1]).tasks(upid)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            shown = tasks.status.get()
            if shown["status"] == "stopped":
                return str(shown["exitstatus"])
            time.sleep(0.005)
        raise TimeoutError(upid)

    def done(self, upid: str) -> None:
        assert self.wait(upid) == "OK"

    def log(self, upid: str) -> str:
        tasks = self.root.nodes(upid.split(":")[1]).tasks(upid)
        return "\n".join(line["t"] for line in tasks.log.get(limit=500))

    def raw(self, method: str, path: str, **data: Any) -> tuple[int, str]:
        """The status and the whole message of a request; proxmoxer shows its first line only."""
        answer = requests.request(
            method,
            f"{self.cluster.endpoint}/api2/json{path}",
            data=data,
            headers={"Authorization": f"PVEAPIToken={self.cluster.token('pulumi')}"},
            verify=str(self.cluster.folder / "cluster.crt"),
            timeout=20,
        )
        return answer.status_code, str(answer.json().get("message", "")).strip()

    def vm(self, vmid: int, node: str = "dc1", **options: Any) -> Any:
        """Make a VM and return its proxmoxer resource."""
        given = {"name": f"vm{vmid}", "memory": 512, "scsihw": "virtio-scsi-single", **options}
        self.done(self.api.nodes(node).qemu.post(vmid=vmid, **given))
        return self.api.nodes(node).qemu(vmid)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A fresh cluster `lab-dc` of three nodes, with a zone, a vnet `vn10` and a pool `dukcapil`."""
    yield from running(tmp_path_factory.mktemp("lab") / "dc")


def running(folder: Path, **changes: Any) -> Iterator[Lab]:
    """A cluster in this folder for as long as the iterator is held."""
    nodes = tuple(Node(name=f"dc{n}", memory=8192, cores=8) for n in (1, 2, 3))
    spec = ClusterSpec(
        **{"name": "lab-dc", "nodes": nodes, "storages": STORAGES, "time_scale": 0.004, **changes}
    )
    cluster = launch.start(spec, folder)
    made = Lab(cluster, ControlClient(folder), connect(cluster), connect(cluster, "root"))
    try:
        made.api.cluster.sdn.zones.post(zone="awan", type="vlan", bridge="vmbr0")
        made.api.cluster.sdn.vnets.post(vnet="vn10", zone="awan", tag=10)
        made.done(made.api.cluster.sdn.put())
        made.api.pools.post(poolid="dukcapil")
        yield made
    finally:
        launch.stop(folder)


@pytest.fixture(autouse=True)
def no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Faults of one test do not reach the next."""
    yield
    if "lab" in request.fixturenames:
        request.getfixturevalue("lab").control.clear_faults()


@pytest.fixture
def refused() -> Callable[..., str]:
    """Call something that PVE must refuse; returns `STATUS message` with the errors per parameter."""

    def check(call: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
        with pytest.raises(ResourceException) as caught:
            call(*args, **kwargs)
        error = caught.value
        details = "".join(f" [{k}: {v.strip()}]" for k, v in sorted((error.errors or {}).items()))
        return f"{error.status_code} {error.content.strip()}{details}"

    return check
