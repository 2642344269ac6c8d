# SPDX-License-Identifier: GPL-3.0-or-later
"""One exact packet, followed from wall to wall, rule by rule.

The plain reading of what the gateway and Proxmox VE do with it; ``reach.ways`` says the same of whole sets, and the
tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from functools import cache
from ipaddress import IPv4Address, IPv6Address

from network_plan.model.network import IpAddress
from network_plan.model.plan import Plan
from network_plan.reach import says
from network_plan.reach.door import Door, masqueraded
from network_plan.reach.guard import Entry, Guard
from network_plan.reach.packet import INTERNET, Packet, Step, Verdict
from network_plan.reach.places import Places, Station, listening
from network_plan.space import services
from network_plan.space.prefixes import FAMILIES, Family
from network_plan.space.ranges import contains


def judge(plan: Plan, packet: Packet, today: date | None = None) -> Verdict:
    """What becomes of one packet; who asks of many makes one :class:`Judge`.

    Args:
        plan: the Plan.
        packet: the first of a flow.
        today: the day on which it is sent; ``None`` takes dated flows as running.

    Raises:
        KeyError: the packet's ingress is no network, or its sender no running VM with a card in it.
    """
    return Judge(plan, today).judge(packet)


class Judge:
    """Answers of many packets about one Plan on one day."""

    def __init__(self, plan: Plan, today: date | None = None) -> None:
        self._families = {family: _Rules(plan, family, today) for family in FAMILIES}

    def judge(self, packet: Packet) -> Verdict:
        """As :func:`judge`."""
        return _Trip(self._families[4 if packet.source.version == 4 else 6], packet).verdict()


class _Rules:
    """What is read of a Plan once for all packets of a family."""

    def __init__(self, plan: Plan, family: Family, today: date | None) -> None:
        self.places = Places(plan, family)
        self.gateway = self.places.gateway
        self.door = Door(self.gateway, family, today)
        self.forwards = self.door.forwards()
        guards = {cluster.name: Guard(cluster, family) for cluster in plan.clusters}
        self.into: Callable[[Station], tuple[Entry, ...]] = cache(
            lambda station: guards[station.guest.cluster].into(station.guest)
        )
        self.out_of: Callable[[Station], tuple[Entry, ...]] = cache(
            lambda station: guards[station.guest.cluster].out_of(station.guest, station.nic)
        )
        self.into_hosts: Callable[[str], tuple[Entry, ...]] = cache(
            lambda cluster: guards[cluster].into_hosts()
        )

    def sender(self, packet: Packet) -> Station | None:
        """The VM that sends a packet."""
        if packet.sender is None:
            station = self.places.stations.get(int(packet.source))
            return station if station and station.nic.network == packet.ingress else None
        for guest in self.places.plan.guests:
            for nic in guest.nics:
                if guest.running and (guest.key, nic.network) == (packet.sender, packet.ingress):
                    return Station(guest, nic)
        raise KeyError(f"no running VM {packet.sender!r} in {packet.ingress}")


class _Trip:
    """One packet on its way; each stage adds steps, and says where it ends or nothing."""

    def __init__(self, rules: _Rules, packet: Packet) -> None:
        self._rules = rules
        self._places = rules.places
        self._gateway = rules.gateway
        self._packet = packet
        self._source = int(packet.source)
        self._destination = int(packet.destination)
        self._service = services.code(packet.proto, packet.port)
        self._from_wan = packet.ingress == INTERNET
        self._network = None if self._from_wan else self._places.by_key[packet.ingress]
        self._translated = False
        self._steps: list[Step] = []

    def verdict(self) -> Verdict:
        """Walk until a stage ends the way."""
        stages = (
            self._send,
            self._meet_neighbour,
            self._enter_door,
            self._publish,
            self._input,
            self._forward,
        )
        target = next((end for stage in stages if (end := stage()) is not None), None)
        if target is None:
            target = self._arrive()
        address = IPv4Address if self._packet.source.version == 4 else IPv6Address
        destination: IpAddress = address(self._destination)
        station = self._places.stations.get(self._destination)
        return Verdict(
            delivered=bool(target),
            target=target,
            steps=tuple(self._steps),
            destination=destination,
            seen=self._seen(target),
            listens=contains(listening(station.guest), self._service) if station and target else None,
        )

    def _seen(self, target: str) -> IpAddress:
        if target == "internet":
            return masqueraded(self._gateway, self._packet.source)
        return self._packet.source

    def _step(self, step: Step) -> bool:
        self._steps.append(step)
        return step.passed

    def _stop(self, step: Step) -> str:
        self._steps.append(step)
        return ""

    def _decide(self, entries: Iterable[Entry], say: Callable[[str, bool], Step]) -> bool:
        """The first entry that matches decides; the last one always does."""
        entry = next(e for e in entries if e.holds(self._source, self._destination, self._service))
        return self._step(say(entry.key, entry.accepts))

    def _send(self) -> str | None:
        station = self._rules.sender(self._packet)
        if station is not None and not self._decide(
            self._rules.out_of(station),
            lambda rule, passed: says.sender(station.guest, rule, passed=passed),
        ):
            return ""
        if self._network is not None and not contains(self._places.addresses_of(self._network), self._source):
            return self._stop(says.forged(self._network))
        return None

    def _meet_neighbour(self) -> str | None:
        network = self._network
        if network is None or not contains(self._places.addresses_of(network), self._destination):
            return None
        if contains(self._places.own, self._destination):
            return None
        self._step(says.neighbours(network))
        return self._arrive()

    def _enter_door(self) -> str | None:
        network = self._network
        if contains(self._places.own, self._source):
            return self._stop(says.at_gateway(self._gateway, says.FORGED_OWN))
        if network is None:
            if contains(self._places.internal, self._source):
                return self._stop(says.at_gateway(self._gateway, says.FORGED_INSIDE))
            if contains(self._places.public, self._source):
                return self._stop(says.at_gateway(self._gateway, says.FORGED_PUBLIC))
        elif not contains(self._places.lans.get(network.key, ()), self._source):
            return self._stop(says.forwarded(self._gateway, says.elsewhere(network), passed=False))
        return None

    def _publish(self) -> str | None:
        for rule in self._rules.door.translations:
            if rule.public == self._destination and contains(rule.services, self._service):
                self._step(says.published(self._gateway, rule.key, rule.target))
                self._destination = int(rule.target)
                self._translated = True
                return None
        if contains(self._places.public, self._destination) and not contains(
            self._places.own_public, self._destination
        ):
            return self._stop(says.not_published(self._gateway))
        return None

    def _input(self) -> str | None:
        if not any(contains(own, self._destination) for own in (self._places.own, self._places.own_public)):
            return None
        if self._from_wan:
            return self._stop(says.entered(self._gateway, says.BY_WAN, passed=False))
        for rule in self._rules.door.inputs:
            if rule.holds(self._source, self._destination, self._service):
                self._step(says.entered(self._gateway, rule.key, passed=True))
                return f"gateway:{self._gateway.host}"
        return self._stop(says.entered(self._gateway, says.POLICY, passed=False))

    def _forward(self) -> str | None:
        for key, ranges in self._rules.door.blocks:
            if contains(ranges, self._source) or contains(ranges, self._destination):
                return self._stop(says.forwarded(self._gateway, key, passed=False))
        network = self._places.network_at(self._destination)
        if network is not None and network == self._network:
            return self._stop(says.forwarded(self._gateway, says.NOT_BACK, passed=False))
        if network is not None and network.key not in self._places.lans:
            return self._stop(says.forwarded(self._gateway, says.elsewhere(network), passed=False))
        if network is None and contains(self._places.internal, self._destination):
            return self._stop(says.forwarded(self._gateway, says.NOBODY_THERE, passed=False))
        to_wan = network is None
        for rule in self._rules.forwards:
            if rule.fits(from_wan=self._from_wan, to_wan=to_wan, translated=self._translated) and rule.holds(
                self._source, self._destination, self._service
            ):
                self._step(says.forwarded(self._gateway, rule.key, passed=True))
                return None
        if self._from_wan and to_wan:
            return self._stop(says.outside())
        return self._stop(says.forwarded(self._gateway, says.POLICY, passed=False))

    def _arrive(self) -> str:
        """At the target: its own firewall, where it has one."""
        network = self._places.network_at(self._destination)
        if network is None:
            return "internet"
        station = self._places.stations.get(self._destination)
        if station is not None:
            passed = self._decide(
                self._rules.into(station),
                lambda rule, passed: says.guest(station.guest, rule, passed=passed),
            )
            return f"vm:{station.guest.key}" if passed else ""
        cluster = self._places.hosts.get(self._destination)
        if cluster is not None:
            passed = self._decide(
                self._rules.into_hosts(cluster.name),
                lambda rule, passed: says.hosts(cluster, rule, passed=passed),
            )
            return f"hosts:{cluster.name}" if passed else ""
        if network.role in ("servers", "dmz"):
            return self._stop(says.nobody_has_it(network))
        return f"network:{network.key}"
