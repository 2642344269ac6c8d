# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill is about: a word of the command line → the twins of the recovery cluster, and what they must reach."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from network_plan.model.dr import Tier
from network_plan.model.guest import Guest
from network_plan.model.plan import Plan


class SubjectError(Exception):
    """The word names nothing that can be drilled; the text says what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An application, or one VM.

    Attributes:
        word: as asked.
        title: as people know it.
        twins: the copies in the recovery cluster, by key.
        source: the cluster that they are copies of.
        target: the recovery cluster.
        tier: the strictest of the twins' recovery targets.
    """

    word: str
    title: str
    twins: tuple[Guest, ...]
    source: str
    target: str
    tier: Tier


def keys_of(plan: Plan, word: str) -> tuple[str, tuple[str, ...]]:
    """Title and VM keys that a word names.

    Raises:
        SubjectError: it names nothing, or an application without VMs.
    """
    for application in plan.applications:
        if word in (application.key, application.title):
            if not application.vms:
                raise SubjectError(
                    f"application {application.key} has no VM here (state: {application.state})"
                )
            return application.title, application.vms
    for guest in plan.guests:
        if word in (guest.key, guest.name, guest.fqdn, str(guest.vmid), guest.title):
            return guest.title, (guest.key,)
    known = sorted({guest.key for guest in plan.guests} | {item.key for item in plan.applications})
    near = difflib.get_close_matches(word, known, n=1)
    hint = (
        f"did you mean {near[0]!r}?" if near else "name a VM (tenant/vm) or an application of the site files"
    )
    raise SubjectError(f"{word!r} is nothing that can be drilled; {hint}")


def choose(plan: Plan, word: str) -> Subject:
    """The twins of a word.

    Raises:
        SubjectError: the word names nothing, or a VM without twin.
    """
    title, keys = keys_of(plan, word)
    twins = tuple(guest for guest in plan.guests if guest.twin and guest.key in keys)
    without = sorted(set(keys) - {twin.key for twin in twins})
    if without:
        raise SubjectError(
            f"{', '.join(without)} has no twin in the recovery cluster: its tier is restored from backup, "
            "which this drill does not test"
        )
    tiers = {tier.priority: tier for tier in plan.tiers}
    return Subject(
        word=word,
        title=title,
        twins=twins,
        source=plan.role.primary,
        target=twins[0].cluster,
        tier=min((tiers[twin.tier] for twin in twins), key=lambda tier: tier.rpo_minutes),
    )
