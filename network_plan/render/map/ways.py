# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may reach one VM, by which flow: what the view of figure 4.6 draws, without places.

A flow's sources are parted by where they come from: from outside, from other VMs, from offices, from other networks,
and from the VM's own network, which the gateway does not see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from network_plan.model.flow import Flow
from network_plan.model.guest import Guest
from network_plan.model.network import Network
from network_plan.model.plan import Plan
from network_plan.render.map.offices import transport

GROUPS = (
    ("outside", "OUTSIDE: THE INTERNET"),
    ("vms", "OTHER VMS, BY CLUSTER"),
    ("offices", "OFFICES"),
    ("networks", "NETWORKS OF HOSTS AND SERVERS"),
    ("same", "ITS OWN NETWORK: NOT THROUGH THE GATEWAY"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One sender.

    Attributes:
        id: the object of the page that it is, or the flow where it is many.
        icon: the symbol that tells what it is, beside its words.
        lines: what stands below its title.
        port: how it enters the gateway, in a word.
        networks: the networks it stands in; empty for the internet.
    """

    id: str
    icon: str
    title: str
    lines: tuple[str, ...]
    port: str
    networks: tuple[str, ...] = ()
    vm: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One flow to the VM from the senders of one group."""

    group: str
    flow: Flow
    sources: tuple[Source, ...]


def stands(plan: Plan, key: str) -> tuple[Guest, tuple[Guest, ...]]:
    """A VM where the site role lets it run (else where it is at home), and its other copies."""
    copies = sorted(
        (guest for guest in plan.guests if guest.key == key), key=lambda g: (not g.running, g.twin)
    )
    return copies[0], tuple(copies[1:])


class Ways:
    """The ways to the VMs of one Plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._networks: Mapping[str, Network] = {network.key: network for network in plan.networks}
        self._offices = sum(network.role == "office" for network in plan.networks)
        self._ports = {
            p.network: p.name for gateway in plan.gateways for p in gateway.interfaces if p.network
        }
        self._public: dict[str, list[str]] = {}
        for gateway in plan.gateways[:1]:
            for rule in gateway.dnat:
                self._public.setdefault(rule.key, []).append(str(rule.public))
        self._names = {str(public.address): public for public in plan.public}
        self._published: dict[str, list[str]] = {}
        for flow in plan.flows:
            if flow.key in self._public and flow.target.vm is not None:
                self._published.setdefault(flow.target.vm, []).extend(self._public[flow.key])
        self._stands = {key: stands(plan, key)[0] for key in {guest.key for guest in plan.guests}}

    def port(self, network: str) -> str:
        """The gateway's port to a network; empty where it has none, so that nothing comes from there."""
        return self._ports.get(network, "")

    def to(self, guest: Guest) -> tuple[Way, ...]:
        """All ways to a VM, group by group, in the order of the flows' keys."""
        own = {nic.network for nic in guest.nics}
        found = []
        for flow in self._plan.flows:
            target = flow.target
            if target.vm == guest.key or (target.vm is None and own & set(target.networks)):
                parts: dict[str, list[Source]] = {}
                for group, source in self._sources(flow, guest, own):
                    parts.setdefault(group, []).append(source)
                found += [Way(group=g, flow=flow, sources=tuple(sources)) for g, sources in parts.items()]
        place = [group for group, _ in GROUPS]
        return tuple(sorted(found, key=lambda way: (place.index(way.group), way.flow.key)))

    def _sources(self, flow: Flow, guest: Guest, own: set[str]) -> Iterator[tuple[str, Source]]:
        networks: dict[str, None] = {}
        for endpoint in flow.sources:
            if endpoint.kind == "internet":
                yield from (("outside", source) for source in self._outside(flow))
                # The VM's firewall can't tell the internet from a neighbour: what is published is open to both.
                yield from (
                    ("same", self._own(key, guest)) for key in sorted(own) if self._neighbours(key, guest)
                )
            elif endpoint.vm is None:
                networks.update(dict.fromkeys(endpoint.networks))
            elif endpoint.vm != guest.key and own & set(endpoint.networks):
                yield "same", self._vm(endpoint.vm)
            elif endpoint.vm != guest.key and any(map(self.port, endpoint.networks)):
                yield "vms", self._vm(endpoint.vm)
        offices = [key for key in networks if self._networks[key].role == "office"]
        if offices:
            yield "offices", self._offices_of(flow, offices)
        for key in sorted(own & set(networks)):
            yield "same", self._own(key, guest)
        parts: dict[str, list[str]] = {}
        for key in networks:
            if key not in offices and key not in own and self.port(key):
                parts.setdefault(self._networks[key].role, []).append(key)
        for part in parts.values():
            yield "networks", self._many(flow, part)

    def _neighbours(self, network: str, guest: Guest) -> list[str]:
        """The other VMs of a network."""
        here = {g.key for g in self._plan.guests if any(nic.network == network for nic in g.nics)}
        return sorted(here - {guest.key})

    def _outside(self, flow: Flow) -> Iterator[Source]:
        for address in self._public.get(flow.key, []):
            public = self._names[address]
            until = (
                f"dated exception until {public.until.isoformat()}"
                if public.until
                else f"held by {public.holder}"
            )
            yield Source(
                id=f"public:{address}",
                icon="clock" if public.until else "in",
                title=f"Internet to {address}",
                lines=(f"{public.name}, {until}",),
                port="DNAT",
            )

    def _vm(self, key: str) -> Source:
        guest = self._stands[key]
        address = " ".join(str(address.ip) for nic in guest.nics for address in nic.addresses)
        lines = [f"{address} · VMID {guest.vmid} · {guest.node} in {guest.cluster}"]
        if key in self._published:
            lines.append(f"the internet reaches it at {', '.join(self._published[key])}")
        networks = tuple(nic.network for nic in guest.nics)
        return Source(
            id=f"vm:{guest.cluster}/{guest.vmid}",
            icon="running" if guest.running else "stopped",
            title=key,
            lines=tuple(lines),
            port=self.port(networks[0]) if networks else "",
            networks=networks,
            vm=key,
        )

    def _offices_of(self, flow: Flow, keys: Sequence[str]) -> Source:
        if len(keys) == 1:
            network = self._networks[keys[0]]
            told = f"{' '.join(map(str, network.prefixes))} · {transport(network) or network.role}"
            return Source(
                id=f"network:{network.key}", icon="office", title=network.title, lines=(told,),
                port=self.port(network.key), networks=(network.key,),
            )  # fmt: skip
        counts: dict[str, int] = {}
        for key in keys:
            counts[self._networks[key].tenant] = counts.get(self._networks[key].tenant, 0) + 1
        every = len(keys) == self._offices
        named = ", ".join(f"{key} ({count})" if count > 1 else key for key, count in sorted(counts.items()))
        return Source(
            id=f"flow:{flow.key}",
            icon="office",
            title=f"All {len(keys)} offices" if every else f"{len(keys)} offices",
            lines=(f"of all {len(counts)} tenants that have one",) if every else (named,),
            port=f"{len(keys)} ports",
            networks=tuple(keys),
        )

    def _many(self, flow: Flow, keys: Sequence[str]) -> Source:
        first = self._networks[keys[0]]
        one = len(keys) == 1
        return Source(
            id=f"network:{first.key}" if one else f"flow:{flow.key}",
            icon=first.role,
            title=first.key if one else f"{len(keys)} networks: {first.role}",
            lines=(
                f"{' '.join(map(str, first.prefixes))} · {first.title}" if one else ", ".join(sorted(keys)),
            ),
            port=self.port(first.key) if one else f"{len(keys)} ports",
            networks=tuple(keys),
        )

    def _own(self, key: str, guest: Guest) -> Source:
        network = self._networks[key]
        vms = self._neighbours(key, guest)
        return Source(
            id=f"network:{key}",
            icon=network.role,
            title=key,
            lines=(" ".join(map(str, network.prefixes)), ", ".join(vms) or "no other VM stands in it"),
            port="",
            networks=(key,),
        )
