# SPDX-License-Identifier: GPL-3.0-or-later
"""When a process started: a number alone may be somebody else's by now. Starts and ends none."""

from __future__ import annotations

from pathlib import Path

TICKS = 100
"""A second in the kernel's words to programs (USER_HZ), on every machine that Debian runs on."""


def start_time(pid: int) -> str | None:
    """When a process started, in ticks since boot; ``None`` where there is none, or only its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else fields[19]
