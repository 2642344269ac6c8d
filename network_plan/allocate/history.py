# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of the lines of an earlier ledger: each must still stand where it stood among them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

from network_plan.model.finding import Finding, Place, Severity

_CURE = "a ledger line is never edited or removed; restore it, and add a line"


_COPIES = 100
"""So many places of one line are looked at; in earnest a line stands once, or as often as its value came back."""


def _kept(before: Sequence[str], now: Sequence[str]) -> set[int]:
    """Positions in ``before`` of the most lines that stand in ``now`` in the same order.

    So one line that was moved is one line that is missing, and not all that follow (the longest common subsequence,
    J. W. Hunt and T. G. Szymanski, CACM 20:350, 1977).
    """
    places: dict[str, list[int]] = {}
    for position, line in enumerate(now):
        found = places.setdefault(line, [])
        if len(found) < _COPIES:
            found.append(position)
    ends: list[int] = []
    chains: list[tuple[int, Any]] = []
    for number, line in enumerate(before):
        for position in reversed(places.get(line, ())):
            at = bisect_left(ends, position)
            chain = (number, chains[at - 1] if at else None)
            if at == len(ends):
                ends.append(position)
                chains.append(chain)
            else:
                ends[at] = position
                chains[at] = chain
    kept = set()
    left: Any = chains[-1] if chains else None
    while left is not None:
        kept.add(left[0])
        left = left[1]
    return kept


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each run of numbers that follow each other."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _of_file(name: str, old_text: str, text: str | None) -> list[Finding]:
    before = old_text.split("\n")[:-1]
    now = [] if text is None else text.split("\n")
    kept = _kept(before, now)
    findings = []
    lines = set(now)
    for first, last in _runs([number for number in range(len(before)) if number not in kept]):
        line = before[first]
        what = f"the line {line!r} was there before"
        instead = now[first] if first < len(now) else ""
        if text is None:
            what = f"the file with its {len(before)} lines was there before and is gone"
        elif last > first:
            what = (
                f"{last - first + 1} lines from {line!r} to {before[last]!r} were there before and are gone"
            )
            what += " or have changed" if instead else ""
        elif line in lines:
            what += " and has another place now"
        else:
            what += f", {instead!r} stands now" if instead and instead not in before else " and is gone"
        place = Place(file=name, line=first + 1)
        findings.append(
            Finding(severity=Severity.ERROR, rule="ledger/edited", what=what, cure=_CURE, place=place)
        )
    return findings


def check_history(before: Mapping[str, str], now: Mapping[str, str], shown: str) -> list[Finding]:
    """Lines of an earlier ledger that are no longer there, or no longer in their order.

    Args:
        before: file → text at the merge base.
        now: file → text today.
        shown: the ledger's folder as it appears in messages.
    """
    findings = []
    for file, old_text in sorted(before.items()):
        text = now.get(file)
        if text is None or not text.startswith(old_text):
            findings += _of_file(f"{shown}/{file}", old_text, text)
    return findings
