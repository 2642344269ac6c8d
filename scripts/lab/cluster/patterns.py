# SPDX-License-Identifier: AGPL-3.0-or-later
"""PVE's schema with its Perl patterns made readable for Python, so that they are checked.

fakepve skips a pattern that Python cannot compile; Perl writes its compiled ones as `(?^:...)`.
"""

from __future__ import annotations

import functools
from typing import Any

from fakepve import schema as pve_schema


@functools.cache
def readable() -> None:
    """Rewrite the loaded schema once."""
    _walk(pve_schema.load().paths)


def _walk(node: Any) -> None:
    if isinstance(node, dict):
        pattern = node.get("pattern")
        if isinstance(pattern, str) and "(?^" in pattern:
            node["pattern"] = pattern.replace("(?^:", "(?:").replace("(?^i:", "(?i:")
        for value in node.values():
            _walk(value)
    elif isinstance(node, list):
        for value in node:
            _walk(value)
