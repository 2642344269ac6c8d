# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes that were no UTF-8, found again in the text: ``files`` keeps each as a lone surrogate (PEP 383)."""

from __future__ import annotations

import re

_FOREIGN = re.compile("[\udc80-\udcff]")


def no_utf8(text: str) -> tuple[int, int, int] | None:
    """Line, column and value of the first byte that is no UTF-8; ``None`` where all is well."""
    match = _FOREIGN.search(text)
    if match is None:
        return None
    before = text[: match.start()]
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n")
    return line, column, ord(match[0]) - 0xDC00
