# SPDX-License-Identifier: GPL-3.0-or-later
"""Ledger files: the fast way and the long way say the same; what the previous version wrote opens; tables of today."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network_plan.allocate.replay import check_ledger
from network_plan.model.ledger import Act, Entry, Kind, Ledger
from network_plan.model.row import Row
from network_plan.parse.ledger import parse_ledger
from network_plan.parse.rows import parse_rows
from network_plan.parse.values import VALUES, problem_of, wrong_blocks
from scripts.toolchain.paths import ROOT

SEEN = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
LIKE = st.one_of(*(st.from_regex(rf"\A(?:{pattern})\Z") for pattern in VALUES.values()), SEEN)


@settings(max_examples=400, deadline=None)
@given(kind=st.sampled_from(Kind), value=LIKE)
def test_the_pattern_takes_what_the_long_way_takes(kind: Kind, value: str) -> None:
    import re

    fast = re.fullmatch(VALUES[kind], value) is not None and not wrong_blocks(kind, [value])
    assert fast is (problem_of(kind, value) is None)


def _read(text: str, name: str = "vmid/dinas.ledger") -> tuple[Ledger, list[str]]:
    ledger, findings = parse_ledger({name: text}, "l")
    return ledger, [str(finding).replace(" error:", "") for finding in findings]


def test_each_act_is_read_with_its_day() -> None:
    lines = [
        "allot dinas/a 100",
        "reserve isp/modem 101",
        "release dinas/a 100 2027-01-31",
        "release isp/modem 101",
        "reclaim dinas/a 100 2027-02-01",
        "void dinas/b 102",
    ]
    ledger, findings = _read("\n".join(["schema 1", *lines, ""]))
    assert findings == []
    assert [entry.line for entry in ledger.entries] == lines
    assert [entry.place.line for entry in ledger.entries if entry.place] == [2, 3, 4, 5, 6, 7]
    assert ledger.entries[2].day == date(2027, 1, 31)
    prefixes = [
        "allot dinas/n 10.0.0.0/24",
        "grow dinas/n 10.0.0.0/23",
        "split dinas/n 10.0.0.0/25 2027-01-31",
    ]
    ledger, findings = _read("\n".join(["schema 1", *prefixes, ""]), "prefix/dinas.ledger")
    assert findings == []
    assert [entry.act for entry in ledger.entries] == [Act.ALLOT, Act.GROW, Act.SPLIT]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "allot dinas/a 100 2027-01-01",
            "'allot dinas/a 100 2027-01-01' is no ledger line; a line reads 'allot KEY VALUE'",
        ),
        (
            "reclaim dinas/a 100",
            "'reclaim dinas/a 100' is no ledger line; a line reads 'reclaim KEY VALUE DAY'",
        ),
        ("release dinas/a 100 1 2", "a line reads 'release KEY VALUE [DAY]'"),
        ("release dinas/a 100 2027-02-30", "'2027-02-30' is no day; write it as YYYY-MM-DD"),
        ("release dinas/a 100 20270201", "'20270201' is no day"),
        ("grow dinas/a 100", "'grow dinas/a 100' is no ledger line"),
        ("lend dinas/a 100", "a line reads 'allot KEY VALUE'; restore it from git, or update Awan"),
        ("allot Dinas/a 100", "'Dinas/a' is no key"),
        ("allot dinas/\x07a 100", "l/vmid/dinas.ledger:2:13: a character that can't be seen (U+0007)"),
        ("allot dinas/a\r 100", "a character that can't be seen (U+000D)"),
        ("allot dinas/\u202ea 100", "a character that can't be seen (U+202E)"),
        ("", "'' is no ledger line"),
        ("<<<<<<< ours", "a merge marker"),
    ],
)
def test_a_wrong_line_is_named_and_the_others_are_read(line: str, said: str) -> None:
    ledger, findings = _read(f"schema 1\n{line}\nallot dinas/b 101\n")
    (found,) = findings
    assert said in found
    assert found.startswith("l/vmid/dinas.ledger:2")
    assert ledger.live() == {(Kind.VMID, "dinas/b"): "101"}


def test_the_schema_line_may_stand_twice_after_a_union_merge() -> None:
    ledger, findings = _read("schema 1\nallot dinas/a 100\nschema 1\nallot dinas/b 101\n")
    assert findings == []
    assert [entry.place.line for entry in ledger.entries if entry.place] == [2, 4]


def test_the_ledger_of_the_previous_version_opens() -> None:
    """A copy of what it wrote, with a release of two words, must mean the same for ever."""
    folder = ROOT / "tests" / "ledgers" / "schema-1"
    texts = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.ledger")
    }
    ledger, findings = parse_ledger(texts, "l")
    assert findings == []
    assert check_ledger(ledger, frozenset({"dc", "drc"}), "l", date(2030, 1, 1)) == []
    assert ledger.lines == 36
    assert ledger.live()[Kind.VMID, "dinas/app"] == "102"
    assert ledger.live()[Kind.PREFIX, "dinas/servers"] == "10.1.0.0/24"
    assert ledger.used(Kind.VMID) == {"100", "101", "102"}, "a release without a day rests for good"


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(
        st.builds(
            Entry,
            kind=st.just(Kind.VMID),
            owner=st.just("a"),
            act=st.sampled_from([Act.ALLOT, Act.RESERVE, Act.RELEASE]),
            key=st.sampled_from(["a/b", "a/c", "a-1/d.e_f@g"]),
            value=st.integers(100, 999_999_999).map(str),
        )
    )
)
def test_what_is_written_is_read(lines: list[Entry]) -> None:
    text = "".join(f"{line}\n" for line in ["schema 1", *(entry.line for entry in lines)])
    ledger, findings = parse_ledger({"vmid/a.ledger": text}, "l")
    assert findings == []
    assert list(ledger.entries) == lines
    assert ledger.live() == Ledger.of(lines).live()


def _rows(text: str) -> tuple[list[Row], list[str]]:
    rows, findings = parse_rows(text, "today.csv")
    return rows, [f"{finding.place}: {finding.what}" for finding in findings]


def test_a_table_is_read_as_spreadsheets_write_it() -> None:
    for text in (
        "key,kind,value,note\ndinas/app,vmid,100,the register\n\ndinas/app/net0,address,10.1.0.10,\n",
        "\ufeffKind;Value;Key;note\r\nvmid;100;dinas/app;\r\naddress;10.1.0.10;dinas/app/net0;\r\n",
    ):
        rows, findings = _rows(text)
        assert findings == []
        assert [(row.kind, row.key, row.value) for row in rows] == [
            (Kind.VMID, "dinas/app", "100"),
            (Kind.ADDRESS, "dinas/app/net0", "10.1.0.10"),
        ]


def test_all_that_is_wrong_with_a_table_is_told_at_once() -> None:
    text = (
        "key,kind,value\n"
        "dinas/app,vmid,99\n"
        "dinas/app,vm,100\n"
        "Dinas App,vmid,100\n"
        "dinas/app,vmid\n"
        "dinas/app,vmid,100\n"
        "dinas/app,vmid,101\n"
        "dinas/web,vmid,100\n"
        "dinas/app@dc,node,dc1\n"
        "dinas/web@dc,node,dc1\n"
        'dinas/web,mac,"02:61\n'
    )
    rows, findings = _rows(text)
    assert findings == [
        "today.csv:2: '99' is no vmid: a VMID is 100 to 999999999",
        "today.csv:3: there is no kind 'vm'",
        "today.csv:4: 'Dinas App' is no key",
        "today.csv:5: the line has 2 columns, the first one has 3",
        "today.csv:7: vmid 101 of dinas/app: line 6 says otherwise",
        "today.csv:8: vmid 100 of dinas/web: line 6 says otherwise",
        "today.csv:11: the table can't be read: unexpected end of data",
    ]
    assert [row.key for row in rows] == ["dinas/app", "dinas/app@dc", "dinas/web@dc"]
    assert _rows("")[1] == ["today.csv:1: the table has no column 'key'"]
    assert _rows("key,value\n")[1] == ["today.csv:1: the table has no column 'kind'"]
    assert _rows("key,kind,value\na,vmid,\udce9\n")[1] == ["today.csv:2:8: byte 0xe9 is no UTF-8"]


def test_a_file_that_is_no_ledger_is_not_told_line_by_line() -> None:
    _, findings = _read("schema 1\n" + "<<<<<<<\n" * 50)
    assert len(findings) == 21
    assert "20 lines can't be read; what comes after is not read" in findings[-1]
    _, findings = _read("schema 1\n" + "no line\n" * 50)
    assert len(findings) == 21


@pytest.mark.parametrize(
    ("kind", "value"),
    [("prefix", "10.1.0.1/24"), ("prefix6", "2001:db8::1/64"), ("prefix6", "2001:DB8::/64")],
)
def test_a_prefix_of_the_right_form_is_looked_at_too(kind: str, value: str) -> None:
    ledger, findings = _read(f"schema 1\nallot dinas/n {value}\n", f"{kind}/dinas.ledger")
    assert len(findings) == 1
    assert ledger.live() == {}
