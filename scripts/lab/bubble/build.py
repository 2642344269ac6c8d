# SPDX-License-Identifier: AGPL-3.0-or-later
"""Makes a bubble: networks and clients with the lab's own code, a gateway that is only rules, an edge, a tripwire.

    twin ── bridge ── gateway ── provider ─ out0 ═ trip0 ── nothing
    client ──┘          (rules)              │        └ capture
                                          isolation

`out0` is the one interface that leads outward, and its far end is a namespace that leads nowhere: the bubble has no
link to the lab's network. The isolation drops at `out0` whatever is sent there; the capture behind it tells.
"""

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scripts.lab.bubble.journal import Journal
from scripts.lab.fabric import build as fabric_build
from scripts.lab.fabric import names, netns, spec

EDGE, OUT, TRIP = "wan", "out0", "trip0"
NEXT_HOP = "169.254.255.1"
"""Who would take packets on the far side of the edge (RFC 3927); nobody does."""

ISOLATION = f"""table netdev isolation {{
  counter stopped {{ }}
  chain out {{
    type filter hook egress device "{OUT}" priority filter; policy drop;
    counter name stopped drop
  }}
}}
"""
FORWARD = {
    "net.ipv4.ip_forward": "1",
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.conf.default.rp_filter": "0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    """A bubble to be made.

    Attributes:
        fabric: networks, clients and the gateway's cables; its prefix is the bubble's own.
        addresses: the gateway's interfaces with their addresses.
        via: where the gateway's default route goes.
        rules: the gateway's rules, nftables text.
    """

    fabric: spec.Fabric
    addresses: tuple[tuple[str, tuple[str, ...]], ...]
    via: str
    rules: str

    @property
    def prefix(self) -> str:
        """What the names of its namespaces begin with."""
        return self.fabric.prefix

    @property
    def gateway(self) -> str:
        """The namespace of the gateway's stand-in."""
        return self.prefix + self.fabric.gateways[0].name

    @property
    def edge(self) -> str:
        """The namespace that has the one interface outward."""
        return self.prefix + EDGE

    @property
    def trip(self) -> str:
        """The namespace behind that interface."""
        return self.prefix + "trip"

    def namespaces(self) -> list[str]:
        """Every namespace that `make` makes; twins add theirs."""
        offices = [names.office_namespace(self.prefix, office.vlan) for office in self.fabric.offices]
        switches = [self.prefix + switch.name for switch in self.fabric.switches]
        return [*switches, self.gateway, self.edge, self.prefix + "ctl", *offices, self.trip]


class BubbleError(RuntimeError):
    """A bubble is not as it must be."""


def prefix_of(lab_dir: Path) -> str:
    """A lab has one bubble at a time; its names begin so, and those of the lab itself too."""
    return names.prefix(lab_dir) + "b-"


def make(bubble: Bubble, journal: Journal) -> None:
    """Make everything but the twins, isolated before its edge is up."""
    journal.note("network", prefix=bubble.prefix)
    for name in bubble.namespaces():
        journal.note("namespace", name=name)
    fabric_build.ensure(bubble.fabric)
    with netns.exclusive(bubble.prefix):
        netns.add([bubble.trip])
        netns.sysctl(
            bubble.trip, {"net.ipv6.conf.all.disable_ipv6": "1", "net.ipv6.conf.default.disable_ipv6": "1"}
        )
        _edge(bubble)
        _gateway(bubble)


def _edge(bubble: Bubble) -> None:
    mac = names.mac(bubble.trip, TRIP)
    netns.batch(
        None,
        [f"link add {OUT} netns {bubble.edge} type veth peer name {TRIP} address {mac} netns {bubble.trip}"],
    )
    netns.nft(bubble.edge, ISOLATION)
    netns.sysctl(bubble.edge, FORWARD)
    netns.batch(bubble.trip, [f"link set {TRIP} up"])
    netns.batch(
        bubble.edge,
        [
            f"link set {OUT} up",
            f"neigh replace {NEXT_HOP} lladdr {mac} dev {OUT} nud permanent",
            f"route replace default via {NEXT_HOP} dev {OUT} onlink",
        ],
    )


def _gateway(bubble: Bubble) -> None:
    lines = [
        fabric_build.address_line(address, interface)
        for interface, addresses in bubble.addresses
        for address in addresses
    ]
    netns.batch(bubble.gateway, [*lines, f"route replace default via {bubble.via}"])
    netns.nft(bubble.gateway, bubble.rules)
    netns.sysctl(bubble.gateway, FORWARD)


def isolate(bubble: Bubble) -> None:
    """Shut the edge; again, where it was opened."""
    netns.nft(bubble.edge, "table netdev isolation\ndelete table netdev isolation\n" + ISOLATION)


def open_edge(bubble: Bubble) -> None:
    """Take the isolation away. What then passes ends at the tripwire."""
    netns.nft(bubble.edge, "delete table netdev isolation\n")


def stopped(bubble: Bubble) -> int:
    """How many frames the isolation has stopped since it was put up last."""
    done = subprocess.run(
        ["ip", "netns", "exec", bubble.edge, "nft", "-j", "list", "counters", "table", "netdev", "isolation"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BubbleError(f"the isolation of {bubble.edge} can't be read: {done.stderr.strip()}")
    found = [item["counter"]["packets"] for item in json.loads(done.stdout)["nftables"] if "counter" in item]
    return int(found[0])


def ways_out(namespaces: Iterable[str]) -> list[str]:
    """What leads out of a set of namespaces: an interface whose other end is not in it, or that is hardware."""
    ours = sorted(namespaces)
    found = []
    for namespace in ours:
        known = {entry["nsid"]: entry.get("name") for entry in netns.query(namespace, "netns", "list-id")}
        for link in netns.query(namespace, "-details", "link", "show"):
            kind = link.get("linkinfo", {}).get("info_kind", "")
            name = link["ifname"]
            if kind == "bridge" or link.get("link_type") == "loopback" or _dead(link):
                continue
            # Without a number of its own the other end is in the same namespace.
            other = known.get(link["link_netnsid"]) if "link_netnsid" in link else namespace
            if kind != "veth" or other not in ours:
                found.append(
                    f"{name} in {namespace}"
                    + (f" leads to {other}" if other else f" is {kind or 'hardware'}")
                )
    return found


def _dead(link: dict[str, object]) -> bool:
    """The tunnel devices that some kernels put into every new namespace carry nothing while they are down."""
    flags = link.get("flags")
    return isinstance(flags, list) and "UP" not in flags and "link" in link and link["link"] is None
