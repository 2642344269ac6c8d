# SPDX-License-Identifier: GPL-3.0-or-later
"""The line, shared by policy (GW-4): HTB classes for ``tc -batch``, and the nftables table that puts packets in them.

One class per tenant in each direction: its equal share is guaranteed, the whole line is its ceiling while others are
silent, and inside it a fair queue keeps one download from delaying everybody else's pages. A tree lives on one device
and shapes what leaves by it: up on the WAN, down on the trunk. What is neither from nor to the internet is in no
class of the trunk's tree and passes as fast as the device.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_network

from network_plan.capacity.line import kept_kbit, share_kbit
from network_plan.model.gateway import Gateway
from network_plan.model.network import IpNetwork
from network_plan.model.plan import Plan
from network_plan.render.dated import end_of
from network_plan.render.template import print_template

FRAME = 1514
"""Octets of a full Ethernet frame; also the quantum, so that who borrows does so in equal turns."""
UP, DOWN = 1, 2
"""Handles of the two trees; ``tc`` and nftables both write a class as ``handle:minor`` in hexadecimal."""
ITSELF = 0xFFF
"""What the gateway itself sends where there is a tunnel: its packets, thus replication. No VLAN has the number."""
_SANCTION = 0xF000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeClass:
    """One class of a tree.

    Attributes:
        key: ``tenant/<key>``, ``sanction/<key>`` or ``gateway``.
        minor: its number below the tree's handle; a tenant's is the lowest VLAN of its networks, from the ledger.
        rate_kbit, ceil_kbit: what it is guaranteed, and what it never exceeds.
        prefixes: whose packets belong to it.
        until: the last day of a sanction.
    """

    key: str
    minor: int
    rate_kbit: int
    ceil_kbit: int
    prefixes: tuple[IpNetwork, ...] = ()
    until: date | None = None

    @property
    def target_us(self) -> int:
        """CoDel's target in microseconds: one and a half frames at the guaranteed rate, never under its own 5 ms.

        Below the time of one frame every packet would be late (RFC 8289 §4.4).
        """
        return max(5000, -(-FRAME * 8 * 1500 // self.rate_kbit))

    @property
    def interval_us(self) -> int:
        """CoDel's interval: its own 100 ms, and what the target has grown by (as sqm-scripts do on slow lines)."""
        return 95_000 + self.target_us


def _prefixes(plan: Plan, target: str) -> tuple[IpNetwork, ...]:
    """The networks of a tenant, or the addresses of a VM."""
    if "/" not in target:
        return tuple(p for network in plan.networks if network.tenant == target for p in network.prefixes)
    guest = next(guest for guest in plan.guests if guest.key == target)
    return tuple(ip_network(address.ip) for nic in guest.nics for address in nic.addresses)


