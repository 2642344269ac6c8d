# SPDX-License-Identifier: GPL-3.0-or-later
"""An entry more in the text of a file: every other byte stays, whatever the file looks like."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scripts.awan.insert import NoPlace, document, insert, scalar
from scripts.toolchain.paths import ROOT

ORDER = ["schema", "name", "offices", "vms", "flows"]
WHY = "assumption: because: it is"
ENTRY = {"size": "small", "serves": ["tcp/443"], "source": WHY}
LINE = 'new: {size: small, serves: [tcp/443], source: "assumption: because: it is"}'
FILES = sorted((ROOT / "inventory" / "site").rglob("*.yml")) + sorted(
    (ROOT / "tests/sites/small").rglob("*.yml")
)


def _grown(text: str, section: str = "vms") -> str:
    """The new text, after everything that must hold was seen to hold: the old one is it without the new lines."""
    new, lines = insert(text, section, "new", ENTRY, ORDER)
    end = "\r\n" if "\r\n" in text else "\n"
    whole = text if text.endswith("\n") else text + end
    block = "".join(line + end for line in lines)
    assert block in new
    at = new.index(block)
    assert new[:at] + new[at + len(block) :] == whole
    return new


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_file_of_the_regency_keeps_every_byte(file: Path) -> None:
    text = file.read_bytes().decode("utf-8")
    tops = yaml.load(text, Loader=yaml.CSafeLoader)
    tried = 0
    for section, value in {**tops, "unheard-of": None}.items():
        if section == "unheard-of" or (isinstance(value, dict) and f"\n{section}:\n" in text):
            new, lines = insert(text, section, "new", ENTRY, [*tops, "unheard-of"])
            old, now = text.split("\n"), new.split("\n")
            at = next(n for n, pair in enumerate(zip(old, now, strict=False)) if pair[0] != pair[1])
            assert now[:at] + now[at + len(lines) :] == old
            tried += 1
    assert tried


def test_it_comes_last_in_its_section_in_the_manner_of_the_section() -> None:
    assert _grown("vms:\n  a: {size: small}\nflows:\n  f: {to: x}\n") == (
        f"vms:\n  a: {{size: small}}\n  {LINE}\nflows:\n  f: {{to: x}}\n"
    )
    block = _grown("vms:\n    a:\n        size: small\n\n# the end\nflows:\n  f: {to: x}\n")
    assert block.split("\n")[3:7] == [
        "    new:",
        "      size: small",
        "      serves: [tcp/443]",
        f"      source: {scalar(WHY)}",
    ]
    assert block.endswith("\n\n# the end\nflows:\n  f: {to: x}\n")


def test_a_missing_section_is_made_where_it_usually_stands() -> None:
    text = "schema: 1\nname: A\nflows:\n  f: {to: x}\n"
    assert _grown(text) == f"schema: 1\nname: A\nvms:\n  {LINE}\nflows:\n  f: {{to: x}}\n"
    assert _grown("flows:\n  f: {to: x}\n") == f"flows:\n  f: {{to: x}}\nvms:\n  {LINE}\n"


@pytest.mark.parametrize(
    "text",
    [
        "schema: 1\r\nvms:\r\n  a: {size: small}\r\nflows:\r\n  f: {to: x}\r\n",
        "schema: 1\nvms:\n  a: {size: small}",
        "schema: 1\nvms: # here\n  # first\n  a: {size: small} # why\n  # last\n\n\nflows: {}\n",
        "schema: 1\nvms:\n  a:\n    title: |\n      two\n      lines\nflows: {}\n",
        "schema: 1\nvms:\n  a:\n    title: two\n      lines\n    serves: [a,\n      b]\n",
        "schema: 1\nvms:\n  'a':\n    serves:\n    - tcp/1\n    - tcp/2\n\nname: B\n",
        "---\nschema: 1\nvms:\n  a: {size: small}\n",
    ],
)
def test_ends_of_line_comments_and_values_of_many_lines(text: str) -> None:
    _grown(text)
    said = yaml.load(_grown(text), Loader=yaml.CSafeLoader)
    assert list(said["vms"]) == ["a", "new"]
    assert said["vms"]["new"] == ENTRY


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("vms:\n  new: {size: small}\n", "has 'new' already"),
        ("vms: {a: {size: small}}\n", "braces around all of it"),
        ("vms: {}\n", "braces around all of it"),
        ("vms:\nname: A\n", "braces around all of it"),
        ("{vms: 1}\n", "no keys at its top"),
        ("- a\n", "no keys at its top"),
        ("", "no keys at its top"),
        ("vms: [\n", "this is not YAML"),
        ("vms:\n  a: {size: small}\n...\n# after\n", None),
        ("vms:\n  ? a\n  : {size: small}\n", "edit the file by hand"),
        ("name: A\n...\n", None),
    ],
)
def test_what_can_t_be_done_is_said(text: str, why: str | None) -> None:
    if why is None:
        _grown(text)
        return
    with pytest.raises(NoPlace, match=why):
        insert(text, "vms", "new", ENTRY, ORDER)


@given(st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable() and text.strip()))
def test_any_text_is_read_back_as_itself(text: str) -> None:
    said = yaml.load(document({"a": text, "b": [text, text]}), Loader=yaml.CSafeLoader)
    assert said == {"a": text, "b": [text, text]}
    grown, _ = insert("vms:\n  a: {size: small}\n", "vms", "new", {"a": text, "b": [text]}, ORDER)
    assert yaml.load(grown, Loader=yaml.CSafeLoader)["vms"]["new"] == {"a": text, "b": [text]}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain words", "plain words"),
        ("Perbup 253/2019 §4.6.4", "Perbup 253/2019 §4.6.4"),
        ("assumption: x", '"assumption: x"'),
        ("yes", '"yes"'),
        ("12", '"12"'),
        ("a, b", '"a, b"'),
        ("# no comment", '"# no comment"'),
        ('say "hi"', 'say "hi"'),
        (12, "12"),
        (datetime.date(2027, 6, 30), "2027-06-30"),
    ],
)
def test_quotes_stand_where_they_are_needed(value: str | int | datetime.date, written: str) -> None:
    assert scalar(value) == written


def test_a_long_entry_takes_a_line_per_key() -> None:
    new, lines = insert(
        "vms:\n  a: {size: small}\n", "vms", "new", {**ENTRY, "title": "word " * 40 + "end"}, ORDER
    )
    assert lines[0] == "  new:"
    assert len(lines) == 5
    assert new.startswith("vms:\n  a: {size: small}\n  new:\n    size: small\n")
