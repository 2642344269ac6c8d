# SPDX-License-Identifier: GPL-3.0-or-later
"""All questions, in the order of the page, and whether all of it fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from network_plan.capacity.applications import applications
from network_plan.capacity.assume import Assumed
from network_plan.capacity.copies import copies
from network_plan.capacity.figure import Answer, Fits, worst
from network_plan.capacity.gain import gain
from network_plan.capacity.hosts import hosts
from network_plan.capacity.line import line
from network_plan.capacity.loss import loss
from network_plan.capacity.power import power
from network_plan.capacity.printed import prints
from network_plan.model.plan import Plan

Question = Callable[[Plan, Assumed], Answer]

QUESTIONS: tuple[Question, ...] = (hosts, applications, loss, prints, power, line, copies, gain)
"""In the order in which a page has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """All answers, and whether all of it fits."""

    regency: str
    fits: Fits
    answers: tuple[Answer, ...]


def capacity(plan: Plan) -> Capacity:
    """Every question answered."""
    assumed = Assumed(plan)
    answers = tuple(question(plan, assumed) for question in QUESTIONS)
    return Capacity(regency=plan.regency, fits=worst([answer.fits for answer in answers]), answers=answers)
