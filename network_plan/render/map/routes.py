# SPDX-License-Identifier: GPL-3.0-or-later
"""Which flows belong to an object or a line of the drawing, and at which nodes a flow starts and ends.

A flow is taken as it is declared; whether a packet passes both walls is ``network_plan.reach``'s answer. The lines
between a node and the gateway are the drawing's ``homes``; the page joins the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from network_plan.model.flow import Endpoint, Flow
from network_plan.model.guest import Guest
from network_plan.model.plan import Plan

Side = Literal["to", "from"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """An object's part in the flows: keys of those to it, from it and over it; and nodes that are lit with it."""

    arriving: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    along: tuple[str, ...] = ()


def guest_id(guest: Guest) -> str:
    """The page's name of a VM where it stands."""
    return f"vm:{guest.cluster}/{guest.vmid}"


class Routes:
    """The flows of a Plan, looked up by what they concern."""

    def __init__(self, plan: Plan) -> None:
        self._gateways = tuple(f"gateway:{gateway.host}" for gateway in plan.gateways)
        self._copies: dict[str, list[Guest]] = {}
        for guest in plan.guests:
            self._copies.setdefault(guest.key, []).append(guest)
        self.publics: dict[str, set[str]] = {}
        for gateway in plan.gateways:
            named = [(rule.key, rule.public) for rule in gateway.dnat]
            named += [(rule.key, rule.public) for rule in gateway.snat]
            for key, public in named:
                self.publics.setdefault(key, set()).add(str(public))
        self._by_public: dict[str, list[str]] = {}
        for key, addresses in self.publics.items():
            for address in addresses:
                self._by_public.setdefault(address, []).append(key)
        self._at: dict[tuple[Side, str], dict[str, None]] = {}
        for flow in plan.flows:
            self._note("to", flow, flow.target)
            for source in flow.sources:
                self._note("from", flow, source)
        self._rest = tuple(flow.key for flow in plan.flows if flow.target.kind != "gateway")

    def _note(self, side: Side, flow: Flow, endpoint: Endpoint) -> None:
        """Under the VM or the networks that it means, and under the networks that it lies in."""
        words = [f"in:{network}" for network in endpoint.networks]
        if endpoint.kind in ("internet", "gateway"):
            words.append(endpoint.kind)
        elif endpoint.vm is not None:
            words.append(f"vm:{endpoint.vm}")
        else:
            words += [f"all:{network}" for network in endpoint.networks]
        for word in words:
            self._at.setdefault((side, word), {})[flow.key] = None

    def _found(self, side: Side, words: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted({key for word in words for key in self._at.get((side, word), ())}))

    def nodes(self, flow: Flow, endpoint: Endpoint) -> tuple[str, ...]:
        """The nodes that an end of a flow means."""
        if endpoint.kind == "gateway":
            return self._gateways
        if endpoint.kind == "internet":
            return (
                "internet",
                *(f"public:{address}" for address in sorted(self.publics.get(flow.key, ()))),
                *self._gateways,
            )
        networks = tuple(f"network:{network}" for network in endpoint.networks)
        if endpoint.vm is None:
            return networks
        copies = self._copies.get(endpoint.vm, [])
        awake = [guest for guest in copies if guest.running] or copies
        return (*networks, *map(guest_id, awake))

    def of_guest(self, guest: Guest) -> Share:
        """What may reach a VM, and what it may reach."""
        words = (f"vm:{guest.key}", *(f"all:{nic.network}" for nic in guest.nics))
        return Share(
            arriving=self._found("to", words),
            leaving=self._found("from", words),
            along=tuple(f"network:{nic.network}" for nic in guest.nics),
        )

    def of_guests(self, guests: Iterable[Guest]) -> Share:
        """VMs alone, as an application has them."""
        return Share(along=tuple(map(guest_id, guests)))

    def of_networks(self, networks: Iterable[str]) -> Share:
        """What crosses the edge of a group of networks, or ends in it."""
        keys = sorted(networks)
        words = [f"in:{network}" for network in keys]
        return Share(
            arriving=self._found("to", words),
            leaving=self._found("from", words),
            along=tuple(f"network:{network}" for network in keys),
        )

    def over_networks(self, networks: Iterable[str]) -> Share:
        """What runs over the line of a network."""
        share = self.of_networks(networks)
        return Share(over=tuple(sorted({*share.arriving, *share.leaving})))

    def of_public(self, address: str) -> Share:
        """The publications of a public address, or who leaves behind it."""
        return Share(over=tuple(sorted(self._by_public.get(address, ()))))

    def of_internet(self) -> Share:
        """Everything between the internet and the inside."""
        return Share(arriving=self._found("to", ["internet"]), leaving=self._found("from", ["internet"]))

    def over_uplink(self) -> Share:
        """What runs between the internet and the gateway."""
        share = self.of_internet()
        return Share(over=tuple(sorted({*share.arriving, *share.leaving})))

    def of_gateway(self) -> Share:
        """What may reach the gateway itself; everything else passes through it."""
        return Share(arriving=self._found("to", ["gateway"]), over=self._rest)

    def over_line(self, guests: Iterable[Guest]) -> Share:
        """What runs over a piece of line that leads to these VMs."""
        shares = map(self.of_guest, guests)
        return Share(
            over=tuple(sorted({key for share in shares for key in (*share.arriving, *share.leaving)}))
        )

    def of_place(self, nodes: Iterable[str], network: str, guests: Iterable[Guest]) -> Share:
        """Where something stands: hosts with their management network, whose flows are theirs, and the VMs on them."""
        around = self.of_networks([network])
        along = (*nodes, *around.along, *map(guest_id, guests), *self._gateways)
        return Share(arriving=around.arriving, leaving=around.leaving, along=along)


def beyond(homes: Mapping[str, tuple[str, ...]], guests: Iterable[Guest]) -> dict[str, list[Guest]]:
    """For each line the VMs whose way to the gateway runs over it."""
    found: dict[str, list[Guest]] = {}
    for guest in guests:
        for link in homes.get(guest_id(guest), ()):
            found.setdefault(link, []).append(guest)
    return found
