# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calendar events: what is one, and when the next is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scripts.lab.cluster.schedule import CalendarError, parse

TUESDAY = datetime(2026, 11, 24, 17, 9, 43, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/15", "2026-11-24 17:15"),
        ("21:00", "2026-11-24 21:00"),
        ("17:09", "2026-11-25 17:09"),
        ("mon..fri 02:00", "2026-11-25 02:00"),
        ("sat", "2026-11-28 00:00"),
        ("monday,wednesday 1:30", "2026-11-25 01:30"),
        ("daily", "2026-11-25 00:00"),
        ("monthly", "2026-12-01 00:00"),
        ("*-*-1 3:30", "2026-12-01 03:30"),
        ("2028-2-29", "2028-02-29 00:00"),
        ("8..17:0/30", "2026-11-24 17:30"),
        ("12,13:15", "2026-11-25 12:15"),
        ("*:5..20/5", "2026-11-24 17:10"),
        ("minutely", "2026-11-24 17:10"),
    ],
)
def test_next_event(text: str, expected: str) -> None:
    found = parse(text).next_after(TUESDAY.timestamp())
    assert found is not None
    assert f"{datetime.fromtimestamp(found, tz=UTC):%Y-%m-%d %H:%M}" == expected


def test_what_lies_in_the_past_never_comes() -> None:
    assert parse("2026-1-1").next_after(TUESDAY.timestamp()) is None


@pytest.mark.parametrize(
    "text",
    ["", "noon", "25:00", "1:60", "fri..mon 1:00", "*/0", "1:2:3:4", "1:2:61", "1:00 x", "mon *..3", "1-2-3-4", "5..2"],
)  # fmt: skip
def test_no_event(text: str) -> None:
    with pytest.raises(CalendarError, match="unable to parse calendar event"):
        parse(text)
