# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions that can be asked in the page, with every answer: the ways of ``network_plan.reach``, as data.

The page looks up in which way an address and a service lie; it judges nothing. Of each target all packets stand in some
way, so the widest refusal is told without its packets: it holds for whatever no other way has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from network_plan.model.plan import Plan
from network_plan.reach import Asked, Row, Step, Way
from network_plan.reach.target import internet_target, targets_at
from network_plan.reach.ways import Ways
from network_plan.reach.words import OF_VMS, Words
from network_plan.render.map.names import Names
from network_plan.space import services
from network_plan.space.prefixes import FAMILIES, WHOLE, Family
from network_plan.space.ranges import Ranges, subtract

_EXACT = 1 << 53
"""Up to here JavaScript's numbers are whole."""
NOBODY = 2
"""Instead of delivered or not: packets that are not asked about, from a machine to itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Ends and service in the words of ``awan reach``; without a service everything that may pass is asked for."""

    source: str
    target: str
    service: str | None


def _number(value: int) -> int | str:
    return value if value < _EXACT else str(value)


def _ranges(ranges: Ranges) -> list[list[int | str]]:
    return [[_number(low), _number(high)] for low, high in ranges]


class _Answers:
    """Answers of one Plan; each step is told once."""

    def __init__(self, plan: Plan, place: Mapping[str, int], today: date | None) -> None:
        self._plan = plan
        self._place = place
        self._today = today
        self._ways = {family: Ways(plan, family, today) for family in FAMILIES}
        self._words = Words(plan, {family: ways.places for family, ways in self._ways.items()})
        self._names = Names(plan)
        self._hops: dict[Step, int] = {}

    @property
    def hops(self) -> list[list[Any]]:
        """All steps by their number."""
        return [[step.wall, step.where, step.rule, int(step.passed)] for step in self._hops]

    def _trail(self, steps: Iterable[Step]) -> list[int]:
        return [self._hops.setdefault(step, len(self._hops)) for step in steps]

    def node(self, key: str) -> int:
        """The object that stands for a target; -1 where none does."""
        return next((self._place[name] for name in self._names.target(key) if name in self._place), -1)

    def sources(self) -> Iterator[list[Any]]:
        """Who may ask: networks, VMs, the internet."""
        for network in self._plan.networks:
            yield self._source(network.key, network.title, f"network:{network.key}")
        for guest in self._plan.guests:
            if guest.running:
                yield self._source(guest.key, guest.title, f"vm:{guest.key}")
        yield self._source("internet", "all of it", "internet")

    def _source(self, word: str, title: str, key: str) -> list[Any]:
        found = self._words.source(word).addresses
        own = {family: subtract(ranges, self._ways[family].places.own) for family, ranges in found.items()}
        told = [[family, _ranges(ranges)] for family, ranges in own.items() if ranges]
        return [word, title, self.node(key), told, self._sends(found) if key.startswith("vm:") else -1]

    def _sends(self, addresses: Mapping[Family, Ranges]) -> int:
        """The step by which a VM's own firewall lets out whatever it sends; -1 where its ways say more themselves."""
        for family, ranges in addresses.items():
            ways = self._ways[family]
            for way in ways.to(internet_target(ways.places), ranges, (services.ECHO,)):
                if way.steps[0].wall == "sender" and way.steps[0].passed:
                    return self._trail(way.steps[:1])[0]
        return -1

    def targets(self) -> Iterator[list[Any]]:
        """Whom they may ask for: VMs, networks without VMs, hosts, the gateway, the internet, public addresses."""
        for guest in self._plan.guests:
            if guest.running:
                yield self._target(guest.key, guest.title, f"vm:{guest.key}")
        for network in self._plan.networks:
            if network.role not in OF_VMS:
                yield self._target(network.key, network.title, f"network:{network.key}")
        for cluster in self._plan.clusters:
            for node in cluster.nodes:
                yield self._target(node.name, f"host of {cluster.name}", f"host:{cluster.name}/{node.name}")
        host = self._plan.gateways[0].host
        yield self._target("gateway", host, f"gateway:{host}")
        yield self._target("internet", "all of it", "internet")
        for public in self._plan.public:
            cut = self._ways[4].to_public(int(public.address), self._senders(4))
            told = [[4, self._told(cut, alone=True)]]
            yield [str(public.address), public.name, self.node(f"public:{public.address}"), told]

    def _target(self, word: str, title: str, key: str) -> list[Any]:
        addresses = self._words.target(word).addresses
        told = [[family, self._cut(family, ranges)] for family, ranges in addresses.items()]
        return [word, title, self.node(key), told]

    def _senders(self, family: Family) -> Ranges:
        """Everybody but the gateway, whose own packets nothing filters."""
        return subtract(WHOLE[family], self._ways[family].places.own)

    def _cut(self, family: Family, addresses: Ranges) -> list[list[Any]]:
        ways, found = self._ways[family], list[Way]()
        targets = list(targets_at(ways.places, addresses))
        own: Ranges = ()
        for target in targets:
            own = target.addresses if target.station is not None else ()
            found += ways.to(target, subtract(self._senders(family), own))
        told = self._told(found, alone=len(targets) == 1)
        if own:
            told.append([NOBODY, [], [[_ranges(own), _ranges(services.EVERY)]]])
        return told

    def _told(self, ways: Sequence[Way], *, alone: bool) -> list[list[Any]]:
        """Delivered ways first; where all are to one target ``alone``, the widest refusal without its packets."""
        heaps: dict[tuple[bool, tuple[int, ...]], list[Any]] = {}
        for way in sorted(ways, key=lambda way: not way.delivered):
            heap = heaps.setdefault((way.delivered, tuple(self._trail(way.steps))), [])
            heap += [[_ranges(sources), _ranges(wanted)] for sources, _, wanted in way.region.products()]
        told: list[list[Any]] = [
            [int(delivered), list(hops), packets] for (delivered, hops), packets in heaps.items()
        ]
        refusals = [way for way in told if not way[0]]
        if refusals and alone:
            widest = max(refusals, key=lambda way: sum(len(sources) for sources, _ in way[2]))
            widest[2] = []
        return told

    def asked(self, question: Question) -> dict[str, Any]:
        """The answer to a question in any words; errors as those of :meth:`Asked.reach`."""
        reply = Asked(self._plan, self._today).reach(question.source, question.target, question.service)
        rows = [row for answer in reply.answers for row in answer.rows]
        says = "yes" if reply.reachable else "part" if reply.anything else "no"
        kinds = [next((row for row in rows if row.delivered is passed), None) for passed in (True, False)]
        shown = [row for row in kinds if row is not None]
        return {
            "says": says,
            "from": reply.source,
            "to": reply.target,
            "service": ", ".join(reply.services),
            "ways": [[int(row.delivered), self._steps(row)] for row in shown],
            "starts": self._drawn(
                name for row in rows for word in row.sources for name in self._names.source(word)
            ),
            "ends": self._drawn(
                name for row in rows for key in row.targets for name in self._names.target(key)
            ),
        }

    def _drawn(self, names: Iterable[str]) -> list[int]:
        return sorted({self._place[name] for name in names if name in self._place})

    def _steps(self, row: Row) -> list[list[Any]]:
        return [[step.wall, step.where, step.rule, int(step.passed)] for step in row.steps]


def questions(
    plan: Plan, place: Mapping[str, int], today: date | None, question: Question | None, *, most: int
) -> dict[str, Any]:
    """What can be asked in the page, and the question that it opens with.

    Args:
        place: where each object stands in the page's list.
        most: VMs up to which all of it can be asked in the page.
    """
    answers = _Answers(plan, place, today)
    asked = answers.asked(question) if question is not None else None
    vms = sum(guest.running for guest in plan.guests)
    named = sorted({service for flow in plan.flows for service in flow.services}, key=services.span)
    few = vms <= most
    return {
        "asked": asked,
        "sources": list(answers.sources()) if few else [],
        "targets": list(answers.targets()) if few else [],
        "services": [
            *([str(service), services.span(service)[0]] for service in named),
            ["icmp", services.ECHO[0]],
        ],
        "hops": answers.hops,
        "left_out": ""
        if few
        else f"With {vms} VMs the answers are not in the page: awan map --reach 'FROM TO:PORT/PROTO' shows one.",
    }
