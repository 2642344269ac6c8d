# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calendar events as PVE's schedules write them, and when the next one is: a subset of systemd's.

Follows proxmox-time `src/{parse_time,calendar_event}.rs`, which PVE calls for each schedule. `[WEEKDAY]
[[YEAR-]MONTH-DAY] [HOUR:MINUTE[:SECOND]]`; a time without a colon is minutes of every hour.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONG_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NAMED = {
    "minutely": "*:*",
    "hourly": "*:0",
    "daily": "0:0",
    "weekly": "mon 0:0",
    "monthly": "*-1 0:0",
    "yearly": "1-1 0:0",
    "annually": "1-1 0:0",
    "quarterly": "1,4,7,10-1 0:0",
    "semiannually": "1,7-1 0:0",
    "semi-annually": "1,7-1 0:0",
}
YEARS = (1970, 2100)
LOOK_AHEAD = 5 * 366  # days


class CalendarError(Exception):
    """The text is no calendar event."""


@dataclass(frozen=True, slots=True)
class Event:
    """The values that each part may take; None for any."""

    days: frozenset[int] | None
    years: frozenset[int] | None
    months: frozenset[int] | None
    dates: frozenset[int] | None
    hours: frozenset[int] | None
    minutes: frozenset[int] | None

    def next_after(self, moment: float) -> int | None:
        """The first event after this Unix time, in UTC, the time of the nodes; None if there is none for years."""
        at = datetime.fromtimestamp(moment, tz=UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        for offset in range(LOOK_AHEAD):
            day = at if not offset else (at + timedelta(days=offset)).replace(hour=0, minute=0)
            if not self._on(day):
                continue
            for hour in range(day.hour, 24):
                if self.hours is not None and hour not in self.hours:
                    continue
                first = day.minute if hour == day.hour else 0
                for minute in range(first, 60):
                    if self.minutes is None or minute in self.minutes:
                        return int(day.replace(hour=hour, minute=minute).timestamp())
        return None

    def _on(self, day: datetime) -> bool:
        return (
            (self.days is None or day.weekday() in self.days)
            and (self.years is None or day.year in self.years)
            and (self.months is None or day.month in self.months)
            and (self.dates is None or day.day in self.dates)
        )


def parse(text: str) -> Event:
    """The event that the text describes; CalendarError with the reason if it is none."""
    words = text.strip().lower()
    words = NAMED.get(words, words)
    if not words:
        raise CalendarError("unable to parse calendar event - value cannot be empty")
    days = years = months = dates = hours = None
    minutes: frozenset[int] | None = frozenset({0})
    parts = words.split()
    if parts and re.match(r"[a-z]", parts[0]):
        days = _days(parts.pop(0))
        hours = frozenset({0})
    if parts and "-" in parts[0]:
        years, months, dates = _date(parts.pop(0))
        hours = frozenset({0})
    if parts:
        hours, minutes = _time(parts.pop(0))
    if parts:
        raise CalendarError(f"unable to parse calendar event - unexpected end '{parts[0]}'")
    return Event(days, years, months, dates, hours, minutes)


def _day(word: str) -> int:
    if word in DAYS:
        return DAYS.index(word)
    if word in LONG_DAYS:
        return LONG_DAYS.index(word)
    raise CalendarError(f"unable to parse calendar event - unknown weekday '{word}'")


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for item in text.split(","):
        first, dots, last = item.partition("..")
        low = _day(first)
        high = _day(last) if dots else low
        if low > high:
            raise CalendarError(f"unable to parse calendar event - range end before start in '{item}'")
        found.update(range(low, high + 1))
    return frozenset(found)


def _date(text: str) -> tuple[frozenset[int] | None, frozenset[int] | None, frozenset[int] | None]:
    parts = text.split("-")
    if len(parts) not in (2, 3):
        raise CalendarError(f"unable to parse calendar event - bad date '{text}'")
    years = _values(parts[0], *YEARS) if len(parts) == 3 else None  # year-month-day
    return years, _values(parts[-2], 1, 12), _values(parts[-1], 1, 31)


def _time(text: str) -> tuple[frozenset[int] | None, frozenset[int] | None]:
    parts = text.split(":")
    if len(parts) == 1:
        return None, _values(parts[0], 0, 59)
    if len(parts) > 3:  # hour:minute:second
        raise CalendarError(f"unable to parse calendar event - bad time '{text}'")
    if len(parts) == 3:  # hour:minute:second
        _values(parts[2], 0, 59)
    return _values(parts[0], 0, 23), _values(parts[1], 0, 59)


def _values(text: str, low: int, high: int) -> frozenset[int] | None:
    """`*`, `*/n`, `a`, `a..b`, `a/n`, and lists of them."""
    if text == "*":
        return None
    found: set[int] = set()
    for item in text.split(","):
        match = re.fullmatch(r"(\*|\d+)(?:\.\.(\d+))?(?:/(\d+))?", item)
        if match is None or (match[1] == "*" and match[2]):
            raise CalendarError(f"unable to parse calendar event - bad value '{item}'")
        first = low if match[1] == "*" else int(match[1])
        step = int(match[3]) if match[3] else 1
        last = int(match[2]) if match[2] else high if match[3] or match[1] == "*" else first
        if step == 0 or not low <= first <= high or not first <= last <= high:
            raise CalendarError(f"unable to parse calendar event - value out of range '{item}'")
        found.update(range(first, last + 1, step))
    return frozenset(found)
