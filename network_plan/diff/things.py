# SPDX-License-Identifier: GPL-3.0-or-later
"""What came, went, moved and changed, thing by thing; and numbers that another thing has now."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from network_plan.diff.flat import Change, changes, leaves
from network_plan.diff.sections import SECTIONS, Section
from network_plan.model.plan import Plan

What = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A thing of the Plan that is not what it was.

    Attributes:
        noun: what it is.
        key: which one.
        what: ``added``, ``removed`` or ``changed``.
        brief: of one that came or went, what is to be known of it.
        moved: of a changed one, where it is or the number by which it is known, before and after.
        changes: everything else that changed.
        compiled: whether it follows from other things that are named, as rules from flows.
    """

    noun: str
    key: str
    what: What
    brief: str = ""
    moved: tuple[Change, ...] = ()
    changes: tuple[Change, ...] = ()
    compiled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A number or an address that was one thing's and is another's now; the ledger never does that by itself.

    Attributes:
        kind: VLAN, vnet, prefix, VMID, MAC, address or public address.
        value: the number; of what is known by it in one cluster only, with the cluster.
        was: key of the thing that had it.
        now: key of the one that has it now.
    """

    kind: str
    value: str
    was: str
    now: str


def things(old: Plan, new: Plan) -> tuple[Thing, ...]:
    """Every thing that is not what it was, in the order of the sections and of keys."""
    return tuple(thing for section in SECTIONS for thing in _of_section(section, old, new))


def _of_section(section: Section, old: Plan, new: Plan) -> Iterator[Thing]:
    before, after = dict(section.items(old)), dict(section.items(new))
    for key in sorted({*before, *after}):
        one, other = before.get(key), after.get(key)
        if one == other:
            continue
        if one is None or other is None:
            what: What = "added" if one is None else "removed"
            brief = section.brief(other if one is None else one)
            yield Thing(noun=section.noun, key=key, what=what, brief=brief, compiled=section.compiled)
            continue
        found = tuple(
            dataclasses.replace(item, derived=_is(section.derived, item))
            for item in changes(
                leaves(section.view(one), section.without), leaves(section.view(other), section.without)
            )
        )
        if found:
            yield Thing(
                noun=section.noun,
                key=key,
                what="changed",
                moved=tuple(item for item in found if _is(section.moves, item)),
                changes=tuple(item for item in found if not _is(section.moves, item)),
                compiled=section.compiled or all(item.derived for item in found),
            )


def _is(pattern: re.Pattern[str] | None, change: Change) -> bool:
    return pattern is not None and pattern.fullmatch(change.path) is not None


def taken(old: Plan, new: Plan) -> tuple[Taken, ...]:
    """Numbers that changed hands."""
    before, after = _numbers(old), _numbers(new)
    return tuple(
        Taken(kind=kind, value=value, was=before[kind, value], now=after[kind, value])
        for kind, value in sorted(before.keys() & after.keys())
        if before[kind, value] != after[kind, value]
    )


def _numbers(plan: Plan) -> Mapping[tuple[str, str], str]:
    """What is known by numbers: kind and value → whose it is."""
    found: dict[tuple[str, str], str] = {}
    for network in plan.networks:
        found |= {("VLAN", str(network.vlan)): network.key, ("vnet", network.vnet): network.key}
        found |= {("prefix", str(prefix)): network.key for prefix in network.prefixes}
    for guest in plan.guests:
        found["VMID", f"{guest.vmid} in {guest.cluster}"] = guest.key
        for nic in guest.nics:
            found["MAC", f"{nic.mac} in {guest.cluster}"] = guest.key
            addresses = (f"{address.ip} in {guest.cluster}" for address in nic.addresses)
            found |= {("address", address): guest.key for address in addresses}
    found |= {
        ("public address", str(public.address)): f"{public.use}/{public.name}" for public in plan.public
    }
    return found
