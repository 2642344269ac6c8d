# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Plan → what the lab is made of: its network, its clusters, its host, what each VM answers on.

The only file of the lab that knows the Plan.
"""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv6Interface, ip_interface
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
INTERNET_CLIENT6 = "2001:db8:ffff:1::10"
INTERNET_SERVER6 = "2001:db8:ffff:1::80"
"""The same two in IPv6 (RFC 3849): the internet has it whether a site does or not."""
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


def _hosts_of(network: PlanNetwork, number: int) -> tuple[IPv4Interface | IPv6Interface, ...]:
    """One machine's address in each prefix of its network."""
    return tuple(ip_interface((int(p.network_address) + number, p.prefixlen)) for p in network.prefixes)


def _of_family(
    found: tuple[IPv4Interface | IPv6Interface, ...], version: int
) -> IPv4Interface | IPv6Interface:
    return next(address for address in found if address.version == version)


def office_address(network: PlanNetwork, version: int = 4) -> str:
    """The address of the lab's client in an office network."""
    return str(_of_family(_hosts_of(network, OFFICE_HOST), version).ip)


def _management(plan: Plan) -> PlanNetwork:
    return plan.network(plan.cluster(plan.gateways[0].site).network)


def control_address(plan: Plan, version: int = 4) -> str:
    """The control node's address with prefix length."""
    return str(_of_family(_hosts_of(_management(plan), CONTROL_HOST), version))


def _wan(gateway: PlanGateway) -> Wan:
    """The line: IPv4 as the provider delivers it, IPv6 always routed to the gateway's end."""
    link = next(item for item in gateway.interfaces if item.kind == "wan").addresses
    ends = {4: gateway.isp, 6: gateway.isp6}
    delivery: Literal["routed", "on_link"] = "routed" if gateway.delivery == "routed" else "on_link"
    return Wan(
        gateway=tuple(map(str, link)),
        isp=tuple(f"{ends[own.version]}/{own.network.prefixlen}" for own in link),
        public=(str(gateway.public), *(str(p) for p in gateway.internal if p.version == 6)),
        delivery=delivery,
    )


def fabric(plan: Plan, lab_dir: Path) -> Fabric:
    """The lab's whole network."""
    gateway = plan.gateways[0]
    management = _management(plan)
    return Fabric(
        prefix=names.prefix(lab_dir),
        switches=tuple(_switch(plan, cluster.name, gateway) for cluster in plan.clusters),
        gateways=(Gateway(name=gateway.host, switch=gateway.site, wan=_wan(gateway)),),
        control=Control(
            switch=gateway.site,
            vlan=management.vlan,
            addresses=tuple(map(str, _hosts_of(management, CONTROL_HOST))),
        ),
        internet=(
            Host(name="client", addresses=(f"{INTERNET_CLIENT}/32", f"{INTERNET_CLIENT6}/128")),
            Host(name="server", addresses=(f"{INTERNET_SERVER}/32", f"{INTERNET_SERVER6}/128")),
        ),
        offices=tuple(
            Office(
                switch=network.site,
                vlan=network.vlan,
                host=Host(name=network.key, addresses=tuple(map(str, _hosts_of(network, OFFICE_HOST)))),
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
