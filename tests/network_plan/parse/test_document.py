# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML that is too large, too deep, or no text: a finding each time, at once and never a traceback."""

from __future__ import annotations

import time

import pytest

from network_plan.model.finding import Place
from network_plan.parse.document import MAX_BYTES, Positions, read_document


def _rules(text: str) -> list[str]:
    return [finding.rule for finding in read_document("x.yml", text, ("x",), Positions())[1]]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("a: 1\nb: [x, y]\n", []),
        ("# nothing\n", ["site/empty"]),
        ("[" * 900 + "]" * 900, ["site/depth"]),
        ("[" * 100_000, ["site/yaml"]),
        ("a: [1, 2\n", ["site/yaml"]),
        ("a: 1\n---\nb: 2\n", ["site/yaml"]),
        ("a: \x00", ["site/yaml"]),
        ("a: \udcff", ["site/utf8"]),
        ("a: &x [1]\nb: *x\nc: *x\n", ["site/alias", "site/alias"]),
        ("a: &x {b: *x}\n", ["site/alias"]),
        ("? {b: 1}\n: 2\n", ["site/key"]),
        ("a: 1\na: 2\na: 3\n", ["site/duplicate", "site/duplicate"]),
        ("a: !!int x\nb: !!float ''\nc: !!bool maybe\nd: !!timestamp x\n", ["site/value"] * 4),
        ("a: !!binary YQ==\nb: !!set x\nc: !local x\nd: !!python/object:os.system x\n", ["site/value"] * 4),
        ("a: " + "9" * 5000, ["site/value"]),
        ("a: 9999-99-99\n", ["site/value"]),
        ("x" * (MAX_BYTES + 1), ["site/size"]),
    ],
)
def test_what_is_found(text: str, rules: list[str]) -> None:
    assert _rules(text) == rules


def test_a_billion_laughs_takes_no_time() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    start = time.perf_counter()
    assert set(_rules("\n".join(lines))) == {"site/alias"}
    assert time.perf_counter() - start < 1


def test_every_key_and_item_has_its_place() -> None:
    positions = Positions()
    read_document("x.yml", "a:\n  b: [1, 2]\n", ("x",), positions)
    assert positions.of(("x", "a", "b")) == Place(file="x.yml", line=2, column=3)
    assert positions.of(("x", "a", "b", 1)) == Place(file="x.yml", line=2, column=10)
    assert positions.of(("x", "a", "none", "at", "all")) == Place(file="x.yml", line=1, column=1)
    assert positions.of(("elsewhere",)) is None
