# SPDX-License-Identifier: GPL-3.0-or-later
"""Which flows belong to an object or a line of the drawing, and which lines they run over.

A flow is taken as it is declared; whether a packet passes both walls is ``network_plan.reach``'s answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from network_plan.model.flow import Endpoint, Flow
from network_plan.model.guest import Guest
from network_plan.model.plan import Plan
from network_plan.render.map.drawing import Drawing

Ids = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lit:
    """What is lit with an object: ids of nodes and lines."""

    nodes: Ids = frozenset()
    links: Ids = frozenset()

    def __or__(self, other: Lit) -> Lit:
        return Lit(nodes=self.nodes | other.nodes, links=self.links | other.links)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """An object's part in the flows: keys of those to it, from it and over it, and what each lights."""

    arriving: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    lit_to: Lit = Lit()
    lit_from: Lit = Lit()


def _join(parts: Iterable[Lit]) -> Lit:
    whole = Lit()
    for part in parts:
        whole |= part
    return whole


def concerns(endpoint: Endpoint, guest: Guest) -> bool:
    """Whether an endpoint is this VM or a network that it stands in."""
    if endpoint.vm is not None:
        return endpoint.vm == guest.key
    return any(nic.network in endpoint.networks for nic in guest.nics)


class Routes:
    """The flows of a Plan laid over its drawing."""

    def __init__(self, plan: Plan, drawing: Drawing) -> None:
        self._plan = plan
        self._homes: Mapping[str, tuple[str, ...]] = dict(drawing.homes)
        self._gateways = frozenset(f"gateway:{gateway.host}" for gateway in plan.gateways)
        self._uplinks = frozenset(f"uplink:{gateway.host}" for gateway in plan.gateways)
        self.publics: dict[str, set[str]] = {}
        for gateway in plan.gateways:
            for key, address in [(d.key, d.public) for d in gateway.dnat] + [
                (s.key, s.public) for s in gateway.snat
            ]:
                self.publics.setdefault(key, set()).add(str(address))
        self._sources = {flow.key: _join(self._side(flow, s) for s in flow.sources) for flow in plan.flows}
        self._targets = {flow.key: self._side(flow, flow.target) for flow in plan.flows}

    def _home(self, node: str) -> Lit:
        return Lit(nodes=frozenset({node}), links=frozenset(self._homes.get(node, ())))

    def _side(self, flow: Flow, endpoint: Endpoint) -> Lit:
        """The nodes that an endpoint means, and the lines between them and the gateway."""
        if endpoint.kind == "gateway":
            return Lit(nodes=self._gateways)
        if endpoint.kind == "internet":
            addresses = self.publics.get(flow.key, set())
            nodes = {"internet"} | {f"public:{address}" for address in addresses}
            lines = {f"{kind}:{address}" for kind in ("wan", "nat") for address in addresses}
            return Lit(nodes=frozenset(nodes), links=self._uplinks | lines) | Lit(nodes=self._gateways)
        through = _join(self._home(f"network:{network}") for network in endpoint.networks)
        if endpoint.vm is not None:
            twins = [guest for guest in self._plan.guests if guest.key == endpoint.vm]
            awake = [guest for guest in twins if guest.running] or twins
            through |= _join(self._home(f"vm:{guest.cluster}/{guest.vmid}") for guest in awake)
        return through | Lit(nodes=self._gateways)

    def of_flow(self, flow: Flow) -> Share:
        """A flow's own way, from all its sources to its target."""
        return Share(lit_to=self._sources[flow.key] | self._targets[flow.key])

    def of_guest(self, guest: Guest) -> Share:
        """What may reach a VM, and what it may reach."""
        arriving = [flow.key for flow in self._plan.flows if concerns(flow.target, guest)]
        leaving = [flow.key for flow in self._plan.flows if any(concerns(s, guest) for s in flow.sources)]
        home = self._home(f"vm:{guest.cluster}/{guest.vmid}")
        home |= Lit(nodes=frozenset(f"network:{nic.network}" for nic in guest.nics))
        lit_to = _join(self._sources[key] for key in arriving)
        lit_from = _join(self._targets[key] for key in leaving)
        return Share(
            arriving=tuple(arriving),
            leaving=tuple(leaving),
            lit_to=home | lit_to if arriving or not leaving else lit_to,
            lit_from=home | lit_from if leaving else lit_from,
        )

    def of_guests(self, guests: Iterable[Guest]) -> Share:
        """VMs alone, as an application has them."""
        return Share(lit_to=_join(self._home(f"vm:{guest.cluster}/{guest.vmid}") for guest in guests))

    def of_networks(self, networks: Ids) -> Share:
        """What crosses the edge of a group of networks, or ends in it."""
        arriving, leaving = [], []
        for flow in self._plan.flows:
            if networks & set(flow.target.networks):
                arriving.append(flow.key)
            if any(networks & set(source.networks) for source in flow.sources):
                leaving.append(flow.key)
        home = _join(self._home(f"network:{network}") for network in networks)
        return Share(
            arriving=tuple(arriving),
            leaving=tuple(leaving),
            lit_to=_join([home, *(self._sources[key] | self._within(key, networks) for key in arriving)]),
            lit_from=_join(self._targets[key] | home for key in leaving),
        )

    def _within(self, key: str, networks: Ids) -> Lit:
        """The VM that a flow ends at, but not the other networks that it also leads to."""
        flow = next(flow for flow in self._plan.flows if flow.key == key)
        return (
            self._targets[key]
            if flow.target.vm is not None or set(flow.target.networks) <= networks
            else Lit()
        )

    def of_keys(self, keys: Iterable[str]) -> Share:
        """Flows over a line: each with its whole way."""
        chosen = tuple(sorted(set(keys)))
        return Share(over=chosen, lit_to=_join(self._sources[key] | self._targets[key] for key in chosen))

    def of_public(self, address: str) -> Share:
        """The publications of a public address, or who leaves behind it."""
        return self.of_keys(key for key, addresses in self.publics.items() if address in addresses)

    def of_internet(self) -> Share:
        """Everything between the internet and the inside."""
        flows = self._plan.flows
        leaving = [flow.key for flow in flows if any(source.kind == "internet" for source in flow.sources)]
        arriving = [flow.key for flow in flows if flow.target.kind == "internet"]
        return Share(
            arriving=tuple(arriving),
            leaving=tuple(leaving),
            lit_to=_join(self._sources[key] | self._targets[key] for key in arriving),
            lit_from=_join(self._sources[key] | self._targets[key] for key in leaving),
        )

    def of_gateway(self) -> Share:
        """What may reach the gateway itself; everything else passes through it."""
        flows = self._plan.flows
        arriving = [flow.key for flow in flows if flow.target.kind == "gateway"]
        over = [flow.key for flow in flows if flow.target.kind != "gateway"]
        lit = _join(self._sources[key] | self._targets[key] for key in arriving)
        return Share(arriving=tuple(arriving), over=tuple(over), lit_to=lit | Lit(nodes=self._gateways))

    def of_line(self, guests: Iterable[Guest]) -> Share:
        """What runs over a piece of line that leads to these VMs."""
        shares = [self.of_guest(guest) for guest in guests]
        lit = _join(share.lit_to | share.lit_from for share in shares)
        return Share(
            over=tuple(sorted({key for share in shares for key in (*share.arriving, *share.leaving)})),
            lit_to=lit,
        )

    def of_place(self, nodes: Iterable[str], network: str, guests: Iterable[Guest]) -> Share:
        """Where something stands: hosts with their management network, whose flows are theirs, and the VMs on them."""
        around = self.of_networks(frozenset({network}))
        hosts = _join(self._home(node) for node in (*nodes, f"network:{network}"))
        vms = _join(self._home(f"vm:{guest.cluster}/{guest.vmid}") for guest in guests)
        gateways = Lit(nodes=self._gateways)
        return Share(arriving=around.arriving, leaving=around.leaving, lit_to=hosts | vms | gateways)
