# SPDX-License-Identifier: GPL-3.0-or-later
"""Foreign text in Markdown: it stays text, in a paragraph, a list, a table's cell or a heading.

CommonMark takes a backslash before any ASCII punctuation (§2.4) and entities (§2.5) for the sign itself and never for
markup. Letters that end a line or turn its direction are shown by their number.
"""

from __future__ import annotations

import re
import unicodedata

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "`": "&#96;"}
_MARKUP = re.compile(r"([\\*_\[\]#!~{}$^=])|([&<>|`])")
_HIDDEN = ("Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn")
_LINK = re.compile(r"(?i)(?<=http)(s?):(?=//)|(?<=www)\.|@")


def _shown(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if unicodedata.category(letter) in _HIDDEN else letter


def plain(value: str) -> str:
    """One line of what is printed: a letter that is not seen is its number."""
    return value if value.isprintable() else "".join(map(_shown, value))


def text(value: str) -> str:
    """Text without markup. An address of a page is no link, and ``@name`` calls nobody."""
    escaped = _MARKUP.sub(lambda match: f"\\{match[1]}" if match[1] else _ENTITIES[match[2]], plain(value))
    return _LINK.sub(lambda match: f"{match[0]}<!-- -->", escaped)


def code(value: str) -> str:
    """The same in a fixed font."""
    return f"<code>{text(value)}</code>"
