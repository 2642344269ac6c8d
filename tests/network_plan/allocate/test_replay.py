# SPDX-License-Identifier: GPL-3.0-or-later
"""What can't be true of a ledger is said, with the line; what was edited since is one finding, not all that follow."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network_plan.allocate.history import check_history
from network_plan.allocate.replay import check_ledger
from network_plan.allocate.sequence import rests_of
from network_plan.model.ledger import Kind
from network_plan.parse.ledger import parse_ledger

ROLE = {"site_role.ledger": "schema 1\nprimary 1 dc\n"}


def said(*lines: str, kind: str = "vmid", today: date | None = None) -> list[str]:
    """What a check says of one file's lines, without the cure."""
    texts = {f"{kind}/a.ledger": "\n".join(["schema 1", *lines, ""]), **ROLE}
    ledger, findings = parse_ledger(texts, "l")
    assert findings == []
    found = check_ledger(ledger, frozenset({"dc"}), "l", today)
    return [f"{f.place.line if f.place else 0}: {f.what} [{f.rule.partition('/')[2]}]" for f in found]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["allot a/v 100", "allot a/v 100"], ["3: a/v has vmid 100 already (l/vmid/a.ledger:2) [twice]"]),
        (["allot a/v 100", "reserve a/v 101"], ["3: a/v has vmid 100 already (l/vmid/a.ledger:2) [twice]"]),
        (
            ["allot a/v 100", "allot b/v 100"],
            ["3: vmid 100 of b/v was given to a/v before (l/vmid/a.ledger:2) [taken]"],
        ),
        (
            ["allot b/v 100", "allot a/v 100", "release a/v 100 2027-01-01"],
            ["2: vmid 100 of b/v was given to a/v before (l/vmid/a.ledger:3) [taken]"],
        ),
        (
            ["allot a/v 100", "release a/v 100 2027-01-01", "allot a/v 100"],
            ["4: vmid 100 of a/v was given to a/v before (l/vmid/a.ledger:2) [taken]"],
        ),
        (["release a/v 100"], ["2: a/v never had vmid 100 [release]"]),
        (
            ["allot a/v 100", "release a/v 100", "release a/v 100"],
            ["4: vmid 100 of a/v was released already [release]"],
        ),
        (["allot a/v 100", "reclaim a/v 100 2027-01-01"], ["3: vmid 100 of a/v was not released [reclaim]"]),
        (
            ["allot a/v 100", "release a/v 100", "reclaim a/v 100 2027-01-01"],
            ["4: vmid 100 of a/v was released without a day [reclaim]"],
        ),
        (
            ["allot a/v 100", "release a/v 100 2027-01-01", "reclaim a/v 100 2027-01-01"],
            ["4: vmid 100 of a/v rests until 2027-01-01 [reclaim]"],
        ),
        (
            ["allot a/v 100", "release a/v 100 2026-01-01", "reclaim a/v 100 2027-01-02"],
            ["4: 'reclaim a/v 100 2027-01-02' was decided on a day to come [day]"],
        ),
        (
            [
                *("allot a/v 100", "release a/v 100 2026-01-01", "reclaim a/v 100 2026-01-02"),
                *("allot a/v 100", "release a/v 100 2026-02-01"),
            ],
            [],
        ),
        (["allot a/v 100", "void a/v 100"], ["3: vmid 100 was given to a/v alone [void]"]),
        (["allot a/v 100", "allot b/v 100", "void b/v 100", "allot b/v 101"], []),
    ],
)
def test_acts_that_can_t_follow_each_other(lines: list[str], expected: list[str]) -> None:
    assert said(*lines, today=date(2027, 1, 1)) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["allot a/n 10.0.0.0/24", "grow a/n 10.0.0.0/23", "split a/n 10.0.0.0/25 2027-01-01"], []),
        (["grow a/n 10.0.0.0/23"], ["2: a/n can't grow from nothing to 10.0.0.0/23 [size]"]),
        (
            ["allot a/n 10.0.1.0/24", "grow a/n 10.0.0.0/23"],
            ["3: a/n can't grow from 10.0.1.0/24 to 10.0.0.0/23 [size]"],
        ),
        (
            ["allot a/n 10.0.0.0/24", "split a/n 10.0.0.0/23 2027-01-01"],
            ["3: a/n can't split from 10.0.0.0/24 to 10.0.0.0/23 [size]"],
        ),
        (
            ["allot a/n 10.0.0.0/24", "grow a/n 10.0.0.0/24"],
            ["3: a/n can't grow from 10.0.0.0/24 to 10.0.0.0/24 [size]"],
        ),
        (
            ["allot a/n 10.0.0.0/24", "grow a/n 10.0.0.0/23", "release a/n 10.0.0.0/24 2027-01-01"],
            ["4: a/n has prefix 10.0.0.0/23, not 10.0.0.0/24 [release]"],
        ),
        (
            ["allot a/n 10.0.0.0/24", "grow a/n 10.0.0.0/23", "allot a/n 10.0.8.0/24"],
            ["4: a/n has prefix 10.0.0.0/23 already [twice]"],
        ),
        (
            [
                "allot a/n 10.0.0.0/24",
                "grow a/n 10.0.0.0/23",
                "release a/n 10.0.0.0/23 2027-01-01",
                "reclaim a/n 10.0.0.0/23 2027-01-02",
                "allot b/n 10.0.0.0/22",
            ],
            [],
        ),
        (
            ["allot a/n 10.0.0.0/24", "split a/n 10.0.0.0/25 2027-01-01", "allot b/n 10.0.0.128/26"],
            ["4: b/n 10.0.0.128/26 overlaps a/n 10.0.0.0/25 (l/prefix/a.ledger:3) [overlap]"],
        ),
        (
            [
                "allot a/n 10.0.0.0/24",
                "split a/n 10.0.0.0/25 2027-01-01",
                "reclaim a/n 10.0.0.128/26 2027-01-02",
                "allot b/n 10.0.0.128/26",
            ],
            [],
        ),
        (
            [
                "allot a/n 10.0.0.0/24",
                "split a/n 10.0.0.0/25 2027-01-01",
                "reclaim a/n 10.0.0.0/26 2027-02-01",
            ],
            ["4: prefix 10.0.0.0/26 of a/n was not released [reclaim]"],
        ),
        (
            [
                "allot a/n 10.0.0.0/24",
                "split a/n 10.0.0.0/25 2027-01-01",
                "reclaim a/n 10.0.0.128/25 2027-01-02",
                "reclaim a/n 10.0.0.128/25 2027-01-03",
            ],
            ["5: prefix 10.0.0.128/25 of a/n was not released [reclaim]"],
        ),
        (
            ["allot a/n 10.0.0.0/24", "grow a/n 10.0.0.0/23", "allot b/n 10.0.1.0/24"],
            ["4: b/n 10.0.1.0/24 overlaps a/n 10.0.0.0/23 (l/prefix/a.ledger:3) [overlap]"],
        ),
        (
            ["allot a/n 10.0.0.0/16", "allot b/n 10.0.1.0/24", "allot c/n 10.0.2.0/24"],
            [
                "3: b/n 10.0.1.0/24 overlaps a/n 10.0.0.0/16 (l/prefix/a.ledger:2) [overlap]",
                "4: c/n 10.0.2.0/24 overlaps a/n 10.0.0.0/16 (l/prefix/a.ledger:2) [overlap]",
            ],
        ),
        (
            ["reserve a/n 10.0.0.0/16", "allot b/n 10.0.1.0/24", "void b/n 10.0.1.0/24"],
            [],
        ),
        (
            ["allot a/n 10.0.0.0/16", "void a/n 10.0.0.0/16"],
            ["3: prefix 10.0.0.0/16 was given to a/n alone [void]"],
        ),
    ],
)
def test_prefixes_that_change_their_size(lines: list[str], expected: list[str]) -> None:
    assert said(*lines, kind="prefix") == expected


