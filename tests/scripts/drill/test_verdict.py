# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from scripts.drill.verdict import Attempt, Caller, Copy, Isolation, Probe, judge

SECOND = 10**9
COPY = Copy(
    key="dukcapil/siak",
    vmid=103,
    point="20261124T100000.000Z",
    base="",
    incident_ns=1000 * SECOND,
    start_ns=900 * SECOND,
    record_ns=899 * SECOND + SECOND // 2,
    record=50,
    source_record=250,
)
PROBE = Probe(
    twin="dukcapil/siak",
    client=Caller(kind="office", name="dukcapil", address="10.64.0.10"),
    target="10.32.1.10",
    service="tcp/443",
    expected=True,
    wall="",
    outcome="answered",
    text="",
    seconds=0.01,
    right=True,
)
ISOLATION = Isolation(
    ways_out=(),
    control=("udp port 9",),
    leaked=(),
    stopped=4,
    attempts=(Attempt(who="edge", target="192.0.2.80", service="tcp/443", outcome="silent"),),
)


def codes(
    copy: Copy = COPY, probe: Probe = PROBE, isolation: Isolation = ISOLATION, rto: float = 3.0, **more: Any
) -> list[str]:
    given: dict[str, Any] = {"rpo_minutes": 5, "rto_minutes": 20, "left": [], **more}
    return [reason.code for reason in judge([copy], [probe], isolation, rto, **given)]


def test_the_arithmetic() -> None:
    assert COPY.rpo_point == 100
    assert COPY.rpo_record == 100.5
    assert COPY.lost == 200
    assert dataclasses.replace(COPY, source_record=None).lost is None


def test_everything_right_passes() -> None:
    assert codes() == []
    assert codes(copy=dataclasses.replace(COPY, source_record=None)) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"start_ns": 699 * SECOND, "record_ns": 698 * SECOND}, ["rpo_point", "rpo_record"]),
        # Between the two the VM did not commit: its own counter decides, however young the point is.
        ({"record_ns": 600 * SECOND}, ["rpo_record"]),
        ({"record_ns": 902 * SECOND}, ["point_older_than_content"]),
        ({"source_record": 49}, ["more_than_source"]),
    ],
)
def test_a_copy_that_is_too_old_or_can_not_be_fails(change: dict[str, Any], expected: list[str]) -> None:
    assert codes(copy=dataclasses.replace(COPY, **change)) == expected


def test_a_service_too_late_or_wrong_fails() -> None:
    assert codes(rto=1200.0) == []
    assert codes(rto=1200.1) == ["rto"]
    assert codes(probe=dataclasses.replace(PROBE, right=False, outcome="silent")) == ["probe_not_answered"]
    denied = dataclasses.replace(PROBE, right=False, expected=False)
    assert codes(probe=denied) == ["probe_answered", "nothing_asked"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"ways_out": ("eth1 in x",)}, ["way_out"]),
        ({"control": ()}, ["capture_blind"]),
        ({"leaked": ("udp a → b",)}, ["leaked"]),
        ({"leaked": ("udp a → b",), "stopped": 0}, ["leaked"]),
        ({"stopped": 0}, ["nothing_tried"]),
        (
            {"attempts": (dataclasses.replace(ISOLATION.attempts[0], outcome="answered"),)},
            ["got_out"],
        ),
    ],
)
def test_isolation_that_is_not_proven_fails(change: dict[str, Any], expected: list[str]) -> None:
    assert codes(isolation=dataclasses.replace(ISOLATION, **change)) == expected


def test_a_leftover_fails() -> None:
    assert codes(left=["namespace x"]) == ["left"]
