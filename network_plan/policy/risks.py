# SPDX-License-Identifier: GPL-3.0-or-later
"""DR-6: a risk study stands behind the recovery plan, and each shift has a post (Perbup 253/2019 §4.6.3 (8c, g))."""

from __future__ import annotations

from datetime import date

from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.policy.say import warning

ASKED = {
    "fire": "fire",
    "flood": "flood",
    "epidemic": "an epidemic among the staff",
    "main_cable": "a cut of the main cable",
}
"""Kind of risk → the source's words for it (Perbup 253/2019 §4.6.3 (8c))."""


def check_dr6(plan: Plan, _today: date | None) -> list[Finding]:
    """DR-6: every kind of risk that the source names is studied, and somebody responds."""
    studied = {risk.kind for risk in plan.risks}
    findings = [
        warning(
            "DR-6",
            f"the risk study does not look at {words}",
            f"add a risk of kind {kind} with its likelihood, impact and mitigation",
            *("dr", "risks"),
        )
        for kind, words in ASKED.items()
        if kind not in studied
    ]
    if not plan.shifts:
        what = "no shift says which post responds to an incident"
        findings.append(warning("DR-6", what, "name them under 'shifts'", "dr"))
    return findings