def test_what_rests_of_a_prefix_that_changed_its_size() -> None:
    lines = [
        "allot a/n 10.0.0.0/24",
        "split a/n 10.0.0.0/25 2027-01-01",
        "grow a/n 10.0.0.0/24",
        "split a/n 10.0.0.0/26 2027-02-01",
        "release a/n 10.0.0.0/26 2027-03-01",
        "split a/n 10.0.0.0/25 2027-04-01",
    ]
    texts = {"prefix/a.ledger": "\n".join(["schema 1", *lines, ""]), **ROLE}
    ledger, _ = parse_ledger(texts, "l")
    assert rests_of(ledger.histories[Kind.PREFIX, "a/n"]) == [
        ("10.0.0.128/25", date(2027, 2, 1)),
        ("10.0.0.64/26", date(2027, 2, 1)),
        ("10.0.0.0/26", date(2027, 3, 1)),
    ]
    assert ledger.used(Kind.PREFIX) == {"10.0.0.0/24"}
    gone, _ = parse_ledger({"prefix/a.ledger": "\n".join(["schema 1", *lines[:-1], ""])}, "l")
    assert gone.live() == {}


def test_ipv6_prefixes_are_compared_too() -> None:
    lines = ["allot a/n 2001:db8::/56", "allot b/n 2001:db8:0:5::/64"]
    assert said(*lines, kind="prefix6") == [
        "3: b/n 2001:db8:0:5::/64 overlaps a/n 2001:db8::/56 (l/prefix6/a.ledger:2) [overlap]"
    ]
    grown = ["allot a/n 2001:db8::/64", "grow a/n 2001:db8::/60", "split a/n 2001:db8::/62 2027-01-01"]
    texts = {"prefix6/a.ledger": "\n".join(["schema 1", *grown, ""]), **ROLE}
    ledger, findings = parse_ledger(texts, "l")
    assert findings == []
    assert ledger.live()[Kind.PREFIX6, "a/n"] == "2001:db8::/62"
    assert ledger.used(Kind.PREFIX6) == {"2001:db8::/60"}


