# SPDX-License-Identifier: GPL-3.0-or-later
"""Wire values to plain ones and back, secrets and unknowns included; marks in comments; scrubbing."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pve_provider import mark, wire
from pve_provider.errors import Scrubber
from pve_provider.resources import BY_TOKEN
from pve_provider.server import _secrets

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_there_and_back(values: dict[str, Any]) -> None:
    assert wire.decode(wire.encode(values)) == wire.Decoded(values, frozenset())


def test_secrets_are_wrapped_by_path_and_found_again() -> None:
    values = {"a": {"b": [{"p": "x"}, {"p": "y"}]}, "c": "z"}
    struct = wire.encode(values, {("a", "b", "*", "p"), ("c",)})
    assert struct.fields["c"].struct_value.fields[wire.SIGNATURE].string_value == wire.SECRET
    decoded = wire.decode(struct)
    assert decoded.values == values
    assert decoded.secrets == {("a", "b", 0, "p"), ("a", "b", 1, "p"), ("c",)}


def test_the_unknown_stays_unknown() -> None:
    decoded = wire.decode(wire.encode({"a": wire.UNKNOWN, "b": [wire.UNKNOWN]}))
    assert decoded.values["a"] is wire.UNKNOWN
    assert wire.has_unknown(decoded.values)


def test_what_a_program_makes_secret_stays_secret() -> None:
    vm = BY_TOKEN["pve:index:Vm"]
    given = wire.Decoded(
        {"description": "hush", "cloudInit": {"password": "x"}}, frozenset({("description",)})
    )
    assert _secrets(vm, given) == {("description",), ("cloudInit", "password")}


@settings(deadline=None)
@given(
    st.text(alphabet=st.characters(exclude_characters="\n\r", exclude_categories=["C", "Z"])), st.booleans()
)
def test_a_mark_is_found_behind_any_comment(text: str, lines: bool) -> None:
    made = mark.fresh("urn:pulumi:dc::awan::awan:pve:Tenant$pve:index:Pool::a name with blanks")
    assert mark.split(mark.join(text, made, lines=lines) + "\n") == (text, made)


def test_what_people_write_is_no_mark() -> None:
    for text in ("", "awan: something", "see awan: urn:pulumi:x 0123", "line\n"):
        assert mark.split(text) == (text.rstrip("\n"), None)


def test_a_token_is_scrubbed_with_and_without_its_name() -> None:
    scrubber = Scrubber()
    scrubber.add("iac@pve!pulumi=11111111-2222")
    assert scrubber.clean("a iac@pve!pulumi=11111111-2222 b 11111111-2222 c") == "a [secret] b [secret] c"
