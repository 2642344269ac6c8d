# SPDX-License-Identifier: AGPL-3.0-or-later
"""Faults on command: what to refuse, what to lose, which tasks to fail. Only the rules; where they bite is elsewhere.

A rule names a method and a path (a schema template such as `/nodes/{node}/qemu`, or the end of a real path) and how
often it applies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(slots=True)
class Rule:
    """One fault of a request: answered `status` and `text` before it is handled, or lost after it was written."""

    method: str
    path: str
    times: int
    status: int = 0
    text: str = ""
    lose: bool = False

    def matches(self, method: str, template: str, path: str) -> bool:
        if self.method not in ("*", method):
            return False
        return self.path == template or path.endswith(self.path)


@dataclass(slots=True)
class Faults:
    """The rules that wait for a request or a task."""

    rules: list[Rule] = field(default_factory=list)
    tasks: list[tuple[str, str, int]] = field(default_factory=list)

    def take(self, method: str, template: str, path: str, lose: bool) -> Rule | None:
        """The first rule for this request, used up once."""
        for rule in self.rules:
            if rule.lose == lose and rule.matches(method, template, path):
                rule.times -= 1
                if rule.times <= 0:
                    self.rules.remove(rule)
                return rule
        return None

    def take_task(self, kind: str) -> str | None:
        """The text with which the next task of this type is to fail, used up once."""
        for n, (pattern, text, times) in enumerate(self.tasks):
            if re.fullmatch(pattern, kind):
                if times > 1:
                    self.tasks[n] = (pattern, text, times - 1)
                else:
                    del self.tasks[n]
                return text
        return None

    def clear(self) -> None:
        self.rules.clear()
        self.tasks.clear()
