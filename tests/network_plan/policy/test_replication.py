# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a calendar event comes; what a tier may not promise is in ``tests/sites/broken/dr_2_*``."""

from __future__ import annotations

import pytest

from network_plan.policy.replication import interval_minutes


@pytest.mark.parametrize(
    ("schedule", "minutes"),
    [
        ("02:30", 1440),
        ("2:30", 1440),
        ("23:59", 1440),
        ("*/4:00", 240),
        ("*/23:15", 1380),
        ("*/15", 15),
        ("24:00", None),
        ("*/24:00", None),
        ("*/0:00", None),
        ("*/60", None),
        ("sat 02:30", None),
        ("01:00,13:00", None),
        ("*:00", None),
    ],
)
def test_only_what_can_be_told_is_told(schedule: str, minutes: int | None) -> None:
    assert interval_minutes(schedule) == minutes
