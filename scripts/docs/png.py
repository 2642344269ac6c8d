# SPDX-License-Identifier: GPL-3.0-or-later
"""A screenshot's PNG made small: at most 256 colours, one byte a pixel (PNG specification §9, §11).

Reads what Chromium writes, which is 8-bit RGB or RGBA without interlacing, and no other kind.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = {2: 3, 6: 4}  # colour type → bytes of a pixel


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _unfilter(kind: int, row: bytearray, before: bytes, step: int) -> bytearray:
    """A row without its filter (PNG specification §9.2); the loops are plain because they run for every byte."""
    if kind == 0:
        return row
    if kind == 2:
        return bytearray((value + above) & 255 for value, above in zip(row, before, strict=True))
    for at in range(len(row)):
        left, corner = (row[at - step], before[at - step]) if at >= step else (0, 0)
        above = before[at]
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + above) // 2
        else:
            far_left, far_above = abs(above - corner), abs(left - corner)
            far_corner = abs(left + above - 2 * corner)
            other = above if far_above <= far_corner else corner
            guess = left if far_left <= far_above and far_left <= far_corner else other
        row[at] = (row[at] + guess) & 255
    return row


def pixels(png: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and the rows as RGB.

    Raises:
        ValueError: it is no PNG of the kind that is read here.
    """
    found: dict[bytes, bytes] = {}
    for kind, body in _chunks(png):
        found[kind] = found.get(kind, b"") + body
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", found[b"IHDR"])
    if depth != 8 or colour not in _COLOURS or interlaced:
        raise ValueError(f"a PNG of depth {depth} and colour type {colour}; a screenshot has 8 and 2 or 6")
    step = _COLOURS[colour]
    data = zlib.decompress(found[b"IDAT"])
    before = bytes(width * step)
    rows = []
    for y in range(height):
        start = y * (width * step + 1)
        row = _unfilter(data[start], bytearray(data[start + 1 : start + 1 + width * step]), before, step)
        before = bytes(row)
        if step == 4:
            del row[3::4]
        rows.append(bytes(row))
    return width, height, rows


def _palette(counted: Counter[bytes]) -> list[bytes]:
    """The most frequent colours, and of the others one for each part of the colour space: rare hues are not lost."""
    often = [colour for colour, _ in counted.most_common(96)]
    parts: dict[bytes, bytes] = {}
    weight: Counter[bytes] = Counter()
    for colour, count in counted.most_common():
        part = bytes(value >> 4 for value in colour)
        weight[part] += count
        parts.setdefault(part, colour)
    rest = [parts[part] for part, _ in weight.most_common()]
    return list(dict.fromkeys([*often, *rest]))[:256]


def small(png: bytes) -> bytes:
    """The same picture with 256 colours of its own; each other one becomes the nearest of them."""
    width, height, rows = pixels(png)
    lines = [[row[at : at + 3] for at in range(0, len(row), 3)] for row in rows]
    counted: Counter[bytes] = Counter()
    for line in lines:
        counted.update(line)
    palette = _palette(counted)
    place = {colour: index for index, colour in enumerate(palette)}
    for colour in counted:
        if colour not in place:
            apart = [sum((a - b) ** 2 for a, b in zip(colour, other, strict=True)) for other in palette]
            place[colour] = apart.index(min(apart))
    data = b"".join(b"\0" + bytes(map(place.__getitem__, line)) for line in lines)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", b"".join(palette)),
            _chunk(b"IDAT", zlib.compress(data, 9)),
            _chunk(b"IEND", b""),
        )
    )
