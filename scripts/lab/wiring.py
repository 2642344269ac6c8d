# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Plan → what the lab is made of: its network, its two clusters, its host, what each VM answers on.

The only file of the lab that knows the Plan.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any, Literal

from network_plan.model.gateway import Gateway as PlanGateway
from network_plan.model.network import Network as PlanNetwork
from network_plan.model.node import Cluster
from network_plan.model.plan import Plan
from scripts.lab.cluster.spec import ClusterSpec, Image, Node, Storage, iac_token, verify_token
from scripts.lab.fabric import names
from scripts.lab.fabric.spec import Control, Fabric, Gateway, Host, Network, Office, Switch, Wan
from scripts.lab.host.spec import HostSpec

INTERNET_CLIENT = "192.0.2.10"
"""Somebody on the internet who calls in (RFC 5737)."""
INTERNET_SERVER = "192.0.2.80"
"""Something on the internet that offices call (RFC 5737)."""
INTERNET_PORTS = ("tcp/80", "tcp/443", "udp/53", "udp/123")
CONTROL_HOST = 5
"""The control node's address in the management network; below ten, where the ledger allots nothing."""
OFFICE_HOST = 10
"""The address of the client that the lab puts into each office."""
IMAGE_BYTES = 3 * 1024**3


def lab_name(cluster: str) -> str:
    """What the lab calls a cluster, so that nobody takes it for the real one."""
    return f"lab-{cluster}"


def _network(network: PlanNetwork, *, with_gateway: bool) -> Network:
    addresses = tuple(
        f"{gateway}/{prefix.prefixlen}"
        for gateway, prefix in zip(network.gateways, network.prefixes, strict=True)
    )
    return Network(vlan=network.vlan, name=network.key, gateway=addresses if with_gateway else ())


def _switch(plan: Plan, cluster: str, gateway: PlanGateway) -> Switch:
    here = [n for n in plan.networks if n.site == cluster or cluster in n.clusters]
    return Switch(
        name=cluster, networks=tuple(_network(n, with_gateway=cluster == gateway.site) for n in here)
    )


def _host_of(network: PlanNetwork, number: int) -> IPv4Interface:
    prefix = network.prefixes[0]
    return IPv4Interface((int(prefix.network_address) + number, prefix.prefixlen))


def office_address(network: PlanNetwork) -> str:
    """The address of the lab's client in an office network."""
    return str(_host_of(network, OFFICE_HOST).ip)


def control_address(plan: Plan) -> str:
    """The control node's address with prefix length."""
    gateway = plan.gateways[0]
    return str(_host_of(plan.network(plan.cluster(gateway.site).network), CONTROL_HOST))


def fabric(plan: Plan, lab_dir: Path) -> Fabric:
    """The lab's whole network."""
    gateway = plan.gateways[0]
    wan = next(item for item in gateway.interfaces if item.kind == "wan")
    link = wan.addresses[0]
    delivery: Literal["routed", "on_link"] = "routed" if gateway.delivery == "routed" else "on_link"
    management = plan.network(plan.cluster(gateway.site).network)
    return Fabric(
        prefix=names.prefix(lab_dir),
        switches=tuple(_switch(plan, cluster.name, gateway) for cluster in plan.clusters),
        gateways=(
            Gateway(
                name=gateway.host,
                switch=gateway.site,
                wan=Wan(
                    gateway=(str(link),),
                    isp=(f"{gateway.isp}/{link.network.prefixlen}",),
                    public=(str(gateway.public),),
                    delivery=delivery,
                ),
            ),
        ),
        control=Control(switch=gateway.site, vlan=management.vlan, addresses=(control_address(plan),)),
        internet=(
            Host(name="client", addresses=(f"{IPv4Address(INTERNET_CLIENT)}/32",)),
            Host(name="server", addresses=(f"{IPv4Address(INTERNET_SERVER)}/32",)),
        ),
        offices=tuple(
            Office(
                switch=network.site,
                vlan=network.vlan,
                host=Host(name=network.key, addresses=(str(_host_of(network, OFFICE_HOST)),)),
            )
            for network in plan.networks
            if network.role == "office" and network.site == gateway.site
        ),
    )


def cluster_spec(cluster: Cluster, lab_dir: Path, *, with_guests: bool) -> ClusterSpec:
    """One lab cluster with the Plan's hosts; ``with_guests`` runs its VMs as namespaces."""
    disk = min(node.disk_gib for node in cluster.nodes)
    runtime: dict[str, Any] = {}
    if with_guests:
        runtime = {
            "runtime": "scripts.lab.guest.runtime:NamespaceRuntime",
            "runtime_options": {"lab_dir": str(lab_dir), "cluster": cluster.name},
        }
    return ClusterSpec(
        name=lab_name(cluster.name),
        nodes=tuple(Node(name=node.name, memory=node.memory_mib, cores=node.cores) for node in cluster.nodes),
        storages=(
            Storage(
                id="local",
                type="dir",
                content="iso,vztmpl,backup,snippets,import",
                options={"path": "/var/lib/vz"},
            ),
            Storage(
                id=cluster.vm_storage,
                type="zfspool",
                content="images,rootdir",
                size=disk,
                options={"pool": "rpool/data", "sparse": 1},
            ),
        ),
        images=(Image(volume=cluster.image, size=IMAGE_BYTES),),
        bridges=(cluster.bridge,),
        tokens=(iac_token(cluster.zone), verify_token()),
        **runtime,
    )


def guest_ports(plan: Plan) -> dict[str, dict[str, list[str]]]:
    """Cluster → VMID → what the VM answers on: what it serves, and the sshd that every cloud image runs.

    The server on the lab's internet stands there like a VM of a cluster of its own.
    """
    return {
        "internet": {"server": list(INTERNET_PORTS)},
        **{
            cluster.name: {
                str(guest.vmid): sorted(
                    {
                        "tcp/22",
                        *(f"{s.proto}/{port}" for s in guest.serves for port in range(s.first, s.last + 1)),
                    }
                )
                for guest in plan.guests_of(cluster.name)
            }
            for cluster in plan.clusters
        },
    }


def host_spec(plan: Plan, base: Path) -> HostSpec:
    """The gateway's machine, booted from a Debian tree."""
    gateway = plan.gateways[0]
    inside = next(
        item for item in gateway.interfaces if any(a.ip == gateway.management for a in item.addresses)
    )
    address = next(a for a in inside.addresses if a.ip == gateway.management)
    return HostSpec(name=gateway.host, interface=inside.name, management=str(address), base=str(base))
