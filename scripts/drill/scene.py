# SPDX-License-Identifier: GPL-3.0-or-later
"""The Plan and a drill's questions → the bubble that they need; making it stands in ``scripts.lab.bubble``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from network_plan.model.guest import Guest
from network_plan.model.plan import Plan
from network_plan.render.nftables import render_nftables
from scripts.drill.questions import Client, Question
from scripts.lab import wiring
from scripts.lab.bubble.build import Bubble, prefix_of
from scripts.lab.fabric import names
from scripts.lab.fabric.spec import Control, Fabric, Gateway, Host, Network, Office, Switch, Wan


def bubble_for(
    plan: Plan, target: str, twins: Iterable[Guest], asked: Sequence[Question], lab_dir: Path
) -> Bubble:
    """The twins' networks and their clients', with the gateway of today as rules."""
    gateway = plan.gateways[0]
    management = plan.network(plan.cluster(gateway.site).network)
    clients = {question.client for question in asked if _needs_station(question.client, plan)}
    vlans = {plan.network(nic.network).vlan for twin in twins for nic in twin.nics}
    vlans |= {client.vlan for client in clients} | {management.vlan}
    networks = [network for network in plan.networks if network.vlan in vlans]
    lengths = {network.vlan: network.prefixes[0].prefixlen for network in networks}
    stations: dict[int, list[str]] = defaultdict(list)
    for client in sorted(clients, key=lambda item: item.address):
        stations[client.vlan].append(f"{client.address}/{lengths[client.vlan]}")
    wan = next(item for item in gateway.interfaces if item.kind == "wan")
    link = wan.addresses[0]
    fabric = Fabric(
        prefix=prefix_of(lab_dir),
        switches=(
            Switch(
                name=target,
                networks=tuple(
                    Network(
                        vlan=network.vlan,
                        name=network.key,
                        gateway=tuple(
                            f"{own}/{prefix.prefixlen}"
                            for own, prefix in zip(network.gateways, network.prefixes, strict=True)
                        ),
                    )
                    for network in networks
                ),
            ),
        ),
        gateways=(
            Gateway(
                name=gateway.host,
                switch=target,
                wan=Wan(
                    gateway=(str(link),),
                    isp=(f"{gateway.isp}/{link.network.prefixlen}",),
                    public=(str(gateway.public),),
                    delivery="routed" if gateway.delivery == "routed" else "on_link",
                ),
            ),
        ),
        control=Control(switch=target, vlan=management.vlan, addresses=(wiring.control_address(plan),)),
        internet=(Host(name="client", addresses=(f"{wiring.INTERNET_CLIENT}/32",)),),
        offices=tuple(
            Office(switch=target, vlan=vlan, host=Host(name=f"client-{vlan}", addresses=tuple(addresses)))
            for vlan, addresses in sorted(stations.items())
        ),
    )
    on_link = [] if gateway.delivery == "routed" else [f"{rule.public}/32" for rule in gateway.dnat]
    legs = [
        (names.gateway_leg(network.vlan), network.gateway)
        for network in fabric.switches[0].networks
        if network.gateway
    ]
    return Bubble(
        fabric=fabric,
        addresses=((wan.name, (str(link), *dict.fromkeys(on_link))), *legs),
        via=str(gateway.isp),
        rules=render_nftables(plan, gateway),
    )


def _needs_station(client: Client, plan: Plan) -> bool:
    """Whether it is neither a twin, nor on the internet, nor the control node, which are there anyway."""
    return bool(client.vlan) and not client.twin and client.address != _control(plan)


def _control(plan: Plan) -> str:
    return wiring.control_address(plan).partition("/")[0]


def namespace_of(plan: Plan, bubble: Bubble, target: str, client: Client) -> str:
    """Where a client of the bubble calls from."""
    if client.twin:
        vmid = next(guest.vmid for guest in plan.guests_of(target) if guest.key == client.twin)
        return names.guest_namespace(bubble.prefix, target, vmid)
    if client.address == _control(plan):
        return bubble.prefix + "ctl"
    if not client.vlan:
        return bubble.edge
    return names.office_namespace(bubble.prefix, client.vlan)