def told(before: list[str], now: list[str] | None) -> list[str]:
    old = {"vmid/a.ledger": "".join(f"{line}\n" for line in ["schema 1", *before])}
    new = {} if now is None else {"vmid/a.ledger": "".join(f"{line}\n" for line in ["schema 1", *now])}
    return [f"{f.place.line if f.place else 0}: {f.what}" for f in check_history(old, new, "l")]


LINES = [f"allot a/v{number} {100 + number}" for number in range(6)]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ([*LINES, "allot b/v 200"], []),
        ([LINES[0], "allot b/v 200", *LINES[1:]], []),
        (
            [*LINES[:2], "allot a/v2 199", *LINES[3:]],
            ["4: the line 'allot a/v2 102' was there before, 'allot a/v2 199' stands now"],
        ),
        ([*LINES[:2], *LINES[3:]], ["4: the line 'allot a/v2 102' was there before and is gone"]),
        ([*LINES[1:], LINES[0]], ["2: the line 'allot a/v0 100' was there before and has another place now"]),
        ([LINES[5], *LINES[:5]], ["7: the line 'allot a/v5 105' was there before and has another place now"]),
        (
            LINES[:2],
            ["4: 4 lines from 'allot a/v2 102' to 'allot a/v5 105' were there before and are gone"],
        ),
        (
            [*LINES[:2], "allot a/v2 1", "allot a/v3 2", *LINES[4:]],
            [
                "4: 2 lines from 'allot a/v2 102' to 'allot a/v3 103' were there before and are gone or have changed"
            ],
        ),
        (None, ["1: the file with its 7 lines was there before and is gone"]),
    ],
)
def test_one_damage_is_one_finding_at_its_line(now: list[str] | None, expected: list[str]) -> None:
    assert told(LINES, now) == expected


def test_a_line_that_stood_there_twice_must_go_on_doing_so() -> None:
    assert told(["allot a 100"] * 100, ["allot b 101", *["allot a 100"] * 120]) == []
    assert told(["allot a 100", "allot b 101", "allot a 100"], ["allot a 100", "allot b 101"]) == [
        "4: the line 'allot a 100' was there before and has another place now"
    ]


@settings(max_examples=100, deadline=None)
@given(
    lines=st.lists(st.sampled_from(LINES), min_size=1, max_size=8),
    extra=st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["x", "y", *LINES])), max_size=5),
    gone=st.integers(0, 19),
)
def test_what_is_only_added_is_no_damage_and_what_is_missing_is(
    lines: list[str], extra: list[tuple[int, str]], gone: int
) -> None:
    now = list(lines)
    for place, line in extra:
        now.insert(place, line)
    assert told(lines, now) == []
    fewer = [line for number, line in enumerate(lines) if number != gone % len(lines)]
    assert len(told(lines, fewer)) == 1
