# SPDX-License-Identifier: GPL-3.0-or-later
"""The default cluster under test: a lab cluster in a temporary folder, asked with the provider's own privileges."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.conformance.client import Client
from scripts.conformance.target import Target
from scripts.lab.cluster import launch
from scripts.lab.cluster.spec import ClusterSpec, Node

NODES = ("conf1", "conf2")
VNET = "vnlab"
SPEC = ClusterSpec(name="lab-conformance", nodes=tuple(Node(name=name) for name in NODES), time_scale=0.004)


@contextmanager
def lab_target() -> Iterator[tuple[Target, Path]]:
    """A fresh cluster with one vnet that the token may use; and its folder, for faults."""
    with tempfile.TemporaryDirectory(prefix="awan-conf-") as name:
        folder = Path(name) / "cluster"
        cluster = launch.start(SPEC, folder)
        try:
            target = Target(
                client=Client(cluster.endpoint, cluster.fingerprint, cluster.token("pulumi")),
                node=NODES[0],
                other_node=NODES[1],
                storage="local-zfs",
                bridge=VNET,
                uplink="vmbr0",
                image=SPEC.images[0].volume,
            )
            target.api.post("/cluster/sdn/zones", zone="awan", type="vlan", bridge="vmbr0")
            target.api.post("/cluster/sdn/vnets", vnet=VNET, zone="awan", tag=10)
            target.done(target.api.put("/cluster/sdn"))
            yield target, folder
        finally:
            launch.stop(folder)
