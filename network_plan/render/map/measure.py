# SPDX-License-Identifier: GPL-3.0-or-later
"""How wide a text gets, so that nothing is clipped: by the widths of a wide face, as an upper bound.

The page asks for Arial's metrics (Liberation Sans, Arial, Helvetica); where a machine has none of them it falls back
on DejaVu Sans or Verdana, which are wider. Measured with those, a text fits with any of them.
"""

from __future__ import annotations

import functools

# Advance widths of DejaVu Sans and DejaVu Sans Bold in hundredths of the font's size, U+0020 to U+007E.
_PLAIN = tuple(
    int(width)
    for width in (
        "32 40 46 84 64 95 78 27 39 39 50 84 32 36 32 34 64 64 64 64 64 64 64 64 64 64 34 34 84 84 84 53 "
        "100 68 69 70 77 63 58 77 75 29 29 66 56 86 75 79 60 79 69 63 61 73 68 99 69 61 69 39 34 39 84 50 "
        "50 61 63 55 63 62 35 63 63 28 28 58 28 97 63 61 63 63 41 52 39 63 59 82 59 59 52 64 34 64 84"
    ).split()
)
_BOLD = tuple(
    int(width)
    for width in (
        "35 46 52 84 70 100 87 31 46 46 52 84 38 42 38 37 70 70 70 70 70 70 70 70 70 70 40 40 84 84 84 58 "
        "100 77 76 73 83 68 68 82 84 37 37 77 64 100 84 85 73 85 77 72 68 81 77 110 77 72 73 46 37 46 84 "
        "50 50 67 72 59 72 68 44 72 71 34 34 67 34 104 71 69 72 72 49 60 48 71 65 92 65 65 58 71 37 71 84"
    ).split()
)
_OTHER = 100  # any other letter: a full em, which even CJK does not exceed
_DOT = {"·": 38}
ELLIPSIS = "…"


@functools.cache
def _letter(letter: str, bold: bool) -> int:
    table = _BOLD if bold else _PLAIN
    index = ord(letter) - 0x20
    return table[index] if 0 <= index < len(table) else _DOT.get(letter, _OTHER)


@functools.lru_cache(maxsize=8192)
def width(text: str, size: float, *, bold: bool = False) -> float:
    """The greatest width of a text in px."""
    return sum(_letter(letter, bold) for letter in text) * size / 100


def fit(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """The text, or as much of its beginning as fits with an ellipsis."""
    if width(text, size, bold=bold) <= room:
        return text
    while text and width(text + ELLIPSIS, size, bold=bold) > room:
        text = text[:-1]
    return text.rstrip() + ELLIPSIS


def fit_end(text: str, room: float, size: float) -> str:
    """The text, or as much of its end as fits: of an address the end tells more than the beginning."""
    if width(text, size) <= room:
        return text
    while text and width(ELLIPSIS + text, size) > room:
        text = text[1:]
    return ELLIPSIS + (text.partition(" ")[2] or text)  # from the next whole word on, where there is one


def wrap(text: str, room: float, size: float, lines: int, *, bold: bool = False) -> tuple[str, ...]:
    """The text on at most so many lines, broken between words; what is left over is cut with an ellipsis."""
    found: list[str] = []
    words = text.split()
    while words and len(found) < lines - 1:
        count = 1
        while count < len(words) and width(" ".join(words[: count + 1]), size, bold=bold) <= room:
            count += 1
        found.append(fit(" ".join(words[:count]), room, size, bold=bold))
        words = words[count:]
    if words:
        found.append(fit(" ".join(words), room, size, bold=bold))
    return tuple(found)
