# SPDX-License-Identifier: GPL-3.0-or-later
"""An error that a person can act on, with the exit code that it means."""

from __future__ import annotations

INPUT = 2
SYSTEM = 3


class Problem(Exception):
    """``text`` says what is wrong and what to do; ``code`` is 2 (input) or 3 (a system)."""

    def __init__(self, text: str, code: int = INPUT) -> None:
        super().__init__(text)
        self.text = text
        self.code = code
