# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of bad names as people supply them: what is read, and what is said of a line that is no name."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from network_plan.build import check_texts
from network_plan.model.blocked import Names
from network_plan.model.plan import Plan
from network_plan.parse.blocked import MAX_CHARACTERS, parse_blocked

FILE = "blocked/known.txt"


def read(text: str) -> tuple[tuple[str, ...], list[str]]:
    found, findings = parse_blocked({FILE: text, "services.yml": "x"}, None, (), "site")
    return found["known"].all, [str(finding) for finding in findings]


def test_names_are_read_one_a_line() -> None:
    text = "# kept by nobody\n\nBad.Example.\n  worse.bad.example  # since May\nxn--bcher-kva.example\nbad.example\n_x.a-b.example"
    assert read(text) == (("_x.a-b.example", "bad.example", "worse.bad.example", "xn--bcher-kva.example"), [])


@pytest.mark.parametrize(
    "line",
    [
        "0.0.0.0 bad.example",
        "https://bad.example/",
        "*.bad.example",
        "example",
        "bücher.example",
        "-a.example",
        "a" * 64 + ".example",
        "a." * 100 + "example",
        'bad.example. CNAME x.example." $INCLUDE /etc/passwd',
        "bad..example",
        "\udcff.example",
    ],
)
def test_a_line_that_is_no_name_is_said_with_its_number(line: str) -> None:
    names, findings = read(f"good.example\n{line}\n")
    assert names == ("good.example",)
    (finding,) = findings
    assert finding.startswith("site/blocked/known.txt:2: error: '")
    assert finding.isascii() or "…" in finding
    finding.encode()


def test_of_many_wrong_lines_the_first_are_said_and_the_rest_counted() -> None:
    _, findings = read("x\n" * 1000)
    assert len(findings) == 11
    assert "990 more lines hold no domain name" in findings[-1]


def test_an_empty_list_and_one_too_long_are_said() -> None:
    assert "the list holds no name" in read("# nothing\n")[1][0]
    assert "has more than" in read("a" * (MAX_CHARACTERS + 1))[1][0]


def test_equal_names_are_equal_and_say_their_digest() -> None:
    one, same, other = (Names(frozenset(names)) for names in (("a.b", "c.d"), ("c.d", "a.b"), ("a.b",)))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != "2 names"
    assert str(one).startswith("2 names, sha256 ")


def test_a_list_and_its_declaration_belong_together(minimal: dict[str, str]) -> None:
    texts = {name.removeprefix("site/"): text for name, text in minimal.items() if name.startswith("site/")}
    ledger = {name.removeprefix("ledger/"): text for name, text in minimal.items() if "ledger/" in name}

    def said(site: dict[str, str]) -> list[str]:
        return [finding.what for finding in check_texts(site, ledger).errors]

    assert said({**texts, "blocked/other.txt": "a.example"}) == ["nothing declares this list"]
    without = {name: text for name, text in texts.items() if name != FILE}
    assert said(without) == ["blocked/known.txt is missing"]
    unreadable = texts["services.yml"].replace("they bring malware", "[]")
    assert len(said({**texts, "services.yml": unreadable})) == 1


def test_a_hundred_thousand_names_stay_out_of_the_plans_text(planned: Callable[..., Plan]) -> None:
    many = "".join(f"host{number}.bad.example\n" for number in range(100_000))
    before = time.process_time()
    names, findings = parse_blocked({FILE: many}, None, (), "site")
    spent = time.process_time() - before
    assert findings == []
    assert len(names["known"].all) == 100_000
    assert spent < 2, "half a second on a quiet machine"
    plan = planned(("site/blocked/known.txt", "bad.example\n", many))
    assert len(plan.to_json()) < len(planned().to_json()) + 20
