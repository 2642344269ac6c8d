# SPDX-License-Identifier: GPL-3.0-or-later
"""What a question of reach is answered with."""

from __future__ import annotations

from dataclasses import dataclass


class ReachError(Exception):
    """The question can't be judged as it stands; the text says what to ask instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to the packet: where, by which rule, and whether it went on."""

    where: str
    rule: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Yes or no, with the path that decides it."""

    reachable: bool
    source: str
    target: str
    service: str
    steps: tuple[Step, ...]
