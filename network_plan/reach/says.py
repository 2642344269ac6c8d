# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentences of a way: what each wall says when it lets packets on, or stops them."""

from __future__ import annotations

from network_plan.model.gateway import Gateway
from network_plan.model.guest import Guest
from network_plan.model.network import IpAddress, Network
from network_plan.model.node import Cluster
from network_plan.reach.packet import Step

FORGED = "a source that is not one of the network's is forged"
FORGED_INSIDE = "an inside address does not come in by the WAN"
FORGED_PUBLIC = "an own public address comes from nowhere else"
NOBODY = "an address that is allotted to nobody comes from nowhere"
FORGED_OWN = "the gateway's own address comes from nowhere else"
NOBODY_THERE = "an address that is allotted to nobody is not looked for outside"
NOT_BACK = "not back into the network it came from"
BY_WAN = "nothing comes in by the WAN"
POLICY = "policy drop"


def sender(guest: Guest, rule: str, *, passed: bool) -> Step:
    """The sending VM's own firewall."""
    return Step(wall="sender", where=_of_vm(guest), rule=rule, passed=passed)


def forged(network: Network) -> Step:
    """A source that the network does not have."""
    return Step(wall="network", where=f"network {network.key}", rule=FORGED, passed=False)


def neighbours(network: Network) -> Step:
    """Within one network nothing is asked."""
    return Step(
        wall="network",
        where=f"network {network.key}",
        rule="neighbours, no gateway between",
        passed=True,
    )


def nobody_has_it(network: Network) -> Step:
    """A network of VMs holds nothing at this address."""
    return Step(
        wall="target", where=f"network {network.key}", rule="no running VM has this address", passed=False
    )


def outside() -> Step:
    """What the gateway never sees."""
    return Step(wall="forward", where="internet", rule="neither side is behind the gateway", passed=False)


def at_gateway(gateway: Gateway, rule: str) -> Step:
    """A check that every packet meets there, and this one fails."""
    return Step(wall="forward", where=f"gateway {gateway.host}", rule=rule, passed=False)


def published(gateway: Gateway, key: str, target: IpAddress) -> Step:
    """A public address that becomes a VM's."""
    return Step(
        wall="publish", where=f"gateway {gateway.host} (publish)", rule=f"{key}: to {target}", passed=True
    )


def not_published(gateway: Gateway) -> Step:
    """A public address at which nothing is published for this service."""
    return Step(
        wall="publish",
        where=f"gateway {gateway.host}",
        rule="no such service is published there",
        passed=False,
    )


def entered(gateway: Gateway, rule: str, *, passed: bool) -> Step:
    """The gateway's input chain."""
    return Step(wall="input", where=f"gateway {gateway.host} (input)", rule=rule, passed=passed)


def forwarded(gateway: Gateway, rule: str, *, passed: bool) -> Step:
    """The gateway's forward chain."""
    return Step(wall="forward", where=f"gateway {gateway.host} (forward)", rule=rule, passed=passed)


def elsewhere(network: Network) -> str:
    """Why the gateway has no way to a network."""
    return f"{network.key} lies in {network.site}: no way there yet"


def guest(guest: Guest, rule: str, *, passed: bool) -> Step:
    """The target VM's own firewall."""
    return Step(wall="target", where=_of_vm(guest), rule=rule, passed=passed)


def hosts(cluster: Cluster, rule: str, *, passed: bool) -> Step:
    """The hosts' own firewall."""
    return Step(wall="target", where=f"firewall of the hosts of {cluster.name}", rule=rule, passed=passed)


def _of_vm(guest: Guest) -> str:
    return f"firewall of VM {guest.vmid} ({guest.key})"
