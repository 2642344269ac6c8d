# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PDF of Chromium's says: its pages' sizes, and how large the letters of a page come out on paper.

Read from the page's own drawing commands (ISO 32000-1 §8.2, §9.4): font size, text matrix and what was transformed
before, multiplied. Enough for what Skia writes, and no general reader.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

Matrix = tuple[float, float, float, float]
_NUMBERS = rb"((?:-?[\d.]+\s+)+)"
_COMMAND = re.compile(rb"(?<![\w/])(q|Q)\s|" + _NUMBERS + rb"(cm|Tm)\s|/\w+\s+(-?[\d.]+)\s+Tf\s|(TJ|Tj)\s")


@dataclass(frozen=True)
class Paper:
    """One page: width and height in points, and the size in points of every piece of text on it."""

    width: float
    height: float
    letters: tuple[float, ...]


def _times(a: Matrix, b: Matrix) -> Matrix:
    return (
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
    )


def _letters(commands: bytes) -> list[float]:
    one: Matrix = (1.0, 0.0, 0.0, 1.0)
    now, text, size = one, one, 0.0
    kept: list[Matrix] = []
    found = []
    for match in _COMMAND.finditer(commands + b"\n"):
        if match[1] == b"q":
            kept.append(now)
        elif match[1] == b"Q":
            now = kept.pop()
        elif match[3]:
            a, b, c, d = map(float, match[2].split()[-6:-2])
            if match[3] == b"cm":
                now = _times((a, b, c, d), now)
            else:
                text = (a, b, c, d)
        elif match[4]:
            size = float(match[4])
        else:
            whole = _times(text, now)
            found.append(size * abs(whole[0] * whole[3] - whole[1] * whole[2]) ** 0.5)
    return found


def papers(pdf: bytes) -> list[Paper]:
    """The pages of a PDF in their order."""
    objects = dict(re.findall(rb"(?:^|\n)(\d+) 0 obj\b(.*?)endobj", pdf, re.DOTALL))
    found = []
    for body in objects.values():
        if not re.search(rb"/Type\s*/Page\b", body):
            continue
        size = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", body)
        contents = re.search(rb"/Contents (\d+) 0 R", body)
        assert size
        assert contents
        stream = re.search(rb"stream\r?\n(.*?)\r?\nendstream", objects[contents[1]], re.DOTALL)
        assert stream
        letters = _letters(zlib.decompress(stream[1]))
        found.append(Paper(width=float(size[1]), height=float(size[2]), letters=tuple(letters)))
    return found
