# SPDX-License-Identifier: GPL-3.0-or-later
"""Foreign text stays text in Markdown."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network_plan.diff.escape import code, plain, text

MARKUP = re.compile(r"(?<!\\)[*_\[\]#!~{}$^=`|<]")


@pytest.mark.parametrize(
    ("foreign", "said"),
    [
        ("as it is, 10.0.0.1/24 (VLAN 2)", "as it is, 10.0.0.1/24 (VLAN 2)"),
        ("a | b", "a &#124; b"),
        ("**loud** _x_ `y`", r"\*\*loud\*\* \_x\_ &#96;y&#96;"),
        ("<img src=x onerror=alert(1)>", r"&lt;img src\=x onerror\=alert(1)&gt;"),
        ("</details>", "&lt;/details&gt;"),
        ("[x](javascript:1)", r"\[x\](javascript:1)"),
        ("a\nb\u202ec\x00", "a\\\\u000ab\\\\u202ec\\\\u0000"),
        ("@everyone", "@<!-- -->everyone"),
        ("https://evil.example www.evil.example", "https:<!-- -->//evil.example www.<!-- -->evil.example"),
        ("&lt;b&gt; \\*", r"&amp;lt;b&amp;gt; \\\*"),
        ("-->", "--&gt;"),
    ],
)
def test_markup_is_shown_and_not_done(foreign: str, said: str) -> None:
    assert text(foreign) == said


@given(st.text())
def test_nothing_but_our_own_marks_is_markup(foreign: str) -> None:
    said = text(foreign).replace("<!-- -->", "")
    assert MARKUP.search(re.sub(r"&[a-z0-9#]+;", "", said.replace("\\\\", ""))) is None
    assert "\n" not in said
    assert html.unescape(re.sub(r"\\(.)", r"\1", said)) == plain(foreign)
    assert code(foreign).startswith("<code>")
