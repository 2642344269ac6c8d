# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions in words, answered exactly: yes for all packets, no for all, or which part may. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.reach.rows import Row, rows
from network_plan.reach.target import Target, targets_at
from network_plan.reach.trip import Way
from network_plan.reach.ways import Ways
from network_plan.reach.words import End, ReachError, Words, families
from network_plan.space import services
from network_plan.space.prefixes import FAMILIES, WHOLE, Family
from network_plan.space.ranges import Ranges, contains, intersect, subtract

Says = Literal["yes", "part", "no"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Of one address family.

    Attributes:
        says: whether all packets that were asked about are delivered, a part of them, or none.
        ways: all of these packets, cut by where they go and which rules decide; delivered ones first.
        rows: the same for people.
    """

    family: Family
    says: Says
    ways: tuple[Way, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered: one answer for each family that both ends have.

    Attributes:
        source, target: the ends as they were understood.
        services: what was asked for; ``all`` where nothing was.
    """

    source: str
    target: str
    services: tuple[str, ...]
    answers: tuple[Answer, ...]

    @property
    def reachable(self) -> bool:
        """Whether everything that was asked about is delivered, in each family."""
        return all(answer.says == "yes" for answer in self.answers)

    @property
    def anything(self) -> bool:
        """Whether anything is delivered at all."""
        return any(answer.says != "no" for answer in self.answers)


def read_service(text: str) -> Service:
    """``tcp/443``, ``443/tcp`` or ``icmp``.

    Raises:
        ReachError: it is none of these.
    """
    port, _, proto = text.partition("/")
    try:
        return Service.parse(f"{proto}/{port}" if port[:1].isdigit() else text)
    except ValueError as error:
        raise ReachError(str(error)) from error


class Asked:
    """Questions about one Plan on one day; what one answer has read is there for the next.

    Args:
        plan: the Plan.
        today: the day asked about; ``None`` takes dated flows as running.
    """

    def __init__(self, plan: Plan, today: date | None = None) -> None:
        self._ways = {family: Ways(plan, family, today) for family in FAMILIES}
        self._words = Words(plan, {family: ways.places for family, ways in self._ways.items()})

    def reach(self, source: str, target: str, service: str | None = None) -> Reply:
        """Whether ``source`` may open ``service`` to ``target``.

        Args:
            source, target: an address, a prefix, a tenant, ``tenant/vm``, ``tenant/network``, ``office:TENANT``, a
                host, a DNS name, the name of a public service, or ``internet``. A tenant or a network of VMs as the
                target means the VMs that run there.
            service: ``tcp/443`` (or ``443/tcp``), ``icmp``; without one everything that may pass is found.

        Raises:
            ReachError: a word means nothing here, or the ends have no address family in common.
        """
        wanted = services.EVERY if service is None else (services.span(read_service(service)),)
        sources, targets = self._words.source(source), self._words.target(target)
        answers = tuple(
            self._answer(
                family,
                sources.addresses[family],
                self._targets(family, targets),
                wanted,
                keep_stopped=service is not None,
            )
            for family in families((sources, targets))
        )
        if not answers:
            raise ReachError(f"{sources.text} and {targets.text} have no address family in common")
        return _reply(sources.text, targets.text, wanted, answers)

    def who(self, target: str, service: str | None = None) -> Reply:
        """Everything that is let in to ``target``; arguments and errors as in :meth:`reach`."""
        wanted = services.EVERY if service is None else (services.span(read_service(service)),)
        end = self._words.target(target)
        answers = tuple(
            self._answer(family, WHOLE[family], self._and_published(family, end), wanted, keep_stopped=False)
            for family in families((end,))
        )
        return _reply("everybody", end.text, wanted, answers)

    def what(self, source: str) -> Reply:
        """Everything that ``source`` reaches; errors as in :meth:`reach`."""
        end = self._words.source(source)
        answers = tuple(
            self._answer(
                family,
                end.addresses[family],
                self._ways[family].targets_of(end.addresses[family]),
                services.EVERY,
                keep_stopped=False,
            )
            for family in families((end,))
        )
        return _reply(end.text, "everything", services.EVERY, answers)

    def _targets(self, family: Family, end: End) -> Iterable[Target | int]:
        """What stands at the addresses of an end; a public address is a number."""
        places = self._ways[family].places
        yield from targets_at(places, end.addresses[family])
        for low, high in intersect(end.addresses[family], subtract(places.public, places.own)):
            yield from range(low, high + 1)

    def _and_published(self, family: Family, end: End) -> Iterable[Target | int]:
        """The targets, and the public addresses at which one of them is published."""
        yield from self._targets(family, end)
        for public, rules in self._ways[family].publications.items():
            if any(contains(end.addresses[family], int(rule.target)) for rule in rules):
                yield public

    def _answer(
        self,
        family: Family,
        sources: Ranges,
        targets: Iterable[Target | int],
        wanted: Ranges,
        *,
        keep_stopped: bool,
    ) -> Answer:
        ways = self._ways[family]
        sources = subtract(sources, ways.places.own)
        found: list[Way] = []
        for target in targets:
            if isinstance(target, int):
                found += ways.to_public(target, sources, wanted)
            else:
                alone = target.addresses if target.station is not None else ()
                found += ways.to(target, subtract(sources, alone), wanted)
        if not found:
            raise ReachError("both ends are one machine, and no wall stands between; name two")
        delivered = [way for way in found if way.delivered]
        stopped = [way for way in found if not way.delivered]
        says: Says = "no" if not delivered else "part" if stopped else "yes"
        shown = (*delivered, *(stopped if keep_stopped else ()))
        return Answer(family=family, says=says, ways=shown, rows=rows(ways.places, shown))


def _reply(source: str, target: str, wanted: Ranges, answers: Sequence[Answer]) -> Reply:
    return Reply(source=source, target=target, services=services.names(wanted), answers=tuple(answers))
