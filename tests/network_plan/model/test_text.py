# SPDX-License-Identifier: GPL-3.0-or-later
"""The model's own writer of JSON prints what the library's prints, to the byte."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network_plan.model.finding import Severity
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.model.text import json_pieces, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Anything in one field, and a field that sorts before it though it is declared later."""

    value: object
    other: object = None


def _as_the_library(value: object) -> str:
    return json.dumps(plain(value), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(
        [date(2026, 11, 24), IPv4Network("10.0.0.0/8"), Service.parse("tcp/443"), Severity.ERROR]
    )
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.builds(Held, value=inner, other=inner)
    ),
    max_leaves=8,
)


@given(_VALUES)
def test_any_value_has_the_librarys_bytes(value: object) -> None:
    assert "".join(json_pieces(Held(value=value))) == _as_the_library(Held(value=value))


def test_the_whole_plan_has_the_librarys_bytes(full_plan: Plan) -> None:
    assert full_plan.to_json() == _as_the_library(full_plan)


def test_a_key_that_is_no_text_is_written_as_text() -> None:
    numbered: Mapping[int, str] = {10: "ten", 9: "nine"}
    assert "".join(json_pieces(Held(value=numbered))) == _as_the_library(Held(value=numbered))


def test_what_has_no_place_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no place in the Plan"):
        "".join(json_pieces(Held(value=[object()])))
