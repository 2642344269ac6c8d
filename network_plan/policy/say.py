# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings in one line: every rule says them by these two. Judges nothing."""

from __future__ import annotations

from network_plan.model.finding import Finding, Severity


def error(rule: str, what: str, cure: str, *path: str | int) -> Finding:
    """A finding that stops the line; ``path`` is the key path in the site."""
    return Finding(severity=Severity.ERROR, rule=rule, what=what, cure=cure, path=path)


def warning(rule: str, what: str, cure: str, *path: str | int) -> Finding:
    """A known shortcoming that does not stop the line; ``path`` is the key path in the site."""
    return Finding(severity=Severity.WARNING, rule=rule, what=what, cure=cure, path=path)
