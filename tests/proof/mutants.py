# SPDX-License-Identifier: GPL-3.0-or-later
"""Compilers that are wrong in one thing each; the proof must notice every one. A mutant changes what machines get only."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from network_plan.model.gateway import ForwardRule, Gateway
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from tests.proof.agree import Compiled, compiled

Compiler = Callable[[Plan], Compiled]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One wrong compiler.

    Attributes:
        change: whether it is looked for among standing connections under new rules, not among first packets.
    """

    compiler: Compiler
    change: bool = False


class Stale(Exception):
    """The mutant changes nothing any more: what it replaced is written otherwise now."""


def _rules(pattern: str, text: str, *, wanted: bool = True, change: bool = False) -> Mutant:
    """A gateway whose rules have one piece otherwise."""

    def compiler(plan: Plan) -> Compiled:
        made = compiled(plan)
        rules, found = re.subn(pattern, text, made.gateway, flags=re.MULTILINE)
        if wanted and not found:
            raise Stale(pattern)
        return replace(made, gateway=rules)

    return Mutant(compiler=compiler, change=change)


def _files(pattern: str, text: str, *, wanted: bool = True) -> Mutant:
    """PVE's files with one piece otherwise."""

    def compiler(plan: Plan) -> Compiled:
        made = compiled(plan)
        files, found = {}, 0
        for name, old in made.pve.items():
            files[name], count = re.subn(pattern, text, old, flags=re.MULTILINE)
            found += count
        if wanted and not found:
            raise Stale(pattern)
        return replace(made, pve=files)

    return Mutant(compiler=compiler)


def _gateway(edit: Callable[[Gateway], Gateway]) -> Mutant:
    """A gateway compiled from another decision than the one that is judged by."""

    def compiler(plan: Plan) -> Compiled:
        wrong = edit(plan.gateways[0])
        return replace(compiled(plan), gateway=compiled(replace(plan, gateways=(wrong,))).gateway)

    return Mutant(compiler=compiler)


def _forward(edit: Callable[[ForwardRule], ForwardRule]) -> Mutant:
    """One in which each rule for forwarding is another."""
    return _gateway(lambda gateway: replace(gateway, forward=tuple(map(edit, gateway.forward))))


def _swapped(rule: ForwardRule) -> ForwardRule:
    if rule.from_internet or rule.to_internet:
        return rule
    return replace(rule, sources=rule.destinations, destinations=rule.sources)


def _shorter(services: Sequence[Service]) -> tuple[Service, ...]:
    return tuple(
        replace(service, last=service.last - 1) if service.first < service.last else service
        for service in services
    )


def _longer(services: Sequence[Service]) -> tuple[Service, ...]:
    return tuple(
        replace(service, last=service.last + 1) if 0 < service.last < 65535 else service
        for service in services
    )


def _a_day_longer(plan: Plan) -> Compiled:
    later = replace(plan, utc_offset_hours=plan.utc_offset_hours - 24)
    return replace(compiled(plan), gateway=compiled(later).gateway)


MUTANTS: dict[str, Mutant] = {
    "IPv4 sources are not held to their network": _rules(r"^.* ip saddr != @home drop$", ""),
    "IPv6 sources are not held to their network": _rules(r"^.* ip6 saddr != @home6 drop$", "", wanted=False),
    "the gateway's own addresses may be forged": _rules(r"^\s*ip6? saddr @own6? drop$", ""),
    "inside addresses may come in by the WAN": _rules(r'^\s*iifname "wan0" ip6? saddr @internal6? drop$', ""),
    "sources and destinations of flows are swapped": _forward(_swapped),
    "the last port of a range is left out": _forward(
        lambda rule: replace(rule, services=_shorter(rule.services))
    ),
    "one port more than a range has": _forward(lambda rule: replace(rule, services=_longer(rule.services))),
    "forwarding that nobody decided is allowed": _rules(
        r"(hook forward priority filter; policy) drop;", r"\1 accept;"
    ),
    "source NAT on the inner interfaces": _rules(r'oifname "wan0" snat', r'oifname != "wan0" snat'),
    "echo is answered to the internet": _rules(
        r'iifname != "wan0" (icmp(?:v6)? type echo-request accept)', r"\1"
    ),
    "a publication leads to the VM's neighbour": _gateway(
        lambda gateway: replace(
            gateway, dnat=tuple(replace(rule, target=rule.target + 1) for rule in gateway.dnat)
        )
    ),
    "everybody leaves behind the next public address": _gateway(
        lambda gateway: replace(
            gateway, snat=tuple(replace(rule, public=rule.public + 1) for rule in gateway.snat)
        )
    ),
    "what has a day goes on a day longer": Mutant(compiler=_a_day_longer),
    "a sanction that blocks is forgotten": _rules(r"^\s*jump blocked$", "", wanted=False),
    "what stands is never asked for again": _rules(
        r"ct state \{ established, related \} ct mark \$generation accept",
        "ct state { established, related } accept",
        change=True,
    ),
    "a VM may use any address": _files(r"^ipfilter: 1$|^\[IPSET ipfilter-net0\](.*\n)+?(?=\[)", ""),
    "a VM lets everything in": _files(
        r"^policy_in: DROP\npolicy_out: ACCEPT\nipfilter", "policy_in: ACCEPT\npolicy_out: ACCEPT\nipfilter"
    ),
    "a VM's rules forget their sources": _files(r" -source \S+", ""),
    "a group's first rule is lost": _files(r"^(\[group \S+\].*\n\n)IN .*\n", r"\1", wanted=False),
    "an IPv6 echo is taken for one of IPv4": _files(r"-p icmpv6", "-p icmp", wanted=False),
}
"""By what is wrong."""