def classes(plan: Plan) -> tuple[ShapeClass, ...]:
    """The classes of either tree: the gateway's own where a tunnel is kept its rate, the tenants', the sanctions'.

    Guarantees add up to the line at most: a slowed VM has its own out of its tenant's, and a slowed tenant leaves
    its class for that of the sanction.
    """
    line, share = plan.facilities.uplink.rate_kbit, max(1, share_kbit(plan))
    slowed = [item for item in plan.sanctions if item.measure == "slow"]
    vms = Counter(item.target.partition("/")[0] for item in slowed if "/" in item.target)
    kept = kept_kbit(plan)
    found = [ShapeClass(key="gateway", minor=ITSELF, rate_kbit=kept, ceil_kbit=line)] if kept else []
    sanctions, taken = [], Counter[str]()
    # A tenant's before its VM's: of two that hold, the last one decides.
    for number, item in enumerate(sorted(slowed, key=lambda item: ("/" in item.target, item.key))):
        tenant, _, vm = item.target.partition("/")
        ceiling = item.rate_kbit or 1
        rate = max(1, min(ceiling, share // (1 + vms[tenant]) if vm else share))
        taken[tenant] += rate if vm else 0
        sanctions.append(
            ShapeClass(
                key=f"sanction/{item.key}",
                minor=_SANCTION + number,
                rate_kbit=rate,
                ceil_kbit=ceiling,
                prefixes=_prefixes(plan, item.target),
                until=item.until,
            )
        )
    vlans: dict[str, int] = {}
    prefixes: dict[str, list[IpNetwork]] = {}
    for network in plan.networks:
        vlans[network.tenant] = min(network.vlan, vlans.get(network.tenant, network.vlan))
        prefixes.setdefault(network.tenant, []).extend(network.prefixes)
    found += [
        ShapeClass(
            key=f"tenant/{tenant}",
            minor=vlan,
            rate_kbit=max(1, share - taken[tenant]),
            ceil_kbit=line,
            prefixes=tuple(prefixes[tenant]),
        )
        for tenant, vlan in sorted(vlans.items())
    ]
    return (*found, *sanctions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The classes on one device, as two files for ``tc -batch``.

    Attributes:
        handles: ids of all classes, as ``tc`` lists them.
        tree: queueing discipline and classes, for a device without one.
        leaves: a fair queue in each class; a kernel that has none keeps a plain one.
    """

    device: str
    handles: tuple[str, ...]
    tree: str
    leaves: str


def render_tree(plan: Plan, device: str, handle: int) -> Tree:
    """One tree on one device."""
    found = [item for item in classes(plan) if handle == UP or item.prefixes]
    values = {
        "regency": plan.domain,
        "device": device,
        "handle": f"{handle:x}",
        # What has no class waits for nobody: on the trunk what is not of the internet, on a WAN without a
        # tunnel the gateway's own questions.
        "default": f"{ITSELF:x}" if handle == UP and kept_kbit(plan) else "0",
        "line": plan.facilities.uplink.rate_kbit,
        "frame": FRAME,
        "classes": [(f"{item.minor:x}", item) for item in found],
    }
    return Tree(
        device=device,
        handles=(f"{handle:x}:1", *(f"{handle:x}:{item.minor:x}" for item in found)),
        tree=print_template("shaping/tree.tc.j2", values),
        leaves=print_template("shaping/leaves.tc.j2", values),
    )


def render_trees(plan: Plan, gateway: Gateway) -> tuple[Tree, Tree]:
    """Both trees of a gateway: up on the WAN, down on the trunk."""
    return render_tree(plan, _wan(gateway), UP), render_tree(plan, gateway.trunk, DOWN)


def _wan(gateway: Gateway) -> str:
    return next(interface.name for interface in gateway.interfaces if interface.kind == "wan")


def _elements(items: Iterable[ShapeClass], handle: int, version: int) -> list[tuple[str, str]]:
    return [
        (str(prefix), f"{handle:x}:{item.minor:x}")
        for item in items
        if item.until is None
        for prefix in item.prefixes
        if prefix.version == version
    ]


def render_classify(plan: Plan, gateway: Gateway) -> str:
    """The table ``awan_shape``: addresses are those inside, before and after translation alike."""
    found = classes(plan)
    dated = [
        (end_of(item.until, plan.utc_offset_hours), item.key, f"{item.minor:x}", prefix)
        for item in found
        if item.until is not None
        for prefix in item.prefixes
    ]
    ways = [
        (name, f"{handle:x}", side, {"ip": _elements(found, handle, 4), "ip6": _elements(found, handle, 6)})
        for name, handle, side in (("up", UP, "saddr"), ("down", DOWN, "daddr"))
    ]
    values = {"regency": plan.domain, "wan": _wan(gateway), "ways": ways, "dated": dated}
    return print_template("shaping/classify.nft.j2", values)


def render_shaping(plan: Plan) -> dict[str, str]:
    """File name → text, for each gateway: the two trees, and who belongs in which class."""
    files = {}
    for gateway in plan.gateways:
        for name, tree in zip(("up", "down"), render_trees(plan, gateway), strict=True):
            files[f"{gateway.host}.{name}.tc"] = tree.tree
            files[f"{gateway.host}.{name}.leaves.tc"] = tree.leaves
        files[f"{gateway.host}.classify.nft"] = render_classify(plan, gateway)
    return files
