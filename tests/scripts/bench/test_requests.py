# SPDX-License-Identifier: GPL-3.0-or-later
"""The least number of requests counts a task once, however often its status was asked for."""

from __future__ import annotations

from scripts.bench.requests import least


def _call(method: str, path: str, count: int) -> dict[str, object]:
    return {"method": method, "path": path, "count": count, "invented": False}


def test_polling_does_not_raise_the_least() -> None:
    made = _call("POST", "/nodes/{node}/qemu", 2)
    few = [made, _call("GET", "/nodes/{node}/tasks/{upid}/status", 2)]
    many = [made, _call("GET", "/nodes/{node}/tasks/{upid}/status", 200)]
    assert least(few) == least(many) == 2 + 2 + 2


def test_a_plain_write_needs_nothing_else() -> None:
    assert least([_call("POST", "/pools", 3), _call("GET", "/pools", 1)]) == 3
