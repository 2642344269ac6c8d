# SPDX-License-Identifier: GPL-3.0-or-later
"""Screenshots made small: every row filter of PNG is understood, frequent colours stay, other kinds are refused."""

from __future__ import annotations

import random
import struct
import zlib

import pytest

from scripts.docs.png import pixels, small

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def guess(kind: int, left: int, above: int, corner: int) -> int:
    if kind == 4:
        estimate = left + above - corner
        return min((left, above, corner), key=lambda value: abs(estimate - value))
    return (0, left, above, (left + above) // 2)[kind]


def png(rows: list[bytes], step: int, kinds: list[int], depth: int = 8) -> bytes:
    """A PNG whose rows are filtered as asked."""
    data = b""
    before = bytes(len(rows[0]))
    for kind, row in zip(kinds, rows, strict=True):
        filtered = bytes(
            (row[at] - guess(kind, row[at - step] if at >= step else 0, before[at],
                             before[at - step] if at >= step else 0)) & 255
            for at in range(len(row))
        )  # fmt: skip
        data += bytes([kind]) + filtered
        before = row
    head = struct.pack(">IIBBBBB", len(rows[0]) // step, len(rows), depth, {3: 2, 4: 6}[step], 0, 0, 0)
    half = len(zlib.compress(data)) // 2
    packed = zlib.compress(data)
    parts = chunk(b"IDAT", packed[:half]) + chunk(b"IDAT", packed[half:])
    return SIGNATURE + chunk(b"IHDR", head) + parts + chunk(b"IEND", b"")


@pytest.mark.parametrize("step", [3, 4])
def test_every_filter_is_undone(step: int) -> None:
    chance = random.Random(7)
    rows = [bytes(chance.randrange(256) for _ in range(9 * step)) for _ in range(10)]
    width, height, found = pixels(png(rows, step, [0, 1, 2, 3, 4, 4, 3, 2, 1, 0]))
    assert (width, height) == (9, 10)
    plain = [b"".join(row[at : at + 3] for at in range(0, len(row), step)) for row in rows]
    assert found == plain


def test_a_picture_of_few_colours_stays_what_it_is() -> None:
    rows = [bytes([10, 20, 30] * 5 + [250, 0, 7] * 4), bytes([10, 20, 30] * 9)]
    made = small(png(rows, 3, [0, 0]))
    _, _, depth, colour = struct.unpack_from(">IIBB", made, 16)
    assert (depth, colour) == (8, 3)
    parts = {kind: made.index(kind) + 4 for kind in (b"PLTE", b"IDAT")}
    length = struct.unpack_from(">I", made, parts[b"PLTE"] - 8)[0]
    palette = made[parts[b"PLTE"] : parts[b"PLTE"] + length]
    data = zlib.decompress(made[parts[b"IDAT"] :][: struct.unpack_from(">I", made, parts[b"IDAT"] - 8)[0]])
    shown = [b"".join(palette[3 * p : 3 * p + 3] for p in data[y * 10 + 1 : y * 10 + 10]) for y in range(2)]
    assert shown == rows


def test_many_colours_become_256_and_a_rare_hue_is_kept() -> None:
    grey = [bytes([value]) * 3 for value in range(256)] * 3
    some = [bytes([value, value, (value + 9) & 255]) for value in range(200)]
    red = bytes([200, 10, 10])
    row = b"".join([*grey, *some, red])
    made = small(png([row], 3, [0]))
    assert struct.unpack_from(">I", made, made.index(b"PLTE") - 4)[0] <= 768
    assert red in [made[made.index(b"PLTE") + 4 :][at : at + 3] for at in range(0, 768, 3)]


def test_other_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="depth 16"):
        pixels(png([bytes(9)], 3, [0], depth=16))
