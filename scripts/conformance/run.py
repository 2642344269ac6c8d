# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the checks one after the other and keeps what each said. Cleans before and after, whatever happens between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pve_provider.errors import ApiError
from scripts.conformance.check import Check, Differs, LeftOut
from scripts.conformance.checks import CHECKS
from scripts.conformance.clean import clean
from scripts.conformance.target import Target

OK, DIFFERS, LEFT_OUT = "ok", "DIFFERS", "left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one check went."""

    name: str
    outcome: str
    expected: str
    seen: str


@dataclass(slots=True, kw_only=True)
class Report:
    """All results, and what could not be removed again."""

    results: list[Result] = field(default_factory=list)
    removed_before: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether PVE does what the provider relies on, and nothing of ours is left there."""
        return not self.left_behind and all(result.outcome != DIFFERS for result in self.results)


def chosen(only: Iterable[str] = (), skip: Iterable[str] = ()) -> list[Check]:
    """The checks whose names begin with one of `only` (all without) and none of `skip`."""
    wanted, unwanted = tuple(only), tuple(skip)
    return [
        one
        for one in CHECKS
        if (not wanted or one.name.startswith(wanted)) and not one.name.startswith(unwanted)
    ]


def run_one(one: Check, target: Target) -> Result:
    """One check; a refusal that it did not expect is a difference, with PVE's words."""
    try:
        seen = one.run(target)
    except Differs as error:
        return Result(
            name=one.name, outcome=DIFFERS, expected=f"{one.expected} ({error.expected})", seen=error.seen
        )
    except LeftOut as error:
        return Result(name=one.name, outcome=LEFT_OUT, expected=one.expected, seen=str(error))
    except ApiError as error:
        words = f"{error.method} {error.path}: {error.status} {error.words}"
        return Result(name=one.name, outcome=DIFFERS, expected=one.expected, seen=words)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        words = f"an answer of another shape ({type(error).__name__}: {error})"
        return Result(name=one.name, outcome=DIFFERS, expected=one.expected, seen=words)
    return Result(name=one.name, outcome=OK, expected=one.expected, seen=seen)


def run(target: Target, which: Iterable[Check], say: Callable[[Result], None]) -> Report:
    """All chosen checks.

    Raises:
        Unreachable: the cluster went away; what was made then is removed by the next run.
        Foreign: something that was ours has become somebody else's; nothing more was done.
    """
    report = Report()
    removed, stuck = clean(target)
    report.removed_before += removed
    if stuck:
        report.left_behind += stuck
        return report
    try:
        for one in which:
            result = run_one(one, target)
            report.results.append(result)
            say(result)
    finally:
        report.left_behind += clean(target)[1]
    return report
