# SPDX-License-Identifier: GPL-3.0-or-later
"""The two commands that do everything, with warm caches. They take minutes, so only `--whole` measures them."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.bench.measure import Row, run

UP_SECONDS = 180
TEST_SECONDS = 600


def rows() -> Iterator[Row]:
    """Time `make up` twice (the second is warm) and `make test` once, which the first has warmed."""
    for _ in range(2):
        took = run(["make", "up"])
    yield Row(name="make up, warm", value=took.seconds, unit="s", limit=UP_SECONDS)
    took = run(["make", "test"])
    yield Row(name="make test, warm", value=took.seconds, unit="s", limit=TEST_SECONDS)
