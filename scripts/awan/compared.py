# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``awan map --diff`` hands to the renderer: the Plan of a commit, and in words what differs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal

from network_plan.diff import Difference, Side, compare, side
from network_plan.diff.packets import Passage
from network_plan.diff.things import Thing
from network_plan.render.map.comparison import ChangedPath, ChangedThing, Comparison
from scripts.awan.commands.diff import HERE
from scripts.awan.problem import Problem
from scripts.awan.revision import checked_at
from scripts.awan.site import read_checked

_SAID = 3
"""So many ends of a path and values of a thing are said in its line; ``awan diff`` says all."""


def compared_with(revision: str, site: Path | None, ledger: Path | None, today: date) -> Comparison:
    """The working tree compared with a commit.

    Raises:
        Problem: one of the two gives no Plan.
    """
    try:
        old = side(revision, checked_at(revision, site, ledger, today), today)
        new = side(HERE, read_checked(site, ledger, today), today)
    except ValueError as error:
        raise Problem(f"there is no Plan to compare:\n{error}") from error
    return comparison(old, new)


def comparison(old: Side, new: Side) -> Comparison:
    """Two sides as the map shows them."""
    found = compare(old, new)
    return Comparison(rev=old.label, before=old.plan, things=_things(found), paths=_paths(found))


def _things(diff: Difference) -> tuple[ChangedThing, ...]:
    """What people declared; what is compiled from it stands behind it."""
    return tuple(
        ChangedThing(mark=thing.what, noun=thing.noun, key=thing.key, words=_of_thing(thing))
        for thing in diff.things
        if not thing.compiled
    )


def _of_thing(thing: Thing) -> str:
    changes = [one for one in (*thing.moved, *thing.changes) if not one.derived]
    written = [
        one for one in changes if not one.path.startswith("resolved.")
    ]  # what the words of a flow mean follows
    said = [f"{one.path}: {one.old or 'none'} → {one.new or 'none'}" for one in written or changes]
    return f"{thing.noun} {thing.key}: {thing.brief or _some(said)}"


def _paths(diff: Difference) -> tuple[ChangedPath, ...]:
    """What goes elsewhere now is newly allowed there, and says where it went."""
    return (
        *(_path("allowed", passage) for passage in (*diff.allowed, *diff.redirected)),
        *(_path("denied", passage) for passage in diff.denied),
    )


def _path(mark: Literal["allowed", "denied"], passage: Passage) -> ChangedPath:
    row = passage.row
    led = f", before to {passage.was}" if passage.was else ""
    why = ": ".join(filter(None, (passage.flow or row.rule, passage.state)))
    words = f"{_some(row.sources)} to {_some(row.targets)}, {', '.join(row.services)}{led} ({why})"
    return ChangedPath(mark=mark, sources=row.sources, targets=row.targets, words=words)


def _some(words: Sequence[str]) -> str:
    more = f" and {len(words) - _SAID} more" if len(words) > _SAID else ""
    return ", ".join(words[:_SAID]) + more
