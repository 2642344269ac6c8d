# SPDX-License-Identifier: GPL-3.0-or-later
"""One of the two Plans that are compared, with what a check found on its day and what is left in its pools."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from network_plan.allocate.use import Use, pool_use
from network_plan.build import Checked
from network_plan.model.finding import Finding
from network_plan.model.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A Plan as it stands somewhere.

    Attributes:
        label: where, as people name it: a commit, or ``the working tree``.
        today: the day on which it is judged.
        findings: of a check on that day.
        pools: how much of each is left.
    """

    label: str
    today: date
    plan: Plan
    findings: tuple[Finding, ...]
    pools: tuple[Use, ...]


def side(label: str, checked: Checked, today: date) -> Side:
    """What was checked, as one side.

    Raises:
        ValueError: there is no Plan; the text has every finding that stands in its way.
    """
    if checked.plan is None or checked.site is None:
        raise ValueError("\n".join(map(str, (item for item in checked.report if item.severity == "error"))))
    return Side(
        label=label,
        today=today,
        plan=checked.plan,
        findings=checked.findings,
        pools=pool_use(checked.site, checked.ledger, today),
    )
