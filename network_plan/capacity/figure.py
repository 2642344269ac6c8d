# SPDX-License-Identifier: GPL-3.0-or-later
"""Arithmetic as a value: a figure carries its formula in words and numbers, its inputs and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

GIB = 2**30
MIB = 2**20


class Fits(str, Enum):
    """The answer to a question. ``unknown``: the site does not say enough to tell, so it is not shown to fit."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A number that was not worked out here: its name, its value as people read it, and its source."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One result.

    Attributes:
        value, unit: the number and what it counts.
        formula: how it came about, in words with the numbers in them.
        inputs: what stands in the formula, each with its source.
    """

    name: str
    value: int
    unit: str
    formula: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Figures of one kind side by side."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """Something to buy, to order or to find out, so that it fits.

    Attributes:
        cluster: where; empty for what belongs to none.
        what: how much of it, in words.
        each: host → how much more of it there (memory in MiB, disk in GiB); empty for what goes into no host.
        because: the arithmetic.
        declare: what to write into the site files once it is bought.
    """

    cluster: str
    what: str
    each: tuple[tuple[str, int], ...] = ()
    because: str
    declare: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one question.

    Attributes:
        title: the question.
        rules: ids of the requirements that ask it.
        says: the answer in one line.
        instead: what does as well as ``buy``, in words.
    """

    key: str
    title: str
    rules: tuple[str, ...]
    fits: Fits
    says: str
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    buy: tuple[Purchase, ...] = ()
    instead: tuple[str, ...] = ()


def worst(states: list[Fits]) -> Fits:
    """No before not known before yes."""
    return next((state for state in (Fits.NO, Fits.UNKNOWN) if state in states), Fits.YES)


def up(number: int, by: int) -> int:
    """``number / by``, rounded up."""
    return -(-number // by)


def group(number: int) -> str:
    """``56,000``: as people read it."""
    return f"{number:,}"
