# SPDX-License-Identifier: GPL-3.0-or-later
"""A site and a ledger with one thing spoilt: sentences with places, never a traceback, and quickly."""

from __future__ import annotations

import random
from datetime import date

import pytest

from network_plan.build import check_texts

MUTANTS = 300
JUNK = (
    *(
        "",
        "~",
        "[]",
        "{}",
        "[[1]]",
        "{a: b}",
        "-1",
        "0",
        "1e400",
        "9" * 40,
        "true",
        "2026-02-30",
        "2026-01-01 10:00:00",
    ),
    *(
        "'",
        '"',
        "*a",
        "&a",
        "!!int x",
        "!!timestamp x",
        "<<",
        "|",
        "- x",
        "? x",
        "\t",
        "%",
        "@",
        "#",
        " ",
        "\r",
        "\n",
    ),
    *(
        "\u2028",
        "\u202e",
        "\x07",
        "\udc80",
        "é",
        "٣",
        "²",
        "a: b",
        "x" * 500,
        "10.0.0.0/8",
        "0.0.0.0/0",
        "::/0",
    ),
    *(
        "vm:",
        "office:",
        "internet",
        "gateway",
        "schema 1",
        "allot a b",
        "release dinas/app 100",
        "primary 9 dc",
    ),
    "<<<<<<< x",
)


def _mutate(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    line = lines[at]
    match chance.randrange(9):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[chance.randrange(len(lines))])
        case 2:
            lines[at] = line[: chance.randrange(len(line) + 1)]
        case 3:
            lines[at] = " " * chance.randrange(6) + line.lstrip()
        case 4:
            lines[at] = line.partition(":")[0] + ": " + chance.choice(JUNK)
        case 5:
            cut = chance.randrange(len(line) + 1)
            lines[at] = line[:cut] + chance.choice(JUNK) + line[cut:]
        case 6:
            words = line.split(" ")
            words[chance.randrange(len(words))] = chance.choice(JUNK)
            lines[at] = " ".join(words)
        case 7:
            other = chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            return text[: chance.randrange(len(text) + 1)]
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(3))
def test_a_mutant_is_answered_in_sentences(minimal: dict[str, str], seed: int) -> None:
    chance = random.Random(seed)
    names = sorted(minimal)
    broken = 0
    for _ in range(MUTANTS // 3):
        texts = dict(minimal)
        for _ in range(chance.randrange(1, 3)):
            name = chance.choice(names)
            texts[name] = _mutate(chance, texts[name])
        site = {name.removeprefix("site/"): text for name, text in texts.items() if name.startswith("site/")}
        ledger = {name.removeprefix("ledger/"): text for name, text in texts.items() if "ledger/" in name}
        checked = check_texts(site, ledger, today=date(2026, 11, 24))
        broken += bool(checked.report)
        assert checked.plan is not None or checked.report
        for finding in checked.report:
            assert finding.what
            assert finding.cure
            assert "Traceback" not in str(finding)
            assert finding.place is not None or finding.rule in {"ledger/missing", "ledger/role"}, finding
    assert broken > MUTANTS // 6
